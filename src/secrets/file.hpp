// The file of secrets.
#pragma once

#include "batchd/base/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::secrets {

/// The value of the first of `names` that the file has; nullopt if it has none of them. Unavailable
/// for a file that is missing, no TOML, or open to others than its owner.
Result<std::optional<std::string>> find_in_file(const std::string& path,
                                                const std::vector<std::string>& names);

}  // namespace batchd::secrets
