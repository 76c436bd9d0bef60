#include "api/cloudwatch/filter_pattern.hpp"
#include "api/cloudwatch/operations.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <tuple>

namespace batchd::api::cloudwatch {
namespace {

constexpr std::int32_t kMaxEvents = 10'000;
constexpr std::size_t kStreamsPerCall = 100;
constexpr std::size_t kMaxSkip = 100'000;  ///< events at one time; a larger number is not ours
/// AWS: a page has at most 1 MiB.
constexpr std::size_t kMaxPageBytes = std::size_t{1024} * 1024;

struct FilterLogEventsRequest {
    std::optional<std::string> log_group_name;
    std::optional<std::string> log_group_identifier;
    std::vector<std::string> log_stream_names;
    std::optional<std::string> log_stream_name_prefix;
    std::optional<std::int64_t> start_time;  ///< ms, inclusive
    std::optional<std::int64_t> end_time;    ///< ms, inclusive here, unlike GetLogEvents
    std::optional<std::string> filter_pattern;
    std::optional<std::string> next_token;
    std::optional<std::int32_t> limit;
};
BOOST_DESCRIBE_STRUCT(FilterLogEventsRequest, (),
                      (log_group_name, log_group_identifier, log_stream_names,
                       log_stream_name_prefix, start_time, end_time, filter_pattern, next_token,
                       limit))

/// Where a page begins: behind a stream (by name), and inside the next streams at a time, of which
/// `skip` events were given.
struct Position {
    std::string after_stream;
    std::int64_t time_ns = 0;
    std::size_t skip = 0;
};

struct Query {
    std::string group;
    std::vector<std::string> names;
    std::string prefix;
    std::int64_t from_ns = 0;
    std::int64_t until_ns = std::numeric_limits<std::int64_t>::max();  ///< exclusive
    FilterPattern pattern;
    std::size_t limit = 0;
    Position position;
};

struct Found {
    const store::LogStream* log = nullptr;
    logs::LogEvent event;
};

Result<Position> position_of(const std::optional<std::string>& token) {
    auto text = read_token("events", token);
    if (!text) return error_of(text);
    Position position;
    if (!*text) return position;
    const auto first = (*text)->find('|');
    const auto second = (*text)->find('|', first + 1);
    if (first == std::string::npos || second == std::string::npos) {
        return invalid_argument("The specified nextToken is invalid.");
    }
    const char* begin = (*text)->data();
    const bool is_ours =
        std::from_chars(begin, begin + first, position.time_ns).ec == std::errc{} &&
        std::from_chars(begin + first + 1, begin + second, position.skip).ec == std::errc{} &&
        position.skip <= kMaxSkip;
    if (!is_ours) return invalid_argument("The specified nextToken is invalid.");
    position.after_stream = (*text)->substr(second + 1);
    return position;
}

std::string token_of(const Position& position) {
    return make_token("events", std::to_string(position.time_ns) + "|" +
                                    std::to_string(position.skip) + "|" + position.after_stream);
}

Result<Query> to_query(const FilterLogEventsRequest& request) {
    Query query;
    auto group = group_name(request.log_group_name, request.log_group_identifier);
    if (!group) return error_of(group);
    query.group = std::move(*group);
    if (!request.log_stream_names.empty() && request.log_stream_name_prefix) {
        return invalid_argument("logStreamNames and logStreamNamePrefix exclude each other");
    }
    if (request.log_stream_names.size() > kStreamsPerCall) {
        return invalid_argument("logStreamNames has " +
                                std::to_string(request.log_stream_names.size()) +
                                " entries; at most 100 are allowed");
    }
    query.names = request.log_stream_names;
    query.prefix = request.log_stream_name_prefix.value_or("");
    if (request.start_time) query.from_ns = to_ns(*request.start_time);
    if (request.end_time) query.until_ns = to_ns(*request.end_time) + 1'000'000;
    auto pattern = FilterPattern::parse(request.filter_pattern.value_or(""));
    if (!pattern) return error_of(pattern);
    query.pattern = std::move(*pattern);
    auto limit = page_size(request.limit, kMaxEvents, "limit");
    if (!limit) return error_of(limit);
    query.limit = *limit;
    auto position = position_of(request.next_token);
    if (!position) return error_of(position);
    query.position = std::move(*position);
    return query;
}

/// The streams that this call looks at; `next` is set if there are more.
Result<store::Page<store::LogStream, std::string>> streams_of(const Query& query,
                                                              store::Reader& reader) {
    store::Page<store::LogStream, std::string> page;
    if (query.names.empty()) {
        std::optional<std::string> after;
        if (!query.position.after_stream.empty()) after = query.position.after_stream;
        return reader.log_streams(query.group, query.prefix, after, kStreamsPerCall);
    }
    for (const auto& name : query.names) {
        auto log = reader.log_by_name(query.group, name);
        if (!log) return error_of(log);
        if (!*log) return unknown_stream(reader, query.group);
        page.items.push_back(std::move(**log));
    }
    return page;
}

/// As many events as the page needs, and one that tells whether there are more.
std::size_t wanted(const Query& query) { return query.limit + query.position.skip + 1; }

/// Where the page that begins behind `begin` ends: after `limit` events or 1 MiB, at least one.
std::size_t page_end(const std::vector<Found>& found, std::size_t begin, std::size_t limit) {
    std::size_t bytes = 0;
    std::size_t end = begin;
    while (end < found.size() && end - begin < limit) {
        bytes += found[end].event.message.size();
        if (end > begin && bytes > kMaxPageBytes) break;
        ++end;
    }
    return end;
}

/// Sorts, and drops what cannot stand on this page: not all streams' events at once in memory.
void keep_first(std::vector<Found>& found, const Query& query) {
    // Streams are listed by name, so that equal times come in the same order on every page.
    std::ranges::sort(found, {}, [](const Found& f) {
        return std::tuple(f.event.time_ns, f.log, f.event.offset);
    });
    const std::size_t begin = std::min(query.position.skip, found.size());
    const std::size_t needed = page_end(found, begin, query.limit) + 1;  // one tells of more
    if (found.size() > needed) {
        found.erase(found.begin() + static_cast<std::ptrdiff_t>(needed), found.end());
    }
}

/// The first events of one stream that match, at most as many as can stand on this page.
Result<> collect(const Services& services, const Query& query, const store::LogStream& log,
                 std::vector<Found>& found) {
    const std::int64_t from = std::max(query.from_ns, query.position.time_ns);
    auto offset = services.logs.offset_at(log.id, from);
    if (!offset) return error_of(offset);
    std::size_t missing = wanted(query);
    std::size_t bytes = 0;
    while (missing > 0 && bytes <= kMaxPageBytes) {
        auto page = services.logs.read_forward(log.id, *offset, {});
        if (!page) return error_of(page);
        if (page->events.empty()) return {};
        for (auto& event : page->events) {
            if (event.time_ns >= query.until_ns) return {};
            if (!query.pattern.matches(event.message)) continue;
            if (missing <= query.limit) bytes += event.message.size();  // behind those to skip
            found.push_back({.log = &log, .event = std::move(event)});
            if (--missing == 0) return {};
        }
        *offset = page->end;
    }
    return {};
}

Json to_json(const Found& found) {
    const auto time = to_ms(found.event.time_ns);
    return Json{{"logStreamName", found.log->log_stream},
                {"timestamp", time},
                {"message", message_of(found.event)},
                {"ingestionTime", time},
                {"eventId", model::task_id(found.log->id.attempt) + "-" +
                                std::to_string(found.log->id.container) + "-" +
                                std::to_string(found.event.offset)}};
}

/// Events at the last time of the page that were given: the next page skips so many.
Position position_after(const Query& query, const std::vector<Found>& found, std::size_t end) {
    Position next{.after_stream = query.position.after_stream,
                  .time_ns = found[end - 1].event.time_ns};
    for (std::size_t i = end; i > 0 && found[i - 1].event.time_ns == next.time_ns; --i) ++next.skip;
    return next;
}

Result<Answer> filter(const Services& services, const Query& query, store::Reader& reader) {
    auto streams = streams_of(query, reader);
    if (!streams) return error_of(streams);
    std::vector<Found> found;
    for (const auto& log : streams->items) {
        BATCHD_TRY(collect(services, query, log, found));
        keep_first(found, query);
    }
    const std::size_t begin = std::min(query.position.skip, found.size());
    const std::size_t end = page_end(found, begin, query.limit);
    Json events = Json::array();
    for (std::size_t i = begin; i < end; ++i) events.push_back(to_json(found[i]));
    Json answer{{"events", std::move(events)}, {"searchedLogStreams", Json::array()}};
    if (end < found.size()) {
        answer["nextToken"] = token_of(position_after(query, found, end));
    } else if (streams->next) {
        answer["nextToken"] = token_of({.after_stream = *streams->next});
    }
    return answer;
}

}  // namespace

Task<Answer> filter_log_events(Call call) {
    auto request = json::decode<FilterLogEventsRequest>(call.body);
    if (!request) co_return error_of(request);
    auto query = to_query(*request);
    if (!query) co_return error_of(query);
    co_return co_await read(call.services,
                            [services = call.services, query = *query](store::Reader& reader) {
                                return filter(*services, query, reader);
                            });
}

}  // namespace batchd::api::cloudwatch
