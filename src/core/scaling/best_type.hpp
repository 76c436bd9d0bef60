// BEST_FIT's choice.
#pragma once

#include "core/scaling/candidates.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace batchd::core::scaling {

constexpr std::size_t kNoType = static_cast<std::size_t>(-1);

/// By item: the position of the one type that BEST_FIT launches for it, or waits for. It is the
/// same for all items if one type is large enough for all; kNoType for an item that fits into none.
std::vector<std::size_t> best_types(std::span<const Candidate> candidates,
                                    std::span<const Item> items);

}  // namespace batchd::core::scaling
