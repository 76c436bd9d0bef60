#include "model/rules.hpp"

#include "batchd/model/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace batchd::model {
namespace {

constexpr std::size_t kLongestQuote = 80;

}  // namespace

std::string quote(std::string_view value) {
    if (value.size() <= kLongestQuote) return fmt::format("'{}'", value);
    return fmt::format("'{}...'", value.substr(0, kLongestQuote));
}

std::string element(std::string_view list, std::size_t index) {
    return fmt::format("{}[{}]", list, index);
}

std::string join(std::span<const std::string_view> names) {
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string to_upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
}

std::string to_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

bool is_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool contains(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

Result<> expect_enumerated(std::string_view field, std::string& value, Names allowed) {
    if (value.empty()) {
        return invalid_argument(fmt::format("{} is required: one of {}", field, join(allowed)));
    }
    std::string upper = to_upper(value);
    if (!contains(allowed, upper)) {
        return invalid_argument(
            fmt::format("{} {} must be one of {}", field, quote(value), join(allowed)));
    }
    value = std::move(upper);
    return {};
}

Result<> expect_enumerated(std::string_view field, std::optional<std::string>& value,
                           Names allowed) {
    if (!value) return {};
    return expect_enumerated(field, *value, allowed);
}

Result<> expect_between(std::string_view field, std::int64_t value, std::int64_t low,
                        std::int64_t high) {
    if (value >= low && value <= high) return {};
    return invalid_argument(
        fmt::format("{} '{}' must be between {} and {}", field, value, low, high));
}

Result<> expect_at_least(std::string_view field, std::int64_t value, std::int64_t low) {
    if (value >= low) return {};
    return invalid_argument(fmt::format("{} '{}' must be at least {}", field, value, low));
}

Result<> expect_absolute(std::string_view field, std::string_view path) {
    if (path.starts_with('/')) return {};
    return invalid_argument(fmt::format("{} {} must be an absolute path", field, quote(path)));
}

Result<> expect_no_nul(std::string_view field, std::string_view text) {
    if (text.find('\0') == std::string_view::npos) return {};
    return invalid_argument(fmt::format("{} must not contain a NUL character", field));
}

Result<> expect_resource_name(std::string_view field, std::string_view value) {
    if (is_resource_name(value)) return {};
    return invalid_argument(
        fmt::format("{} {} must match [A-Za-z0-9_-]{{1,128}}", field, quote(value)));
}

Result<> expect_scheduling_priority(const std::optional<std::int32_t>& priority) {
    if (!priority || (*priority >= 0 && *priority <= 9999)) return {};
    return invalid_argument("Scheduling priority must be between 0 and 9999.");
}

Result<> expect_state(std::string& state) {
    if (state.empty()) state = "ENABLED";
    return expect_enumerated("state", state, {"ENABLED", "DISABLED"});
}

}  // namespace batchd::model
