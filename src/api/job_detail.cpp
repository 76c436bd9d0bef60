#include "api/job_detail.hpp"

#include "api/task_detail.hpp"

#include <algorithm>

namespace batchd::api {
namespace {

using json::ObjectText;

void add_time(ObjectText& object, std::string_view name, const std::optional<Timestamp>& time) {
    if (time) object.number(name, to_epoch_ms(*time));
}

/// Where an attempt ran, in ECS's words.
struct Place {
    std::string container_instance_arn;
    std::string task_arn;
};

Place place_of(const model::Scope& scope, const engine::View& view, const model::Attempt& attempt) {
    // Fargate's own name of the task, once there is one. Docker hosts' names have no slash.
    if (attempt.host.starts_with("fargate/")) return {{}, attempt.container_id};
    const std::string cluster = cluster_of(view, attempt.compute_environment);
    return {model::container_instance_arn(scope, cluster, attempt.host),
            model::task_arn(scope, cluster, model::task_id(attempt.id))};
}

/// The members that an attempt adds to `container`, of the attempt and of the job.
void add_run(ObjectText& container, std::string& out, const model::Scope& scope,
             const engine::View& view, const model::Attempt& attempt) {
    const Place place = place_of(scope, view, attempt);
    if (!place.container_instance_arn.empty()) {
        container.string("containerInstanceArn", place.container_instance_arn);
    }
    if (!place.task_arn.empty()) container.string("taskArn", place.task_arn);
    if (attempt.exit_code) container.number("exitCode", *attempt.exit_code);
    if (!attempt.reason.empty()) container.string("reason", attempt.reason);
    if (!attempt.log_stream.empty()) container.string("logStreamName", attempt.log_stream);
    if (attempt.use) {
        container.number("peakMemoryBytes", attempt.use->peak_memory_bytes);
        container.number("cpuMilliseconds", attempt.use->cpu_milliseconds);
    }
    container.name("networkInterfaces");
    out += '[';
    if (!attempt.address.empty()) {
        ObjectText network(out);
        network.string("privateIpv4Address", attempt.address);
        network.close();
    }
    out += ']';
}

/// What became of a job's containers, which AWS calls task properties if they are ecsProperties.
void append_attempt(std::string& out, const model::Scope& scope, const engine::View& view,
                    const std::vector<std::string>& containers, const model::Attempt& attempt) {
    ObjectText entry(out);
    entry.name("container");
    ObjectText container(out);
    if (containers.empty()) add_run(container, out, scope, view, attempt);
    container.close();
    if (!containers.empty()) {
        const Place place = place_of(scope, view, attempt);
        entry.name("taskProperties");
        append_task_attempt(out, place.container_instance_arn, place.task_arn, containers, attempt);
    }
    entry.string("statusReason", attempt.status_reason);
    add_time(entry, "startedAt", attempt.started_at);
    add_time(entry, "stoppedAt", attempt.stopped_at);
    entry.close();
}

void append_attempts(std::string& out, const model::Scope& scope, const engine::View& view,
                     const store::JobDetail& job) {
    const auto containers = task_containers(job.spec);
    out += '[';
    for (const auto& attempt : job.attempts) {
        if (!attempt.stopped_at) continue;  // AWS lists an attempt when it has ended
        if (out.back() != '[') out += ',';
        append_attempt(out, scope, view, containers, attempt);
    }
    out += ']';
}

/// The stored specification: its members are DescribeJobs' members, `container` with the newest
/// attempt's beside them.
void add_spec(ObjectText& detail, std::string& out, const model::Scope& scope,
              const engine::View& view, const store::JobDetail& job) {
    bool has_propagate_tags = false;
    bool has_retry_strategy = false;
    json::for_each_member(job.spec, [&](std::string_view name, std::string_view value) {
        has_propagate_tags = has_propagate_tags || name == "propagateTags";
        has_retry_strategy = has_retry_strategy || name == "retryStrategy";
        if (name == "options") {
            detail.members(json::inside(value));
            return;
        }
        if (name == "ecsProperties") detail.raw("container", "{}");
        if ((name != "container" && name != "ecsProperties") || job.attempts.empty()) {
            detail.raw(name, value);
            return;
        }
        detail.name(name);
        if (name == "ecsProperties") {
            const Place place = place_of(scope, view, job.attempts.back());
            append_task(out, value, place.container_instance_arn, place.task_arn,
                        job.attempts.back());
            return;
        }
        ObjectText container(out);
        container.members(json::inside(value));
        add_run(container, out, scope, view, job.attempts.back());
        container.close();
    });
    if (!has_propagate_tags) detail.boolean("propagateTags", false);
    if (!has_retry_strategy) {
        detail.raw("retryStrategy", R"({"attempts":1,"evaluateOnExit":[]})");
    }
}

}  // namespace

void append_array_properties(ObjectText& object, std::string& out, const model::JobId& id,
                             std::int32_t size, const model::ArrayProgress& progress) {
    if (size == 0 && !id.is_child()) return;
    object.name("arrayProperties");
    ObjectText array(out);
    if (id.is_child()) {
        array.raw("statusSummary", "{}").number("index", id.index());
    } else {
        array.number("size", size);
        array.name("statusSummary");
        ObjectText summary(out);
        for (std::size_t s = 0; s < progress.counts.size(); ++s) {
            summary.number(to_string(static_cast<model::JobStatus>(s)), progress.counts[s]);
        }
        summary.close();
        array.number("statusSummaryLastUpdatedAt", to_epoch_ms(progress.updated_at));
    }
    array.close();
}

void append_node_properties(ObjectText& object, std::string& out, const model::JobId& id,
                            const model::Shape& shape, std::int32_t main_node) {
    if (shape.nodes.empty()) return;
    object.name("nodeProperties");
    ObjectText nodes(out);
    nodes.number("numNodes", count_nodes(shape));
    if (id.is_node()) {
        nodes.number("nodeIndex", id.index()).boolean("isMainNode", id.index() == main_node);
    }
    nodes.close();
}

std::string cluster_of(const engine::View& view, const std::string& environment) {
    const auto found =
        std::ranges::find(view.environments, environment, &engine::EnvironmentView::name);
    return model::ecs_cluster(environment, found == view.environments.end() ? "" : found->uuid);
}

std::string status_reason(const engine::View& view, const engine::QueueView* queue,
                          const core::Shape& shape, const model::JobState& state) {
    const bool waits = !model::is_terminal(state.status) && !model::is_placed(state.status);
    if (waits && state.hold) return "HELD: " + *state.hold;
    if (state.status != model::JobStatus::Runnable || !queue) return state.status_reason;
    // The reader knows of limits that the job's array sets.
    if (state.status_reason.starts_with("LIMIT:")) return state.status_reason;
    return view.waiting_reason(*queue, shape);
}

namespace {

void append_job(std::string& out, const model::Scope& scope, const engine::View& view,
                const store::JobDetail& job, const std::string& reason,
                std::string_view more_members) {
    ObjectText detail(out);
    detail.string("jobArn", model::job_arn(scope, job.id));
    detail.string("jobId", to_string(job.id));
    detail.string("jobName", job.name);
    detail.string("jobQueue", model::batch_arn(scope, "job-queue", job.queue));
    detail.string("status", to_string(job.state.status));
    if (!reason.empty()) detail.string("statusReason", reason);
    detail.number("createdAt", to_epoch_ms(job.created_at));
    add_time(detail, "startedAt", job.state.started_at);
    add_time(detail, "stoppedAt", job.state.stopped_at);
    add_spec(detail, out, scope, view, job);
    detail.name("attempts");
    append_attempts(out, scope, view, job);
    append_array_properties(detail, out, job.id, job.array_size, job.array);
    if (job.id.is_node()) {
        detail.name("nodeDetails");
        ObjectText node(out);
        node.number("nodeIndex", job.id.index());
        node.boolean("isMainNode", job.id.index() == job.main_node);
        node.close();
    }
    detail.raw("tags", job.id.is_child() || job.id.is_node() ? std::string_view("{}")
                                                             : std::string_view(job.tags));
    detail.boolean("isCancelled", job.state.is_cancelled);
    detail.boolean("isTerminated", job.state.is_terminated);
    if (job.state.infrastructure_failures > 0) {
        detail.number("infrastructureFailures", job.state.infrastructure_failures);
    }
    if (job.state.memory.value > 0) detail.number("grownMemory", job.state.memory.value);
    detail.raw("eksAttempts", "[]");
    detail.members(more_members);
    detail.close();
}

}  // namespace

void append_job_detail(std::string& out, const Services& services, const engine::View& view,
                       const store::JobDetail& job, std::string_view more_members) {
    const std::string reason =
        status_reason(view, view.find_queue(job.queue), job.shape, job.state);
    append_job(out, services.scope, view, job, reason, more_members);
}

void append_job_as_stored(std::string& out, const model::Scope& scope, const engine::View& view,
                          const store::JobDetail& job) {
    append_job(out, scope, view, job, job.state.status_reason, {});
}

}  // namespace batchd::api
