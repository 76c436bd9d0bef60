// What a client asks of the event feed: query parameters and headers, checked.
#pragma once

#include "batchd/api/api.hpp"
#include "batchd/base/result.hpp"

#include <cstdint>
#include <optional>

namespace batchd::api::native {

struct EventQuery {
    enum class Format : std::uint8_t { Sse, Lines, Json };
    static constexpr std::size_t kDefaultLimit = 100;  ///< of a page

    events::Filter filter;
    std::optional<std::int64_t> after;  ///< from Last-Event-ID, else since
    bool follow = true;
    std::optional<std::size_t> limit;  ///< a stream ends after so many events
    Format format = Format::Sse;
};

/// InvalidArgument names the parameter and its rule, NotFound a queue that does not exist.
Result<EventQuery> parse_event_query(const Services& services, const http::Request& request);

/// A list such as "FAILED,SUCCEEDED" as bits of events::Filter; letters' case does not count.
Result<std::uint8_t> parse_statuses(std::string_view text);

}  // namespace batchd::api::native
