// The waiting jobs' part of the plan.
#pragma once

#include "core/scaling/launches.hpp"
#include "core/scaling/rooms.hpp"

#include <vector>

namespace batchd::core::scaling {

/// Finds room for the demands: first what is there, then launches, environment by environment in
/// their queues' order. Returns what is left, and why. `rooms` by environment.
std::vector<UnservedDemand> serve_demands(const ScalingInput& input, std::vector<Rooms>& rooms,
                                          Launches& launches);

}  // namespace batchd::core::scaling
