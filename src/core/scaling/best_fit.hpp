// The plain way to pack: AWS's documented one.
#pragma once

#include "core/scaling/pack.hpp"

#include <span>
#include <vector>

namespace batchd::core::scaling {

/// Which of several types with the same price per vCPU.
enum class Tie : std::uint8_t { Small, Large };

/// Item by item: into what is open already, else into the type that is cheapest per vCPU among
/// those that are large enough. Good where types differ little; each item must fit into a bin.
std::vector<Load> best_fit(std::span<const Item> items, std::span<const Bin> bins, Tie tie);

}  // namespace batchd::core::scaling
