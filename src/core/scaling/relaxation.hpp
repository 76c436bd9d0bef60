// The linear relaxation of packing: what items would cost if instances could be bought by
// fractions.
#pragma once

#include "core/scaling/pack.hpp"

#include <span>
#include <vector>

namespace batchd::core::scaling {

struct Relaxation {
    /// No packing costs less.
    double bound = 0;
    /// By item, of one: what it contributes to the bound (the dual solution). What fits into a bin
    /// together is never worth more than the bin's price.
    std::vector<double> worth;
    /// By bin: the most that can fit into it, by fractions, is worth, per price; at most 1.
    std::vector<double> potential;
};

/// By column generation, to within half a percent of the optimum as a rule; the bound holds always.
/// Items that fit into no bin are worth nothing.
Relaxation relax(std::span<const Item> items, std::span<const Bin> bins);

}  // namespace batchd::core::scaling
