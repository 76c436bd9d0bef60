// Times as HTTP and AWS write them. Any thread.
#pragma once

#include "batchd/base/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace batchd {

/// "Sun, 06 Nov 1994 08:49:37 GMT", as in the header Date.
std::optional<Timestamp> parse_http_date(std::string_view text);

/// "2026-01-01T00:00:00Z"; a fraction of the second is cut off, an offset such as "+02:00" may
/// stand for the Z.
std::optional<Timestamp> parse_iso8601(std::string_view text);

/// "20150830T123600Z", the form of SigV4.
std::optional<Timestamp> parse_basic_iso8601(std::string_view text);
std::string to_basic_iso8601(Timestamp time);

}  // namespace batchd
