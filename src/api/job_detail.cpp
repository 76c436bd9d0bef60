#include "api/job_detail.hpp"

#include <algorithm>

namespace batchd::api {
namespace {

void set_time(Json& object, const char* name, const std::optional<Timestamp>& time) {
    if (time) object[name] = to_epoch_ms(*time);
}

/// The members that an attempt adds to `container`, of the attempt and of the job.
void add_run(Json& container, const Services& services, const engine::View& view,
             const model::Attempt& attempt) {
    const std::string cluster = cluster_of(view, attempt.compute_environment);
    container["containerInstanceArn"] =
        model::container_instance_arn(services.scope, cluster, attempt.host);
    container["taskArn"] = model::task_arn(services.scope, cluster, model::task_id(attempt.id));
    if (attempt.exit_code) container["exitCode"] = *attempt.exit_code;
    if (!attempt.reason.empty()) container["reason"] = attempt.reason;
    if (!attempt.log_stream.empty()) container["logStreamName"] = attempt.log_stream;
    container["networkInterfaces"] = Json::array();
}

Json attempts_of(const Services& services, const engine::View& view, const store::JobDetail& job) {
    Json list = Json::array();
    for (const auto& attempt : job.attempts) {
        if (!attempt.stopped_at) continue;  // AWS lists an attempt when it has ended
        Json container = Json::object();
        add_run(container, services, view, attempt);
        Json entry{{"container", std::move(container)}, {"statusReason", attempt.status_reason}};
        set_time(entry, "startedAt", attempt.started_at);
        set_time(entry, "stoppedAt", attempt.stopped_at);
        list.push_back(std::move(entry));
    }
    return list;
}

Json stored_object(const std::string& text) {
    auto parsed = json::parse(text);
    return parsed && parsed->is_object() ? std::move(*parsed) : Json::object();
}

bool is_fargate(const Json& capabilities) {
    return capabilities.is_array() &&
           std::ranges::any_of(capabilities, [](const Json& c) { return c == "FARGATE"; });
}

}  // namespace

std::string cluster_of(const engine::View& view, const std::string& environment) {
    const auto found =
        std::ranges::find(view.environments, environment, &engine::EnvironmentView::name);
    return model::ecs_cluster(environment, found == view.environments.end() ? "" : found->uuid);
}

std::string status_reason(const engine::View& view, const std::string& queue,
                          const model::JobState& state, const Json& container,
                          const Json& platform_capabilities) {
    if (state.status != model::JobStatus::Runnable) return state.status_reason;
    const auto properties = json::decode<model::ContainerProperties>(container);
    const auto resources =
        properties ? model::resources_of(*properties) : Result<model::Resources>{};
    if (!resources) return state.status_reason;
    std::string waits = view.waiting_reason(queue, *resources, is_fargate(platform_capabilities));
    return waits.empty() ? state.status_reason : waits;
}

Json job_detail(const Services& services, const store::JobDetail& job) {
    const auto view = services.engine.view();
    Json detail = stored_object(job.spec);
    Json& container = detail["container"];
    std::string reason = status_reason(*view, job.queue, job.state, container,
                                       detail.value("platformCapabilities", Json::array()));
    if (!reason.empty()) detail["statusReason"] = std::move(reason);
    if (!job.attempts.empty()) add_run(container, services, *view, job.attempts.back());

    detail["jobArn"] = model::job_arn(services.scope, job.id);
    detail["jobId"] = to_string(job.id);
    detail["jobName"] = job.name;
    detail["jobQueue"] = model::batch_arn(services.scope, "job-queue", job.queue);
    detail["status"] = std::string(to_string(job.state.status));
    detail["createdAt"] = to_epoch_ms(job.created_at);
    set_time(detail, "startedAt", job.state.started_at);
    set_time(detail, "stoppedAt", job.state.stopped_at);
    detail["attempts"] = attempts_of(services, *view, job);
    detail["tags"] = stored_object(job.tags);
    detail["isCancelled"] = job.state.is_cancelled;
    detail["isTerminated"] = job.state.is_terminated;
    detail["eksAttempts"] = Json::array();
    if (!detail.contains("propagateTags")) detail["propagateTags"] = false;
    if (!detail.contains("retryStrategy")) {
        detail["retryStrategy"] = Json{{"attempts", 1}, {"evaluateOnExit", Json::array()}};
    }
    return detail;
}

}  // namespace batchd::api
