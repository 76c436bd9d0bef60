// The query part of a request target.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::http {

/// Decodes "a=1&b=two+words&c" (without '?') as HTML forms encode it; empty pairs are skipped.
/// nullopt if a percent-escape is malformed.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text);

}  // namespace batchd::http
