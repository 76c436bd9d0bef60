#include "batchd/model/compute_environment.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace batchd::model {
namespace {

constexpr std::array<std::string_view, 2> kImageTypes = {"ECS_AL2023", "ECS_AL2023_NVIDIA"};
constexpr std::array<std::string_view, 2> kRetiredImageTypes = {"ECS_AL2", "ECS_AL2_NVIDIA"};

bool is_fargate_type(const ComputeResources& resources) {
    return resources.type.value_or("").starts_with("FARGATE");
}

/// AWS writes a Graviton family as letters, generation, attributes with a `g`: m7g, c7gn, is4gen.
bool is_arm(std::string_view instance_type) {
    const std::string_view family = instance_type.substr(0, instance_type.find('.'));
    if (family == "a1" || family == "default_arm64") return true;
    const auto generation = family.find_first_of("0123456789");
    if (generation == std::string_view::npos || family.find('_') != std::string_view::npos) {
        return false;
    }
    const auto attributes = family.find_first_not_of("0123456789", generation);
    return attributes != std::string_view::npos &&
           family.substr(attributes).find('g') != std::string_view::npos;
}

Result<> validate_instance_types(const ComputeResources& resources) {
    if (!is_given(resources.instance_types)) {
        return invalid_argument("Resource instanceTypes are required.");
    }
    const auto& types = *resources.instance_types;
    const auto arm = std::ranges::count_if(types, is_arm);
    if (arm > 0 && arm < std::ssize(types)) {
        return invalid_argument("arm-based instance type cannot be used with other instance types");
    }
    return {};
}

Result<> validate_vcpus(const ComputeResources& resources) {
    if (!resources.maxv_cpus) return invalid_argument("Resource maxvCpus is required.");
    const std::int32_t least = resources.minv_cpus.value_or(0);
    const std::int32_t most = *resources.maxv_cpus;
    if (least < 0) return invalid_argument("minvCpus should be greater than or equal to 0.");
    if (most < least) {
        return invalid_argument("maxvCpus should be greater than or equal to minvCpus.");
    }
    const std::int32_t desired = resources.desiredv_cpus.value_or(least);
    if (desired < least || desired > most) {
        return invalid_argument("desiredvCpus should be between minvCpus and maxvCpus.");
    }
    return {};
}

Result<> validate_strategy(ComputeResources& resources) {
    BATCHD_TRY(
        expect_enumerated("computeResources.allocationStrategy", resources.allocation_strategy,
                          {"BEST_FIT", "BEST_FIT_PROGRESSIVE", "BEST_FIT_PROGRESSIVE_ORDERED",
                           "SPOT_CAPACITY_OPTIMIZED", "SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
                           "SPOT_PRICE_CAPACITY_OPTIMIZED"}));
    const std::string strategy = resources.allocation_strategy.value_or("BEST_FIT");
    if (resources.type == "EC2" && strategy.starts_with("SPOT_")) {
        return invalid_argument(fmt::format(
            "computeResources.allocationStrategy '{}' must not be used with type EC2", strategy));
    }
    if (resources.type == "SPOT" && strategy == "BEST_FIT" &&
        !is_given(resources.spot_iam_fleet_role)) {
        return invalid_argument("compute resource spotIamFleetRole is required.");
    }
    return {};
}

Result<> validate_launch(const ComputeResources& resources) {
    if (!resources.launch_template) {
        return is_given(resources.security_group_ids)
                   ? Result<>{}
                   : invalid_argument("Security group ids are required.");
    }
    const LaunchTemplate& launch = *resources.launch_template;
    const bool has_id = is_given(launch.launch_template_id);
    const bool has_name = is_given(launch.launch_template_name);
    if (has_id ? has_name : !has_name && !is_given(launch.overrides)) {
        return invalid_argument(
            "One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides should "
            "be provided");
    }
    if (!launch.overrides) return {};
    const bool all_have_targets = std::ranges::all_of(
        *launch.overrides, [](const auto& entry) { return is_given(entry.target_instance_types); });
    if (all_have_targets) return {};
    return invalid_argument("LaunchTemplate.overrides.targetInstanceTypes[] is required");
}

Result<> validate_images(const ComputeResources& resources) {
    if (!resources.ec2_configuration) return {};
    for (const Ec2Configuration& image : *resources.ec2_configuration) {
        if (contains(kRetiredImageTypes, image.image_type)) {
            return invalid_argument("Amazon Linux 2 is end-of-life.");
        }
        if (!contains(kImageTypes, image.image_type)) {
            return invalid_argument("Invalid imageType in ComputeResources.ec2Configuration");
        }
    }
    return {};
}

Result<> validate_instances(ComputeResources& resources) {
    if (!is_given(resources.instance_role)) return invalid_argument("Instance role is required.");
    if (!resources.minv_cpus) return invalid_argument("Resource minvCpus is required.");
    BATCHD_TRY(validate_instance_types(resources));
    BATCHD_TRY(validate_vcpus(resources));
    const std::int32_t bid = resources.bid_percentage.value_or(100);
    if (bid < 0 || bid > 100) return invalid_argument("Bid percentage must be between 0 to 100.");
    BATCHD_TRY(validate_strategy(resources));
    BATCHD_TRY(validate_launch(resources));
    if (!is_given(resources.subnets)) return invalid_argument("Resource subnets are required.");
    return validate_images(resources);
}

Result<> refuse_instance_members(const ComputeResources& resources) {
    const std::array<std::pair<std::string_view, bool>, 14> members = {{
        {"allocationStrategy", is_given(resources.allocation_strategy)},
        {"minvCpus", is_given(resources.minv_cpus)},
        {"desiredvCpus", is_given(resources.desiredv_cpus)},
        {"instanceTypes", is_given(resources.instance_types)},
        {"imageId", is_given(resources.image_id)},
        {"ec2KeyPair", is_given(resources.ec2_key_pair)},
        {"ec2Configuration", is_given(resources.ec2_configuration)},
        {"instanceRole", is_given(resources.instance_role)},
        {"launchTemplate", is_given(resources.launch_template)},
        {"placementGroup", is_given(resources.placement_group)},
        {"bidPercentage", is_given(resources.bid_percentage)},
        {"spotIamFleetRole", is_given(resources.spot_iam_fleet_role)},
        {"tags", is_given(resources.tags)},
        {"scalingPolicy", resources.scaling_policy.has_value()},
    }};
    for (const auto& [member, is_there] : members) {
        if (is_there)
            return invalid_argument(fmt::format("{} is not applicable for Fargate.", member));
    }
    return {};
}

Result<> validate_fargate(const ComputeResources& resources) {
    BATCHD_TRY(refuse_instance_members(resources));
    BATCHD_TRY(validate_vcpus(resources));
    if (!is_given(resources.subnets)) return invalid_argument("Resource subnets are required.");
    if (resources.subnets->size() > 16) {
        return invalid_argument("Fargate supports a maximum of 16 subnets.");
    }
    if (!is_given(resources.security_group_ids)) {
        return invalid_argument("Security group ids are required.");
    }
    if (resources.security_group_ids->size() > 5) {
        return invalid_argument("Fargate supports a maximum of 5 security groups.");
    }
    return {};
}

/// AWS: 20 minutes to a week; 0 takes it away.
Result<> validate_scaling_policy(const ComputeResources& resources) {
    if (!resources.scaling_policy) return {};
    const auto minutes = resources.scaling_policy->min_scale_down_delay_minutes.value_or(0);
    if (minutes == 0) return {};
    return expect_between("scalingPolicy.minScaleDownDelayMinutes", minutes, 20, 10'080);
}

Result<> validate_managed(ComputeEnvironment& environment) {
    if (environment.unmanagedv_cpus) {
        return invalid_argument(
            "unmanagedvCpus is not applicable for managed Compute Environments");
    }
    if (!environment.compute_resources) {
        return invalid_argument("computeResources is required for managed Compute Environments");
    }
    ComputeResources& resources = *environment.compute_resources;
    if (!resources.type) resources.type = "";
    BATCHD_TRY(expect_enumerated("computeResources.type", resources.type,
                                 {"EC2", "SPOT", "FARGATE", "FARGATE_SPOT"}));
    BATCHD_TRY(validate_scaling_policy(resources));
    return is_fargate_type(resources) ? validate_fargate(resources) : validate_instances(resources);
}

Result<> validate_unmanaged(const ComputeEnvironment& environment) {
    if (environment.compute_resources) {
        return invalid_argument(
            "computeResources is not applicable for unmanaged Compute Environments");
    }
    if (environment.service_role.value_or("").contains("AWSServiceRoleForBatch")) {
        return invalid_argument(
            "Service Linked Role cannot be used with UNMANAGED Compute Environment");
    }
    return expect_at_least("unmanagedvCpus", environment.unmanagedv_cpus.value_or(0), 0);
}

Result<> validate_update_policy(const std::optional<UpdatePolicy>& policy) {
    if (!policy || !policy->job_execution_timeout_minutes) return {};
    return expect_between("updatePolicy.jobExecutionTimeoutMinutes",
                          *policy->job_execution_timeout_minutes, 1, 360);
}

}  // namespace

Result<> validate(ComputeEnvironment& environment) {
    BATCHD_TRY(
        expect_resource_name("computeEnvironmentName", environment.compute_environment_name));
    BATCHD_TRY(expect_enumerated("type", environment.type, {"MANAGED", "UNMANAGED"}));
    BATCHD_TRY(expect_state(environment.state));
    BATCHD_TRY(validate_update_policy(environment.update_policy));
    return environment.type == "MANAGED" ? validate_managed(environment)
                                         : validate_unmanaged(environment);
}

bool is_fargate(const ComputeEnvironment& environment) {
    return environment.compute_resources && is_fargate_type(*environment.compute_resources);
}

}  // namespace batchd::model
