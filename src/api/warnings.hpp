// What a request asks for in vain, told in headers: clients of AWS pass over them, curl -i shows
// them.
#pragma once

#include "batchd/http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace batchd::api {

inline constexpr std::string_view kWarningHeader = "x-batchd-warning";

/// A header for each, as many as model::kMostWarnings and proxies' buffers for headers allow, and
/// then one with model::kMoreWarnings. What headers must not have becomes '?'.
void add_warnings(http::Response& response, const std::vector<std::string>& warnings);

}  // namespace batchd::api
