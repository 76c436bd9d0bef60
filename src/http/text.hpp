// ASCII comparison for header names and host names; the locale must not matter.
#pragma once

#include <algorithm>
#include <string_view>

namespace batchd::http {

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, ascii_lower, ascii_lower);
}

}  // namespace batchd::http
