// Compute environments and job queues, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct LaunchTemplateOverride {
    std::optional<std::string> launch_template_id;
    std::optional<std::string> launch_template_name;
    std::optional<std::string> version;
    std::optional<std::vector<std::string>> target_instance_types;
    std::optional<std::string> userdata_type;

    friend bool operator==(const LaunchTemplateOverride&, const LaunchTemplateOverride&) = default;
};
BOOST_DESCRIBE_STRUCT(LaunchTemplateOverride, (),
                      (launch_template_id, launch_template_name, version, target_instance_types,
                       userdata_type))

struct LaunchTemplate {
    std::optional<std::string> launch_template_id;
    std::optional<std::string> launch_template_name;
    std::optional<std::string> version;
    std::optional<std::vector<LaunchTemplateOverride>> overrides;
    std::optional<std::string> userdata_type;

    friend bool operator==(const LaunchTemplate&, const LaunchTemplate&) = default;
};
BOOST_DESCRIBE_STRUCT(LaunchTemplate, (),
                      (launch_template_id, launch_template_name, version, overrides, userdata_type))

struct Ec2Configuration {
    std::string image_type;
    std::optional<std::string> image_id_override;
    std::optional<std::string> batch_image_status;
    std::optional<std::string> image_kubernetes_version;

    friend bool operator==(const Ec2Configuration&, const Ec2Configuration&) = default;
};
BOOST_DESCRIBE_STRUCT(Ec2Configuration, (),
                      (image_type, image_id_override, batch_image_status, image_kubernetes_version))

struct ScalingPolicy {
    std::optional<std::int32_t> min_scale_down_delay_minutes;

    friend bool operator==(const ScalingPolicy&, const ScalingPolicy&) = default;
};
BOOST_DESCRIBE_STRUCT(ScalingPolicy, (), (min_scale_down_delay_minutes))

struct ComputeResources {
    std::optional<std::string> type;  ///< EC2, SPOT, FARGATE, FARGATE_SPOT
    std::optional<std::string> allocation_strategy;
    std::optional<std::int32_t> minv_cpus;
    std::optional<std::int32_t> maxv_cpus;
    std::optional<std::int32_t> desiredv_cpus;
    std::optional<std::vector<std::string>> instance_types;
    std::optional<std::string> image_id;
    std::optional<std::vector<std::string>> subnets;
    std::optional<std::vector<std::string>> security_group_ids;
    std::optional<std::string> ec2_key_pair;
    std::optional<std::string> instance_role;
    std::optional<StringMap> tags;
    std::optional<std::string> placement_group;
    std::optional<std::int32_t> bid_percentage;
    std::optional<std::string> spot_iam_fleet_role;
    std::optional<LaunchTemplate> launch_template;
    std::optional<std::vector<Ec2Configuration>> ec2_configuration;
    std::optional<bool> update_to_latest_image_version;
    std::optional<ScalingPolicy> scaling_policy;
};
BOOST_DESCRIBE_STRUCT(ComputeResources, (),
                      (type, allocation_strategy, minv_cpus, maxv_cpus, desiredv_cpus,
                       instance_types, image_id, subnets, security_group_ids, ec2_key_pair,
                       instance_role, tags, placement_group, bid_percentage, spot_iam_fleet_role,
                       launch_template, ec2_configuration, update_to_latest_image_version,
                       scaling_policy))

struct UpdatePolicy {
    std::optional<bool> terminate_jobs_on_update;
    std::optional<std::int64_t> job_execution_timeout_minutes;
};
BOOST_DESCRIBE_STRUCT(UpdatePolicy, (), (terminate_jobs_on_update, job_execution_timeout_minutes))

/// A compute environment as the operator described it. What the daemon knows besides (status, uuid)
/// stands in core and in the store.
struct ComputeEnvironment {
    std::string compute_environment_name;
    std::string type;   ///< MANAGED or UNMANAGED
    std::string state;  ///< ENABLED or DISABLED
    std::optional<std::int32_t> unmanagedv_cpus;
    std::optional<ComputeResources> compute_resources;
    std::optional<std::string> service_role;
    std::optional<UpdatePolicy> update_policy;
    std::optional<std::string> context;  ///< reserved by AWS; kept and shown
};
BOOST_DESCRIBE_STRUCT(ComputeEnvironment, (),
                      (compute_environment_name, type, state, unmanagedv_cpus, compute_resources,
                       service_role, update_policy, context))

/// Checks a new or updated environment by AWS's rules and texts; makes enumerated values upper case
/// and an absent state ENABLED. Two rules of AWS are left out because batchd has no IAM: UNMANAGED
/// does not demand a serviceRole, and updates do not demand the service-linked role. That new
/// environments must be ENABLED is the caller's to check.
Result<> validate(ComputeEnvironment& environment);

/// Lays the members that `update` gives over the environment. Call validate afterwards. Refuses a
/// lower desiredvCpus, as AWS does. An empty text takes key pair, image and launch template away;
/// an empty list does too, but is ignored on Fargate.
struct ComputeEnvironmentUpdate {
    std::optional<std::string> state;
    std::optional<std::int32_t> unmanagedv_cpus;
    std::optional<ComputeResources> compute_resources;
    std::optional<std::string> service_role;
    std::optional<UpdatePolicy> update_policy;
    std::optional<std::string> context;
};
BOOST_DESCRIBE_STRUCT(ComputeEnvironmentUpdate, (),
                      (state, unmanagedv_cpus, compute_resources, service_role, update_policy,
                       context))
Result<> merge(ComputeEnvironment& environment, const ComputeEnvironmentUpdate& update);

/// Whether AWS replaces the instances of an environment when it is updated so: an infrastructure
/// update, in contrast to one of limits and state.
bool is_infrastructure_update(const ComputeResources& from, const ComputeResources& to);

/// Whether it runs on Fargate; such environments do not mix with others in one queue.
bool is_fargate(const ComputeEnvironment& environment);

}  // namespace batchd::model
