#include "model/node_rules.hpp"
#include "model/resolve_containers.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace batchd::model {
namespace {

/// What decides how a node looks: its range, and the overrides that name it.
struct NodeForm {
    std::size_t range = 0;
    std::vector<std::size_t> overrides;
    friend bool operator==(const NodeForm&, const NodeForm&) = default;
};

/// Definition and overrides with their ranges read.
struct Plan {
    const NodeProperties& properties;
    const std::optional<NodeOverrides>& overrides;
    std::vector<NodeRange> ranges;
    std::vector<NodeRange> override_ranges;
};

std::string override_field(std::size_t i) {
    return element("nodeOverrides.nodePropertyOverrides", i);
}

/// AWS: another number of nodes needs a range with an open end that begins below it.
Result<> change_count(std::int32_t count, NodeProperties& properties,
                      std::vector<NodeRange>& ranges) {
    bool is_open = false;
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        is_open = is_open || ranges[i].last == NodeRange::kOpen;
        if (ranges[i].first < count && ranges[i].last < count) continue;
        return invalid_argument(
            fmt::format("nodeOverrides.numNodes '{}' leaves out nodes of the range '{}' of the job "
                        "definition",
                        count, properties.node_range_properties[i].target_nodes));
    }
    if (!is_open && count != *properties.num_nodes) {
        return invalid_argument(
            "nodeOverrides.numNodes needs a job definition with a node range that has an open "
            "upper boundary, such as '1:'");
    }
    if (*properties.main_node >= count) {
        return invalid_argument("Main node index is out of range, must be less than numNodes.");
    }
    properties.num_nodes = count;
    return {};
}

/// A range inside of another one goes before it.
NodeForm form_of(const Plan& plan, std::int32_t node) {
    NodeForm form;
    std::int64_t narrowest = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < plan.ranges.size(); ++i) {
        const NodeRange& range = plan.ranges[i];
        if (!range.contains(node)) continue;
        const std::int64_t last =
            range.last == NodeRange::kOpen ? *plan.properties.num_nodes - 1 : range.last;
        if (last - range.first > narrowest) continue;
        narrowest = last - range.first;
        form.range = i;
    }
    for (std::size_t i = 0; i < plan.override_ranges.size(); ++i) {
        if (plan.override_ranges[i].contains(node)) form.overrides.push_back(i);
    }
    return form;
}

Result<ResolvedContainers> apply(NodeRangeProperty& range, const NodePropertyOverride& given,
                                 const StringMap& parameters) {
    if (range.eks_properties || given.eks_properties_override) {
        return invalid_argument(fmt::format(
            "nodes '{}' have eksProperties, but the job queue has no EKS compute environment",
            range.target_nodes));
    }
    ContainerForm form{.container = std::move(range.container),
                       .ecs_properties = std::move(range.ecs_properties)};
    const auto resolved =
        resolve_containers(form,
                           {.container_overrides = given.container_overrides,
                            .ecs_properties_override = given.ecs_properties_override},
                           parameters, Platform::Ec2);
    range.container = std::move(form.container);
    range.ecs_properties = std::move(form.ecs_properties);
    if (is_given(given.instance_types)) range.instance_types = given.instance_types;
    if (given.consumable_resource_properties_override) {
        range.consumable_resource_properties = given.consumable_resource_properties_override;
    }
    return resolved;
}

Result<> add_group(const Plan& plan, const NodeForm& form, std::int32_t first, std::int32_t last,
                   const StringMap& parameters, ResolvedNodes& resolved) {
    NodeRangeProperty range = plan.properties.node_range_properties[form.range];
    range.target_nodes = first == last ? std::to_string(first) : fmt::format("{}:{}", first, last);
    std::size_t characters = 0;
    Resources resources;
    const auto lay = [&](const NodePropertyOverride& given) -> Result<> {
        const auto applied = apply(range, given, parameters);
        if (!applied) return std::unexpected(applied.error());
        resources = applied->resources;
        characters += applied->override_characters;
        return {};
    };
    if (form.overrides.empty()) BATCHD_TRY(lay({}));
    for (const std::size_t i : form.overrides) {
        BATCHD_TRY(lay(plan.overrides->node_property_overrides[i]));
    }
    resolved.override_characters = std::max(resolved.override_characters, characters);
    resolved.groups.push_back({.count = last - first + 1, .resources = resources});
    resolved.properties.node_range_properties.push_back(std::move(range));
    return {};
}

Result<> read_ranges(Plan& plan) {
    for (const auto& property : plan.properties.node_range_properties) {
        const auto range = parse_node_range("nodeProperties", property.target_nodes);
        if (!range) return std::unexpected(range.error());
        plan.ranges.push_back(*range);
    }
    if (!plan.overrides) return {};
    const auto& list = plan.overrides->node_property_overrides;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto range = parse_node_range(override_field(i), list[i].target_nodes);
        if (!range) return std::unexpected(range.error());
        if (list[i].consumable_resource_properties_override) {
            BATCHD_TRY(validate(*list[i].consumable_resource_properties_override,
                                override_field(i) + ".consumableResourcePropertiesOverride"));
        }
        plan.override_ranges.push_back(*range);
    }
    return {};
}

}  // namespace

Result<ResolvedNodes> resolve_nodes(const NodeProperties& given,
                                    const std::optional<NodeOverrides>& overrides,
                                    const StringMap& parameters) {
    NodeProperties properties = given;
    Plan plan{
        .properties = properties, .overrides = overrides, .ranges = {}, .override_ranges = {}};
    BATCHD_TRY(read_ranges(plan));
    if (overrides && overrides->num_nodes) {
        BATCHD_TRY(change_count(*overrides->num_nodes, properties, plan.ranges));
    }
    ResolvedNodes resolved;
    resolved.properties.num_nodes = properties.num_nodes;
    resolved.properties.main_node = properties.main_node;
    std::int32_t first = 0;
    NodeForm form = form_of(plan, 0);
    for (std::int32_t node = 1; node <= *properties.num_nodes; ++node) {
        NodeForm next;
        if (node < *properties.num_nodes) next = form_of(plan, node);
        if (node < *properties.num_nodes && next == form) continue;
        BATCHD_TRY(add_group(plan, form, first, node - 1, parameters, resolved));
        first = node;
        form = std::move(next);
    }
    return resolved;
}

}  // namespace batchd::model
