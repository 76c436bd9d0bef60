// "Did you mean": the known name that a mistyped one is closest to.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace batchd::config {

/// "; did you mean 'NAME'?", or nothing when no name is close enough to be meant.
std::string suggestion(std::string_view typed, const std::vector<std::string>& known);

}  // namespace batchd::config
