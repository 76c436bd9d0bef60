#include "batchd/model/job_definition.hpp"
#include "unit/model/definitions.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::a_definition;
using testing::a_fargate_definition;
using testing::kAccepted;
using D = JobDefinition;

void expect_definition_rules(const std::vector<testing::Rule<D>>& rules) {
    testing::expect_rules(a_definition(), rules, [](D& d) { return validate(d, {}); });
}

TEST(JobDefinition, FollowsTheRulesOfAws) {
    expect_definition_rules({
        {"good", [](D&) {}, kAccepted},
        {"name", [](D& d) { d.job_definition_name = "a:1"; },
         "jobDefinitionName 'a:1' must match [A-Za-z0-9_-]{1,128}"},
        {"type in capitals", [](D& d) { d.type = "CONTAINER"; }, kAccepted},
        {"no type", [](D& d) { d.type = ""; }, "type '' must be container or multinode"},
        {"unknown type", [](D& d) { d.type = "pod"; }, "type 'pod' must be container or multinode"},
        {"multinode without nodes", [](D& d) { d.type = "Multinode"; },
         "Node properties of multinode job is required."},
        {"no container", [](D& d) { d.container_properties.reset(); },
         "ECS ContainerProperties, ecsProperties, or eksProperties is required when creating a "
         "job definition"},
        {"container and EKS", [](D& d) { d.eks_properties.emplace(); },
         "Cannot use both ECS containerProperties and eksProperties"},
        {"EC2", [](D& d) { d.platform_capabilities = {"ec2"}; }, kAccepted},
        {"two capabilities", [](D& d) { d.platform_capabilities = {"EC2", "FARGATE"}; },
         "Exactly 1 capability must be provided."},
        {"unknown capability", [](D& d) { d.platform_capabilities = {"EKS"}; },
         "Capability EKS is not valid. Valid capabilities: [FARGATE, EC2, MANAGED_INSTANCES]"},
        {"priority 0", [](D& d) { d.scheduling_priority = 0; }, kAccepted},
        {"priority 9999", [](D& d) { d.scheduling_priority = 9999; }, kAccepted},
        {"priority -1", [](D& d) { d.scheduling_priority = -1; },
         "Scheduling priority must be between 0 and 9999."},
        {"priority 10000", [](D& d) { d.scheduling_priority = 10000; },
         "Scheduling priority must be between 0 and 9999."},
    });
}

TEST(JobDefinition, ChecksItsRetriesAndItsTimeout) {
    expect_definition_rules({
        {"retries", [](D& d) { d.retry_strategy.emplace().attempts = 11; },
         "retryStrategy.attempts '11' must be between 1 and 10"},
        {"timeout", [](D& d) { d.timeout.emplace().attempt_duration_seconds = 59; },
         "timeout.attemptDurationSeconds '59' must be at least 60"},
    });
}

TEST(JobDefinition, IsNormalised) {
    D definition = a_fargate_definition();
    definition.type = "Container";
    definition.platform_capabilities = {"fargate"};
    auto& container = *definition.container_properties;
    container.resource_requirements = {{"vcpu", "0.25"}, {"memory", "512"}};
    container.environment = {{"A", "1"}, {"B", ""}, {"C", "3"}};
    container.runtime_platform.emplace().cpu_architecture = "arm64";
    definition.retry_strategy.emplace().attempts = 2;
    definition.retry_strategy->evaluate_on_exit = {{{}, "*", {}, "exit"}};
    ASSERT_TRUE(validate(definition, {}));
    EXPECT_EQ(definition.type, "container");
    EXPECT_EQ(definition.platform_capabilities[0], "FARGATE");
    EXPECT_EQ(container.resource_requirements[0].type, "VCPU");
    EXPECT_EQ(container.resource_requirements[1].type, "MEMORY");
    ASSERT_EQ(container.environment.size(), 2U) << "an empty value is dropped";
    EXPECT_EQ(container.environment[1].name, "C");
    EXPECT_EQ(container.runtime_platform->cpu_architecture, "ARM64");
    EXPECT_EQ(container.fargate_platform_configuration->platform_version, "LATEST");
    EXPECT_EQ(definition.retry_strategy->evaluate_on_exit[0].action, "exit") << "kept as sent";
}

TEST(RetryStrategy, FollowsTheRulesOfAws) {
    using S = RetryStrategy;
    const std::string restricted = "Evaluate on exit condition contains restricted characters.";
    const std::string too_long = "Evaluate on exit condition cannot exceed 512 characters.";
    const auto on_code = [](std::string pattern) {
        return [pattern](S& s) { s.evaluate_on_exit = {{{}, {}, pattern, "RETRY"}}; };
    };
    const auto on_reason = [](std::string pattern) {
        return [pattern](S& s) { s.evaluate_on_exit = {{{}, pattern, {}, "RETRY"}}; };
    };
    const auto on_status = [](std::string pattern) {
        return [pattern](S& s) { s.evaluate_on_exit = {{pattern, {}, {}, "RETRY"}}; };
    };
    const auto action = [](std::string text) {
        return [text](S& s) { s.evaluate_on_exit = {{{}, "*", {}, text}}; };
    };
    S good;
    good.attempts = 1;
    testing::expect_rules<S>(
        good,
        {
            {"one attempt", [](S&) {}, kAccepted},
            {"ten attempts", [](S& s) { s.attempts = 10; }, kAccepted},
            {"none", [](S& s) { s.attempts.reset(); },
             "RetryAttempts must be provided with retry strategy."},
            {"zero", [](S& s) { s.attempts = 0; },
             "retryStrategy.attempts '0' must be between 1 and 10"},
            {"eleven", [](S& s) { s.attempts = 11; },
             "retryStrategy.attempts '11' must be between 1 and 10"},
            {"five rules", [](S& s) { s.evaluate_on_exit.assign(5, {{}, "*", {}, "EXIT"}); },
             kAccepted},
            {"six rules", [](S& s) { s.evaluate_on_exit.assign(6, {{}, "*", {}, "EXIT"}); },
             "Up to 5 evaluateOnExit condition can be specified."},
            {"no condition", [](S& s) { s.evaluate_on_exit = {{{}, {}, {}, "EXIT"}}; },
             "EvaluateOnExit should contain at least one of onExitCode, onReason or "
             "onStatusReason"},
            {"512 characters", on_reason(std::string(512, 'a')), kAccepted},
            {"513 characters", on_reason(std::string(513, 'a')), too_long},
            {"513 characters of status", on_status(std::string(513, 'a')), too_long},
            {"prefix", on_status("Host EC2*"), kAccepted},
            {"star first", on_status("*x"), restricted},
            {"star inside", on_reason("a*b"), restricted},
            {"two stars", on_reason("a**"), restricted},
            {"exit code", on_code("137"), kAccepted},
            {"exit codes", on_code("1*"), kAccepted},
            {"any exit code", on_code("*"), kAccepted},
            {"star inside of an exit code", on_code("1*2"), restricted},
            {"exit code with letters", on_code("1x"), restricted},
            {"negative exit code", on_code("-1"), restricted},
            {"action", action("retry"), kAccepted},
            {"unknown action", action("STOP"),
             "retryStrategy.evaluateOnExit[0].action 'STOP' must be one of RETRY, EXIT"},
            {"no action", action(""),
             "retryStrategy.evaluateOnExit[0].action is required: one of RETRY, EXIT"},
        },
        [](const S& s) { return validate(s); });
}

TEST(JobTimeout, IsAtLeastAMinute) {
    using T = JobTimeout;
    testing::expect_rules<T>({},
                             {
                                 {"none", [](T&) {}, kAccepted},
                                 {"60", [](T& t) { t.attempt_duration_seconds = 60; }, kAccepted},
                                 {"59", [](T& t) { t.attempt_duration_seconds = 59; },
                                  "timeout.attemptDurationSeconds '59' must be at least 60"},
                             },
                             [](const T& t) { return validate(t); });
}

TEST(ExitPattern, MatchesLiterallyWithAStarAtTheEnd) {
    const struct {
        std::string pattern;
        std::string text;
        bool matches;
    } cases[] = {
        {"137", "137", true},
        {"137", "1370", false},
        {"137", "13", false},
        {"1*", "1", true},
        {"1*", "137", true},
        {"1*", "21", false},
        {"*", "", true},
        {"*", "anything", true},
        {"", "", true},
        {"", "x", false},
        {"host*", "Host", false},
        {"a.c", "abc", false},
        {"Host EC2*", "Host EC2 (instance i-0) terminated.", true},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(matches_exit_pattern(c.pattern, c.text), c.matches) << c.pattern << " " << c.text;
    }
}

}  // namespace
}  // namespace batchd::model
