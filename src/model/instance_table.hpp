// What is known of EC2's types at build time.
#pragma once

#include "batchd/model/instance_catalogue.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace batchd::model {

/// Types whose vCPUs, memory and price follow from the size: "large" is 1 unit, "xlarge" 2,
/// "4xlarge" 8. In a burstable family the sizes below "large" have the same two vCPUs.
struct RegularFamily {
    std::string_view name;
    Architecture architecture;
    std::int64_t price;           ///< micro-USD per hour of one unit
    std::int64_t memory_of_vcpu;  ///< MiB
    std::string_view sizes;       ///< separated by blanks
    bool is_burstable = false;
};
std::span<const RegularFamily> regular_families();

/// Types that follow no rule: most of those with GPUs.
std::span<const InstanceType> irregular_types();

}  // namespace batchd::model
