#include "runtime/fargate/task_outcome.hpp"

#include "runtime/outcome.hpp"

#include <algorithm>

namespace batchd::runtime {
namespace {

constexpr std::string_view kSpotReason = "Your Spot Task was interrupted.";

/// nullptr if ECS says nothing of it.
const aws::TaskContainer* find(const aws::Task& task, const std::string& name) {
    const auto found = std::ranges::find(task.containers, name, &aws::TaskContainer::name);
    return found == task.containers.end() ? nullptr : &*found;
}

bool is_interrupted(const aws::Task& task) {
    return task.stop_code == "SpotInterruption" || task.stop_code == "TerminationNotice";
}

std::string status_reason(const aws::Task& task) {
    if (is_interrupted(task)) {
        return task.stopped_reason.empty() ? std::string(kSpotReason) : task.stopped_reason;
    }
    if (!task.stopped_reason.empty()) return task.stopped_reason;
    return has_run(task) ? "Essential container in task exited" : "Task failed to start";
}

std::vector<model::ContainerResult> results_of(const aws::Task& task,
                                               const ports::StartAttempt& start) {
    std::vector<model::ContainerResult> list;
    for (std::size_t i = 0; i < start.task.containers.size(); ++i) {
        auto& result = list.emplace_back();
        result.name = start.task.containers[i].name.value_or(model::kOnlyContainer);
        const auto* container = find(task, result.name);
        if (!container) continue;
        result.exit_code = container->exit_code;
        result.reason = container->reason;
        if (!container->exit_code || i >= start.logs.size()) continue;
        result.log_group = start.logs[i].group;
        result.log_stream = start.logs[i].stream;
    }
    return list;
}

/// The essential container whose end is the task's: the first that failed, else the first.
std::size_t decisive(const std::vector<model::ContainerResult>& results,
                     const ports::StartAttempt& start) {
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (model::is_essential(start.task.containers[i]) && results[i].exit_code != 0) return i;
    }
    return model::first_essential(start.task);
}

}  // namespace

bool has_run(const aws::Task& task) {
    return task.started || std::ranges::any_of(task.containers, [](const auto& container) {
               return container.exit_code.has_value();
           });
}

ports::AttemptOutcome outcome_of(const aws::Task& task, const ports::StartAttempt& start,
                                 Timestamp now) {
    auto results = results_of(task, start);
    const auto& result = results[decisive(results, start)];
    ports::AttemptOutcome outcome{.exit_code = result.exit_code,
                                  .reason = shortened(result.reason),
                                  .status_reason = shortened(status_reason(task)),
                                  .stopped_at = task.stopped.value_or(now)};
    if (results.size() > 1) outcome.containers = std::move(results);
    return outcome;
}

ports::AttemptOutcome not_started(const aws::ApiError& error, Timestamp now) {
    return failed_to_start(error.text(), std::nullopt, now);
}

ports::AttemptOutcome task_missing(Timestamp now) {
    return {.exit_code = std::nullopt,
            .reason = "MISSING: Amazon ECS does not know the task any more",
            .status_reason = "Task lost: MISSING",
            .stopped_at = now};
}

bool may_work_later(const aws::ApiError& error) {
    switch (error.error_class) {
        case aws::ErrorClass::Capacity:
        case aws::ErrorClass::Quota:
        case aws::ErrorClass::Throttling:
        case aws::ErrorClass::Credentials:
        case aws::ErrorClass::Unreachable:
            return true;
        case aws::ErrorClass::Configuration:
        case aws::ErrorClass::Other:
            break;
    }
    // ECS says so by a ClientException when the account's vCPUs are used up.
    return error.status >= 500 || error.message.contains("reached the limit") ||
           error.message.contains("Capacity is unavailable");
}

bool is_refusal(const aws::ApiError& error) {
    return error.error_class != aws::ErrorClass::Unreachable && error.status < 500;
}

}  // namespace batchd::runtime
