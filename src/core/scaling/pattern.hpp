// The best fractional content of one bin.
#pragma once

#include "core/scaling/pack.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace batchd::core::scaling {

/// At most one item per resource is needed for the best content.
struct Pattern {
    struct Part {
        std::size_t item = 0;
        double jobs = 0;
    };
    std::array<Part, 3> parts{};
    std::size_t size = 0;  ///< of `parts`
    double worth = 0;      ///< no content of the bin is worth more
};

/// Counts are not looked at. Items worth nothing or less are left out.
Pattern best_pattern(std::span<const Item> items, std::span<const double> worth, const Bin& bin);

}  // namespace batchd::core::scaling
