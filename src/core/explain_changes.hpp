// What would have to change for a job to start, and who holds what it lacks.
#pragma once

#include "batchd/core/explain.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::core {

inline Fact fact(std::string code, std::string text,
                 std::vector<std::pair<std::string, Fact::Value>> details = {}) {
    return {.code = std::move(code), .text = std::move(text), .details = std::move(details)};
}
inline double to_vcpus(MilliVcpu amount) { return static_cast<double>(amount.value) / 1000; }

/// The jobs that hold units of a consumable resource; a multi-node job once.
std::vector<const Job*> holders_of(const State& state, const std::string& resource);

/// Units that others hold; also the places of maxRunning.
Obstacle missing_units(const State& state, const model::ConsumableNeed& need,
                       const std::vector<const Job*>& holders);
/// The queue holds what computeReservation leaves to it.
Obstacle beyond_reservation(const State& state, const Job& job, MilliVcpu usable);
/// maxvCpus of the environment.
Obstacle beyond_limit(const State& state, const Job& job, const Environment& environment);

/// Fills would_start_if from the obstacles.
void add_counterfactuals(const State& state, const Job& job, Explanation& out);

}  // namespace batchd::core
