// What is told of a request that asks for something in vain.
#pragma once

#include "batchd/base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace batchd::model {

/// Of one request, and then kMoreWarnings. One less than decoding tells of, so that more are
/// noticed.
inline constexpr std::size_t kMostWarnings = json::kMostUnknown - 1;
inline constexpr const char* kMoreWarnings = "and more";

/// Of a member by its path, which is cut if it is long.
std::string not_known(std::string_view member);

}  // namespace batchd::model
