#include "api/native/event_query.hpp"

#include "api/native/routes.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace batchd::api::native {
namespace {

constexpr std::int64_t kMostEvents = std::numeric_limits<std::int64_t>::max() / 2;
constexpr std::int64_t kMaxPage = 1000;

/// Calls `on_part` for what stands between the commas.
Result<> each_part(std::string_view text, const std::function<Result<>(std::string)>& on_part) {
    while (true) {
        const auto comma = text.find(',');
        BATCHD_TRY(on_part(boost::algorithm::trim_copy(std::string(text.substr(0, comma)))));
        if (comma == std::string_view::npos) return {};
        text.remove_prefix(comma + 1);
    }
}

Result<> read_queues(const Services& services, std::string_view text, events::Filter& filter) {
    return each_part(text, [&](const std::string& part) -> Result<> {
        const std::string name = model::name_of(services.scope, "job-queue", part);
        if (!services.engine.view()->find_queue(name)) {
            return fail(ErrorKind::NotFound, "job queue '" + part + "' does not exist");
        }
        filter.queues.push_back(name);
        return {};
    });
}

Result<> read_filter(const Services& services, const http::Request& request,
                     events::Filter& filter) {
    for (const auto& [key, value] : request.query) {
        if (key == "queue") {
            BATCHD_TRY(read_queues(services, value, filter));
        } else if (key == "status") {
            const auto statuses = parse_statuses(value);
            if (!statuses) return std::unexpected(statuses.error());
            filter.statuses |= *statuses;
        } else if (key == "job") {
            const auto id = model::parse_job_id(model::name_of(services.scope, "job", value));
            if (!id) return std::unexpected(id.error());
            filter.job = *id;
        }
    }
    return {};
}

Result<bool> read_follow(const http::Request& request) {
    const auto text = request.query_value("follow").value_or("1");
    if (text == "1" || text == "true") return true;
    if (text == "0" || text == "false") return false;
    return invalid_argument(fmt::format("follow '{}' is not true or false", text));
}

/// The query's word counts more than the header's.
Result<EventQuery::Format> read_format(const http::Request& request, bool follow) {
    using enum EventQuery::Format;
    const auto text = request.query_value("format").value_or("");
    if (text == "ndjson") return Lines;
    if (text == "sse" && follow) return Sse;
    if (text == "json" && !follow) return Json;
    if (!text.empty()) {
        return invalid_argument(
            fmt::format("format '{}' is not {}", text,
                        follow ? "sse or ndjson, nor with follow=0 json" : "json or ndjson"));
    }
    const auto accept = request.headers.find("Accept").value_or("");
    if (accept.find("application/x-ndjson") != std::string_view::npos) return Lines;
    return follow ? Sse : Json;
}

/// What an EventSource has seen last stands above the url, which is the same at each connection.
Result<std::optional<std::int64_t>> read_after(const http::Request& request) {
    const auto header = request.headers.find("Last-Event-ID");
    if (!header || header->empty()) {
        if (!request.query_value("since")) return std::nullopt;
        return number_of(request, "since", 0, 0, kMostEvents);
    }
    std::int64_t value = 0;
    const char* const end = header->data() + header->size();
    const auto [stop, error] = std::from_chars(header->data(), end, value);
    if (error == std::errc{} && stop == end && value >= 0 && value <= kMostEvents) return value;
    return invalid_argument(fmt::format("Last-Event-ID '{}' is no number of an event", *header));
}

}  // namespace

Result<std::uint8_t> parse_statuses(std::string_view text) {
    std::uint8_t statuses = 0;
    const auto on_part = [&](const std::string& part) -> Result<> {
        const auto status = model::from_string(boost::algorithm::to_upper_copy(part),
                                               static_cast<model::JobStatus*>(nullptr));
        if (!status) return invalid_argument(fmt::format("status '{}' is none of a job's", part));
        statuses |= events::Filter::bit(*status);
        return {};
    };
    BATCHD_TRY(each_part(text, on_part));
    return statuses;
}

Result<EventQuery> parse_event_query(const Services& services, const http::Request& request) {
    EventQuery query;
    BATCHD_TRY(read_filter(services, request, query.filter));
    const auto follow = read_follow(request);
    if (!follow) return std::unexpected(follow.error());
    query.follow = *follow;
    const auto format = read_format(request, query.follow);
    if (!format) return std::unexpected(format.error());
    query.format = *format;
    const auto after = read_after(request);
    if (!after) return std::unexpected(after.error());
    query.after = *after;
    if (!request.query_value("limit")) return query;
    const auto limit = number_of(request, "limit", 1, 1, query.follow ? kMostEvents : kMaxPage);
    if (!limit) return std::unexpected(limit.error());
    query.limit = static_cast<std::size_t>(*limit);
    return query;
}

}  // namespace batchd::api::native
