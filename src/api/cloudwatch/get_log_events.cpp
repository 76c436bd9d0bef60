#include "api/cloudwatch/operations.hpp"

#include <charconv>
#include <limits>

namespace batchd::api::cloudwatch {
namespace {

constexpr std::int32_t kMaxEvents = 10'000;

struct GetLogEventsRequest {
    std::optional<std::string> log_group_name;
    std::optional<std::string> log_group_identifier;
    std::string log_stream_name;
    std::optional<std::int64_t> start_time;  ///< ms, inclusive
    std::optional<std::int64_t> end_time;    ///< ms, exclusive
    std::optional<std::string> next_token;
    std::optional<std::int32_t> limit;
    std::optional<bool> start_from_head;
};
BOOST_DESCRIBE_STRUCT(GetLogEventsRequest, (),
                      (log_group_name, log_group_identifier, log_stream_name, start_time, end_time,
                       next_token, limit, start_from_head))

/// "f/<offset>/s" goes forward from the offset, "b/<offset>/s" backward.
struct Token {
    bool forward = true;
    std::int64_t offset = 0;
};

std::string to_text(char direction, std::int64_t offset) {
    return std::string(1, direction) + "/" + std::to_string(offset) + "/s";
}

Result<Token> parse_token(const std::string& text) {
    Token token;
    const bool framed = text.size() > 4 && text[1] == '/' && text.ends_with("/s") &&
                        (text[0] == 'f' || text[0] == 'b');
    const char* end = text.data() + text.size() - (framed ? 2 : 0);
    if (!framed || std::from_chars(text.data() + 2, end, token.offset).ptr != end ||
        token.offset < 0) {
        return invalid_argument("The specified nextToken is invalid.");
    }
    token.forward = text[0] == 'f';
    return token;
}

Result<Token> begin_of(const logs::LogStore& logs, const model::LogId& id,
                       const GetLogEventsRequest& request) {
    if (request.next_token && !request.next_token->empty()) return parse_token(*request.next_token);
    Token token{.forward = request.start_from_head.value_or(false), .offset = 0};
    const auto& time = token.forward ? request.start_time : request.end_time;
    if (!time) {
        token.offset = token.forward ? 0 : logs::LogStore::kEnd;
        return token;
    }
    auto offset = logs.offset_at(id, to_ns(*time));
    if (!offset) return error_of(offset);
    token.offset = *offset;
    return token;
}

Result<Answer> read_page(const Services& services, const model::LogId& id,
                         const GetLogEventsRequest& request) {
    auto token = begin_of(services.logs, id, request);
    if (!token) return error_of(token);
    auto limit = page_size(request.limit, kMaxEvents, "limit");
    if (!limit) return error_of(limit);
    const logs::LogLimits limits{.events = *limit};
    auto page = token->forward ? services.logs.read_forward(id, token->offset, limits)
                               : services.logs.read_backward(id, token->offset, limits);
    if (!page) return error_of(page);
    const auto from = request.start_time.value_or(0);
    const auto until = request.end_time.value_or(std::numeric_limits<std::int64_t>::max());
    Json events = Json::array();
    for (const auto& event : page->events) {
        const auto time = to_ms(event.time_ns);
        if (time < from || time >= until) continue;
        events.push_back(
            Json{{"timestamp", time}, {"message", message_of(event)}, {"ingestionTime", time}});
    }
    return Json{{"events", std::move(events)},
                {"nextForwardToken", to_text('f', page->end)},
                {"nextBackwardToken", to_text('b', page->begin)}};
}

}  // namespace

Task<Answer> get_log_events(Call call) {
    auto request = json::decode<GetLogEventsRequest>(call.body);
    if (!request) co_return error_of(request);
    auto group = group_name(request->log_group_name, request->log_group_identifier);
    if (!group) co_return error_of(group);
    co_return co_await read(call.services,
                            [services = call.services, group = *group,
                             request = *request](store::Reader& reader) -> Result<Answer> {
                                auto log = reader.log_by_name(group, request.log_stream_name);
                                if (!log) return error_of(log);
                                if (!*log) return unknown_stream(reader, group);
                                return read_page(*services, (*log)->id, request);
                            });
}

}  // namespace batchd::api::cloudwatch
