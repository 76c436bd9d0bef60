// What core decides upon: requests of clients and news from outside. Each is one value.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/core/offer_blocks.hpp"
#include "batchd/model/changes.hpp"
#include "batchd/model/compute_environment.hpp"
#include "batchd/model/consumable_resource.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/instance.hpp"
#include "batchd/model/instance_catalogue.hpp"
#include "batchd/model/job.hpp"
#include "batchd/model/job_queue.hpp"
#include "batchd/model/quota_share.hpp"
#include "batchd/model/scheduling_policy.hpp"
#include "batchd/model/service_environment.hpp"
#include "batchd/model/service_job.hpp"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace batchd::core {

// Requests. Documents come in validated by model's rules; core checks what needs the state.

struct EndedDependency {
    model::JobId id;
    model::JobStatus status = model::JobStatus::Succeeded;
    std::string status_reason = {};
    /// By index; if it is an array that is waited for N_TO_N.
    std::vector<model::JobStatus> children = {};
};

struct SubmitJob {
    model::JobId id;
    std::string queue;  ///< name
    std::string name;
    std::string definition_name;
    std::int32_t definition_revision = 0;
    model::JobTraits traits;
    bool overrides_priority = false;  ///< schedulingPriorityOverride was given
    std::string spec;                 ///< model::JobSpec as JSON
    std::string tags;                 ///< JSON object
    /// What `spec` says, of a job that may start at once: it need not be parsed again then. Or
    /// null.
    std::shared_ptr<const model::JobSpec> parsed_spec = {};
    /// Of those dependencies that are not live any more; looked up by the engine.
    std::vector<EndedDependency> ended_dependencies;
    std::optional<model::SubmissionKey> key = {};
    /// The stored job with that key, if it is explicit; looked up by the engine.
    std::optional<model::RecentSubmission> repeated = {};
    /// Of a re-run: the children that are to run, ascending; the others count as succeeded. Empty:
    /// all.
    std::vector<std::int32_t> only_children = {};
};
/// Asks for the job that was submitted with that key, and changes nothing. NotFound if there is
/// none, Conflict if something else was asked for.
struct FindSubmission {
    model::SubmissionKey key;
    /// As in SubmitJob.
    std::optional<model::RecentSubmission> repeated = {};
};
/// A job that waits, or an array whose children do, is not started until it is released.
struct HoldJob {
    model::JobId id;
    std::string reason;
};
struct ReleaseJob {
    model::JobId id;
};
/// No job of the queue is started until it is resumed. Jobs may be submitted; those that run go on.
struct PauseQueue {
    std::string name;
    model::QueuePause pause;
};
struct ResumeQueue {
    std::string name;
};
struct CancelJob {
    model::JobId id;
    std::string reason;
};
struct TerminateJob {
    model::JobId id;
    std::string reason;
};
struct CreateEnvironment {
    model::ComputeEnvironment document;
    std::string uuid;
    std::string tags;
};
struct UpdateEnvironment {
    std::string name;
    model::ComputeEnvironmentUpdate update;
};
struct DeleteEnvironment {
    std::string name;
};
/// Adds a host to an environment, or changes one of it; a host that was to be deleted stays then.
/// Registered hosts are for UNMANAGED environments, launched ones for MANAGED ones. The Engine
/// behind a host (url, certificates) is changed while nothing runs there.
struct PutHost {
    std::string environment;  ///< name
    model::Host document;
    model::HostOrigin origin = model::HostOrigin::Registered;
};
/// The host takes no new attempts. Those that run there at `deadline` are stopped and end as lost
/// with their host; at once if the host is down then. Repeated, it sets another deadline.
struct DrainHost {
    std::string environment;
    std::string host;
    std::optional<Timestamp> deadline;
};
/// Removes the host when nothing runs there: at once, or, if it drains, with the last attempt.
/// `force`: at once in any case; its attempts end as lost with their host. With `origin`: only if
/// that is the host's.
struct DeleteHost {
    std::string environment;
    std::string host;
    bool force = false;
    model::HostOrigin origin = model::HostOrigin::Registered;
};
struct CreateQueue {
    model::JobQueue document;
    std::string tags;
};
struct UpdateQueue {
    std::string name;
    model::JobQueueUpdate update;
};
struct DeleteQueue {
    std::string name;
};
struct RegisterDefinition {
    std::shared_ptr<const model::JobDefinition> document;
    std::string tags;
    /// Only while this is the newest ACTIVE revision of the name (0: there is none); else Conflict.
    std::optional<std::int32_t> only_after = {};
};
/// An inactive revision stays inactive: no error.
struct DeregisterDefinition {
    std::string name;
    std::int32_t revision = 0;
};
struct CreateSchedulingPolicy {
    model::SchedulingPolicy document;
    std::string tags;
};
struct UpdateSchedulingPolicy {
    std::string name;
    model::SchedulingPolicyUpdate update;
};
struct DeleteSchedulingPolicy {
    std::string name;
};
struct CreateConsumableResource {
    model::ConsumableResource document;
    std::string tags;
};
/// Repeated with its clientToken within eight hours, it is answered, but changes nothing.
struct UpdateConsumableResource {
    std::string name;
    model::ConsumableResourceUpdate update;
};
struct DeleteConsumableResource {
    std::string name;
};
struct CreateServiceEnvironment {
    model::ServiceEnvironment document;
    std::string tags;
};
struct UpdateServiceEnvironment {
    std::string name;
    model::ServiceEnvironmentUpdate update;
};
struct DeleteServiceEnvironment {
    std::string name;
};
struct SubmitServiceJob {
    model::JobId id;
    std::string queue;  ///< name
    model::ServiceJob document;
    std::string tags;
    bool is_repeated = false;  ///< a stored job has its clientToken; looked up by the engine
};
struct TerminateServiceJob {
    model::JobId id;
    std::string reason;
};
struct UpdateServiceJob {
    model::JobId id;
    std::int32_t scheduling_priority = 0;
};
struct CreateQuotaShare {
    model::QuotaShare document;
    std::string tags;
};
/// `key` as model::quota_share_key makes it.
struct UpdateQuotaShare {
    std::string key;
    model::QuotaShareUpdate update;
};
struct DeleteQuotaShare {
    std::string key;
};
/// The caller has checked that the resource exists.
struct PatchTags {
    model::TagPatch patch;
};

struct PutWebhook {
    model::Webhook document;
    bool is_configured = false;
};
struct DeleteWebhook {
    std::string name;
    bool is_configured = false;  ///< the configuration wants it
};

/// How far the delivery of events to a webhook has come.
struct NoteDelivery {
    std::string name;
    std::optional<model::WebhookProgress> progress;
    std::vector<model::UndeliveredRow> undelivered;
};

// News from outside. Late and repeated ones are normal and change nothing.

struct HostUp {
    std::string host;
    model::Resources capacity;           ///< its GPUs are counted from the list
    std::vector<std::string> gpus = {};  ///< ids, each once
};
struct HostDown {
    std::string host;
    std::string reason;
};
struct AttemptStarted {
    model::AttemptId id;
    std::string container_id;
    Timestamp started_at;
    std::vector<model::ContainerResult> containers;  ///< with their logs; at least one
    std::string address = {};  ///< in the network of its containers; empty: it has none
};
struct AttemptEnded {
    model::AttemptId id;
    model::AttemptOutcome outcome;
};

/// What came of a launch: fewer instances than were asked for come with an error.
struct InstancesLaunched {
    std::int64_t decision = 0;
    std::vector<model::LaunchedInstance> instances;
    struct Failure {
        std::optional<OfferError> offer;      ///< nullopt: it speaks not against the offer
        bool is_configuration = false;        ///< the environment cannot launch until it is updated
        std::vector<model::Pool> pools = {};  ///< that it speaks of; empty: what was asked for
        std::string message;                  ///< begins with the provider's code
    };
    std::optional<Failure> failure;
};
/// The instance's Docker Engine can be connected to.
struct InstanceReady {
    std::string id;
    model::Host host;  ///< named as the instance
};
/// It was told to go, as a Spot instance is: no new attempts; those that run have until then.
struct InstanceLeaving {
    std::string id;
    std::optional<Timestamp> at;
};
/// It is no more, whoever ended it.
struct InstanceGone {
    std::string id;
    std::string reason;
};
/// What instances there are and what they cost now, as far as AWS could be asked.
struct OffersRefreshed {
    /// New ones, and known ones as they are now; a price of 0 is not known.
    std::vector<model::InstanceType> types;
    std::optional<std::vector<model::SpotPrice>> spot_prices;  ///< all there are
};

/// Whether the provider of capacity can be asked; while it cannot, no instance is given up.
struct ProviderReachable {
    std::string trouble;  ///< what keeps us from it; empty: nothing does
};

using AnyEvent =
    std::variant<SubmitJob, CancelJob, TerminateJob, HoldJob, ReleaseJob, PauseQueue, ResumeQueue,
                 CreateEnvironment, UpdateEnvironment, DeleteEnvironment, PutHost, DrainHost,
                 DeleteHost, CreateQueue, UpdateQueue, DeleteQueue, RegisterDefinition,
                 DeregisterDefinition, CreateSchedulingPolicy, UpdateSchedulingPolicy,
                 DeleteSchedulingPolicy, CreateConsumableResource, UpdateConsumableResource,
                 DeleteConsumableResource, CreateServiceEnvironment, UpdateServiceEnvironment,
                 DeleteServiceEnvironment, SubmitServiceJob, TerminateServiceJob, UpdateServiceJob,
                 CreateQuotaShare, UpdateQuotaShare, DeleteQuotaShare, FindSubmission, PatchTags,
                 PutWebhook, DeleteWebhook, NoteDelivery, HostUp, HostDown, AttemptStarted,
                 AttemptEnded, InstancesLaunched, InstanceReady, InstanceLeaving, InstanceGone,
                 OffersRefreshed, ProviderReachable>;

/// Copied, moved and destroyed by functions that are compiled once: forty alternatives are costly.
struct Event : AnyEvent {
    using AnyEvent::AnyEvent;
    Event(const Event& other);
    Event(Event&& other) noexcept;
    Event& operator=(const Event& other);
    Event& operator=(Event&& other) noexcept;
    ~Event();
};

/// What a request is answered with, beside success.
struct Reply {
    std::int32_t revision = 0;        ///< of RegisterDefinition
    std::int64_t total_quantity = 0;  ///< of UpdateConsumableResource
    std::optional<model::JobId> repeated =
        {};  ///< of SubmitJob, FindSubmission: the first one's job
};

}  // namespace batchd::core
