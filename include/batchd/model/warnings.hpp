// What is told of a request that asks for something in vain.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace batchd::model {

/// Of one request, and then kMoreWarnings.
inline constexpr std::size_t kMostWarnings = 20;
inline constexpr const char* kMoreWarnings = "and more";

/// Of a member by its path, which is cut if it is long.
std::string not_known(std::string_view member);

}  // namespace batchd::model
