#include "batchd/model/job_queue.hpp"
#include "batchd/model/names.hpp"
#include "model/rules.hpp"

#include <algorithm>
#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxEnvironments = 3;

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
        if (!orders.insert(entry.order).second) {
            return invalid_argument("Duplicate ComputeEnvironment order values.");
        }
    }
    return {};
}

}  // namespace

Result<> validate(JobQueue& queue) {
    if (!is_resource_name(queue.job_queue_name)) {
        return invalid_argument("Job Queue name should match a valid pattern.");
    }
    BATCHD_TRY(expect_state(queue.state));
    BATCHD_TRY(expect_at_least("priority", queue.priority, 0));
    BATCHD_TRY(validate_order(queue.compute_environment_order));
    std::ranges::sort(queue.compute_environment_order, {}, &ComputeEnvironmentOrder::order);
    return {};
}

void merge(JobQueue& queue, const JobQueueUpdate& update) {
    if (update.state) queue.state = *update.state;
    if (update.priority) queue.priority = *update.priority;
    if (update.compute_environment_order) {
        queue.compute_environment_order = *update.compute_environment_order;
    }
}

}  // namespace batchd::model
