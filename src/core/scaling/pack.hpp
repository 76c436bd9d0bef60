// Least-cost packing of counted items into instances of several types: multi-dimensional bin
// packing, in a time that depends on how many kinds of items there are, not on their counts.
#pragma once

#include "batchd/model/resources.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace batchd::core::scaling {

/// Milli-vCPUs, MiB and GPUs.
using Amounts = std::array<std::int64_t, 3>;
Amounts amounts(const model::Resources& resources);
bool fits(const Amounts& need, const Amounts& free);
/// How often `need`, which is not nothing, fits into `free`.
std::int64_t times_fit(const Amounts& need, const Amounts& free);
/// Takes `times` times the need away.
void take(Amounts& free, const Amounts& need, std::int64_t times);

struct Item {
    Amounts need{};
    std::int64_t count = 0;
};

struct Bin {
    Amounts capacity{};
    std::int64_t price = 0;  ///< of one; not 0
};

/// `count` instances of bins[bin] that hold the same.
struct Load {
    struct Part {
        std::size_t item = 0;
        std::int64_t jobs = 0;  ///< in each instance
    };
    std::size_t bin = 0;
    std::int64_t count = 0;
    std::vector<Part> parts = {};
};

/// Packs all items; each must fit into one of the bins, and need something.
std::vector<Load> pack(std::span<const Item> items, std::span<const Bin> bins);

std::int64_t cost_of(std::span<const Load> loads, std::span<const Bin> bins);

}  // namespace batchd::core::scaling
