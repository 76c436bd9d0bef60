// What keeps a job from a place because others hold it: consumable units, reserved and limited
// vCPUs.
#pragma once

#include "batchd/core/explain.hpp"

#include <vector>

namespace batchd::core {

/// Units that others hold; also the places of maxRunning.
Obstacle missing_units(const State& state, const model::ConsumableNeed& need,
                       const std::vector<const Job*>& holders);
/// The queue holds what computeReservation leaves to it.
Obstacle beyond_reservation(const State& state, const Job& job, MilliVcpu usable);
/// maxvCpus of the environment.
Obstacle beyond_limit(const State& state, const Job& job, const Environment& environment);

/// That the job asks for no more.
Fact ask_vcpus(MilliVcpu most);

}  // namespace batchd::core
