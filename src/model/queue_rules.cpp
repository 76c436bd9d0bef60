#include "batchd/model/job_queue.hpp"
#include "batchd/model/names.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxEnvironments = 3;

Result<> validate_type(JobQueue& queue) {
    std::string& type = queue.job_queue_type;
    if (!type.empty()) {
        BATCHD_TRY(expect_enumerated("jobQueueType", type,
                                     {"ECS", "ECS_FARGATE", "EKS", kSageMakerTraining}));
    }
    if (type == "EKS") {
        return invalid_argument("jobQueueType 'EKS' is not served: there are no EKS environments");
    }
    const bool has_services = !queue.service_environment_order.empty();
    const bool has_computes = !queue.compute_environment_order.empty();
    const auto incompatible = [&](std::string_view list) {
        return invalid_argument(fmt::format(
            "The jobQueueType provided is {}, which is incompatible with the provided {}.", type,
            list));
    };
    if (type == kSageMakerTraining) {
        if (has_computes) return incompatible("computeEnvironmentOrder");
        if (has_services) return {};
        return invalid_argument(
            "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder.");
    }
    if (!has_services) return {};
    if (!type.empty()) return incompatible("serviceEnvironmentOrder");
    if (has_computes) {
        return invalid_argument(
            "computeEnvironmentOrder and serviceEnvironmentOrder exclude each other");
    }
    type = kSageMakerTraining;
    return {};
}

Result<> validate_service_order(const std::vector<ServiceEnvironmentOrder>& list) {
    if (list.size() > 1) {
        return invalid_argument("Job queue can only have 1 service environment.");
    }
    if (!list.front().service_environment.empty()) return {};
    return invalid_argument("serviceEnvironmentOrder[0].serviceEnvironment is required");
}

Result<> validate_order(const std::vector<ComputeEnvironmentOrder>& list) {
    if (list.empty()) {
        return invalid_argument(
            "computeEnvironmentOrder must name at least one compute environment");
    }
    if (list.size() > kMaxEnvironments) {
        return invalid_argument("Only 3 environments are allowed in job queue request.");
    }
    std::set<std::string_view> environments;
    std::set<std::int32_t> orders;
    for (const auto& entry : list) {
        if (entry.compute_environment.empty()) {
            return invalid_argument(
                "computeEnvironmentOrder: each entry must name its computeEnvironment");
        }
        if (!environments.insert(entry.compute_environment).second) {
            return invalid_argument("Duplicate ComputeEnvironments within order list.");
        }
        BATCHD_TRY(expect_at_least("computeEnvironmentOrder.order", entry.order, 0));
        if (!orders.insert(entry.order).second) {
            return invalid_argument("Duplicate ComputeEnvironment order values.");
        }
    }
    return {};
}

/// AWS's reasons, and those of ours that AWS has no word for.
constexpr std::array<std::string_view, 7> kLimitReasons = {
    "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
    "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
    "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
    "CAPACITY:WAITING_FOR_RESOURCES",
    "CAPACITY:HOST_UNAVAILABLE",
    "CAPACITY:CONSUMABLE_RESOURCE_UNAVAILABLE",
    "CAPACITY:RESERVED_FOR_INACTIVE_SHARES"};

Result<> validate_time_limit(const std::string& field, JobStateTimeLimitAction& action,
                             std::string_view valid_action) {
    if (!contains(kLimitReasons, action.reason)) {
        return invalid_argument(fmt::format("{}.reason {} must be one of {}", field,
                                            quote(action.reason), join(kLimitReasons)));
    }
    BATCHD_TRY(expect_enumerated(field + ".state", action.state, {"RUNNABLE"}));
    BATCHD_TRY(
        expect_between(field + ".maxTimeSeconds", action.max_time_seconds, 600, 24 * 60 * 60));
    action.action = to_upper(action.action);
    if (action.action == valid_action) return {};
    return invalid_argument(
        fmt::format("Invalid job action. Valid job actions: [{}]", valid_action));
}

Result<> validate_time_limits(std::vector<JobStateTimeLimitAction>& actions,
                              std::string_view valid_action) {
    std::set<std::string_view> reasons;  // all of them are for one state
    for (std::size_t i = 0; i < actions.size(); ++i) {
        BATCHD_TRY(
            validate_time_limit(element("jobStateTimeLimitActions", i), actions[i], valid_action));
        if (!reasons.insert(actions[i].reason).second) {
            return invalid_argument("Duplicate job state limit actions are not allowed.");
        }
    }
    return {};
}

}  // namespace

Result<> validate(JobQueue& queue) {
    if (!is_resource_name(queue.job_queue_name)) {
        return invalid_argument(
            fmt::format("Job Queue name should match a valid pattern. jobQueueName {} must match "
                        "[A-Za-z0-9_-]{{1,128}}",
                        quote(queue.job_queue_name)));
    }
    BATCHD_TRY(expect_state(queue.state));
    BATCHD_TRY(expect_at_least("priority", queue.priority, 0));
    BATCHD_TRY(validate_type(queue));
    const bool is_service = is_for_service_jobs(queue);
    BATCHD_TRY(is_service ? validate_service_order(queue.service_environment_order)
                          : validate_order(queue.compute_environment_order));
    BATCHD_TRY(validate_time_limits(queue.job_state_time_limit_actions,
                                    is_service ? "TERMINATE" : "CANCEL"));
    if (queue.max_running) BATCHD_TRY(expect_at_least("maxRunning", *queue.max_running, 0));
    std::ranges::sort(queue.compute_environment_order, {}, &ComputeEnvironmentOrder::order);
    return {};
}

void merge(JobQueue& queue, const JobQueueUpdate& update) {
    if (update.state) queue.state = *update.state;
    if (update.priority) queue.priority = *update.priority;
    if (update.compute_environment_order) {
        queue.compute_environment_order = *update.compute_environment_order;
    }
    if (update.service_environment_order) {
        queue.service_environment_order = *update.service_environment_order;
    }
    if (update.scheduling_policy_arn) queue.scheduling_policy_arn = update.scheduling_policy_arn;
    if (update.job_state_time_limit_actions) {
        queue.job_state_time_limit_actions = *update.job_state_time_limit_actions;
    }
    if (update.max_running) queue.max_running = update.max_running;
}

}  // namespace batchd::model
