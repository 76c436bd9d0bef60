// What a request asks for in vain, told in headers: clients of AWS pass over them, curl -i shows
// them.
#pragma once

#include "batchd/http/message.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::api {

inline constexpr std::string_view kWarningHeader = "x-batchd-warning";

inline constexpr std::size_t kMostWarningHeaders = 20;

/// A header for each, up to kMostWarningHeaders. What headers must not have becomes '?'.
void add_warnings(http::Response& response, const std::vector<std::string>& warnings);

}  // namespace batchd::api
