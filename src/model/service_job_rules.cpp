#include "batchd/base/json.hpp"
#include "batchd/model/names.hpp"
#include "batchd/model/service_job.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxPayload = 10 * 1024;  // AWS: of the payload's text
constexpr std::size_t kMaxRules = 5;
constexpr std::size_t kMaxPattern = 512;
constexpr std::size_t kMaxToken = 64;

Result<> validate_payload(const std::string& payload) {
    if (payload.empty()) {
        return invalid_argument("serviceRequestPayload is required and must not be empty");
    }
    if (payload.size() > kMaxPayload) {
        return invalid_argument(
            fmt::format("serviceRequestPayload has {} bytes; at most {} are "
                        "allowed",
                        payload.size(), kMaxPayload));
    }
    const auto document = json::parse(payload);
    if (document && document->is_object()) return {};
    return invalid_argument("serviceRequestPayload must be the text of a JSON object, got " +
                            quote(payload));
}

Result<> validate_rule(const std::string& field, ServiceJobRetryRule& rule) {
    BATCHD_TRY(expect_enumerated(field + ".action", rule.action, {"RETRY", "EXIT"}));
    if (!is_given(rule.on_status_reason)) {
        return invalid_argument(field + ".onStatusReason is required");
    }
    const std::string& pattern = *rule.on_status_reason;
    if (characters(pattern) > kMaxPattern) {
        return invalid_argument("Evaluate on exit condition cannot exceed 512 characters.");
    }
    if (pattern.find('*') < pattern.size() - 1) {
        return invalid_argument("Evaluate on exit condition contains restricted characters.");
    }
    return {};
}

Result<> validate_retries(ServiceJobRetryStrategy& strategy) {
    if (!strategy.attempts) {
        return invalid_argument("RetryAttempts must be provided with retry strategy.");
    }
    BATCHD_TRY(expect_between("retryStrategy.attempts", *strategy.attempts, 1, 10));
    if (!strategy.evaluate_on_exit) return {};
    auto& rules = *strategy.evaluate_on_exit;
    if (rules.size() > kMaxRules) {
        return invalid_argument("Up to 5 evaluateOnExit condition can be specified.");
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        BATCHD_TRY(validate_rule(element("retryStrategy.evaluateOnExit", i), rules[i]));
    }
    return {};
}

Result<> validate_shares(const ServiceJob& job) {
    if (job.share_identifier && !is_share_identifier(*job.share_identifier)) {
        return invalid_argument(fmt::format("shareIdentifier {} must match [A-Za-z0-9_-]{{1,255}}",
                                            quote(*job.share_identifier)));
    }
    if (job.quota_share_name) {
        BATCHD_TRY(expect_resource_name("quotaShareName", *job.quota_share_name));
    }
    if (!job.share_identifier || !job.quota_share_name) return {};
    return invalid_argument("shareIdentifier and quotaShareName exclude each other");
}

Result<> validate_limits(const ServiceJob& job) {
    if (job.timeout_config && job.timeout_config->attempt_duration_seconds) {
        BATCHD_TRY(expect_at_least("timeoutConfig.attemptDurationSeconds",
                                   *job.timeout_config->attempt_duration_seconds, 60));
    }
    const auto& preemption = job.preemption_configuration;
    if (preemption && preemption->preemption_retries_before_termination) {
        BATCHD_TRY(expect_at_least("preemptionConfiguration.preemptionRetriesBeforeTermination",
                                   *preemption->preemption_retries_before_termination, 0));
    }
    if (!job.client_token || characters(*job.client_token) <= kMaxToken) return {};
    return invalid_argument(fmt::format("clientToken {} has {} characters; at most {} are allowed",
                                        quote(*job.client_token), characters(*job.client_token),
                                        kMaxToken));
}

}  // namespace

Result<> validate_service_priority(std::int32_t priority) {
    return expect_scheduling_priority(priority);
}

Result<> validate(ServiceJob& job) {
    if (!is_job_name(job.job_name)) {
        return invalid_argument(
            fmt::format("Job name should match valid pattern: jobName {} must have 1 to 128 of "
                        "[A-Za-z0-9_-], the first a letter or digit",
                        quote(job.job_name)));
    }
    for (auto* text : {&job.share_identifier, &job.quota_share_name, &job.client_token}) {
        if (!is_given(*text)) text->reset();
    }
    BATCHD_TRY(expect_enumerated("serviceJobType", job.service_job_type, {"SAGEMAKER_TRAINING"}));
    BATCHD_TRY(validate_payload(job.service_request_payload));
    if (job.retry_strategy) BATCHD_TRY(validate_retries(*job.retry_strategy));
    if (job.scheduling_priority) BATCHD_TRY(validate_service_priority(*job.scheduling_priority));
    BATCHD_TRY(validate_shares(job));
    return validate_limits(job);
}

}  // namespace batchd::model
