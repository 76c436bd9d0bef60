#include "batchd/model/service_environment.hpp"

#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using Environment = ServiceEnvironment;
using Limits = std::vector<CapacityLimit>;

Environment an_environment() {
    return {.service_environment_name = "s",
            .service_environment_type = "sagemaker_training",
            .state = "",
            .capacity_limits = {{1, "NUM_INSTANCES"}}};
}

auto limits(Limits list) {
    return [list](Environment& e) { e.capacity_limits = list; };
}

TEST(ServiceEnvironment, FollowsTheRulesOfAws) {
    const std::string positive = "Max capacity must be more than 0.";
    testing::expect_rules<Environment>(
        an_environment(),
        {
            {"good", [](Environment&) {}, kAccepted},
            {"bad name", [](Environment& e) { e.service_environment_name = "a b"; },
             "serviceEnvironmentName 'a b' must match [A-Za-z0-9_-]{1,128}"},
            {"no type", [](Environment& e) { e.service_environment_type = ""; },
             "serviceEnvironmentType is required: one of SAGEMAKER_TRAINING"},
            {"bad state", [](Environment& e) { e.state = "ON"; },
             "state 'ON' must be one of ENABLED, DISABLED"},
            {"disabled", [](Environment& e) { e.state = "disabled"; }, kAccepted},
            {"no limits", limits({}), "Capacitylimits are required."},
            {"five limits",
             limits(
                 {{1, "ml.m1.a"}, {1, "ml.m2.a"}, {1, "ml.m3.a"}, {1, "ml.m4.a"}, {1, "ml.m5.a"}}),
             kAccepted},
            {"six limits", limits(Limits(6, {1, "NUM_INSTANCES"})),
             "Number of capacity limits exceeds 5."},
            {"capacity 0", limits({{0, "NUM_INSTANCES"}}), positive},
            {"no capacity", limits({{{}, "NUM_INSTANCES"}}), positive},
            {"no unit", limits({{1, {}}}), "capacityLimits[0].capacityUnit is required"},
            {"unit in small letters", limits({{1, "num_instances"}}), kAccepted},
            {"instance type", limits({{1, "ml.p4d.24xlarge"}}), kAccepted},
            {"of EC2", limits({{1, "m5.large"}}), "'m5.large' is unknown capacity unit"},
            {"without size", limits({{1, "ml.m5"}}), "'ml.m5' is unknown capacity unit"},
            {"twice the same", limits({{1, "ml.m5.large"}, {2, "ml.m5.large"}}),
             "capacityLimits[1]: capacity unit 'ml.m5.large' is given twice"},
            {"mixed", limits({{1, "ml.m5.large"}, {2, "NUM_INSTANCES"}}),
             "Capacity units must specify either number of instances OR instance type"},
        },
        [](Environment& e) { return validate(e); });
}

TEST(ServiceEnvironment, IsNormalisedAndEnabledUnlessSaidOtherwise) {
    Environment environment = an_environment();
    ASSERT_TRUE(validate(environment));
    EXPECT_EQ(environment.service_environment_type, "SAGEMAKER_TRAINING");
    EXPECT_EQ(environment.state, "ENABLED");
}

TEST(ServiceEnvironment, TakesOverWhatAnUpdateGives) {
    Environment environment = an_environment();
    merge(environment, {.state = "DISABLED", .capacity_limits = {}});
    EXPECT_EQ(environment.state, "DISABLED");
    EXPECT_EQ(environment.capacity_limits.size(), 1U);
    merge(environment, {.state = {}, .capacity_limits = Limits{}});
    EXPECT_TRUE(environment.capacity_limits.empty());
}

}  // namespace
}  // namespace batchd::model
