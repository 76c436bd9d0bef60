#include "batchd/model/compute_environment.hpp"
#include "model/rules.hpp"

#include <boost/describe/members.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <tuple>

namespace batchd::model {
namespace {

/// AWS: an empty text takes these settings away.
void drop_emptied(ComputeResources& resources) {
    if (!is_given(resources.ec2_key_pair)) resources.ec2_key_pair.reset();
    if (!is_given(resources.image_id)) resources.image_id.reset();
    if (!is_given(resources.ec2_configuration)) resources.ec2_configuration.reset();
    const auto& launch = resources.launch_template;
    if (launch && !is_given(launch->launch_template_id) &&
        !is_given(launch->launch_template_name) && !is_given(launch->overrides)) {
        resources.launch_template.reset();
    }
}

Result<> merge_resources(ComputeEnvironment& environment, const ComputeResources& update) {
    ComputeResources& resources = *environment.compute_resources;
    const bool had_desired = resources.desiredv_cpus.has_value();
    const std::int32_t desired = resources.desiredv_cpus.value_or(resources.minv_cpus.value_or(0));
    if (update.desiredv_cpus && *update.desiredv_cpus < desired) {
        return invalid_argument(
            "Manually scaling down compute environment is not supported. Disconnecting job "
            "queues from compute environment will cause it to scale-down to minvCpus");
    }
    const bool keeps_emptied = is_fargate(environment);  // AWS: Fargate ignores empty lists
    using Members =
        boost::describe::describe_members<ComputeResources, boost::describe::mod_public>;
    boost::mp11::mp_for_each<Members>([&](auto member) {
        const auto& value = update.*member.pointer;
        if (value && (is_given(value) || !keeps_emptied)) resources.*member.pointer = value;
    });
    drop_emptied(resources);
    // New limits hold at once; what was desired before follows them.
    if (had_desired && !update.desiredv_cpus) {
        auto& kept = *resources.desiredv_cpus;
        kept = std::max(kept, resources.minv_cpus.value_or(kept));
        kept = std::min(kept, resources.maxv_cpus.value_or(kept));
    }
    return {};
}

auto infrastructure_of(const ComputeResources& r) {
    return std::tie(r.type, r.allocation_strategy, r.instance_types, r.image_id, r.subnets,
                    r.security_group_ids, r.ec2_key_pair, r.instance_role, r.tags,
                    r.placement_group, r.bid_percentage, r.launch_template, r.ec2_configuration);
}

}  // namespace

bool is_infrastructure_update(const ComputeResources& from, const ComputeResources& to) {
    return infrastructure_of(from) != infrastructure_of(to) ||
           to.update_to_latest_image_version.value_or(false);
}

Result<> merge(ComputeEnvironment& environment, const ComputeEnvironmentUpdate& update) {
    if (update.compute_resources) {
        if (!environment.compute_resources) environment.compute_resources.emplace();
        BATCHD_TRY(merge_resources(environment, *update.compute_resources));
    }
    if (update.state) environment.state = *update.state;
    if (update.unmanagedv_cpus) environment.unmanagedv_cpus = update.unmanagedv_cpus;
    if (update.service_role) environment.service_role = update.service_role;
    if (update.update_policy) environment.update_policy = update.update_policy;
    if (update.context) environment.context = update.context;
    return {};
}

}  // namespace batchd::model
