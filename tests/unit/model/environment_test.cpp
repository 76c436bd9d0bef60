#include "batchd/model/compute_environment.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using Environment = ComputeEnvironment;
using Texts = std::vector<std::string>;

Environment an_unmanaged() {
    Environment environment;
    environment.compute_environment_name = "local";
    environment.type = "UNMANAGED";
    environment.state = "ENABLED";
    return environment;
}

Environment an_ec2() {
    Environment environment = an_unmanaged();
    environment.type = "MANAGED";
    auto& resources = environment.compute_resources.emplace();
    resources.type = "EC2";
    resources.minv_cpus = 0;
    resources.maxv_cpus = 16;
    resources.instance_types = Texts{"m5"};
    resources.instance_role = "ecsInstanceRole";
    resources.subnets = Texts{"subnet-1"};
    resources.security_group_ids = Texts{"sg-1"};
    return environment;
}

Environment a_fargate() {
    Environment environment = an_unmanaged();
    environment.type = "MANAGED";
    auto& resources = environment.compute_resources.emplace();
    resources.type = "FARGATE";
    resources.maxv_cpus = 16;
    resources.subnets = Texts{"subnet-1"};
    resources.security_group_ids = Texts{"sg-1"};
    return environment;
}

void expect_environment_rules(const Environment& good,
                              const std::vector<testing::Rule<Environment>>& rules) {
    testing::expect_rules(good, rules, [](Environment& e) { return validate(e); });
}

/// A row that changes the compute resources.
testing::Rule<Environment> with(const std::string& name,
                                std::function<void(ComputeResources&)> change,
                                const std::string& error) {
    return {name, [change](Environment& e) { change(*e.compute_resources); }, error};
}

TEST(ComputeEnvironment, FollowsTheRulesOfAws) {
    expect_environment_rules(
        an_unmanaged(),
        {
            {"unmanaged without service role", [](Environment&) {}, kAccepted},
            {"name", [](Environment& e) { e.compute_environment_name = "a.b"; },
             "computeEnvironmentName 'a.b' must match [A-Za-z0-9_-]{1,128}"},
            {"type", [](Environment& e) { e.type = "OWN"; },
             "type 'OWN' must be one of MANAGED, UNMANAGED"},
            {"type in lower case", [](Environment& e) { e.type = "unmanaged"; }, kAccepted},
            {"state", [](Environment& e) { e.state = "VALID"; },
             "state 'VALID' must be one of ENABLED, DISABLED"},
            {"state in lower case", [](Environment& e) { e.state = "disabled"; }, kAccepted},
            {"vCPUs", [](Environment& e) { e.unmanagedv_cpus = 0; }, kAccepted},
            {"negative vCPUs", [](Environment& e) { e.unmanagedv_cpus = -1; },
             "unmanagedvCpus '-1' must be at least 0"},
            {"service role", [](Environment& e) { e.service_role = "batchRole"; }, kAccepted},
            {"service-linked role",
             [](Environment& e) {
                 e.service_role =
                     "arn:aws:iam::1:role/aws-service-role/batch.amazonaws.com/"
                     "AWSServiceRoleForBatch";
             },
             "Service Linked Role cannot be used with UNMANAGED Compute Environment"},
            {"resources", [](Environment& e) { e.compute_resources.emplace(); },
             "computeResources is not applicable for unmanaged Compute Environments"},
            {"managed without resources", [](Environment& e) { e.type = "MANAGED"; },
             "computeResources is required for managed Compute Environments"},
            {"longest timeout",
             [](Environment& e) { e.update_policy = UpdatePolicy{std::nullopt, 360}; }, kAccepted},
            {"timeout too long",
             [](Environment& e) { e.update_policy = UpdatePolicy{std::nullopt, 361}; },
             "updatePolicy.jobExecutionTimeoutMinutes '361' must be between 1 and 360"},
        });
}

TEST(ComputeEnvironment, OnEc2NeedsItsResources) {
    using R = ComputeResources;
    expect_environment_rules(
        an_ec2(),
        {
            {"good", [](Environment&) {}, kAccepted},
            {"unmanaged vCPUs", [](Environment& e) { e.unmanagedv_cpus = 1; },
             "unmanagedvCpus is not applicable for managed Compute Environments"},
            with(
                "no type", [](R& r) { r.type.reset(); },
                "computeResources.type is required: one of EC2, SPOT, FARGATE, FARGATE_SPOT"),
            with(
                "unknown type", [](R& r) { r.type = "GCE"; },
                "computeResources.type 'GCE' must be one of EC2, SPOT, FARGATE, FARGATE_SPOT"),
            with(
                "type in lower case", [](R& r) { r.type = "ec2"; }, kAccepted),
            with(
                "no role", [](R& r) { r.instance_role.reset(); }, "Instance role is required."),
            with(
                "empty role", [](R& r) { r.instance_role = ""; }, "Instance role is required."),
            with(
                "no minimum", [](R& r) { r.minv_cpus.reset(); }, "Resource minvCpus is required."),
            with(
                "no maximum", [](R& r) { r.maxv_cpus.reset(); }, "Resource maxvCpus is required."),
            with(
                "negative minimum", [](R& r) { r.minv_cpus = -1; },
                "minvCpus should be greater than or equal to 0."),
            with(
                "equal bounds", [](R& r) { r.minv_cpus = 16; }, kAccepted),
            with(
                "minimum above maximum", [](R& r) { r.minv_cpus = 17; },
                "maxvCpus should be greater than or equal to minvCpus."),
            with(
                "desired at the maximum", [](R& r) { r.desiredv_cpus = 16; }, kAccepted),
            with(
                "desired above the maximum", [](R& r) { r.desiredv_cpus = 17; },
                "desiredvCpus should be between minvCpus and maxvCpus."),
            with(
                "desired below the minimum",
                [](R& r) {
                    r.minv_cpus = 2;
                    r.desiredv_cpus = 1;
                },
                "desiredvCpus should be between minvCpus and maxvCpus."),
            with(
                "no instance types", [](R& r) { r.instance_types.reset(); },
                "Resource instanceTypes are required."),
            with(
                "empty instance types", [](R& r) { r.instance_types = Texts{}; },
                "Resource instanceTypes are required."),
            with(
                "bid 0", [](R& r) { r.bid_percentage = 0; }, kAccepted),
            with(
                "bid 100", [](R& r) { r.bid_percentage = 100; }, kAccepted),
            with(
                "bid 101", [](R& r) { r.bid_percentage = 101; },
                "Bid percentage must be between 0 to 100."),
            with(
                "bid -1", [](R& r) { r.bid_percentage = -1; },
                "Bid percentage must be between 0 to 100."),
            with(
                "no subnets", [](R& r) { r.subnets.reset(); }, "Resource subnets are required."),
        });
}

TEST(ComputeEnvironment, OnEc2DoesNotMixArchitectures) {
    const std::string error = "arm-based instance type cannot be used with other instance types";
    const auto types = [](const Texts& list) {
        return [list](ComputeResources& r) { r.instance_types = list; };
    };
    expect_environment_rules(
        an_ec2(),
        {
            with("x86", types({"optimal", "m5", "g4dn.xlarge", "p4de", "u-6tb1", "c7i.large"}),
                 kAccepted),
            with("arm",
                 types({"a1", "m6g.large", "c7gn", "x2gd", "is4gen", "g5g", "default_arm64"}),
                 kAccepted),
            with("both", types({"m5", "m6g.large"}), error),
            with("bundle and arm", types({"optimal", "c7gn"}), error),
            with("bundles", types({"default_x86_64", "default_arm64"}), error),
        });
}

TEST(ComputeEnvironment, ChecksHowInstancesAreBoughtAndLaunched) {
    using R = ComputeResources;
    const std::string template_error =
        "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should be "
        "provided";
    expect_environment_rules(
        an_ec2(),
        {
            with(
                "strategy", [](R& r) { r.allocation_strategy = "best_fit_progressive"; },
                kAccepted),
            with(
                "unknown strategy", [](R& r) { r.allocation_strategy = "CHEAP"; },
                "computeResources.allocationStrategy 'CHEAP' must be one of BEST_FIT, "
                "BEST_FIT_PROGRESSIVE, BEST_FIT_PROGRESSIVE_ORDERED, SPOT_CAPACITY_OPTIMIZED, "
                "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED, SPOT_PRICE_CAPACITY_OPTIMIZED"),
            with(
                "Spot strategy", [](R& r) { r.allocation_strategy = "SPOT_CAPACITY_OPTIMIZED"; },
                "computeResources.allocationStrategy 'SPOT_CAPACITY_OPTIMIZED' must not be used "
                "with type EC2"),
            with(
                "Spot strategy on Spot",
                [](R& r) {
                    r.type = "SPOT";
                    r.allocation_strategy = "SPOT_CAPACITY_OPTIMIZED";
                },
                kAccepted),
            with(
                "Spot without fleet role", [](R& r) { r.type = "SPOT"; },
                "compute resource spotIamFleetRole is required."),
            with(
                "Spot with fleet role",
                [](R& r) {
                    r.type = "SPOT";
                    r.spot_iam_fleet_role = "fleetRole";
                },
                kAccepted),
            with(
                "no security groups", [](R& r) { r.security_group_ids.reset(); },
                "Security group ids are required."),
            with(
                "a launch template instead",
                [](R& r) {
                    r.security_group_ids.reset();
                    r.launch_template.emplace().launch_template_name = "t";
                },
                kAccepted),
            with(
                "launch template without name", [](R& r) { r.launch_template.emplace(); },
                template_error),
            with(
                "launch template with id and name",
                [](R& r) { r.launch_template = LaunchTemplate{"lt-1", "t", {}, {}, {}}; },
                template_error),
            with(
                "overrides of a launch template",
                [](R& r) {
                    auto& overrides = r.launch_template.emplace().overrides.emplace();
                    overrides.emplace_back().target_instance_types = {"m5.large"};
                },
                kAccepted),
            with(
                "overrides for no instance types",
                [](R& r) { r.launch_template.emplace().overrides.emplace().emplace_back(); },
                "LaunchTemplate.overrides.targetInstanceTypes[] is required"),
            with(
                "image type",
                [](R& r) {
                    r.ec2_configuration.emplace().emplace_back().image_type = "ECS_AL2023";
                },
                kAccepted),
            with(
                "retired image type",
                [](R& r) { r.ec2_configuration.emplace().emplace_back().image_type = "ECS_AL2"; },
                "Amazon Linux 2 is end-of-life."),
            with(
                "unknown image type",
                [](R& r) { r.ec2_configuration.emplace().emplace_back().image_type = "BSD"; },
                "Invalid imageType in ComputeResources.ec2Configuration"),
        });
}

TEST(ComputeEnvironment, OnFargateHasNoInstances) {
    using R = ComputeResources;
    const auto refused = [](const std::string& member, std::function<void(R&)> change) {
        return with(member, std::move(change), member + " is not applicable for Fargate.");
    };
    expect_environment_rules(
        a_fargate(),
        {
            {"good", [](Environment&) {}, kAccepted},
            with(
                "Spot", [](R& r) { r.type = "fargate_spot"; }, kAccepted),
            refused("allocationStrategy", [](R& r) { r.allocation_strategy = "BEST_FIT"; }),
            refused("minvCpus", [](R& r) { r.minv_cpus = 0; }),
            refused("desiredvCpus", [](R& r) { r.desiredv_cpus = 0; }),
            refused("instanceTypes", [](R& r) { r.instance_types = Texts{"m5"}; }),
            refused("imageId", [](R& r) { r.image_id = "ami-1"; }),
            refused("ec2KeyPair", [](R& r) { r.ec2_key_pair = "k"; }),
            refused("ec2Configuration", [](R& r) { r.ec2_configuration.emplace(1); }),
            refused("instanceRole", [](R& r) { r.instance_role = "role"; }),
            refused("launchTemplate", [](R& r) { r.launch_template.emplace(); }),
            refused("placementGroup", [](R& r) { r.placement_group = "g"; }),
            refused("bidPercentage", [](R& r) { r.bid_percentage = 50; }),
            refused("spotIamFleetRole", [](R& r) { r.spot_iam_fleet_role = "role"; }),
            refused("tags", [](R& r) { r.tags = StringMap{{"a", "b"}}; }),
            with(
                "empty members", [](R& r) { r.instance_types = Texts{}; }, kAccepted),
            with(
                "no maximum", [](R& r) { r.maxv_cpus.reset(); }, "Resource maxvCpus is required."),
            with(
                "16 subnets", [](R& r) { r.subnets = Texts(16, "s"); }, kAccepted),
            with(
                "17 subnets", [](R& r) { r.subnets = Texts(17, "s"); },
                "Fargate supports a maximum of 16 subnets."),
            with(
                "no subnets", [](R& r) { r.subnets.reset(); }, "Resource subnets are required."),
            with(
                "5 groups", [](R& r) { r.security_group_ids = Texts(5, "s"); }, kAccepted),
            with(
                "6 groups", [](R& r) { r.security_group_ids = Texts(6, "s"); },
                "Fargate supports a maximum of 5 security groups."),
            with(
                "no groups", [](R& r) { r.security_group_ids.reset(); },
                "Security group ids are required."),
        });
}

TEST(ComputeEnvironment, IsNormalised) {
    Environment environment = an_ec2();
    environment.type = "managed";
    environment.state = "";
    environment.compute_resources->type = "ec2";
    environment.compute_resources->allocation_strategy = "best_fit";
    ASSERT_TRUE(validate(environment));
    EXPECT_EQ(environment.type, "MANAGED");
    EXPECT_EQ(environment.state, "ENABLED");
    EXPECT_EQ(environment.compute_resources->type, "EC2");
    EXPECT_EQ(environment.compute_resources->allocation_strategy, "BEST_FIT");
}

TEST(ComputeEnvironment, KnowsWhetherItIsFargate) {
    EXPECT_FALSE(is_fargate(an_unmanaged()));
    EXPECT_FALSE(is_fargate(an_ec2()));
    EXPECT_TRUE(is_fargate(a_fargate()));
}

TEST(EnvironmentUpdate, LaysItsMembersOverTheOld) {
    Environment environment = an_ec2();
    ComputeEnvironmentUpdate update;
    update.state = "disabled";
    update.service_role = "role";
    update.update_policy.emplace().terminate_jobs_on_update = true;
    update.compute_resources.emplace().maxv_cpus = 32;
    ASSERT_TRUE(merge(environment, update));
    ASSERT_TRUE(validate(environment));
    EXPECT_EQ(environment.state, "DISABLED");
    EXPECT_EQ(environment.service_role, "role");
    EXPECT_EQ(environment.update_policy->terminate_jobs_on_update, true);
    EXPECT_EQ(environment.compute_resources->maxv_cpus, 32);
    EXPECT_EQ(environment.compute_resources->minv_cpus, 0) << "was not part of the update";
    EXPECT_EQ(environment.compute_resources->instance_types, Texts{"m5"});
}

TEST(EnvironmentUpdate, ChangesNothingIfEmpty) {
    Environment environment = an_ec2();
    ComputeEnvironmentUpdate update;
    update.compute_resources.emplace();
    ASSERT_TRUE(merge(environment, update));
    EXPECT_EQ(environment.state, "ENABLED");
    EXPECT_EQ(environment.compute_resources->maxv_cpus, 16);
    EXPECT_EQ(environment.compute_resources->subnets, Texts{"subnet-1"});
}

TEST(EnvironmentUpdate, SetsUnmanagedVcpus) {
    Environment environment = an_unmanaged();
    ComputeEnvironmentUpdate update;
    update.unmanagedv_cpus = 8;
    ASSERT_TRUE(merge(environment, update));
    EXPECT_EQ(environment.unmanagedv_cpus, 8);
}

TEST(EnvironmentUpdate, MayRaiseDesiredVcpusButNotLowerThem) {
    Environment environment = an_ec2();
    environment.compute_resources->desiredv_cpus = 4;
    ComputeEnvironmentUpdate update;
    for (const std::int32_t same_or_more : {4, 8}) {
        update.compute_resources.emplace().desiredv_cpus = same_or_more;
        ASSERT_TRUE(merge(environment, update));
        EXPECT_EQ(environment.compute_resources->desiredv_cpus, same_or_more);
    }
    update.compute_resources->desiredv_cpus = 7;
    const auto lowered = merge(environment, update);
    ASSERT_FALSE(lowered);
    EXPECT_EQ(lowered.error().message,
              "Manually scaling down compute environment is not supported. Disconnecting job "
              "queues from compute environment will cause it to scale-down to minvCpus");
}

TEST(EnvironmentUpdate, TakesAwayWhatIsSentEmpty) {
    Environment environment = an_ec2();
    auto& resources = *environment.compute_resources;
    resources.ec2_key_pair = "key";
    resources.image_id = "ami-1";
    resources.launch_template.emplace().launch_template_id = "lt-1";
    ComputeEnvironmentUpdate update;
    auto& changed = update.compute_resources.emplace();
    changed.ec2_key_pair = "";
    changed.image_id = "";
    changed.launch_template.emplace().launch_template_id = "";
    changed.security_group_ids = Texts{};
    ASSERT_TRUE(merge(environment, update));
    EXPECT_FALSE(resources.ec2_key_pair);
    EXPECT_FALSE(resources.image_id);
    EXPECT_FALSE(resources.launch_template);
    EXPECT_EQ(resources.security_group_ids, Texts{});
}

TEST(EnvironmentUpdate, IgnoresEmptyListsOnFargate) {
    Environment environment = a_fargate();
    ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().subnets = Texts{};
    ASSERT_TRUE(merge(environment, update));
    EXPECT_EQ(environment.compute_resources->subnets, Texts{"subnet-1"});
}

TEST(UpdateEnvironment, ALowerMaximumTakesWhatWasDesiredAlong) {
    ComputeEnvironment environment;
    environment.compute_resources.emplace().type = "EC2";
    environment.compute_resources->maxv_cpus = 8;
    environment.compute_resources->desiredv_cpus = 6;
    ComputeEnvironmentUpdate update;
    update.compute_resources.emplace().maxv_cpus = 4;
    ASSERT_TRUE(merge(environment, update));
    EXPECT_EQ(environment.compute_resources->desiredv_cpus, 4);
}

}  // namespace
}  // namespace batchd::model
