// The live state of the scheduler: everything that a decision needs, nothing that ended.
//
// Plain data, owned by one thread. Functions over it stand in core.hpp; they neither read a clock
// nor do I/O, so that a week can be simulated in a second.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/core/actions.hpp"
#include "batchd/core/offer_blocks.hpp"
#include "batchd/model/changes.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/model/job.hpp"

#include <boost/container/deque.hpp>
#include <boost/dynamic_bitset.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace batchd::core {

/// A position in one of State's vectors; valid as long as the element is not removed.
template <class Tag>
struct Index {
    std::uint32_t value = 0;
    friend auto operator<=>(Index, Index) = default;
};
using JobIndex = Index<struct JobTag>;
using QueueIndex = Index<struct QueueTag>;
using EnvironmentIndex = Index<struct EnvironmentTag>;
using HostIndex = Index<struct HostTag>;
using ShapeIndex = Index<struct ShapeTag>;
using RetryRules = std::shared_ptr<const std::vector<model::EvaluateOnExit>>;  ///< or null: none
using ShareIndex = Index<struct ShareTag>;                                     ///< in Queue::shares

using model::Shape;  ///< interned: a job holds an index

/// Why the container of the current attempt is being stopped; decides what its end means.
enum class StopCause : std::uint8_t {
    None,
    Terminated,
    TimedOut,
    MainNodeEnded,
    HostDrained,      ///< the attempt is lost with its host, and retried by its rules
    StartingTooLong,  ///< likewise, as if lost
};

/// The part of a job that exists only while an attempt is under way.
struct Run {
    model::Attempt attempt;
    HostIndex host;
    EnvironmentIndex environment;
    StopCause stop = StopCause::None;
    std::string stop_reason;
    std::optional<Timestamp> deadline;  ///< when it times out; set at its start
    bool is_held = false;               ///< a node whose container waits until the main node runs
};

/// A job that waits for another. The seq tells whether the slot still holds that job.
struct Dependent {
    JobIndex job;
    model::Dependency::Kind kind = model::Dependency::Kind::AfterOk;
    std::int64_t seq = 0;
};

/// What an array adds to its job. A child costs a byte or three and a bit until it is placed, or
/// ends apart from the others: from then on to its end it has a slot in State::jobs, with the
/// array's seq.
struct Array {
    std::vector<model::JobStatus> children;  ///< by index
    std::vector<std::uint16_t> waiting_for;  ///< by index; empty if children wait for none
    model::Sequence sequence = model::Sequence::None;
    std::int32_t front = 0;    ///< of a sequence: how many children let those behind them pass
    bool is_released = false;  ///< the array as a whole waits for nothing any more
    std::array<std::int64_t, model::kJobStatusCount> counts{};  ///< of `children`
    boost::dynamic_bitset<> fresh;    ///< by index: whether it is RUNNABLE and has no slot
    std::int64_t fresh_runnable = 0;  ///< RUNNABLE children that were never placed
    std::int64_t retrying = 0;        ///< RUNNABLE children that were
    /// For how many children the array's entry in its bucket stands: the fresh ones, within
    /// maxParallel, none while it is held.
    std::int64_t offered = 0;
    Timestamp runnable_since;                ///< of the newest of those
    std::map<std::int32_t, JobIndex> slots;  ///< children with a slot, by index
    std::map<std::int32_t, std::vector<Dependent>> child_dependents;
    std::vector<Dependent> pairwise;           ///< arrays that wait for this one N_TO_N
    std::optional<model::JobState> unstarted;  ///< see model::ArrayProgress
};

/// What a multi-node parallel job adds. Its nodes have slots in State::jobs while they are placed,
/// all of them at once; the job holds no host itself.
struct Gang {
    std::int32_t main = 0;
    std::map<std::int32_t, JobIndex> nodes;  ///< by index: those whose attempt has not ended
    /// The main node's attempt, once that has ended: it decides what becomes of the job when the
    /// other nodes have ended, too.
    std::optional<model::Attempt> main_end;
    StopCause main_stop = StopCause::None;
};

struct Job {
    static constexpr std::int32_t kNoNews = -1;
    model::JobId id;
    std::int64_t seq = 0;
    Timestamp created_at;
    Timestamp runnable_since;
    model::JobState state;
    QueueIndex queue;
    ShareIndex share;
    ShapeIndex shape;
    std::int32_t rank = 0;  ///< lower first; from schedulingPriority, which only fair share heeds
    RetryRules retry_rules;
    std::int32_t attempts_limit = 1;
    std::uint32_t timeout_seconds = 0;  ///< 0: none
    std::uint32_t waiting_for = 0;      ///< dependencies that are not met yet
    model::DispatchFlaw flaw = model::DispatchFlaw::None;
    std::shared_ptr<const model::JobOptions> options;  ///< children share their array's; often none
    std::optional<Timestamp> limit_at;                 ///< when it is in State::limits
    Timestamp starting_since;                          ///< while it is STARTING
    bool is_new = false;                               ///< inserted in this step
    bool is_dirty = false;                             ///< listed in Step::dirty
    bool has_started = false;                          ///< an attempt has run, or one of a child
    std::int32_t news = kNoNews;                       ///< its last entry in the step's news
    std::vector<Dependent> dependents;
    std::unique_ptr<Run> run;
    std::unique_ptr<Array> array;     ///< of an array's job
    std::optional<JobIndex> parent;   ///< the array, of a child
    std::unique_ptr<Gang> gang;       ///< of a multi-node job
    std::optional<JobIndex> node_of;  ///< the multi-node job, of a node
};

/// Order inside a share: by priority, then retried jobs first (AWS puts them at the front), then by
/// submission.
struct WaitKey {
    std::int32_t turn = 0;  ///< twice the rank, and one more if it was not tried yet
    std::int32_t part = 0;
    std::int64_t seq = 0;
    friend bool operator==(const WaitKey&, const WaitKey&) = default;
    friend auto operator<=>(const WaitKey& a, const WaitKey& b) {
        return std::tie(a.turn, a.seq, a.part) <=> std::tie(b.turn, b.seq, b.part);
    }
};

/// The RUNNABLE jobs of one share and shape, in order. The children of an array that were never
/// placed stand there as one entry, the array's.
struct Bucket {
    std::map<WaitKey, JobIndex> entries;
    std::int64_t jobs = 0;  ///< children counted one by one
};

/// The jobs of a queue that have one shareIdentifier. A FIFO queue has one share, without a name.
struct Share {
    std::string identifier;
    double weight = 1;
    std::map<ShapeIndex, Bucket> waiting;  ///< without empty buckets
    std::int64_t live = 0;                 ///< jobs that have not ended
    MilliVcpu used;                        ///< held by its jobs now
    double past_vcpus = 0;                 ///< the decayed mean of that up to `at`
    Timestamp at;
};

/// Hosts that are kept free of other jobs until one job fits, so that small jobs that always fit
/// cannot starve a large one. More than one only for a multi-node job.
struct Reservation {
    std::int64_t seq = 0;  ///< of the job
    std::vector<HostIndex> hosts;
};

struct Queue {
    model::QueueRow row;
    /// An array counts by its children, not by itself.
    std::array<std::int64_t, model::kJobStatusCount> counts{};
    std::vector<EnvironmentIndex> environments;  ///< in computeEnvironmentOrder
    std::vector<Share> shares;                   ///< those without an identifier are free slots
    std::map<std::string, ShareIndex, std::less<>> share_index;
    MilliVcpu used;  ///< held by its jobs
    std::optional<Reservation> reservation;
    /// The job (by seq) at the head that could not be placed, and when to keep a host free for it.
    std::optional<std::pair<std::int64_t, Timestamp>> blocked_head;
};

struct Environment {
    model::EnvironmentRow row;
    std::vector<HostIndex> hosts;  ///< its own; one without any uses State::local_hosts
    MilliVcpu used;                ///< by jobs placed through this environment
    /// Instances that did not come up since the last one that did.
    std::int32_t failed_boots = 0;
};

/// A Docker Engine: one environment's own, or the daemon's local one, which serves all environments
/// that have none; its capacity counts once. Or Amazon Fargate, as one environment uses it. A
/// removed host leaves its slot to the next one.
struct Host {
    std::string name;                             ///< empty: a free slot
    std::optional<EnvironmentIndex> environment;  ///< whose own it is; nullopt: local
    std::shared_ptr<const model::HostRow> row;    ///< of an environment's own Docker Engine
    bool is_fargate = false;  ///< always up, without a row; maxvCpus alone bounds what runs there
    bool is_up = false;
    bool is_down = false;      ///< told to be; neither: not reached yet
    bool is_known = false;     ///< told its capacity at least once
    bool is_draining = false;  ///< takes no new attempts; as its row says
    std::string down_reason;
    model::Resources capacity;
    model::Resources used;
    std::vector<std::string> gpus;  ///< ids, in the order in which they are given away
    /// Held by attempts; also ids that the host had once, as after a restart or a new list.
    std::set<std::string> gpus_in_use;
    std::set<JobIndex> attempts;  ///< the jobs whose attempts are there
};

/// An instance of a MANAGED environment. While it is Up it is a host, of the same name.
struct Instance {
    model::InstanceRow row;
    std::optional<Timestamp> silent_since;  ///< set while its Engine does not answer
};

/// What the capacity of MANAGED environments is decided by.
struct Scaling {
    model::InstanceCatalogue catalogue;
    OfferBlocks blocks;
    /// By type and zone; what is missing is not known.
    std::map<std::pair<std::string, std::string>, model::MicroUsd> spot_prices;
    std::map<std::string, Instance> instances;            ///< by id
    std::map<std::int64_t, model::DecisionRow> launches;  ///< open ones, by id
    std::string trouble;  ///< why the provider cannot be reached; empty: it can
    std::int64_t next_decision = 1;
    /// Why there is and will be no room for jobs of that shape, by the last plan.
    std::map<std::pair<QueueIndex, ShapeIndex>, std::string> unserved;
    bool is_stale = false;          ///< what the last plan was made from has changed
    Timestamp last;                 ///< of the last plan
    std::optional<Timestamp> next;  ///< when a plan is due even if nothing changes
};

struct DefinitionFamily {
    std::int32_t last_revision = 0;
    std::map<std::int32_t, model::DefinitionRow> active;
};

/// A resource that is a document and no more, under its name.
template <class Document>
struct Kept {
    Document document;
    Timestamp created_at;
};

/// The order in which a queue's service jobs would be served.
struct ServiceKey {
    std::int32_t rank = 0;  ///< the negative schedulingPriority
    std::int64_t seq = 0;
    friend auto operator<=>(const ServiceKey&, const ServiceKey&) = default;
};
struct ServiceLine {
    std::map<ServiceKey, model::JobId> order;
    std::int64_t head = 0;  ///< the seq of the first
    Timestamp head_since;   ///< begins anew when the daemon starts
};

struct Consumable {
    model::ConsumableResource document;
    Timestamp created_at;
    /// Updates that came with a clientToken, and when; as AppliedUpdate rows name them.
    std::map<std::string, Timestamp> applied;
    std::deque<std::pair<Timestamp, std::string>> applied_by_age;
};

struct Policy {
    bool strict_order = false;  ///< AWS's order: a head that does not fit blocks its queue
    Seconds reserve_after{60};  ///< a head blocked for so long gets a host kept free
    Seconds stop_grace{30};     ///< between SIGTERM and SIGKILL (AWS: 30 s)
    model::Limits limits{};
    Milliseconds plan_interval{500};  ///< between two scaling plans, at least
    Seconds boot_timeout{600};        ///< an instance that is not up by then is replaced
    Seconds idle_delay{300};          ///< see ScalingInput::idle_delay
    /// MANAGED environments run on AWS; else the local Engine stands in for it, without GPUs.
    bool on_aws = false;
    std::int32_t infrastructure_retries = 0;  ///< of jobs that do not say
};

/// What the step under way has decided so far.
struct Step {
    Timestamp now;
    model::Changes changes;
    std::vector<JobIndex> dirty;
    std::vector<Action> actions;
    std::vector<model::Attempt> ended_attempts;
    std::set<QueueIndex> ended_in;  ///< queues whose counts of ended jobs changed
    std::set<std::pair<QueueIndex, ShareIndex>> shares;  ///< whose usage changed
    std::unordered_set<std::string> client_tokens;       ///< of service jobs submitted in it
    /// By explicit key: jobs submitted in it.
    std::unordered_map<std::string, model::RecentSubmission> submissions;
    bool needs_pass = false;
};

struct State {
    Policy policy;
    std::vector<Environment> environments;
    std::vector<Queue> queues;
    std::vector<Host> hosts;
    std::vector<HostIndex> local_hosts;
    std::map<std::string, HostIndex, std::less<>> host_index;  ///< by name
    std::set<HostIndex> leaving_hosts;                         ///< that are being deleted
    std::set<std::pair<Timestamp, HostIndex>> drain_deadlines;

    Scaling scaling;

    /// In blocks: a million of them are never moved.
    boost::container::deque<
        Job, void, boost::container::deque_options<boost::container::block_size<1024>>::type>
        jobs;
    std::vector<JobIndex> free_jobs;  ///< slots of `jobs` to use again
    boost::unordered_flat_map<model::JobId, JobIndex, std::hash<model::JobId>> job_index;

    std::vector<Shape> shapes;
    std::map<Shape, ShapeIndex> shape_index;
    /// Of the newest job that has any. Jobs that come one after another mostly have the same, and
    /// share them.
    RetryRules newest_rules;

    std::unordered_map<std::string, DefinitionFamily> definitions;
    std::map<std::string, Kept<model::SchedulingPolicy>> scheduling_policies;
    std::map<std::string, Consumable> consumables;
    /// By name of a consumable resource: what jobs hold, without zeros. Apart, because jobs go on
    /// when their resource is deleted, and one made anew under its name is the same to them.
    std::map<std::string, std::int64_t> consumables_in_use;
    std::map<std::string, Kept<model::ServiceEnvironment>> service_environments;
    std::map<std::string, Kept<model::QuotaShare>> quota_shares;  ///< by quota_share_key
    std::map<model::JobId, model::ServiceJobRow> service_jobs;    ///< that have not ended
    std::map<std::int64_t, ServiceLine> service_lines;            ///< by queue id; none is empty
    std::int64_t next_service_seq = 1;
    std::set<std::pair<Timestamp, JobIndex>> deadlines;  ///< of running attempts
    std::set<std::pair<Timestamp, JobIndex>> limits;     ///< of jobs: see job_limits.cpp
    std::unordered_map<std::string, model::RecentSubmission> submissions;  ///< by SDKs' keys
    std::deque<std::pair<Timestamp, std::string>> submissions_by_age;

    Timestamp restored_at;                              ///< when this daemon began
    std::map<std::string, model::WebhookRow> webhooks;  ///< by name
    std::int64_t next_event = 1;                        ///< number
    /// By kind and name: state and status that the feed has told last.
    std::map<std::pair<model::ResourceNews::Kind, std::string>, std::pair<std::string, std::string>>
        told;

    std::int64_t next_seq = 1;
    std::int64_t next_id = 1;
    Step step;

    Job& job(JobIndex i) { return jobs[i.value]; }
    const Job& job(JobIndex i) const { return jobs[i.value]; }
    Queue& queue(QueueIndex i) { return queues[i.value]; }
    const Queue& queue(QueueIndex i) const { return queues[i.value]; }
    Environment& environment(EnvironmentIndex i) { return environments[i.value]; }
    const Environment& environment(EnvironmentIndex i) const { return environments[i.value]; }
    Host& host(HostIndex i) { return hosts[i.value]; }
    const Host& host(HostIndex i) const { return hosts[i.value]; }
    const Shape& shape(ShapeIndex i) const { return shapes[i.value]; }
    Share& share(const Job& of) { return queue(of.queue).shares[of.share.value]; }
    const Share& share(const Job& of) const { return queue(of.queue).shares[of.share.value]; }

    /// The live job of that id; nullopt if it ended, never was, or is a child without a slot.
    std::optional<JobIndex> find_job(const model::JobId& id) const;
    std::optional<QueueIndex> find_queue(const std::string& name) const;
    std::optional<EnvironmentIndex> find_environment(const std::string& name) const;
    std::optional<HostIndex> find_host(const std::string& name) const;
};

}  // namespace batchd::core
