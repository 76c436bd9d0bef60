// DescribeLogGroups and DescribeLogStreams.
#include "api/cloudwatch/operations.hpp"

namespace batchd::api::cloudwatch {
namespace {

constexpr std::int32_t kMaxPage = 50;

struct GroupsRequest {
    std::optional<std::string> log_group_name_prefix;
    std::optional<std::string> log_group_name_pattern;
    std::optional<std::int32_t> limit;
};
BOOST_DESCRIBE_STRUCT(GroupsRequest, (), (log_group_name_prefix, log_group_name_pattern, limit))

struct StreamsRequest {
    std::optional<std::string> log_group_name;
    std::optional<std::string> log_group_identifier;
    std::optional<std::string> log_stream_name_prefix;
    std::optional<std::string> order_by;
    std::optional<bool> descending;
    std::optional<std::string> next_token;
    std::optional<std::int32_t> limit;
};
BOOST_DESCRIBE_STRUCT(StreamsRequest, (),
                      (log_group_name, log_group_identifier, log_stream_name_prefix, order_by,
                       descending, next_token, limit))

Json group_of(const Services& services, const std::string& group) {
    const std::string arn = log_group_arn(services.scope, group);
    return Json{{"logGroupName", group},      {"arn", arn + ":*"}, {"logGroupArn", arn},
                {"metricFilterCount", 0},     {"storedBytes", 0},  {"creationTime", 0},
                {"logGroupClass", "STANDARD"}};
}

Result<Json> stream_of(const Services& services, const store::LogStream& stream) {
    Json entry{{"logStreamName", stream.log_stream},
               {"arn", log_group_arn(services.scope, stream.log_group) +
                           ":log-stream:" + stream.log_stream},
               {"storedBytes", 0},
               {"uploadSequenceToken", "0"}};
    if (stream.started_at) entry["creationTime"] = to_epoch_ms(*stream.started_at);
    auto first = services.logs.read_forward(stream.id, 0, {.events = 1});
    if (!first) return error_of(first);
    auto last = services.logs.read_backward(stream.id, logs::LogStore::kEnd, {.events = 1});
    if (!last) return error_of(last);
    if (!first->events.empty() && !last->events.empty()) {
        entry["firstEventTimestamp"] = to_ms(first->events.front().time_ns);
        entry["lastEventTimestamp"] = to_ms(last->events.back().time_ns);
        entry["lastIngestionTime"] = to_ms(last->events.back().time_ns);
    }
    return entry;
}

Result<Answer> list_streams(const Services& services, const std::string& group,
                            const StreamsRequest& request, store::Reader& reader) {
    auto limit = page_size(request.limit, kMaxPage, "limit");
    if (!limit) return error_of(limit);
    auto after = read_token("streams", request.next_token);
    if (!after) return error_of(after);
    auto page =
        reader.log_streams(group, request.log_stream_name_prefix.value_or(""), *after, *limit);
    if (!page) return error_of(page);
    Json list = Json::array();
    for (const auto& stream : page->items) {
        auto entry = stream_of(services, stream);
        if (!entry) return error_of(entry);
        list.push_back(std::move(*entry));
    }
    Json answer{{"logStreams", std::move(list)}};
    if (page->next) answer["nextToken"] = make_token("streams", *page->next);
    return answer;
}

}  // namespace

Task<Answer> describe_log_groups(Call call) {
    auto request = json::decode<GroupsRequest>(call.body);
    if (!request) co_return error_of(request);
    auto groups =
        co_await read(call.services, [](store::Reader& reader) { return reader.log_groups(); });
    if (!groups) co_return error_of(groups);
    Json list = Json::array();
    for (const auto& group : *groups) {
        if (request->log_group_name_prefix && !group.starts_with(*request->log_group_name_prefix)) {
            continue;
        }
        if (request->log_group_name_pattern &&
            group.find(*request->log_group_name_pattern) == std::string::npos) {
            continue;
        }
        list.push_back(group_of(call.on(), group));
    }
    co_return Json{{"logGroups", std::move(list)}};
}

Task<Answer> describe_log_streams(Call call) {
    auto request = json::decode<StreamsRequest>(call.body);
    if (!request) co_return error_of(request);
    auto group = group_name(request->log_group_name, request->log_group_identifier);
    if (!group) co_return error_of(group);
    if (request->order_by.value_or("LogStreamName") != "LogStreamName" ||
        request->descending.value_or(false)) {
        co_return invalid_argument(
            "orderBy and descending: streams are listed by LogStreamName, ascending");
    }
    co_return co_await read(call.services, [services = call.services, group = *group,
                                            request = *request](store::Reader& reader) {
        return list_streams(*services, group, request, reader);
    });
}

}  // namespace batchd::api::cloudwatch
