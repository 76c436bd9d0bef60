#include "batchd/base/time_text.hpp"

#include <fmt/chrono.h>

#include <ctime>

namespace batchd {
namespace {

/// Reads what stands at the front of `text`; nullptr if it is something else, or no time of the
/// calendar.
const char* read_time(const char* text, const char* format, Timestamp& time) {
    std::tm fields{};
    const char* rest = ::strptime(text, format, &fields);
    if (rest == nullptr) return nullptr;
    const std::tm given = fields;
    const std::time_t seconds = ::timegm(&fields);  // makes 3 March of 31 February
    if (fields.tm_mday != given.tm_mday || fields.tm_sec != given.tm_sec) return nullptr;
    time =
        std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::from_time_t(seconds));
    return rest;
}

}  // namespace

std::optional<Timestamp> parse_http_date(std::string_view text) {
    const std::string copy(text);
    Timestamp time;
    const char* rest = read_time(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", time);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    return time;
}

std::optional<Timestamp> parse_iso8601(std::string_view text) {
    const std::string copy(text);
    Timestamp time;
    const char* rest = read_time(copy.c_str(), "%Y-%m-%dT%H:%M:%S", time);
    if (rest == nullptr) return std::nullopt;
    if (*rest == '.') {
        do ++rest;
        while (*rest >= '0' && *rest <= '9');
    }
    std::tm zone{};
    const char* end = ::strptime(rest, "%z", &zone);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return time - Seconds{zone.tm_gmtoff};
}

std::optional<Timestamp> parse_basic_iso8601(std::string_view text) {
    const std::string copy(text);
    Timestamp time;
    const char* rest = read_time(copy.c_str(), "%Y%m%dT%H%M%SZ", time);
    // strptime takes fewer digits, too.
    if (rest == nullptr || to_basic_iso8601(time) != text) return std::nullopt;
    return time;
}

std::string to_basic_iso8601(Timestamp time) {
    const auto seconds = std::chrono::floor<Seconds>(time);
    return fmt::format("{:%Y%m%dT%H%M%SZ}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

}  // namespace batchd
