#include "config/keys.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace batchd::config {
namespace {

constexpr std::int64_t kDaySeconds = 24 * 60 * 60;
constexpr std::int64_t kMiB = 1024 * 1024;
constexpr Range kBytes{1024, 64 * kMiB};
constexpr Range kCount{1, 10'000'000};

}  // namespace

std::span<const Key> keys() {
    static const auto table = std::to_array<Key>({
        {"http", "listen", +[](Config& c) -> auto& { return c.http.listen; }, kListenRule,
         "Where the API is served. Port 0 picks a free one."},
        {"http", "threads", +[](Config& c) -> auto& { return c.http.threads; }, Range{1, 64},
         "Threads that serve HTTP and talk to Docker."},
        {"http", "max_header_bytes", +[](Config& c) -> auto& { return c.http.max_header_bytes; },
         Range{1024, kMiB}, "A request with larger headers is answered 431."},
        {"http", "max_body_bytes", +[](Config& c) -> auto& { return c.http.max_body_bytes; },
         Range{1024, 64 * kMiB}, "A request with a larger body is answered 413."},
        {"http", "max_connections", +[](Config& c) -> auto& { return c.http.max_connections; },
         Range{1, 100'000}, "One connection more is answered 503."},
        {"http", "idle_timeout_seconds", +[](Config& c) -> auto& { return c.http.idle_timeout; },
         Range{1, kDaySeconds}, "When a kept connection without a request is closed."},
        {"http", "request_timeout_seconds",
         +[](Config& c) -> auto& { return c.http.request_timeout; }, Range{1, kDaySeconds},
         "How long a client may take from the first byte of a request to its last."},
        {"http", "allowed_hosts", +[](Config& c) -> auto& { return c.http.allowed_hosts; },
         kHostNameRule,
         "Names that browsers may use for this daemon in Host and Origin, beside the address and "
         "localhost."},
        {"http", "allow_unauthenticated",
         +[](Config& c) -> auto& { return c.http.allow_unauthenticated; }, std::monostate{},
         "Needed to listen on anything but loopback: whoever reaches the port can run "
         "containers."},

        {"daemon", "data_dir", +[](Config& c) -> auto& { return c.daemon.data_dir; }, kNotEmptyRule,
         "The folder of the database and the logs; made if it is missing, used by one daemon at a "
         "time."},
        {"daemon", "region", +[](Config& c) -> auto& { return c.daemon.region; }, kRegionRule,
         "The region in ARNs. Requests signed for another one are served all the same."},
        {"daemon", "account", +[](Config& c) -> auto& { return c.daemon.account; }, kAccountRule,
         "The account in ARNs."},
        {"daemon", "readers", +[](Config& c) -> auto& { return c.daemon.readers; }, Range{1, 64},
         "Threads with a read-only connection to the database."},

        {"log", "level", +[](Config& c) -> auto& { return c.log.level; }, kLogLevelRule,
         "The least important kind of line that is logged."},
        {"log", "format", +[](Config& c) -> auto& { return c.log.format; }, kLogFormatRule,
         "Log lines for people or for machines; on stderr either way."},

        {"docker", "host", +[](Config& c) -> auto& { return c.docker.host; }, kDockerHostRule,
         "The Docker Engine of the host `local`."},
        {"docker", "cert_dir", +[](Config& c) -> auto& { return c.docker.cert_dir; },
         kFolderOrEmptyRule,
         "The folder with ca.pem, cert.pem and key.pem for TLS to a tcp:// host; empty for plain "
         "TCP."},
        {"docker", "network_mode", +[](Config& c) -> auto& { return c.docker.network_mode; },
         kNetworkModeRule, "The network of containers whose job does not ask for another."},
        {"docker", "lean_networks", +[](Config& c) -> auto& { return c.docker.lean_networks; },
         std::monostate{},
         "With network_mode none: whether the OCI runtime makes a container's namespace, which "
         "takes "
         "half the CPU time of the Engine's own way."},
        {"docker", "runtime", +[](Config& c) -> auto& { return c.docker.runtime; }, kRuntimeRule,
         "The OCI runtime of containers, as the Engine names it; empty for the Engine's default, "
         "which also takes the place of one that it does not have."},
        {"docker", "max_concurrent_starts",
         +[](Config& c) -> auto& { return c.docker.max_concurrent_starts; }, Range{1, 256},
         "How many containers of a host are created and started at a time: the bound of job "
         "throughput, best at two to four a core."},
        {"docker", "stats_seconds", +[](Config& c) -> auto& { return c.docker.stats; },
         Range{0, kDaySeconds},
         "The longest time between two looks at the memory and the CPU time of a container, which "
         "begin with its start and grow rarer; 0 for none."},
        {"docker", "vcpus", +[](Config& c) -> auto& { return c.docker.vcpus; }, Range{0, 100'000},
         "vCPUs that jobs may use in all; 0 for what the Engine reports."},
        {"docker", "memory_mib", +[](Config& c) -> auto& { return c.docker.memory; },
         Range{0, 1024 * kMiB},
         "Memory in MiB that jobs may use in all; 0 for what the Engine reports."},
        {"docker", "gpus", +[](Config& c) -> auto& { return c.docker.gpus; }, kGpuRule,
         "GPUs that jobs may use, by UUID or index, each once; empty for those that the Engine "
         "reports."},
        {"docker", "allow_plain_tcp", +[](Config& c) -> auto& { return c.docker.allow_plain_tcp; },
         std::monostate{},
         "Whether hosts may be registered by tcp:// without TLS that are not on loopback: whoever "
         "reaches such a port owns the machine."},

        {"containers", "allow_privileged",
         +[](Config& c) -> auto& { return c.containers.allow_privileged; }, std::monostate{},
         "Whether job definitions may ask for privileged containers and host namespaces."},
        {"containers", "allowed_host_paths",
         +[](Config& c) -> auto& { return c.containers.allowed_host_paths; }, kAbsolutePathRule,
         "Host folders that jobs may mount, each with all below it."},
        {"containers", "allowed_devices",
         +[](Config& c) -> auto& { return c.containers.allowed_devices; }, kAbsolutePathRule,
         "Host devices that jobs may use."},

        {"secrets", "file", +[](Config& c) -> auto& { return c.secrets.file; }, kFileOrEmptyRule,
         "The TOML file with the values of secrets, name = \"value\", asked first and read for "
         "each "
         "attempt; nobody but its owner may have access to it."},
        {"secrets", "environment_prefix",
         +[](Config& c) -> auto& { return c.secrets.environment_prefix; }, kVariablePrefixRule,
         "What the variables of batchd's own environment that hold secrets begin with, asked "
         "second; empty for none."},
        {"secrets", "command", +[](Config& c) -> auto& { return c.secrets.command; }, kNotEmptyRule,
         "A program and its arguments, asked third: gets a secret's name as its last argument and "
         "prints the value, within 10 s."},
        {"secrets", "aws", +[](Config& c) -> auto& { return c.secrets.aws; }, std::monostate{},
         "Whether Secrets Manager and the SSM Parameter Store are asked, last, if there are a "
         "region and keys."},

        {"aws", "region", +[](Config& c) -> auto& { return c.aws.region; }, kRegionOrEmptyRule,
         "The region of calls to AWS; empty for AWS_REGION, AWS_DEFAULT_REGION, the profile's, or "
         "the instance's."},
        {"aws", "profile", +[](Config& c) -> auto& { return c.aws.profile; }, kAnyTextRule,
         "The profile of AWS's config and credentials files, which then stands above keys in the "
         "environment; empty for AWS_PROFILE, or `default`."},
        {"aws", "endpoint_url", +[](Config& c) -> auto& { return c.aws.endpoint_url; },
         kUrlOrEmptyRule,
         "Where all of AWS's services are; empty for AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, "
         "the profile's, or AWS's own."},
        {"aws", "endpoint_urls", +[](Config& c) -> auto& { return c.aws.endpoint_urls; },
         kServiceUrlRule, "Where single services are, above all other settings."},
        {"aws", "max_attempts", +[](Config& c) -> auto& { return c.aws.max_attempts; },
         Range{1, 20}, "How often a call is tried in all, with growing pauses."},
        {"aws", "connect_timeout_seconds",
         +[](Config& c) -> auto& { return c.aws.connect_timeout; }, Range{1, 300},
         "How long a connection to AWS may take."},
        {"aws", "timeout_seconds", +[](Config& c) -> auto& { return c.aws.timeout; },
         Range{1, 3600}, "How long one try of a call may take."},

        {"scheduler", "order", +[](Config& c) -> auto& { return c.scheduler.order; }, kOrderRule,
         "backfill: while a queue's first job waits for room, later ones that fit may start. "
         "strict: none may, as in AWS Batch."},
        {"scheduler", "reserve_after_seconds",
         +[](Config& c) -> auto& { return c.scheduler.reserve_after; }, Range{0, kDaySeconds},
         "How long a queue's first job waits for room before a host is kept free for it."},
        {"scheduler", "infrastructure_retries",
         +[](Config& c) -> auto& { return c.scheduler.infrastructure_retries; }, Range{0, 100},
         "How often a job is retried beyond its own attempts when its host is lost or its image "
         "cannot be pulled; 0 is what AWS does. Jobs may say otherwise."},

        {"compute", "provider", +[](Config& c) -> auto& { return c.compute.provider; },
         kProviderRule,
         "Where MANAGED environments run: on aws, or on the local Docker Engine; auto is aws if a "
         "region and keys are found at the start, else local."},
        {"compute", "ecs_cluster", +[](Config& c) -> auto& { return c.compute.ecs_cluster; },
         kClusterOrEmptyRule,
         "The ECS cluster of tasks on Fargate, made if it is missing; empty for batchd-INSTANCE, "
         "which is this data folder's own."},
        {"compute", "public_addresses",
         +[](Config& c) -> auto& { return c.compute.public_addresses; }, std::monostate{},
         "Instances are reached by their public addresses, from outside of their VPC."},
        {"compute", "idle_seconds", +[](Config& c) -> auto& { return c.compute.idle; },
         Range{0, kDaySeconds},
         "How long an instance without jobs is kept where minScaleDownDelayMinutes says nothing."},
        {"compute", "boot_timeout_seconds",
         +[](Config& c) -> auto& { return c.compute.boot_timeout; }, Range{1, kDaySeconds},
         "An instance whose Docker Engine does not answer within this time is replaced."},
        {"compute", "local_boot_seconds", +[](Config& c) -> auto& { return c.compute.local_boot; },
         Range{0, kDaySeconds},
         "How long the make-believe instances of the provider local take to come up."},

        {"definitions", "inactive_grace_seconds",
         +[](Config& c) -> auto& { return c.definitions.inactive_grace; },
         Range{0, 366 * kDaySeconds},
         "How long a deregistered revision can still be submitted; 0 is what AWS does."},
        {"definitions", "dedupe_revisions",
         +[](Config& c) -> auto& { return c.definitions.dedupe_revisions; }, std::monostate{},
         "Whether a registration that says what the newest ACTIVE revision of its name says, tags "
         "included, is answered with that one; AWS makes a new one."},

        {"retention", "succeeded", +[](Config& c) -> auto& { return c.retention.succeeded; },
         kAgeRule, "How long jobs that SUCCEEDED are kept, from their end."},
        {"retention", "failed", +[](Config& c) -> auto& { return c.retention.failed; }, kAgeRule,
         "How long jobs that FAILED are kept, from their end."},
        {"retention", "queues", +[](Config& c) -> auto& { return c.retention.queues; },
         kQueueRetentionRule, "What holds for single queues instead."},
        {"retention", "inactive_definitions",
         +[](Config& c) -> auto& { return c.retention.inactive_definitions; }, kAgeRule,
         "How long INACTIVE revisions of job definitions are kept, from their deregistration. AWS: "
         "180d."},
        {"retention", "max_database_mib",
         +[](Config& c) -> auto& { return c.retention.max_database_mib; }, Range{0, 1024 * kMiB},
         "Above this size of the database the oldest ended jobs go, whatever their age; 0 for no "
         "limit."},

        {"events", "keep", +[](Config& c) -> auto& { return c.events.keep; },
         Range{1, 1'000'000'000},
         "How many events of the feed are kept for those who read them later."},
        {"events", "keep_seconds", +[](Config& c) -> auto& { return c.events.keep_time; },
         Range{1, 10 * 366 * kDaySeconds}, "For how long they are kept."},
        {"events", "heartbeat_seconds", +[](Config& c) -> auto& { return c.events.heartbeat; },
         Range{1, kDaySeconds},
         "After so long without an event a stream of events shows that it is alive."},
        {"events", "webhook_timeout_seconds",
         +[](Config& c) -> auto& { return c.events.webhook_timeout; }, Range{1, 300},
         "How long a webhook may take to answer."},
        {"events", "webhook_give_up_seconds",
         +[](Config& c) -> auto& { return c.events.webhook_give_up; }, Range{1, 366 * kDaySeconds},
         "For how long an event is tried to be delivered to a webhook before it is listed as "
         "undelivered."},

        {kLimits, "profile", +[](Config& c) -> auto& { return c.limits.profile; }, kProfileRule,
         "What the limits are that are not set: AWS's numbers, or these defaults."},
        {kLimits, "register_job_definition_bytes",
         +[](Config& c) -> auto& { return c.limits.register_job_definition_bytes; }, kBytes,
         "The body of a RegisterJobDefinition. AWS: 24576."},
        {kLimits, "submit_job_bytes", +[](Config& c) -> auto& { return c.limits.submit_job_bytes; },
         kBytes, "The body of a SubmitJob. AWS: 30720."},
        {kLimits, "submit_service_job_bytes",
         +[](Config& c) -> auto& { return c.limits.submit_service_job_bytes; }, kBytes,
         "The body of a SubmitServiceJob. AWS: 30720."},
        {kLimits, "container_overrides_characters",
         +[](Config& c) -> auto& { return c.limits.container_overrides_characters; },
         Range{1, 64 * kMiB},
         "A job's overrides as JSON in ECS's form, with Ref:: replaced; a job with more fails when "
         "it is dispatched. AWS: 8192."},
        {kLimits, "array_size", +[](Config& c) -> auto& { return c.limits.array_size; },
         Range{2, 1'000'000}, "How many children an array may have. AWS: 10000."},
        {kLimits, "depends_on", +[](Config& c) -> auto& { return c.limits.depends_on; },
         Range{1, 10'000}, "How many entries dependsOn may have. AWS: 20."},
        {kLimits, "batch_jobs", +[](Config& c) -> auto& { return c.limits.batch_jobs; },
         Range{1, 100'000}, "How many jobs one POST /api/v1/jobs:batch may submit."},
        {kLimits, "job_queues", +[](Config& c) -> auto& { return c.limits.job_queues; }, kCount,
         "How many job queues there may be. AWS: 50."},
        {kLimits, "compute_environments",
         +[](Config& c) -> auto& { return c.limits.compute_environments; }, kCount,
         "How many compute environments there may be. AWS: 50."},
        {kLimits, "service_environments",
         +[](Config& c) -> auto& { return c.limits.service_environments; }, kCount,
         "How many service environments there may be. AWS: 50."},
        {kLimits, "consumable_resources",
         +[](Config& c) -> auto& { return c.limits.consumable_resources; }, kCount,
         "How many consumable resources there may be. AWS: 50000."},
        {kLimits, "active_shares", +[](Config& c) -> auto& { return c.limits.active_shares; },
         kCount, "How many share identifiers of a queue may be in use. AWS: 500."},
    });
    return table;
}

std::string Key::environment() const {
    std::string variable = "BATCHD_" + std::string(section) + "__" + std::string(name);
    std::ranges::transform(variable, variable.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return variable;
}

std::string_view to_string(SchedulerOrder order) {
    switch (order) {
        case SchedulerOrder::Backfill:
            return "backfill";
        case SchedulerOrder::Strict:
            return "strict";
    }
    return "backfill";
}

SchedulerOrder order_from_string(std::string_view text) {
    return text == "strict" ? SchedulerOrder::Strict : SchedulerOrder::Backfill;
}

std::string_view to_string(ComputeProvider provider) {
    switch (provider) {
        case ComputeProvider::Auto:
            return "auto";
        case ComputeProvider::Local:
            return "local";
        case ComputeProvider::Aws:
            return "aws";
    }
    return "auto";
}

ComputeProvider provider_from_string(std::string_view text) {
    if (text == "local") return ComputeProvider::Local;
    return text == "aws" ? ComputeProvider::Aws : ComputeProvider::Auto;
}

}  // namespace batchd::config
