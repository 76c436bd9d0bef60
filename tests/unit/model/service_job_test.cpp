#include "batchd/model/service_job.hpp"

#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using J = ServiceJob;

J a_service_job() {
    J job;
    job.job_name = "train";
    job.service_job_type = "sagemaker_training";
    job.service_request_payload = R"({"TrainingJobName":"t"})";
    return job;
}

auto retry_rules(std::vector<ServiceJobRetryRule> rules) {
    return [rules](J& j) {
        auto& strategy = j.retry_strategy.emplace();
        strategy.attempts = 2;
        strategy.evaluate_on_exit = rules;
    };
}

auto retry_rule(const ServiceJobRetryRule& rule) {
    return retry_rules(std::vector<ServiceJobRetryRule>(1, rule));
}

TEST(ServiceJob, FollowsTheRulesOfAws) {
    testing::expect_rules<J>(
        a_service_job(),
        {
            {"good", [](J&) {}, kAccepted},
            {"name", [](J& j) { j.job_name = "a b"; },
             "Job name should match valid pattern: jobName 'a b' must have 1 to 128 of "
             "[A-Za-z0-9_-], the first a letter or digit"},
            {"no type", [](J& j) { j.service_job_type = ""; },
             "serviceJobType is required: one of SAGEMAKER_TRAINING"},
            {"no payload", [](J& j) { j.service_request_payload = ""; },
             "serviceRequestPayload is required and must not be empty"},
            {"payload that is no JSON", [](J& j) { j.service_request_payload = "{"; },
             "serviceRequestPayload must be the text of a JSON object, got '{'"},
            {"payload that is no object", [](J& j) { j.service_request_payload = "[]"; },
             "serviceRequestPayload must be the text of a JSON object, got '[]'"},
            {"longest payload",
             [](J& j) { j.service_request_payload = "{}" + std::string(10238, ' '); }, kAccepted},
            {"payload too long",
             [](J& j) { j.service_request_payload = "{}" + std::string(10239, ' '); },
             "serviceRequestPayload has 10241 bytes; at most 10240 are allowed"},
            {"no attempts", [](J& j) { j.retry_strategy.emplace(); },
             "RetryAttempts must be provided with retry strategy."},
            {"11 attempts", [](J& j) { j.retry_strategy.emplace().attempts = 11; },
             "retryStrategy.attempts '11' must be between 1 and 10"},
            {"rule", retry_rule({"retry", "Capacity*"}), kAccepted},
            {"rule without a condition", retry_rule({"RETRY", {}}),
             "retryStrategy.evaluateOnExit[0].onStatusReason is required"},
            {"action", retry_rule({"STOP", "*"}),
             "retryStrategy.evaluateOnExit[0].action 'STOP' must be one of RETRY, EXIT"},
            {"star in the middle", retry_rule({"RETRY", "a*b"}),
             "Evaluate on exit condition contains restricted characters."},
            {"long condition", retry_rule({"RETRY", std::string(513, 'a')}),
             "Evaluate on exit condition cannot exceed 512 characters."},
            {"6 rules", retry_rules(std::vector<ServiceJobRetryRule>(6, {"EXIT", "*"})),
             "Up to 5 evaluateOnExit condition can be specified."},
            {"priority", [](J& j) { j.scheduling_priority = 10000; },
             "Scheduling priority must be between 0 and 9999."},
            {"share", [](J& j) { j.share_identifier = "a b"; },
             "shareIdentifier 'a b' must match [A-Za-z0-9_-]{1,255}"},
            {"quota share", [](J& j) { j.quota_share_name = "a/b"; },
             "quotaShareName 'a/b' must match [A-Za-z0-9_-]{1,128}"},
            {"both shares",
             [](J& j) {
                 j.share_identifier = "a";
                 j.quota_share_name = "b";
             },
             "shareIdentifier and quotaShareName exclude each other"},
            {"time-out", [](J& j) { j.timeout_config.emplace().attempt_duration_seconds = 59; },
             "timeoutConfig.attemptDurationSeconds '59' must be at least 60"},
            {"preemption",
             [](J& j) {
                 j.preemption_configuration.emplace().preemption_retries_before_termination = -1;
             },
             "preemptionConfiguration.preemptionRetriesBeforeTermination '-1' must be at least 0"},
            {"token", [](J& j) { j.client_token = std::string(65, 't'); },
             "clientToken '" + std::string(65, 't') +
                 "' has 65 characters; at most 64 are allowed"},
        },
        [](J& j) { return validate(j); });
}

TEST(ServiceJob, IsNormalised) {
    J job = a_service_job();
    job.client_token = "";
    ASSERT_TRUE(validate(job));
    EXPECT_EQ(job.service_job_type, "SAGEMAKER_TRAINING");
    EXPECT_FALSE(job.client_token);
}

}  // namespace
}  // namespace batchd::model
