// Decisions about jobs, queues and capacity: (state, event, now) to a reply, row changes and
// actions.
//
// Pure: no I/O, clock, randomness, threads or logging. A step is any number of apply() followed by
// one finish_step(); its changes are committed together, and only then its actions carried out. If
// the commit fails, the state is thrown away and restored from the store.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/core/events.hpp"
#include "batchd/core/state.hpp"

#include <optional>
#include <string>
#include <vector>

namespace batchd::core {

/// Decides one event. An error leaves the state as it was and is the answer to the client:
/// NotFound, Conflict or InvalidArgument with AWS's text where AWS has one.
Result<Reply> apply(State& state, Event&& event, Timestamp now);

/// A job that changed in the step, as its listeners see it.
struct ChangedJob {
    model::JobId id;
    QueueIndex queue;
    bool is_new = false;
    Timestamp created_at;
    model::JobState state;
};

struct Decision {
    model::Changes changes;
    std::vector<Action> actions;
    std::vector<ChangedJob> jobs;
    std::vector<model::Attempt> ended_attempts;
};

/// Runs the timers that are due, one scheduling pass if anything asks for it, and hands over what
/// the step decided: one row change per job, however many transitions it made. Jobs that ended
/// leave the state.
Decision finish_step(State& state, Timestamp now);

/// When finish_step has to be called again, even if no event comes.
std::optional<Timestamp> next_deadline(const State& state);

/// Lays the stored rows into a fresh state that has its policy and hosts; attempts whose time is up
/// are being stopped at once, so that whatever ends them is not taken for an end of their own.
/// Internal if rows contradict each other, with the row that does.
Result<> restore(State& state, const model::Snapshot& snapshot, Timestamp now);

/// The attempts that the stored rows say are under way; after restore().
struct LiveAttempt {
    StartContainer start;
    bool was_running = false;
    std::optional<Seconds> stop_with_grace = {};  ///< set: it is being stopped
};
std::vector<LiveAttempt> live_attempts(const State& state);

/// A RUNNABLE job, or child of an array, and since when it is that; after a restart since its
/// submission.
struct WaitingJob {
    model::JobId id;
    Timestamp since;
};
/// The first `most` RUNNABLE jobs of a queue in the order in which they would be served now, if
/// there were room for all of them.
std::vector<WaitingJob> front_of_queue(const State& state, const Queue& queue, std::size_t most,
                                       Timestamp now);

/// The policy of a fair-share queue; nullptr for others. Lives as long as the state is not changed.
const model::FairsharePolicy* fairness_of(const State& state, const Queue& queue);

/// AWS: a share is active while it has jobs that did not end, and until the decay window after the
/// last one has passed.
bool is_active(const model::FairsharePolicy& policy, const Share& share, Timestamp now);

/// What the jobs of a fair-share queue may hold in all: the rest is reserved for shares that are
/// not active (AWS: computeReservation). nullopt: no bound.
std::optional<MilliVcpu> usable_vcpus(const State& state, const Queue& queue, Timestamp now);

/// Whether all units that the shape asks for are available now.
bool has_consumables(const State& state, const Shape& shape);

/// Whether the queue's scheduling policy has a quotaSharePolicy.
bool has_quota_policy(const State& state, const Queue& queue);

/// The first `most` service jobs of a queue; of a queue with quota shares those of one share.
std::vector<WaitingJob> front_of_service_queue(const State& state, const Queue& queue,
                                               const std::string& quota_share, std::size_t most);

/// Whether jobs may be placed through the environment at all: VALID (or UPDATING) and
/// ENABLED.
bool is_open(const Environment& environment);

/// vCPUs that jobs of a MANAGED environment may use at once; nullopt: no bound.
std::optional<MilliVcpu> vcpu_limit(const Environment& environment);

/// Adds a local host before restore(): every environment uses it that has no hosts of its own.
void add_host(State& state, std::string name);

/// The hosts that jobs of the environment are placed on: its own, if it has any, else the local
/// ones.
const std::vector<HostIndex>& hosts_of(const State& state, const Environment& environment);

/// What the host of an environment on Fargate is called. No Docker host can have such a name.
std::string fargate_host_name(const std::string& environment);

/// Whether attempts may be placed on the host: it is up and does not drain.
bool takes_attempts(const Host& host);

/// The Docker hosts that the runtime has to know beside the local ones.
std::vector<model::Host> own_hosts(const State& state);

/// MANAGED, on instances: its capacity is what the scaling plan launches.
bool is_elastic(const model::ComputeEnvironment& environment);

/// After restore(): what the provider of capacity has to know to go on.
std::vector<LaunchInstances> open_launches(const State& state);
std::vector<model::InstanceRow> known_instances(const State& state);

/// Verifies every relation of the state both ways: indexes, counts, buckets, capacity sums,
/// dependencies. nullopt if all hold, else which does not. Costs time in the size of the state: for
/// tests.
std::optional<std::string> broken_invariant(const State& state);

}  // namespace batchd::core
