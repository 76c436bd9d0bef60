// The decisions behind core::apply, one function an event, grouped by what they are about.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/core/core.hpp"
#include "batchd/core/events.hpp"
#include "batchd/core/state.hpp"
#include "core/job_machine.hpp"

#include <optional>
#include <string>

namespace batchd::core {

/// Queues and environments that were deleted leave their slots to new ones: nothing refers to them
/// any more when the next step begins.
template <class Slots, class Value>
void put_in_free_slot(Slots& slots, Value value) {
    for (auto& slot : slots) {
        if (slot.row.status != "DELETED") continue;
        slot = std::move(value);
        return;
    }
    slots.push_back(std::move(value));
}

// jobs.cpp
Result<Reply> decide(State& state, SubmitJob&& event, Timestamp now);
Result<Reply> decide(State& state, CancelJob&& event, Timestamp now);
Result<Reply> decide(State& state, TerminateJob&& event, Timestamp now);
/// Ends a job and everything that can no longer run because of it. `event` is one that leads to a
/// terminal status.
void end_job(State& state, JobIndex index, JobEvent event, std::string reason, Timestamp now);
/// A new slot in State::jobs, listed under `id`.
JobIndex add_job(State& state, const model::JobId& id);
ShapeIndex intern(State& state, const Shape& shape);

// attempts.cpp
Result<Reply> decide(State& state, AttemptStarted&& event, Timestamp now);
Result<Reply> decide(State& state, AttemptEnded&& event, Timestamp now);
/// Gives a RUNNABLE job to a host and asks for its container.
void place(State& state, JobIndex index, EnvironmentIndex environment, HostIndex host);
/// Asks for the container's end, unless that was done before.
void stop_attempt(State& state, JobIndex index, StopCause cause, std::string reason);
void stop_overdue_attempts(State& state, Timestamp now);

// capacity.cpp
Result<Reply> decide(State& state, CreateEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, HostUp&& event, Timestamp now);
Result<Reply> decide(State& state, HostDown&& event, Timestamp now);

// queues.cpp
Result<Reply> decide(State& state, CreateQueue&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateQueue&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteQueue&& event, Timestamp now);
/// Queues in deletion whose last job has ended disappear.
void finish_deletions(State& state);
std::int64_t live_jobs(const Queue& queue);

// definitions.cpp
Result<Reply> decide(State& state, RegisterDefinition&& event, Timestamp now);
Result<Reply> decide(State& state, DeregisterDefinition&& event, Timestamp now);
Result<Reply> decide(State& state, PatchTags&& event, Timestamp now);
/// Adds the tags of a new resource to the step, if there are any.
void put_tags(State& state, model::ResourceKey key, std::string tags);

// placement.cpp
/// One pass over the queues: places what fits.
void run_pass(State& state, Timestamp now);
/// When the next reservation falls due; nullopt if no head is blocked.
std::optional<Timestamp> next_reservation(const State& state);

}  // namespace batchd::core
