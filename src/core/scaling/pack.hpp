// Least-cost packing of counted items into instances of several types: multi-dimensional bin
// packing, in a time that depends on how many kinds of items there are, not on their counts.
#pragma once

#include "batchd/model/money.hpp"
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
/// How often `need` fits into `free`; a huge number if it needs nothing.
std::int64_t times_fit(const Amounts& need, const Amounts& free);

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
    std::vector<Part> parts;
};

/// What a unit of each resource is worth when `total` is bought from the bins by fractions at least
/// cost: the dual of that linear program. `total` times these prices bounds the cost of any packing
/// from below.
std::array<double, 3> resource_prices(std::span<const Bin> bins, const Amounts& total);

/// Packs all items; each must fit into one of the bins.
std::vector<Load> pack(std::span<const Item> items, std::span<const Bin> bins);

std::int64_t cost_of(std::span<const Load> loads, std::span<const Bin> bins);

}  // namespace batchd::core::scaling
