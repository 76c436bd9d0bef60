// Instances of MANAGED environments, as the scaling plan's execution (elastic.cpp) and their life
// (instances.cpp) share them.
#pragma once

#include "core/decisions.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace batchd::core {

inline constexpr const char* kEnvironmentUpdated = "its compute environment was updated";

inline double in_usd(model::MicroUsd price) { return static_cast<double>(price.value) / 1e6; }

inline std::optional<Timestamp> earlier(std::optional<Timestamp> a, std::optional<Timestamp> b) {
    return a && b ? std::min(*a, *b) : a ? a : b;
}

/// By the row's id; nullopt if it was deleted.
std::optional<EnvironmentIndex> find_environment(const State& state, std::int64_t id);
/// Empty if it was deleted.
std::string name_of(const State& state, std::int64_t environment_id);
/// The environment turns INVALID: nothing is launched until it is updated.
void invalidate(State& state, std::int64_t environment_id, const std::string& reason);

/// Whether it was launched before the environment's last infrastructure update.
bool is_outdated(const Environment& environment, const Instance& instance);
/// The update of an environment is over when none of the instances from before it is left.
void settle_update(State& state, std::int64_t environment_id);

/// A decision of this step, to be filled.
model::DecisionRow& new_decision(State& state, std::int64_t environment_id, std::string action,
                                 Timestamp now);
/// The instance is stored as it is now, and a plan is due.
void put_instance(State& state, const Instance& instance);
/// It is to go; its host, if it has one, is gone from now on.
void terminate(State& state, Instance& instance, const std::string& why, Timestamp now);
/// Those that do not come up, and those whose Engine has died; none while the provider cannot be
/// asked.
void end_silent_instances(State& state, Timestamp now);
/// When the next one's time is over.
std::optional<Timestamp> next_silence_deadline(const State& state);

}  // namespace batchd::core
