#include "model/job_warnings.hpp"

#include "batchd/model/warnings.hpp"
#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::model {
namespace {

using Warnings = std::vector<std::string>;

/// Beyond what the definition says.
void add_unused_parameters(const StringMap& parameters, const StringMap& defined,
                           const std::set<std::string>& used, Warnings& warnings) {
    for (const auto& [name, value] : parameters) {
        const auto same = defined.find(name);
        if (used.contains(name) || (same != defined.end() && same->second == value)) continue;
        warnings.push_back(
            fmt::format("parameter {} has no effect: no command of the job refers to it by Ref::, "
                        "and parameters are put into commands alone",
                        quote(name)));
    }
}

void add_instance_type(std::string_view field, Warnings& warnings) {
    warnings.push_back(fmt::format(
        "{} has no effect: jobs run on the instances that their compute environment has", field));
}

void add_instance_types(const NodePropertyOverride& given, const std::string& field,
                        const NodeProperties& defined, Warnings& warnings) {
    const auto& ranges = defined.node_range_properties;
    const bool is_as_defined =
        std::ranges::find(ranges, given.instance_types, &NodeRangeProperty::instance_types) !=
        ranges.end();
    if (is_given(given.instance_types) && !is_as_defined) {
        add_instance_type(field + ".instanceTypes", warnings);
    }
    if (given.container_overrides && is_given(given.container_overrides->instance_type)) {
        add_instance_type(field + ".containerOverrides.instanceType", warnings);
    }
}

void add_instance_types(const SubmitJobRequest& request, const JobDefinition& definition,
                        Warnings& warnings) {
    const auto& container = request.container_overrides;
    if (container && is_given(container->instance_type) &&
        container->instance_type != definition.container_properties->instance_type) {
        add_instance_type("containerOverrides.instanceType", warnings);
    }
    if (!request.node_overrides) return;
    const auto& list = request.node_overrides->node_property_overrides;
    for (std::size_t i = 0; i < list.size(); ++i) {
        add_instance_types(list[i], element("nodeOverrides.nodePropertyOverrides", i),
                           *definition.node_properties, warnings);
    }
}

/// Beyond what the definition says.
void add_memory_growth(const JobDefinition& definition, const JobSpec& spec, Warnings& warnings) {
    if (!spec.options || !spec.options->out_of_memory_factor) return;
    const auto& factor = spec.options->out_of_memory_factor;
    if (definition.options && definition.options->out_of_memory_factor == factor) return;
    const bool is_fargate = platform_of(spec.platform_capabilities) == Platform::Fargate;
    if (!is_fargate && !spec.node_properties) return;
    warnings.push_back(fmt::format("outOfMemoryFactor has no effect on {}",
                                   is_fargate ? "Fargate" : "multi-node jobs"));
}

}  // namespace

std::string not_known(std::string_view member) {
    return fmt::format("{} is not known and has no effect", quote(member));
}

std::optional<std::vector<std::string>> warnings_of(const SubmitJobRequest& request,
                                                    const JobDefinition& definition,
                                                    const JobSpec& spec,
                                                    const std::set<std::string>& used_parameters) {
    Warnings warnings;
    for (const auto& member : request.unknown_members) {
        warnings.push_back(not_known(member));
    }
    add_unused_parameters(request.parameters, definition.parameters, used_parameters, warnings);
    add_instance_types(request, definition, warnings);
    add_memory_growth(definition, spec, warnings);
    if (warnings.empty()) return std::nullopt;
    if (warnings.size() > kMostWarnings) {
        warnings.resize(kMostWarnings);
        warnings.emplace_back(kMoreWarnings);
    }
    return warnings;
}

}  // namespace batchd::model
