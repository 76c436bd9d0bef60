// Generated sets of waiting jobs for the scaling plan.
#pragma once

#include "batchd/core/scaling.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace batchd::bench {

enum class Workload : std::uint8_t {
    Uniform,      ///< 50 shapes of common sizes, some hundred jobs of each
    HeavyTailed,  ///< 50 shapes, sizes and counts log-normal: a few are huge
    Burst,        ///< many jobs of one shape, a few of some others
    GpuMix,       ///< a third of the shapes want GPUs
};
constexpr int kWorkloads = 4;

std::string to_string(Workload workload);

/// Waiting in environment 0.
std::vector<core::ScalingDemand> generate(Workload workload, std::uint32_t seed);

/// 100,000 jobs of 50 shapes.
std::vector<core::ScalingDemand> generate_many(std::uint32_t seed);

}  // namespace batchd::bench
