// The state machine of a job: the only place that sets a job's status.
#pragma once

#include "batchd/core/state.hpp"

#include <cstdint>
#include <optional>

namespace batchd::core {

enum class JobEvent : std::uint8_t {
    MustWait,          ///< submitted with dependencies that are not met yet
    DependenciesMet,   ///< nothing left to wait for
    DependencyFailed,  ///< a dependency can not be met any more
    GivenUp,           ///< cancelled or terminated before it was placed
    Placed,            ///< a host and an attempt are assigned
    ContainerStarted,
    AttemptSucceeded,
    AttemptFailed,      ///< for good
    AttemptRetried,     ///< failed, and attempts are left
    ChildrenSucceeded,  ///< of an array: all of them
    ChildrenFailed,     ///< of an array: all have ended, and some failed
};
inline constexpr std::size_t kJobEventCount = 11;

/// The table. nullopt: the event means nothing in this status and is ignored.
std::optional<model::JobStatus> next_status(model::JobStatus status, JobEvent event);

/// Applies an event by the table and keeps what depends on the status in step: counts, the queue's
/// buckets, the capacity that the job holds. Before Placed the job's `run` must be set, with
/// the GPUs of its attempt. False if
/// the event was ignored.
bool transition(State& state, JobIndex index, JobEvent event);

/// The same for a child of an array that has no slot.
bool transition_child(State& state, JobIndex array, std::int32_t child, JobEvent event);

/// A slot for a node of a RUNNABLE multi-node job.
JobIndex make_node(State& state, JobIndex whole, std::int32_t node);

/// A slot for a child that has none, with the status that its array has for it.
JobIndex make_slot(State& state, JobIndex array, std::int32_t child);

/// How children end that were never placed: FAILED.
model::JobState never_started(std::string reason, Timestamp now);

/// How children of a re-run stand that are not run again.
model::JobState succeeded_before(Timestamp now);

/// Makes a job an array, with PENDING children.
void add_children(State& state, JobIndex array, const model::JobTraits& traits);

/// Takes a child out of PENDING, where add_children put it: into a terminal status, or into a slot
/// that restore_status then enters.
void restore_child(State& state, JobIndex array, std::int32_t child, model::JobStatus status);

/// Puts a stored job into the state with the status that it had.
void restore_status(State& state, JobIndex index, model::JobStatus status);

/// The array's entry in its bucket stands for as many fresh children as may be placed now. After
/// each change of what that depends on.
void offer_children(State& state, JobIndex array);

/// Whether it, or its array, is held.
bool is_held(const State& state, const Job& job);

/// Holds a job that is not placed, or an array whose children then wait; nullopt releases it.
void set_hold(State& state, JobIndex index, std::optional<std::string> hold);

/// Gives a RUNNABLE job another shape.
void reshape(State& state, JobIndex index, ShapeIndex shape);

void mark_dirty(State& state, JobIndex index);

// job_limits.cpp
/// Notes when the next limit of a job with options is due; after each change of its status.
void arm_limits(State& state, JobIndex index);

}  // namespace batchd::core
