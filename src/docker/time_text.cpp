#include "batchd/docker/answers.hpp"

#include <charconv>

namespace batchd::docker {
namespace {

/// Takes exactly `digits` digits and the character `after` (none if '\0') from the front.
std::optional<std::int64_t> take_number(std::string_view& text, std::size_t digits, char after) {
    if (text.size() < digits) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (error != std::errc{} || end != text.data() + digits || value < 0) return std::nullopt;
    text.remove_prefix(digits);
    if (after != '\0') {
        if (!text.starts_with(after)) return std::nullopt;
        text.remove_prefix(1);
    }
    return value;
}

/// ".925Z" or "Z" as nanoseconds.
std::optional<std::int64_t> take_fraction(std::string_view text) {
    if (text == "Z") return 0;
    if (!text.starts_with('.') || !text.ends_with('Z') || text.size() > 11) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    const auto digits = text.size();
    auto value = take_number(text, digits, '\0');
    for (std::size_t i = digits; value && i < 9; ++i) *value *= 10;
    return value;
}

}  // namespace

std::optional<std::int64_t> parse_time_ns(std::string_view text) {
    using namespace std::chrono;
    const auto y = take_number(text, 4, '-');
    const auto mo = y ? take_number(text, 2, '-') : std::nullopt;
    const auto d = mo ? take_number(text, 2, 'T') : std::nullopt;
    const auto h = d ? take_number(text, 2, ':') : std::nullopt;
    const auto mi = h ? take_number(text, 2, ':') : std::nullopt;
    const auto s = mi ? take_number(text, 2, '\0') : std::nullopt;
    const auto fraction = s ? take_fraction(text) : std::nullopt;
    if (!fraction) return std::nullopt;
    const year_month_day date{year{static_cast<int>(*y)}, month{static_cast<unsigned>(*mo)},
                              day{static_cast<unsigned>(*d)}};
    // What 64 bits of nanoseconds can hold; the Engine's "never" is the year 1.
    if (!date.ok() || *y < 1970 || *y > 2261) return std::nullopt;
    const auto seconds_of_day = hours{*h} + minutes{*mi} + seconds{*s};
    const auto whole = sys_seconds{sys_days{date}} + seconds_of_day;
    return whole.time_since_epoch().count() * 1'000'000'000 + *fraction;
}

}  // namespace batchd::docker
