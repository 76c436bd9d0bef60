#include "model/node_rules.hpp"
#include "model/resolve_containers.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

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
    BATCHD_TRY(expect_node_count(count));
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

Result<> expect_no_eks(const NodeRangeProperty& range, const NodePropertyOverride* given) {
    if (!range.eks_properties && !(given && given->eks_properties_override)) return {};
    return invalid_argument(fmt::format(
        "nodes '{}' have eksProperties, but the job queue has no EKS compute environment",
        range.target_nodes));
}

/// Where a group takes its consumable resources from: the range, or an override for it.
using ConsumablesSource = std::pair<std::size_t, std::optional<std::size_t>>;

/// What is gathered while the groups are resolved one after the other.
struct Resolution {
    ResolvedNodes nodes;
    std::set<ConsumablesSource> counted;
};

void add_consumables(const NodeRangeProperty& range, ConsumablesSource source,
                     Resolution& resolution) {
    if (!resolution.counted.insert(source).second) return;
    add_needs(range.consumable_resource_properties, resolution.nodes.consumables);
}

Result<> add_group(const Plan& plan, const NodeForm& form, std::int32_t first, std::int32_t last,
                   const Parameters& parameters, Resolution& resolution) {
    NodeRangeProperty range = plan.properties.node_range_properties[form.range];
    range.target_nodes = first == last ? std::to_string(first) : fmt::format("{}:{}", first, last);
    BATCHD_TRY(expect_no_eks(range, nullptr));
    std::vector<FormOverrides> overrides;
    ConsumablesSource source{form.range, std::nullopt};
    for (const std::size_t i : form.overrides) {
        const NodePropertyOverride& given = plan.overrides->node_property_overrides[i];
        BATCHD_TRY(expect_no_eks(range, &given));
        overrides.push_back({.container_overrides = given.container_overrides,
                             .ecs_properties_override = given.ecs_properties_override});
        if (is_given(given.instance_types)) range.instance_types = given.instance_types;
        if (!given.consumable_resource_properties_override) continue;
        range.consumable_resource_properties = given.consumable_resource_properties_override;
        source.second = i;
    }
    ContainerForm containers{.container = std::move(range.container),
                             .ecs_properties = std::move(range.ecs_properties)};
    const auto resolved = resolve_containers(containers, overrides, parameters, Platform::Ec2);
    if (!resolved) return std::unexpected(resolved.error());
    range.container = std::move(containers.container);
    range.ecs_properties = std::move(containers.ecs_properties);

    ResolvedNodes& nodes = resolution.nodes;
    nodes.override_characters = std::max(nodes.override_characters, resolved->override_characters);
    nodes.groups.push_back({.count = last - first + 1, .resources = resolved->resources});
    add_consumables(range, source, resolution);
    nodes.properties.node_range_properties.push_back(std::move(range));
    return {};
}

Result<> read_override_ranges(const std::vector<NodePropertyOverride>& list,
                              std::vector<NodeRange>& ranges) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto range = parse_node_range(override_field(i), list[i].target_nodes);
        if (!range) return std::unexpected(range.error());
        if (list[i].consumable_resource_properties_override) {
            BATCHD_TRY(validate(*list[i].consumable_resource_properties_override,
                                override_field(i) + ".consumableResourcePropertiesOverride"));
        }
        ranges.push_back(*range);
    }
    return {};
}

Result<> read_ranges(Plan& plan) {
    for (const auto& property : plan.properties.node_range_properties) {
        const auto range = parse_node_range("nodeProperties", property.target_nodes);
        if (!range) return std::unexpected(range.error());
        plan.ranges.push_back(*range);
    }
    if (!plan.overrides) return {};
    return read_override_ranges(plan.overrides->node_property_overrides, plan.override_ranges);
}

/// Of the job, whose number of nodes may differ from its definition's.
Result<> expect_nodes_of_overrides(const Plan& plan) {
    for (std::size_t i = 0; i < plan.override_ranges.size(); ++i) {
        if (std::max(plan.override_ranges[i].first, plan.override_ranges[i].last) <
            *plan.properties.num_nodes) {
            continue;
        }
        return invalid_argument(fmt::format("{}.targetNodes '{}' goes beyond the last node, {}",
                                            override_field(i),
                                            plan.overrides->node_property_overrides[i].target_nodes,
                                            *plan.properties.num_nodes - 1));
    }
    return {};
}

}  // namespace

Result<ResolvedNodes> resolve_nodes(const NodeProperties& given,
                                    const std::optional<NodeOverrides>& overrides,
                                    const Parameters& parameters) {
    NodeProperties properties = given;
    Plan plan{
        .properties = properties, .overrides = overrides, .ranges = {}, .override_ranges = {}};
    BATCHD_TRY(read_ranges(plan));
    if (overrides && overrides->num_nodes) {
        BATCHD_TRY(change_count(*overrides->num_nodes, properties, plan.ranges));
    }
    BATCHD_TRY(expect_nodes_of_overrides(plan));
    Resolution resolution;
    resolution.nodes.properties.num_nodes = properties.num_nodes;
    resolution.nodes.properties.main_node = properties.main_node;
    std::int32_t first = 0;
    NodeForm form = form_of(plan, 0);
    for (std::int32_t node = 1; node <= *properties.num_nodes; ++node) {
        NodeForm next;
        if (node < *properties.num_nodes) next = form_of(plan, node);
        if (node < *properties.num_nodes && next == form) continue;
        BATCHD_TRY(add_group(plan, form, first, node - 1, parameters, resolution));
        first = node;
        form = std::move(next);
    }
    return std::move(resolution.nodes);
}

}  // namespace batchd::model
