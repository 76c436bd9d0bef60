// Job queues, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct ComputeEnvironmentOrder {
    std::int32_t order = 0;
    std::string compute_environment;  ///< in a JobQueue always the plain name
};
BOOST_DESCRIBE_STRUCT(ComputeEnvironmentOrder, (), (order, compute_environment))

struct ServiceEnvironmentOrder {
    std::int32_t order = 0;
    std::string service_environment;  ///< in a JobQueue always the plain name
};
BOOST_DESCRIBE_STRUCT(ServiceEnvironmentOrder, (), (order, service_environment))

/// What happens to a job at the head of the queue that waits too long for one reason.
struct JobStateTimeLimitAction {
    std::string reason;  ///< the code that its statusReason begins with
    std::string state;   ///< RUNNABLE
    std::int32_t max_time_seconds = 0;
    std::string action;  ///< CANCEL, of service jobs TERMINATE
};
BOOST_DESCRIBE_STRUCT(JobStateTimeLimitAction, (), (reason, state, max_time_seconds, action))

struct JobQueue {
    std::string job_queue_name;
    std::string state;  ///< ENABLED or DISABLED
    std::int32_t priority = 0;
    std::vector<ComputeEnvironmentOrder> compute_environment_order;
    /// In a JobQueue always the plain name.
    std::optional<std::string> scheduling_policy_arn = std::nullopt;
    std::vector<JobStateTimeLimitAction> job_state_time_limit_actions;
    std::string job_queue_type = {};  ///< as the client gave it; empty: the environments tell
    std::vector<ServiceEnvironmentOrder> service_environment_order = {};
    std::optional<std::int32_t> max_running = std::nullopt;  ///< jobs at once; 0: no limit
};
BOOST_DESCRIBE_STRUCT(JobQueue, (),
                      (job_queue_name, state, priority, compute_environment_order,
                       scheduling_policy_arn, job_state_time_limit_actions, job_queue_type,
                       service_environment_order, max_running))

inline constexpr const char* kSageMakerTraining = "SAGEMAKER_TRAINING";

/// Whether a validated queue takes service jobs, which never run here, instead of jobs.
inline bool is_for_service_jobs(const JobQueue& queue) {
    return queue.job_queue_type == kSageMakerTraining;
}

struct JobQueueUpdate {
    std::optional<std::string> state;
    std::optional<std::int32_t> priority;
    std::optional<std::vector<ComputeEnvironmentOrder>> compute_environment_order;
    std::optional<std::string> scheduling_policy_arn;
    std::optional<std::vector<JobStateTimeLimitAction>> job_state_time_limit_actions;
    std::optional<std::vector<ServiceEnvironmentOrder>> service_environment_order;
    std::optional<std::int32_t> max_running;
};
BOOST_DESCRIBE_STRUCT(JobQueueUpdate, (),
                      (state, priority, compute_environment_order, scheduling_policy_arn,
                       job_state_time_limit_actions, service_environment_order, max_running))

/// Who keeps a queue from starting jobs.
struct QueuePause {
    std::string by;  ///< as far as the caller said
    std::string reason;
    std::int64_t at = 0;  ///< milliseconds since 1970
};
BOOST_DESCRIBE_STRUCT(QueuePause, (), (by, reason, at))

/// Checks what a queue's document alone can show (name, state, type, priority, its list of
/// environments); sorts the environments by order; makes `state` upper case, an absent one ENABLED;
/// gives queues with service environments their type. Whether the environments exist is core's to
/// check.
Result<> validate(JobQueue& queue);
void merge(JobQueue& queue, const JobQueueUpdate& update);

}  // namespace batchd::model
