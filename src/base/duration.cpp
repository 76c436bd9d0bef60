#include "batchd/base/duration.hpp"

#include <charconv>
#include <cstdint>

namespace batchd {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::weeks;

std::optional<Seconds> unit_of(char letter) {
    switch (letter) {
        case 's':
            return Seconds{1};
        case 'm':
            return minutes{1};
        case 'h':
            return hours{1};
        case 'd':
            return days{1};
        case 'w':
            return weeks{1};
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<Seconds> parse_duration(std::string_view text) {
    constexpr Seconds kLongest = days{365'000};
    if (text.size() < 2) return std::nullopt;
    const auto unit = unit_of(text.back());
    std::uint32_t count = 0;
    const char* const end = text.data() + text.size() - 1;
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    if (!unit || error != std::errc{} || rest != end) return std::nullopt;
    if (count > kLongest / *unit) return std::nullopt;
    return count * *unit;
}

}  // namespace batchd
