// The decisions behind core::apply, one function an event, grouped by what they are about.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/core/core.hpp"
#include "batchd/core/events.hpp"
#include "batchd/core/scaling.hpp"
#include "batchd/core/state.hpp"
#include "core/job_machine.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// limits.cpp
/// Capacity if `present` resources are as many as limits.<key> allows.
Result<> expect_room(std::string_view field, const std::string& name, std::int64_t present,
                     std::int64_t limit, std::string_view key);
Result<> expect_room_for_queue(const State& state, const std::string& name);
Result<> expect_room_for_environment(const State& state, const std::string& name);

// jobs.cpp
Result<Reply> decide(State& state, SubmitJob&& event, Timestamp now);
Result<Reply> decide(State& state, CancelJob&& event, Timestamp now);
Result<Reply> decide(State& state, TerminateJob&& event, Timestamp now);
/// A new slot in State::jobs, listed under `id`.
JobIndex add_job(State& state, const model::JobId& id);
ShapeIndex intern(State& state, const Shape& shape);
/// Where a job stands in its bucket.
WaitKey wait_key(const Job& job);
/// What stays the same for a job's whole life. Its queue and created_at are set.
void take_traits(State& state, Job& job, const model::JobTraits& traits);

// holds.cpp
Result<Reply> decide(State& state, HoldJob&& event, Timestamp now);
Result<Reply> decide(State& state, ReleaseJob&& event, Timestamp now);
Result<Reply> decide(State& state, PauseQueue&& event, Timestamp now);
Result<Reply> decide(State& state, ResumeQueue&& event, Timestamp now);
/// How many more jobs of the queue may be started now, whatever the capacity.
std::int64_t room_to_run(const Queue& queue);

// job_limits.cpp
void enforce_limits(State& state, Timestamp now);
std::optional<Timestamp> next_limit(const State& state);

// submissions.cpp
Result<Reply> decide(State& state, FindSubmission&& event, Timestamp now);
/// The job of the first submission with the key, which is `stored` if that was found there;
/// Conflict if it asked for something else.
Result<std::optional<model::JobId>> find_repeated(
    const State& state, const model::SubmissionKey& key,
    const std::optional<model::RecentSubmission>& stored);
void remember_submission(State& state, model::RecentSubmission submission);
void forget_old_submissions(State& state, Timestamp now);

// dependency_rules.cpp
/// AWS's statusReason of a job whose dependency failed; ours begin with it.
inline constexpr std::string_view kDependentJobFailed = "Dependent Job failed";
/// What another job's state means to one that waits for it.
enum class Bearing : std::uint8_t {
    Open,
    Met,
    RuledOut,  ///< for good: what waits fails
};
Bearing bearing(model::Dependency::Kind kind, model::JobStatus status, bool has_started);
/// A job or child that ended, as those see it that wait for it.
class Culprit {
  public:
    /// `reason` is its statusReason.
    Culprit(const model::JobId& id, model::JobStatus status, std::string reason)
        : id_(id), status_(status), reason_(std::move(reason)) {}

    model::JobStatus status() const { return status_; }
    /// The statusReason of those that its end rules out. It names this job, and the one whose
    /// failure was this one's. Composed once for all.
    const std::string& verdict();

  private:
    model::JobId id_;
    model::JobStatus status_;
    std::string reason_;
    std::string verdict_;
};

// dependencies.cpp
inline constexpr std::string_view kTimedOut = "Job attempt duration exceeded timeout";
inline constexpr std::string_view kDeadlineExceeded = "Job deadline exceeded";
inline constexpr std::string_view kMainNodeEnded = "The main node of the job has ended.";
/// A job that ended, or a child of an array that did.
struct Ended {
    static constexpr std::int32_t kWhole = -1;
    JobIndex job;
    std::int32_t child = kWhole;
};
/// What of a new job's dependencies is ruled out already.
struct Links {
    std::string failure = {};  ///< why the whole job fails; empty: it does not
    struct FailedChild {
        std::int32_t child = 0;
        std::string reason;
    };
    std::vector<FailedChild> failed_children = {};  ///< N_TO_N: their counterparts failed
};
Result<> check_dependencies(const State& state, const SubmitJob& event);
/// Links a new job to those that it waits for.
Links link_dependencies(State& state, JobIndex index, const SubmitJob& event);
/// `id` is live: a job, or a child of an array.
void add_dependent(State& state, const model::JobId& id, const Dependent& dependent);
/// Sends a new, linked job on its way.
void begin(State& state, JobIndex index, const Links& links, Timestamp now);
/// Ends a job and everything that can no longer run because of it. `event` is one that leads to a
/// terminal status.
void end_job(State& state, JobIndex index, JobEvent event, std::string reason, Timestamp now);
/// Meets what waits for the start of a job, which is RUNNING now. Repeated, it does nothing.
void note_started(State& state, JobIndex index);
/// Resolves what waited for those that ended.
void settle(State& state, std::vector<Ended> ended, Timestamp now);

// arrays.cpp
/// The live job of that id. A child that has not ended is given a slot if it has none; the caller
/// ends or places it.
std::optional<JobIndex> find_or_make_slot(State& state, const model::JobId& id);
/// nullopt beyond the array's size.
std::optional<model::JobStatus> child_status(const Array& array, std::int32_t child);
/// What a child waits for beside what the whole array does.
inline std::uint16_t waits_for(const Array& array, std::int32_t child) {
    return array.waiting_for.empty() ? std::uint16_t{0}
                                     : array.waiting_for[static_cast<std::size_t>(child)];
}
/// A slot for the RUNNABLE child with the lowest index that was never placed; there is one.
JobIndex fresh_child(State& state, JobIndex array);
/// The array waits for nothing more: its children become RUNNABLE that wait for none either.
void release_children(State& state, JobIndex array);
void child_dependency_met(State& state, JobIndex array, std::int32_t child);
/// In a sequence: the child behind those that let others pass waits for them no more.
void advance(State& state, JobIndex array);
/// A child whose counterpart failed ends, if it still waits.
void fail_child(State& state, JobIndex array, std::int32_t child, const std::string& reason,
                Timestamp now, std::vector<Ended>& ended);
/// Ends all children that have no slot, in the same way. False if there are none.
bool fail_unstarted(State& state, JobIndex array, const model::JobState& how,
                    std::vector<Ended>& ended);
struct EndArray {
    std::string reason;
    bool cancel = false;  ///< else terminate: ends those that run, too
};
void end_array(State& state, JobIndex array, const EndArray& how, Timestamp now);
/// A job, or all children of an array, that cannot be dispatched: FAILED without an attempt.
void refuse_dispatch(State& state, JobIndex index, Timestamp now);
/// AWS: the array ends when its last child does.
void finish_array(State& state, JobIndex array, Timestamp now, std::vector<Ended>& ended);
/// A child runs: the array's startedAt is that of the first one.
void note_child_started(State& state, const Job& child);
/// `child` ended and leaves State::jobs.
void drop_slot(State& state, const Job& child);
model::ArrayProgress progress_of(const Array& array, Timestamp now);

// gang.cpp
/// Gives all nodes of a RUNNABLE multi-node job to hosts, by index, and starts the main one.
void place_gang(State& state, JobIndex whole, EnvironmentIndex environment,
                const std::vector<HostIndex>& hosts);
/// A node's container runs: if it is the main one, the job does, and the other nodes are started.
void note_node_started(State& state, JobIndex node);
/// A node's attempt has ended, and stands in its run.
void end_node(State& state, JobIndex node, Timestamp now);
/// Stops all nodes.
void terminate_gang(State& state, JobIndex whole, std::string reason, Timestamp now);
/// Stops a node, whose container may not have been asked for yet, or any other attempt. The main
/// node's end is the job's.
void stop_node_or_attempt(State& state, JobIndex index, StopCause cause, std::string reason,
                          Timestamp now);
/// Ends a node whose container was never asked for.
void end_held_node(State& state, JobIndex node, const std::string& reason, Timestamp now);

// attempts.cpp
Result<Reply> decide(State& state, AttemptStarted&& event, Timestamp now);
Result<Reply> decide(State& state, AttemptEnded&& event, Timestamp now);
/// Gives a RUNNABLE job to a host and asks for its container.
void place(State& state, JobIndex index, EnvironmentIndex environment, HostIndex host);
/// Makes the next attempt of a job that has been given a host: its number, its row.
void begin_attempt(State& state, JobIndex index, std::int32_t number);
void put_attempt(State& state, const Job& job, model::AttemptPut::What what);
/// What the runtime is told to start the job's present attempt.
StartContainer start_of(const State& state, const Job& job);
/// What an attempt's end means for its job.
JobEvent meaning_of_end(const State& state, const Job& job, const model::Attempt& attempt,
                        StopCause stop);
/// The job is RUNNABLE again after that attempt.
void retry(State& state, JobIndex index, const model::Attempt& attempt);
/// Between SIGTERM and SIGKILL.
Seconds stop_grace(const State& state, const Job& job);
/// Ends the attempt at once as lost with its host; `why` the host is.
void lose_attempt(State& state, JobIndex index, const std::string& why, Timestamp now);
/// Asks for the container's end, unless that was done before.
void stop_attempt(State& state, JobIndex index, StopCause cause, std::string reason);
/// Why an attempt is, or was, being stopped by what is stored of its job, and its statusReason.
StopCause stored_stop(const model::JobState& job, const std::string& reason);
void stop_overdue_attempts(State& state, Timestamp now);

// capacity.cpp
Result<Reply> decide(State& state, CreateEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteEnvironment&& event, Timestamp now);

/// Whether its jobs run on Fargate itself, not on the local hosts.
bool uses_fargate(const State& state, const Environment& environment);
/// The statusReason of an environment that is well.
std::string healthy(const State& state, const model::ComputeEnvironment& document);
/// Where that has changed.
void renew_status_reasons(State& state);

// hosts.cpp
Result<Reply> decide(State& state, PutHost&& event, Timestamp now);
Result<Reply> decide(State& state, DrainHost&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteHost&& event, Timestamp now);
Result<Reply> decide(State& state, HostUp&& event, Timestamp now);
Result<Reply> decide(State& state, HostDown&& event, Timestamp now);
/// AWS's statusReason of an attempt whose host is gone.
std::string lost_with_host(const std::string& host);
/// Those on hosts whose time to drain is over.
void end_drained_attempts(State& state, Timestamp now);
/// Hosts in deletion on which nothing runs any more disappear.
void remove_leaving_hosts(State& state);
/// Of an environment through which nothing runs.
void remove_hosts_of(State& state, EnvironmentIndex environment);
/// InvalidArgument or Conflict says what is wrong with the row.
Result<> restore_host(State& state, EnvironmentIndex environment, const model::HostRow& row);

/// Gives an environment on Fargate its host.
void add_fargate_host(State& state, EnvironmentIndex environment);
/// Fargate was used before the restart and is no longer: what ran there is lost.
void lose_fargate_hosts(State& state, Timestamp now);
/// Takes no more attempts; those that run are stopped at `deadline`, if there is one.
void drain_host(State& state, HostIndex host, std::optional<Timestamp> deadline);
/// Removes an environment's own host at once; what runs there is lost with it.
void lose_host(State& state, HostIndex host, const std::string& why, Timestamp now);

// elastic.cpp, instances.cpp
Result<Reply> decide(State& state, InstancesLaunched&& event, Timestamp now);
Result<Reply> decide(State& state, InstanceReady&& event, Timestamp now);
Result<Reply> decide(State& state, InstanceLeaving&& event, Timestamp now);
Result<Reply> decide(State& state, InstanceGone&& event, Timestamp now);
Result<Reply> decide(State& state, OffersRefreshed&& event, Timestamp now);
Result<Reply> decide(State& state, ProviderReachable&& event, Timestamp now);
/// A host that may be an instance's answers; what the type offers is known better now.
void note_host_up(State& state, const Host& host);
void note_host_down(State& state, const Host& host, Timestamp now);
/// Makes a scaling plan and carries it out, if one is due.
void scale(State& state, Timestamp now);
/// When one will be due.
std::optional<Timestamp> next_scaling(const State& state);
/// Per hour, of an attempt that is placed on the host through the environment; 0 if nobody knows.
model::MicroUsd price_on(const State& state, const Host& host, const Environment& environment,
                         const model::Resources& resources);
/// An attempt begins or has ended on the host.
void note_host_use(State& state, const Host& host);
/// After an infrastructure update: instances from before it are drained or terminated, as the
/// environment's updatePolicy says.
void replace_instances(State& state, EnvironmentIndex environment, Timestamp now);
/// Of an environment that is deleted.
void terminate_instances_of(State& state, EnvironmentIndex environment, Timestamp now);
/// After the hosts. Internal says which row contradicts the others.
Result<> restore_instances(State& state, const model::Snapshot& snapshot, Timestamp now);

// scaling_input.cpp
/// What a plan is made from, and which queue and shape each demand is.
struct ScalingQuestion {
    ScalingInput input;
    std::vector<EnvironmentIndex> environments;              ///< parallel to the input's
    std::vector<std::pair<QueueIndex, ShapeIndex>> demands;  ///< likewise
};
ScalingQuestion ask_scaling(const State& state, Timestamp now);

// queues.cpp
Result<Reply> decide(State& state, CreateQueue&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateQueue&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteQueue&& event, Timestamp now);
/// Queues in deletion whose last job has ended disappear.
void finish_deletions(State& state);
std::int64_t live_jobs(const Queue& queue);

// fair_share.cpp
/// The share of that identifier, which is made if there is none, with `at` as its begin.
ShareIndex find_or_make_share(State& state, QueueIndex queue, const std::string& identifier,
                              Timestamp at);
/// AWS's rules for shareIdentifier and schedulingPriorityOverride.
Result<> check_share(const State& state, QueueIndex queue, const SubmitJob& event, Timestamp now);
/// Brings the share's past up to the present; before what it uses changes.
void settle_usage(State& state, const Job& job);
/// How soon the share is served, lower first: what it uses and has used, times its weight.
double usage_of(const State& state, const Queue& queue, const Share& share, Timestamp now);
void take_new_weights(State& state, const std::string& policy);
void set_weights(State& state, Queue& queue);
void drop_inactive_shares(State& state, QueueIndex queue, Timestamp now);
void drop_shares(State& state, QueueIndex queue);
/// When a share ends to be active in a queue whose jobs wait for that; nullopt if none does.
std::optional<Timestamp> next_share_end(const State& state);

// definitions.cpp
Result<Reply> decide(State& state, RegisterDefinition&& event, Timestamp now);
Result<Reply> decide(State& state, DeregisterDefinition&& event, Timestamp now);
Result<Reply> decide(State& state, PatchTags&& event, Timestamp now);
/// Adds the tags of a new resource to the step, if there are any.
void put_tags(State& state, model::ResourceKey key, std::string tags);

// news.cpp
/// The job leaves its status, or the step ends: what is told of it last is complete.
void settle_news(State& state, JobIndex index);
/// The job has a new status.
void add_news(State& state, JobIndex index);
/// The same for a child without a slot; children in a row become one entry.
void add_child_news(State& state, JobIndex array, std::int32_t child, model::JobStatus status);
std::size_t count_news(const State& state);
/// All entries from the one numbered `first` on are of children that ended like this.
void settle_child_news(State& state, std::size_t first, const model::JobState& how);
/// The host came up or went down.
void note_host_news(State& state, const Host& host);
void note_host_removed(State& state, const Host& host);
/// Completes and numbers the step's news.
void collect_news(State& state, Timestamp now);
void restore_news(State& state, const model::Snapshot& snapshot);

// webhooks.cpp
Result<Reply> decide(State& state, PutWebhook&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteWebhook&& event, Timestamp now);
Result<Reply> decide(State& state, NoteDelivery&& event, Timestamp now);

// resources.cpp
Result<Reply> decide(State& state, CreateSchedulingPolicy&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateSchedulingPolicy&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteSchedulingPolicy&& event, Timestamp now);
Result<Reply> decide(State& state, CreateConsumableResource&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateConsumableResource&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteConsumableResource&& event, Timestamp now);
Result<Reply> decide(State& state, CreateServiceEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateServiceEnvironment&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteServiceEnvironment&& event, Timestamp now);
void restore_resources(State& state, const std::vector<model::ResourceRow>& rows);
/// AWS: all units that a job asks for are locked when it starts; those of a REPLENISHABLE resource
/// come back when it ends, others are used up then.
/// Units that nobody holds; of a definition with maxRunning: places.
std::int64_t left_of(const State& state, const model::ConsumableNeed& need);
void take_consumables(State& state, const Shape& shape);
void give_back_consumables(State& state, const Shape& shape);

// service_jobs.cpp
Result<Reply> decide(State& state, SubmitServiceJob&& event, Timestamp now);
Result<Reply> decide(State& state, TerminateServiceJob&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateServiceJob&& event, Timestamp now);
void end_service_jobs_of(State& state, std::int64_t queue_id, const std::string& reason,
                         Timestamp now);
/// Those whose queue's time limit is up.
void end_overdue_service_jobs(State& state, Timestamp now);
std::optional<Timestamp> next_service_deadline(const State& state);
void restore_service_jobs(State& state, const model::Snapshot& snapshot, Timestamp now);

// quota_shares.cpp
/// Whether the queue takes service jobs of that share, or of none.
Result<> expect_share(const State& state, const Queue& queue, const model::ServiceJob& job);
Result<Reply> decide(State& state, CreateQuotaShare&& event, Timestamp now);
Result<Reply> decide(State& state, UpdateQuotaShare&& event, Timestamp now);
Result<Reply> decide(State& state, DeleteQuotaShare&& event, Timestamp now);
/// Those of a queue that goes.
void drop_quota_shares(State& state, const std::string& queue);

// placement.cpp
/// One pass over the queues: places what fits.
void run_pass(State& state, Timestamp now);
/// When the next reservation falls due; nullopt if no head is blocked.
std::optional<Timestamp> next_reservation(const State& state);

}  // namespace batchd::core
