// Jobs: what SubmitJob asks for, what it resolves to, and how a job stands.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"
#include "batchd/model/ids.hpp"
#include "batchd/model/job_definition.hpp"
#include "batchd/model/job_options.hpp"
#include "batchd/model/limits.hpp"
#include "batchd/model/money.hpp"
#include "batchd/model/names.hpp"
#include "batchd/model/shape.hpp"

#include <boost/describe/class.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

// The life of a job; the table of its transitions is in src/core/job_machine.cpp.
//
//   SUBMITTED ──▶ PENDING ──▶ RUNNABLE ──▶ STARTING ──▶ RUNNING ──▶ SUCCEEDED
//       │            │          │  ▲          │            │
//       │            │          │  └─ retry ──┴────────────┤
//       └────────────┴──────────┴──────────────────────────┴──────▶ FAILED
enum class JobStatus : std::uint8_t {
    Submitted,
    Pending,
    Runnable,
    Starting,
    Running,
    Succeeded,
    Failed,
};
inline constexpr std::size_t kJobStatusCount = 7;

/// AWS's spelling, such as "RUNNABLE".
std::string_view to_string(JobStatus status);
/// The pointer only selects the enum (see base/json.hpp).
std::optional<JobStatus> from_string(std::string_view text, JobStatus*);
constexpr bool is_terminal(JobStatus s) {
    return s == JobStatus::Succeeded || s == JobStatus::Failed;
}
/// Holds resources of a host.
constexpr bool is_placed(JobStatus s) {
    return s == JobStatus::Starting || s == JobStatus::Running;
}

struct JobDependency {
    std::optional<std::string> job_id;
    std::optional<std::string> type;
};
BOOST_DESCRIBE_STRUCT(JobDependency, (), (job_id, type))

struct ContainerOverrides {
    std::optional<std::int32_t> vcpus;
    std::optional<std::int32_t> memory;
    std::optional<std::vector<std::string>> command;
    std::optional<std::string> instance_type;
    std::vector<KeyValue> environment;
    std::vector<ResourceRequirement> resource_requirements;
};
BOOST_DESCRIBE_STRUCT(ContainerOverrides, (),
                      (vcpus, memory, command, instance_type, environment, resource_requirements))

struct NodePropertyOverride {
    std::string target_nodes;
    std::optional<ContainerOverrides> container_overrides;
    std::optional<EcsPropertiesOverride> ecs_properties_override;
    std::optional<EksPropertiesOverride> eks_properties_override;
    std::optional<std::vector<std::string>> instance_types;
    std::optional<ConsumableResourceProperties> consumable_resource_properties_override;
};
BOOST_DESCRIBE_STRUCT(NodePropertyOverride, (),
                      (target_nodes, container_overrides, ecs_properties_override,
                       eks_properties_override, instance_types,
                       consumable_resource_properties_override))

struct NodeOverrides {
    std::optional<std::int32_t> num_nodes;
    std::vector<NodePropertyOverride> node_property_overrides;
};
BOOST_DESCRIBE_STRUCT(NodeOverrides, (), (num_nodes, node_property_overrides))

struct ArrayProperties {
    std::optional<std::int32_t> size;
};
BOOST_DESCRIBE_STRUCT(ArrayProperties, (), (size))

struct SubmitJobRequest {
    std::string job_name;
    std::string job_queue;
    std::string job_definition;
    std::optional<std::string> share_identifier;
    std::optional<std::int32_t> scheduling_priority_override;
    std::optional<ArrayProperties> array_properties;
    std::vector<JobDependency> depends_on;
    StringMap parameters;
    std::optional<ContainerOverrides> container_overrides;
    std::optional<EcsPropertiesOverride> ecs_properties_override;
    std::optional<NodeOverrides> node_overrides;
    std::optional<EksPropertiesOverride> eks_properties_override;
    std::optional<RetryStrategy> retry_strategy;
    std::optional<bool> propagate_tags;
    std::optional<JobTimeout> timeout;
    StringMap tags;
    std::optional<ConsumableResourceProperties> consumable_resource_properties_override;
    JobOptions options;        ///< members of their own on the wire; laid in by whoever decodes
    std::optional<bool> hold;  ///< the job waits until it is released
    std::optional<std::string> client_token;   ///< repeated, it is the same submission
    std::vector<std::string> unknown_members;  ///< of the body; laid in by whoever decodes
};
BOOST_DESCRIBE_STRUCT(SubmitJobRequest, (),
                      (job_name, job_queue, job_definition, share_identifier,
                       scheduling_priority_override, array_properties, depends_on, parameters,
                       container_overrides, ecs_properties_override, node_overrides,
                       eks_properties_override, retry_strategy, propagate_tags, timeout, tags,
                       consumable_resource_properties_override, hold, client_token))

/// A job after definition and request were merged: all that stays the same for its whole life.
/// Stored once, as JSON; loaded again when the job is dispatched or described.
struct JobSpec {
    std::string job_definition;  ///< ARN with revision
    StringMap parameters;
    std::optional<ContainerProperties> container;   ///< either this
    std::optional<EcsProperties> ecs_properties;    ///< or this
    std::optional<NodeProperties> node_properties;  ///< or this: each node in one range, in order
    std::vector<JobDependency> depends_on;
    std::optional<RetryStrategy> retry_strategy;
    std::optional<JobTimeout> timeout;
    std::optional<bool> propagate_tags;
    std::vector<std::string> platform_capabilities;
    std::optional<std::int32_t> scheduling_priority;
    std::optional<std::string> share_identifier;
    std::optional<ConsumableResourceProperties> consumable_resource_properties;
    std::optional<JobOptions> options;
    std::optional<std::string> rerun_of;  ///< id of the job that it runs again
    /// What was asked for and has no effect, a sentence each; absent: nothing.
    std::optional<std::vector<std::string>> warnings;
};
BOOST_DESCRIBE_STRUCT(JobSpec, (),
                      (job_definition, parameters, container, ecs_properties, node_properties,
                       depends_on, retry_strategy, timeout, propagate_tags, platform_capabilities,
                       scheduling_priority, share_identifier, consumable_resource_properties,
                       options, rerun_of, warnings))

/// The task that the job's attempts run, or those of one node, whichever form it was defined in.
EcsTaskProperties task_of(const JobSpec& spec, const JobId& id);

/// Gives the task's containers that much memory in all (outOfMemoryFactor), each in proportion to
/// what it asks for; what they ask for already changes nothing.
void set_memory(EcsTaskProperties& task, MiB memory);

/// The specification of a multi-node job as one of its nodes has it: what that runs instead of
/// nodeProperties.
JobSpec spec_of_node(JobSpec spec, std::int32_t node);

/// What a job waits for: another job, an array as a whole, or a child of one. Kinds are stored as
/// these numbers.
struct Dependency {
    enum class Kind : std::uint8_t {
        AfterOk,     ///< it has SUCCEEDED; AWS's, without a type
        NToN,        ///< of an array: each child on its counterpart in that one; AWS's
        AfterAny,    ///< it has ended
        AfterNotOk,  ///< it has FAILED
        AfterStart,  ///< an attempt of it, or of one of the array's children, has run, or it ended
    };
    JobId id;
    Kind kind = Kind::AfterOk;
    friend bool operator==(const Dependency&, const Dependency&) = default;
};

/// Whether the children of an array wait for those before them. Stored as these numbers.
enum class Sequence : std::uint8_t {
    None,
    AfterOk,   ///< until they have SUCCEEDED; AWS's SEQUENTIAL
    AfterAny,  ///< until they have ended: SEQUENTIAL_ANY
};
/// Whether a child of that status holds back none of those behind it.
constexpr bool lets_pass(Sequence sequence, JobStatus status) {
    return sequence == Sequence::AfterAny ? is_terminal(status) : status == JobStatus::Succeeded;
}

/// What AWS refuses only when it dispatches a job: the job fails then, without an attempt, and is
/// not retried. Stored as these numbers.
enum class DispatchFlaw : std::uint8_t { None, OverridesTooLong, TooManyTags };

/// The statusReason of a job with the flaw, AWS's where it has one; empty for None.
std::string status_reason(DispatchFlaw flaw, const Limits& limits);

/// What the scheduler needs to know of a job: the part of its spec that stays in memory.
struct JobTraits {
    Shape shape;
    std::string share;  ///< AWS's shareIdentifier; empty: none
    std::int32_t scheduling_priority = 0;
    std::int32_t attempts = 1;
    std::optional<Seconds> timeout;
    std::vector<EvaluateOnExit> retry_rules;
    std::vector<Dependency> depends_on;
    std::int32_t array_size = 0;  ///< 0: no array
    Sequence sequence = Sequence::None;
    std::int32_t main_node = 0;  ///< of a multi-node job
    DispatchFlaw flaw = DispatchFlaw::None;
    std::optional<JobOptions> options;
    bool is_held = false;  ///< submitted so
};

/// Of a job with that specification and shape: all but its size as an array and the jobs that it
/// waits for.
JobTraits traits_of(const JobSpec& spec, Shape shape);

/// A request and its definition merged by AWS's rules (job-level values win; environment and
/// requirements merge by key; Ref:: parameters are substituted in the command).
struct ResolvedJob {
    JobSpec spec;
    JobTraits traits;
};
/// `definition_arn` includes the revision. The consumable resources of the shape are named as the
/// client did, by name or ARN. InvalidArgument with AWS's text if a rule is broken.
Result<ResolvedJob> resolve(const SubmitJobRequest& request, const JobDefinition& definition,
                            const std::string& definition_arn, const Limits& limits);

/// The changing part of a job.
struct JobState {
    JobStatus status = JobStatus::Submitted;
    std::string status_reason;
    std::int32_t attempt = 0;             ///< number of the newest attempt; 0 before the first
    std::optional<Timestamp> started_at;  ///< of the newest attempt
    std::optional<Timestamp> stopped_at;
    bool is_cancelled = false;
    bool is_terminated = false;
    std::int32_t infrastructure_failures = 0;  ///< attempts that are not counted as the job's own
    MiB memory{0};  ///< of its attempts from now on, if an out-of-memory kill has raised it
    std::optional<std::string> hold = {};  ///< it is not started until it is released; why
    friend bool operator==(const JobState&, const JobState&) = default;
};

/// How the children of an array stand, as the array's row keeps it. A child has a row of its own
/// only once it was placed, or ended apart from the others.
struct ArrayProgress {
    bool is_released = false;  ///< the array as a whole waits for nothing any more
    std::array<std::int64_t, kJobStatusCount> counts{};
    Timestamp updated_at;
    /// How the children without a row ended: all of them at once. While not set, they wait.
    std::optional<JobState> unstarted;
};

/// What became of one container of several.
struct ContainerResult {
    std::string name;
    std::optional<std::int32_t> exit_code;
    std::string reason;
    std::string log_group;  ///< with the stream empty until the container ran
    std::string log_stream;
    friend bool operator==(const ContainerResult&, const ContainerResult&) = default;
};
BOOST_DESCRIBE_STRUCT(ContainerResult, (), (name, exit_code, reason, log_group, log_stream))

/// What an attempt used, as far as it was looked at while it ran; of all its containers.
struct ResourceUse {
    std::int64_t peak_memory_bytes = 0;
    std::int64_t cpu_milliseconds = 0;
    friend bool operator==(const ResourceUse&, const ResourceUse&) = default;
};

/// One attempt, as it is stored and shown. Of several containers the first essential one that
/// failed gives exit code and reason, and each has its own log.
struct Attempt {
    AttemptId id;
    std::string compute_environment;  ///< name
    std::string host;                 ///< name
    std::string container_id;         ///< empty until the Engine gave one
    std::string address = {};         ///< of its container in its network; empty: none
    std::string log_group;
    std::string log_stream;
    std::optional<Timestamp> started_at;
    std::optional<Timestamp> stopped_at;
    std::optional<std::int32_t> exit_code;
    std::string reason;         ///< container.reason
    std::string status_reason;  ///< empty while it runs
    /// In the order of the task's containers; empty if there is only one.
    std::vector<ContainerResult> containers{};
    std::vector<std::string> gpus = {};  ///< ids of the host's GPUs that are its own while it runs
    MicroUsd price = {};  ///< per hour, of its share of an instance or of Fargate; 0: not known
    std::optional<ResourceUse> use = {};
    friend bool operator==(const Attempt&, const Attempt&) = default;
};

/// Whether the attempt failed by its host, its Engine or the image's registry, not by what it ran:
/// host lost, image not pulled (unless there is no such image), STARTING for too long. Such
/// failures have a budget of their own (JobOptions::infrastructure_retries).
bool is_infrastructure_failure(const Attempt& attempt);
/// The statusReason of an attempt that was STARTING for too long.
inline constexpr std::string_view kStartingTooLong =
    "Job attempt was STARTING for longer than maxStartingSeconds";

/// How an attempt ended. Exactly one is reported for each attempt that was started or adopted.
struct AttemptOutcome {
    /// The exit code, if the Engine has one (also for a command that could not be started: 126,
    /// 127).
    std::optional<std::int32_t> exit_code;
    /// AWS's container.reason, such as "OutOfMemoryError: Container killed due to memory usage";
    /// empty for a plain exit.
    std::string reason;
    /// AWS's statusReason of the attempt, such as "Essential container in task exited".
    std::string status_reason;
    Timestamp stopped_at;
    /// In the order of the task's containers; empty if there is only one.
    std::vector<ContainerResult> containers{};
    std::optional<ResourceUse> use = {};
};

/// Where a container's output is found in CloudWatch Logs' terms: the group of its awslogs-group
/// option or /aws/batch/job, the stream <prefix or definition name>/<container>/<task id>.
struct LogNames {
    std::string group;
    std::string stream;
};
/// `definition` is the job definition's ARN.
LogNames log_names(const std::string& definition, const TaskContainerProperties& container,
                   const AttemptId& id);

}  // namespace batchd::model
