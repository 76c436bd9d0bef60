// Lengths of time as people write them.
#pragma once

#include "batchd/base/time.hpp"

#include <optional>
#include <string_view>

namespace batchd {

/// "90d": a number, and s, m, h, d or w. nullopt for anything else, and for more than 1,000 years.
std::optional<Seconds> parse_duration(std::string_view text);

}  // namespace batchd
