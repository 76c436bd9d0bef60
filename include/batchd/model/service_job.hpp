// Service jobs: what SubmitServiceJob asks SageMaker to do. There is no SageMaker here: they are
// checked, kept, shown and ended, but never started.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct ServiceJobRetryRule {
    std::string action;  ///< RETRY or EXIT
    std::optional<std::string> on_status_reason;
};
BOOST_DESCRIBE_STRUCT(ServiceJobRetryRule, (), (action, on_status_reason))

struct ServiceJobRetryStrategy {
    std::optional<std::int32_t> attempts;
    std::optional<std::vector<ServiceJobRetryRule>> evaluate_on_exit;
};
BOOST_DESCRIBE_STRUCT(ServiceJobRetryStrategy, (), (attempts, evaluate_on_exit))

struct ServiceJobTimeout {
    std::optional<std::int32_t> attempt_duration_seconds;
};
BOOST_DESCRIBE_STRUCT(ServiceJobTimeout, (), (attempt_duration_seconds))

struct ServiceJobPreemption {
    std::optional<std::int32_t> preemption_retries_before_termination;
};
BOOST_DESCRIBE_STRUCT(ServiceJobPreemption, (), (preemption_retries_before_termination))

/// As it is kept; only its schedulingPriority can change.
struct ServiceJob {
    std::string job_name;
    std::string service_job_type;         ///< SAGEMAKER_TRAINING
    std::string service_request_payload;  ///< a JSON object
    std::optional<ServiceJobRetryStrategy> retry_strategy;
    std::optional<std::int32_t> scheduling_priority;
    std::optional<std::string> share_identifier;
    std::optional<std::string> quota_share_name;
    std::optional<ServiceJobPreemption> preemption_configuration;
    std::optional<ServiceJobTimeout> timeout_config;
    std::optional<std::string> client_token;
};
BOOST_DESCRIBE_STRUCT(ServiceJob, (),
                      (job_name, service_job_type, service_request_payload, retry_strategy,
                       scheduling_priority, share_identifier, quota_share_name,
                       preemption_configuration, timeout_config, client_token))

/// Checks what the job alone can show, makes enumerated values upper case and drops empty names.
Result<> validate(ServiceJob& job);
Result<> validate_service_priority(std::int32_t priority);

}  // namespace batchd::model
