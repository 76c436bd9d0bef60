// Names that clients filter by, for SQL's LIKE with ESCAPE '\', to which case does not count.
#pragma once

#include <string>
#include <string_view>

namespace batchd::store {

/// The pattern that `name` alone matches, or with `is_prefix` all that begin so.
inline std::string like_pattern(std::string_view name, bool is_prefix) {
    std::string pattern;
    for (const char c : name) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return is_prefix ? pattern + '%' : pattern;
}

}  // namespace batchd::store
