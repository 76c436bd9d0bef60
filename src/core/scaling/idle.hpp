// Which instances go.
#pragma once

#include "batchd/core/scaling.hpp"
#include "core/scaling/rooms.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace batchd::core::scaling {

struct Retirement {
    std::vector<Termination> terminations;  ///< their environment is the caller's to set
    std::int64_t vcpus = 0;                 ///< of those that were not draining
    std::optional<Timestamp> next;          ///< when the next idle delay ends
};

/// Drained instances go at once; idle ones that the plan does not need, the most expensive first,
/// when their delay has passed and at least `floor` vCPUs stay. Only whole instances go, and none
/// that still boots: what was launched for jobs gets its chance even if those went elsewhere.
Retirement retire_instances(const ScalingInput& input, const ScalingEnvironment& environment,
                            const Rooms& rooms, std::int64_t floor);

}  // namespace batchd::core::scaling
