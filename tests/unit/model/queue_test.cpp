#include "batchd/model/job_queue.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;

JobQueue a_queue() {
    return {.job_queue_name = "q",
            .state = "ENABLED",
            .priority = 1,
            .compute_environment_order = {{.order = 1, .compute_environment = "a"}},
            .job_state_time_limit_actions = {},
            .job_queue_type = {},
            .service_environment_order = {}};
}

JobQueue a_service_queue() {
    JobQueue queue = a_queue();
    queue.compute_environment_order.clear();
    queue.service_environment_order = {{1, "s"}};
    return queue;
}

constexpr const char* kNoCapacity = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY";
constexpr const char* kTooLarge = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT";

TEST(JobQueue, LimitsTheTimeAtItsHead) {
    const auto set = [](JobStateTimeLimitAction action) {
        return [action](JobQueue& q) { q.job_state_time_limit_actions = {action}; };
    };
    testing::expect_rules<JobQueue>(
        a_queue(),
        {
            {"good", set({kNoCapacity, "RUNNABLE", 600, "CANCEL"}), kAccepted},
            {"lower case", set({kTooLarge, "runnable", 86400, "cancel"}), kAccepted},
            {"reason", set({"BORED", "RUNNABLE", 600, "CANCEL"}),
             "jobStateTimeLimitActions[0].reason 'BORED' must be one of "
             "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY, "
             "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE, "
             "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT, CAPACITY:WAITING_FOR_RESOURCES, "
             "CAPACITY:HOST_UNAVAILABLE, "
             "CAPACITY:CONSUMABLE_RESOURCE_UNAVAILABLE, CAPACITY:RESERVED_FOR_INACTIVE_SHARES"},
            {"state", set({kNoCapacity, "RUNNING", 600, "CANCEL"}),
             "jobStateTimeLimitActions[0].state 'RUNNING' must be one of RUNNABLE"},
            {"599 s", set({kNoCapacity, "RUNNABLE", 599, "CANCEL"}),
             "jobStateTimeLimitActions[0].maxTimeSeconds '599' must be between 600 and 86400"},
            {"86401 s", set({kNoCapacity, "RUNNABLE", 86401, "CANCEL"}),
             "jobStateTimeLimitActions[0].maxTimeSeconds '86401' must be between 600 and 86400"},
            {"action", set({kNoCapacity, "RUNNABLE", 600, "TERMINATE"}),
             "Invalid job action. Valid job actions: [CANCEL]"},
            {"twice",
             [](JobQueue& q) {
                 q.job_state_time_limit_actions.assign(2, {kTooLarge, "RUNNABLE", 600, "CANCEL"});
             },
             "Duplicate job state limit actions are not allowed."},
        },
        [](JobQueue& q) { return validate(q); });
}

TEST(JobQueue, OfServiceJobsHasOneServiceEnvironment) {
    const auto incompatible = [](const std::string& type, const std::string& list) {
        return "The jobQueueType provided is " + type +
               ", which is incompatible with the provided " + list + ".";
    };
    testing::expect_rules<JobQueue>(
        a_service_queue(),
        {
            {"good", [](JobQueue&) {}, kAccepted},
            {"type", [](JobQueue& q) { q.job_queue_type = "sagemaker_training"; }, kAccepted},
            {"unknown type", [](JobQueue& q) { q.job_queue_type = "X"; },
             "jobQueueType 'X' must be one of ECS, ECS_FARGATE, EKS, SAGEMAKER_TRAINING"},
            {"EKS", [](JobQueue& q) { q.job_queue_type = "EKS"; },
             "jobQueueType 'EKS' is not served: there are no EKS environments"},
            {"type of other queues", [](JobQueue& q) { q.job_queue_type = "ECS"; },
             incompatible("ECS", "serviceEnvironmentOrder")},
            {"compute environments",
             [](JobQueue& q) {
                 q.job_queue_type = "SAGEMAKER_TRAINING";
                 q.compute_environment_order = {{1, "a"}};
             },
             incompatible("SAGEMAKER_TRAINING", "computeEnvironmentOrder")},
            {"both kinds", [](JobQueue& q) { q.compute_environment_order = {{1, "a"}}; },
             "computeEnvironmentOrder and serviceEnvironmentOrder exclude each other"},
            {"none",
             [](JobQueue& q) {
                 q.job_queue_type = "SAGEMAKER_TRAINING";
                 q.service_environment_order.clear();
             },
             "Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder."},
            {"two", [](JobQueue& q) { q.service_environment_order = {{1, "s"}, {2, "t"}}; },
             "Job queue can only have 1 service environment."},
            {"nameless", [](JobQueue& q) { q.service_environment_order = {{1, ""}}; },
             "serviceEnvironmentOrder[0].serviceEnvironment is required"},
            {"time limit",
             [](JobQueue& q) {
                 q.job_state_time_limit_actions = {{kNoCapacity, "RUNNABLE", 600, "TERMINATE"}};
             },
             kAccepted},
            {"cancelled",
             [](JobQueue& q) {
                 q.job_state_time_limit_actions = {{kNoCapacity, "RUNNABLE", 600, "CANCEL"}};
             },
             "Invalid job action. Valid job actions: [TERMINATE]"},
        },
        [](JobQueue& q) { return validate(q); });
    JobQueue queue = a_service_queue();
    ASSERT_TRUE(validate(queue));
    EXPECT_TRUE(is_for_service_jobs(queue));
    queue = a_queue();
    ASSERT_TRUE(validate(queue));
    EXPECT_FALSE(is_for_service_jobs(queue));
}

TEST(JobQueue, FollowsTheRulesOfAws) {
    const auto name_error = [](const std::string& name) {
        return "Job Queue name should match a valid pattern. jobQueueName " + name +
               " must match [A-Za-z0-9_-]{1,128}";
    };
    testing::expect_rules<JobQueue>(
        a_queue(),
        {
            {"good", [](JobQueue&) {}, kAccepted},
            {"no name", [](JobQueue& q) { q.job_queue_name = ""; }, name_error("''")},
            {"name with a space", [](JobQueue& q) { q.job_queue_name = "a b"; },
             name_error("'a b'")},
            {"state", [](JobQueue& q) { q.state = "on"; },
             "state 'on' must be one of ENABLED, DISABLED"},
            {"state in lower case", [](JobQueue& q) { q.state = "disabled"; }, kAccepted},
            {"priority 0", [](JobQueue& q) { q.priority = 0; }, kAccepted},
            {"priority -1", [](JobQueue& q) { q.priority = -1; },
             "priority '-1' must be at least 0"},
            {"no environment", [](JobQueue& q) { q.compute_environment_order.clear(); },
             "computeEnvironmentOrder must name at least one compute environment"},
            {"three",
             [](JobQueue& q) { q.compute_environment_order = {{1, "a"}, {2, "b"}, {3, "c"}}; },
             kAccepted},
            {"four",
             [](JobQueue& q) {
                 q.compute_environment_order = {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}};
             },
             "Only 3 environments are allowed in job queue request."},
            {"twice the same",
             [](JobQueue& q) { q.compute_environment_order = {{1, "a"}, {2, "a"}}; },
             "Duplicate ComputeEnvironments within order list."},
            {"twice the same order",
             [](JobQueue& q) { q.compute_environment_order = {{1, "a"}, {1, "b"}}; },
             "Duplicate ComputeEnvironment order values."},
            {"nameless", [](JobQueue& q) { q.compute_environment_order = {{1, ""}}; },
             "computeEnvironmentOrder: each entry must name its computeEnvironment"},
        },
        [](JobQueue& q) { return validate(q); });
}

TEST(JobQueue, IsNormalised) {
    JobQueue queue = a_queue();
    queue.state = "disabled";
    queue.compute_environment_order = {{3, "c"}, {1, "a"}, {2, "b"}};
    ASSERT_TRUE(validate(queue));
    EXPECT_EQ(queue.state, "DISABLED");
    EXPECT_EQ(queue.compute_environment_order[0].compute_environment, "a");
    EXPECT_EQ(queue.compute_environment_order[1].compute_environment, "b");
    EXPECT_EQ(queue.compute_environment_order[2].compute_environment, "c");
}

TEST(JobQueue, IsEnabledUnlessSaidOtherwise) {
    JobQueue queue = a_queue();
    queue.state = "";
    ASSERT_TRUE(validate(queue));
    EXPECT_EQ(queue.state, "ENABLED");
}

TEST(JobQueue, TakesOverWhatAnUpdateGives) {
    JobQueue queue = a_queue();
    merge(queue, {});
    EXPECT_EQ(queue.state, "ENABLED");
    EXPECT_EQ(queue.priority, 1);
    EXPECT_EQ(queue.compute_environment_order.size(), 1U);

    JobQueueUpdate update;
    update.state = "DISABLED";
    update.priority = 7;
    update.compute_environment_order = {{5, "b"}, {6, "c"}};
    merge(queue, update);
    EXPECT_EQ(queue.state, "DISABLED");
    EXPECT_EQ(queue.priority, 7);
    ASSERT_EQ(queue.compute_environment_order.size(), 2U);
    EXPECT_EQ(queue.compute_environment_order[0].compute_environment, "b");
}

}  // namespace
}  // namespace batchd::model
