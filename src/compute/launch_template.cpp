#include "compute/launch_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace batchd::compute {
namespace {

bool is_named(const std::vector<std::string>& targets, const std::string& type) {
    const std::string family = type.substr(0, type.find('.'));
    return std::ranges::any_of(targets, [&](const auto& t) { return t == type || t == family; });
}

template <class Template>
aws::LaunchTemplate reference_to(const Template& from) {
    return {.id = from.launch_template_id.value_or(""),
            .name = from.launch_template_name.value_or(""),
            .version = from.version.value_or("$Default")};
}

std::unexpected<aws::ApiError> refused(const aws::LaunchTemplateVersion& version,
                                       std::string_view why) {
    return std::unexpected(
        aws::ApiError{.code = "InvalidLaunchTemplate",
                      .message = fmt::format("launch template '{}', version {}: {}",
                                             version.template_name, version.number, why),
                      .error_class = aws::ErrorClass::Configuration});
}

/// Whether EC2 joins what a template and a launch say of an interface is not documented. So all of
/// it is sent, and what cannot be is refused rather than lost.
aws::Outcome<> check_interfaces(const aws::LaunchTemplateVersion& version) {
    const auto& interfaces = version.network_interfaces;
    if (interfaces.size() > 1) {
        return refused(version, fmt::format("NetworkInterfaces has {} entries; one is the most "
                                            "that an instance can be launched with",
                                            interfaces.size()));
    }
    const auto& [settings, others] = interfaces.front();
    if (settings.device_index != 0) {
        return refused(version, fmt::format("NetworkInterfaces[0].DeviceIndex is {}; an instance's "
                                            "only network interface must have 0",
                                            settings.device_index));
    }
    for (const auto& [name, value] : others) {
        if (name == "networkCardIndex" && value == "0") continue;  // what goes without saying
        return refused(version,
                       fmt::format("NetworkInterfaces[0].{} is '{}'; only DeviceIndex, Groups, "
                                   "AssociatePublicIpAddress, DeleteOnTermination, InterfaceType "
                                   "and Description can be given",
                                   name, value));
    }
    return {};
}

}  // namespace

ChosenTemplate template_of(const model::ComputeResources& resources, const std::string& type) {
    if (!resources.launch_template) return {};
    const auto& own = *resources.launch_template;
    for (const auto& other : own.overrides.value_or(std::vector<model::LaunchTemplateOverride>{})) {
        if (is_named(other.target_instance_types.value_or(std::vector<std::string>{}), type)) {
            return {.value = reference_to(other), .is_override = true};
        }
    }
    if (!own.launch_template_id && !own.launch_template_name) return {};
    return {.value = reference_to(own), .is_override = false};
}

aws::Outcome<> apply_template(const aws::LaunchTemplateVersion& version, aws::RunInstances& call) {
    if (version.market_type) {
        return refused(version, fmt::format("InstanceMarketOptions.MarketType is '{}'; the type of "
                                            "the compute environment, EC2 or SPOT, says how "
                                            "instances are bought",
                                            *version.market_type));
    }
    if (version.network_interfaces.empty()) return {};
    if (auto checked = check_interfaces(version); !checked) return checked;
    auto& interface = call.network_interface.emplace(version.network_interfaces.front().settings);
    interface.subnet_id = std::exchange(call.subnet_id, {});
    auto groups = std::exchange(call.instance.security_group_ids, {});
    if (!groups.empty()) interface.security_group_ids = std::move(groups);
    return {};
}

}  // namespace batchd::compute
