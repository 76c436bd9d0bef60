// State as rows: the changes that core decides and the store writes (one Changes value is one
// transaction), and what a restart begins from.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/compute_environment.hpp"
#include "batchd/model/consumable_resource.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/instance.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/job_definition.hpp"
#include "batchd/model/job_queue.hpp"
#include "batchd/model/news.hpp"
#include "batchd/model/quota_share.hpp"
#include "batchd/model/scheduling_policy.hpp"
#include "batchd/model/service_environment.hpp"
#include "batchd/model/service_job.hpp"
#include "batchd/model/webhook.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace batchd::model {

/// A compute environment with what the daemon knows of it. `id` is never used again, so that what
/// refers to a deleted environment stays readable.
struct EnvironmentRow {
    std::int64_t id = 0;
    ComputeEnvironment document;
    std::string uuid;    ///< AWS shows it, and it is part of the ECS cluster's name
    std::string status;  ///< VALID, UPDATING, INVALID, DELETED
    std::string status_reason;
    Timestamp created_at;
    /// Counts infrastructure updates: instances of an earlier one are replaced.
    std::int64_t generation = 0;
    /// desiredvCpus, from when the client raised it until as many run.
    std::int32_t raised_vcpus = 0;
};

/// Where a host comes from. Stored as these numbers.
enum class HostOrigin : std::uint8_t {
    Registered,  ///< by an operator; of an UNMANAGED environment
    Configured,  ///< in the daemon's configuration, which alone may change it; likewise
    Launched,    ///< an instance that the daemon launched; of a MANAGED environment
};

/// A host of one environment, by its name.
struct HostRow {
    std::int64_t environment_id = 0;
    Host document;  ///< its state is given
    HostOrigin origin = HostOrigin::Registered;
    std::optional<Timestamp> drain_deadline;  ///< attempts that run there then are lost
    bool is_deleting = false;                 ///< it goes when its last attempt has ended
    Timestamp created_at;
    bool is_gone = false;  ///< the row goes
};

struct QueueRow {
    std::int64_t id = 0;
    JobQueue document;
    std::string status;  ///< VALID, DELETING, DELETED
    std::string status_reason;
    Timestamp created_at;
    std::optional<QueuePause> pause = {};
};

struct DefinitionRow {
    std::string name;
    std::int32_t revision = 0;
    std::shared_ptr<const JobDefinition> document;
    Timestamp created_at;
    std::optional<Timestamp> deregistered_at = {};  ///< not set: it is ACTIVE

    bool is_active() const { return !deregistered_at; }
};

/// What tells a repeated submission from a new one.
struct SubmissionKey {
    std::string key;
    /// The client chose it (Idempotency-Key, clientToken): it holds for as long as the job is
    /// stored. Else it is an SDK's mark of one call (amz-sdk-invocation-id), and holds for minutes.
    bool is_explicit = false;
    std::int64_t request = 0;  ///< hash of what was asked for
};

/// A new job. `seq` orders jobs by submission and grows without gaps reused; it is the row's key.
struct JobRow {
    std::int64_t seq = 0;
    JobId id;
    std::int64_t queue_id = 0;
    std::string name;
    std::string definition_name;
    std::int32_t definition_revision = 0;
    JobTraits traits;
    Timestamp created_at;
    JobState state;
    ArrayProgress array;  ///< if traits.array_size > 0
    std::optional<SubmissionKey> key = {};
};

struct JobInsert {
    JobRow row;
    std::string spec;                                 ///< JobSpec as JSON
    std::string tags;                                 ///< JSON object
    std::shared_ptr<const JobSpec> parsed_spec = {};  ///< the same, if it is at hand; not stored
};

struct JobUpdate {
    std::int64_t seq = 0;
    JobState state;
    std::optional<ArrayProgress> array;
};

/// The row of a child of an array or a node of a multi-node job: insert or replace by (job_seq,
/// part).
struct ChildPut {
    std::int64_t job_seq = 0;  ///< of the whole job
    std::int32_t part = 0;     ///< as in JobId
    JobState state;
};

/// Jobs of a queue that ended, children of arrays one by one, since the queue was made.
struct EndedCount {
    std::int64_t queue_id = 0;
    std::int64_t succeeded = 0;
    std::int64_t failed = 0;
};

/// How much a share of a fair-share queue has used; by (queue_id, identifier).
struct ShareRow {
    std::int64_t queue_id = 0;
    std::string identifier;
    double past_vcpus = 0;  ///< the decayed mean of what its jobs held up to `at`
    Timestamp at;
    bool is_gone = false;  ///< it is inactive now: the row goes
};

/// A service job: RUNNABLE until it is stopped, FAILED from then on. `seq` orders them as a job's
/// does, apart from jobs.
struct ServiceJobRow {
    std::int64_t seq = 0;
    JobId id;
    std::int64_t queue_id = 0;
    ServiceJob document;
    std::string status_reason;
    Timestamp created_at;
    std::optional<Timestamp> stopped_at;
};

/// The key is (job, part, number). `attempt` is always whole; what is written of it is what can
/// have changed, because an attempt is written three times.
struct AttemptPut {
    enum class What : std::uint8_t {
        All,    ///< insert or replace
        Start,  ///< of a stored one: what its start tells
        End,    ///< of a stored one: what its end tells
    };
    std::int64_t job_seq = 0;
    Attempt attempt;
    What what = What::All;
};

/// Stored as these numbers: new kinds come last.
enum class ResourceKind : std::uint8_t {
    ComputeEnvironment,
    JobQueue,
    JobDefinition,
    Job,
    SchedulingPolicy,
    ConsumableResource,
    ServiceEnvironment,
    AppliedUpdate,  ///< no resource of AWS's: what a clientToken did
    ServiceJob,
    QuotaShare,  ///< by quota_share_key
};

/// A resource that is a document and no more; by kind and name.
using ResourceDocument = std::variant<std::monostate, SchedulingPolicy, ConsumableResource,
                                      ServiceEnvironment, AppliedUpdate, QuotaShare>;
struct ResourceRow {
    ResourceKind kind = ResourceKind::SchedulingPolicy;
    std::string name;
    ResourceDocument document;  ///< of that kind; empty: deleted
    Timestamp created_at;
};

/// Which resource tags belong to: by id for jobs and service jobs, by name and revision for
/// definitions, by name for all others that are not deleted.
struct ResourceKey {
    ResourceKind kind = ResourceKind::Job;
    std::string name;
    std::int32_t revision = 0;
    JobId job;
};

/// An RFC 7396 merge patch for the tags of one resource: a null removes its key.
struct TagPatch {
    ResourceKey key;
    std::string patch;  ///< JSON object
};

struct Changes {
    std::vector<EnvironmentRow> environments;  ///< insert or replace by id; tags stay
    std::vector<HostRow> hosts;          ///< insert, replace or delete by name; after environments
    std::vector<InstanceRow> instances;  ///< insert or replace by id; after environments
    std::vector<DecisionRow> decisions;  ///< insert or replace by id; after environments
    std::vector<QueueRow> queues;        ///< insert or replace by id; tags stay
    std::vector<DefinitionRow> definitions;   ///< insert or replace by (name, revision); tags stay
    std::vector<ResourceRow> resources;       ///< insert, replace or delete by key; tags stay
    std::vector<ServiceJobRow> service_jobs;  ///< insert or replace by seq; tags stay
    std::vector<JobInsert> new_jobs;
    std::vector<JobUpdate> jobs;
    std::vector<ChildPut> children;    ///< applied after the jobs
    std::vector<AttemptPut> attempts;  ///< applied after the jobs
    std::vector<EndedCount> ended;
    std::vector<ShareRow> shares;
    std::vector<TagPatch> tags;               ///< applied last
    std::vector<WebhookRow> webhooks;         ///< insert, replace or delete by name
    std::vector<UndeliveredRow> undelivered;  ///< likewise by key; after webhooks
    NewsBatch news;                           ///< what all of this means for listeners

    bool empty() const {
        return environments.empty() && hosts.empty() && instances.empty() && decisions.empty() &&
               queues.empty() && definitions.empty() && resources.empty() && service_jobs.empty() &&
               new_jobs.empty() && jobs.empty() && children.empty() && attempts.empty() &&
               ended.empty() && shares.empty() && tags.empty() && webhooks.empty() &&
               undelivered.empty() && news.entries.empty();
    }
};

/// A job that was submitted with a key.
struct RecentSubmission {
    SubmissionKey key;
    JobId job;
    Timestamp at;
};

/// All that the engine needs to go on after a restart. Jobs that ended are not part of it.
struct Snapshot {
    std::vector<EnvironmentRow> environments;  ///< without deleted ones
    std::vector<HostRow> hosts;                ///< by name
    std::vector<InstanceRow> instances;        ///< that have not ended
    std::vector<DecisionRow> open_launches;
    std::int64_t next_decision = 1;
    std::vector<QueueRow> queues;            ///< without deleted ones
    std::vector<DefinitionRow> definitions;  ///< the active ones
    std::vector<ResourceRow> resources;
    /// The highest revision ever given to each name, inactive ones included.
    std::vector<std::pair<std::string, std::int32_t>> last_revisions;
    /// Neither terminal nor told by `waiting`, ascending by seq. A dependency that is missing in
    /// both is met: an end that rules it out fails all dependents in the transaction in which it
    /// happens.
    std::vector<JobRow> jobs;
    /// Calls with each RUNNABLE job and whether an attempt of it has run. They are read one by one,
    /// because there may be a million. Valid as long as the store; may be empty.
    using VisitWaiting = std::function<Result<>(const JobRow& job, bool has_started)>;
    std::function<Result<>(const VisitWaiting& visit)> waiting;
    /// All rows of the arrays among `jobs`, and of those multi-node jobs that are placed.
    std::vector<ChildPut> children;
    /// Keys of SDKs' calls (SubmissionKey) of the last minutes before the newest job was submitted,
    /// the oldest first.
    std::vector<RecentSubmission> recent_submissions;
    /// How the children of those arrays ended that are over and that arrays among `jobs` wait for
    /// N_TO_N; by index.
    std::vector<std::pair<JobId, std::vector<JobStatus>>> ended_arrays;
    /// Those of `jobs`, and children of arrays among them, of which an attempt has run. Of a
    /// multi-node job that is the main node's.
    std::vector<JobId> started;
    /// The newest attempt of each STARTING or RUNNING job; of multi-node jobs that of every node,
    /// ended ones included.
    std::vector<Attempt> attempts;
    std::vector<EndedCount> ended;
    std::vector<ShareRow> shares;
    std::vector<ServiceJobRow> service_jobs;  ///< not ended, ascending by seq
    std::int64_t next_service_seq = 1;
    std::vector<WebhookRow> webhooks;
    std::int64_t next_event = 1;  ///< the number of the feed's next event
    std::int64_t next_seq = 1;
    std::int64_t next_id = 1;  ///< for environments and queues
};

}  // namespace batchd::model
