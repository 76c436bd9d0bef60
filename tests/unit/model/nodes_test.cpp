// Multi-node definitions: the ranges of their nodes, and overrides over them.
#include "model/node_rules.hpp"
#include "unit/model/rule_table.hpp"

#include <gtest/gtest.h>

#include <set>

namespace batchd::model {
namespace {

using N = NodeProperties;

ContainerProperties a_container(const std::string& vcpus = "1") {
    ContainerProperties container;
    container.image = "busybox";
    container.command = {"echo", "Ref::word"};
    container.resource_requirements = {{"VCPU", vcpus}, {"MEMORY", "64"}};
    return container;
}

NodeRangeProperty a_range(const std::string& target, const std::string& vcpus = "1") {
    NodeRangeProperty range;
    range.target_nodes = target;
    range.container = a_container(vcpus);
    return range;
}

N nodes(std::int32_t count, const std::vector<std::string>& targets) {
    N properties{.num_nodes = count, .main_node = 0, .node_range_properties = {}};
    for (const auto& target : targets) {
        properties.node_range_properties.push_back(a_range(target));
    }
    return properties;
}

std::string error_of(N properties, Platform platform = Platform::Ec2) {
    const auto valid = validate_nodes(properties, platform, {});
    return valid ? "" : valid.error().message;
}

Result<ResolvedNodes> resolved_nodes(const NodeProperties& properties,
                                     const std::optional<NodeOverrides>& overrides,
                                     const StringMap& parameters) {
    std::set<std::string> used;
    return resolve_nodes(properties, overrides, {.values = parameters, .used = used});
}

TEST(Nodes, RangesHaveFourForms) {
    const auto forms = [](std::string_view text) {
        const auto range = parse_node_range("f", text);
        return range ? std::pair(range->first, range->last) : std::pair(-9, -9);
    };
    EXPECT_EQ(forms("3"), std::pair(3, 3));
    EXPECT_EQ(forms("2:5"), std::pair(2, 5));
    EXPECT_EQ(forms(":5"), std::pair(0, 5));
    EXPECT_EQ(forms("2:"), std::pair(2, NodeRange::kOpen));
    EXPECT_EQ(forms(":"), std::pair(0, NodeRange::kOpen));
    for (const char* bad : {"", "x", "1:x", "-1", "1:2:3", "5:2", "99999999999", " 1"}) {
        EXPECT_EQ(forms(bad), std::pair(-9, -9)) << bad;
    }
}

TEST(Nodes, FollowTheRulesOfAws) {
    EXPECT_EQ(error_of(nodes(3, {"0", "1:"})), "");
    EXPECT_EQ(error_of(nodes(0, {"0:"})), "Number of nodes must be between 1 and 1000.");
    EXPECT_EQ(error_of(nodes(1001, {"0:"})), "Number of nodes must be between 1 and 1000.");
    EXPECT_EQ(error_of(nodes(1000, {"0:"})), "");
    N main = nodes(2, {"0:"});
    main.main_node = 2;
    EXPECT_EQ(error_of(main), "Main node index is out of range, must be less than numNodes.");
    EXPECT_EQ(error_of(nodes(6, {"0", "1", "2", "3", "4", "5"})),
              "Maximum allowed size of node range properties is 5");
    EXPECT_EQ(error_of(nodes(2, {"0"})),
              "nodeProperties.nodeRangeProperties must cover all nodes by their targetNodes: node "
              "1 of 2 is in no range");
    EXPECT_EQ(error_of(nodes(2, {"0:2"})),
              "nodeProperties.nodeRangeProperties[0].targetNodes goes beyond the last node, 1: "
              "numNodes is 2");
    EXPECT_EQ(error_of(nodes(2, {"0:"}), Platform::Fargate), "Fargate does not support MNP jobs");
    N none = nodes(1, {"0"});
    none.node_range_properties[0].container.reset();
    EXPECT_EQ(error_of(none), "Must specify container for node range 0");
    none.node_range_properties[0].container = a_container();
    none.node_range_properties[0].ecs_properties.emplace();
    EXPECT_EQ(error_of(none),
              "NodeRangeProperties can not use both ecsProperties and container fields");
    N types = nodes(1, {"0"});
    types.node_range_properties[0].instance_types = {"m5.large"};
    EXPECT_EQ(error_of(types),
              "Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.");
    N no_image = nodes(1, {"0"});
    no_image.node_range_properties[0].container->image.reset();
    EXPECT_NE(error_of(no_image), "");
}

TEST(Nodes, ANestedRangeGoesBeforeTheOneAroundIt) {
    N properties = nodes(6, {"0:"});
    properties.node_range_properties.insert(properties.node_range_properties.begin(),
                                            a_range("2:3", "4"));
    const auto resolved = resolved_nodes(properties, {}, {{"word", "hello"}});
    ASSERT_TRUE(resolved) << resolved.error().message;
    ASSERT_EQ(resolved->groups.size(), 3U);
    EXPECT_EQ(resolved->groups[0].count, 2);
    EXPECT_EQ(resolved->groups[1].count, 2);
    EXPECT_EQ(resolved->groups[1].resources.vcpu, vcpus(4));
    EXPECT_EQ(resolved->groups[2].count, 2);
    const auto& ranges = resolved->properties.node_range_properties;
    EXPECT_EQ(ranges[1].target_nodes, "2:3");
    EXPECT_EQ(ranges[2].container->command[1], "hello");
    JobSpec spec;
    spec.node_properties = resolved->properties;
    EXPECT_EQ(spec_of_node(spec, 3).container->resource_requirements[0].value, "4");
    EXPECT_EQ(spec_of_node(spec, 4).container->resource_requirements[0].value, "1");
    EXPECT_FALSE(spec_of_node(spec, 4).node_properties);
}

TEST(Nodes, OverridesAreLaidOverTheNodesThatTheyName) {
    NodeOverrides overrides{.num_nodes = 5, .node_property_overrides = {}};
    NodePropertyOverride first{.target_nodes = "0:2",
                               .container_overrides = {},
                               .ecs_properties_override = {},
                               .eks_properties_override = {},
                               .instance_types = {},
                               .consumable_resource_properties_override = {}};
    first.container_overrides.emplace().environment = {{"A", "1"}};
    NodePropertyOverride second = first;
    second.target_nodes = "2:";
    second.container_overrides->environment = {{"B", "2"}};
    overrides.node_property_overrides = {first, second};
    const auto resolved = resolved_nodes(nodes(2, {"0:"}), overrides, {{"word", "x"}});
    ASSERT_TRUE(resolved) << resolved.error().message;
    const auto& ranges = resolved->properties.node_range_properties;
    ASSERT_EQ(ranges.size(), 3U);
    EXPECT_EQ(ranges[0].target_nodes, "0:1");
    EXPECT_EQ(ranges[0].container->environment.size(), 1U);
    EXPECT_EQ(ranges[1].target_nodes, "2");
    EXPECT_EQ(ranges[1].container->environment.size(), 2U);
    EXPECT_EQ(ranges[2].target_nodes, "3:4");
}

NodePropertyOverride an_override(const std::string& target) {
    return {.target_nodes = target,
            .container_overrides = {},
            .ecs_properties_override = {},
            .eks_properties_override = {},
            .instance_types = {},
            .consumable_resource_properties_override = {}};
}

TEST(Nodes, ParametersArePutInOnceHoweverManyOverridesThereAre) {
    NodeOverrides overrides{.num_nodes = {},
                            .node_property_overrides = {an_override("0:1"), an_override("0")}};
    for (auto& given : overrides.node_property_overrides) {
        given.container_overrides.emplace().environment = {{"A", "1"}};
    }
    const auto resolved =
        resolved_nodes(nodes(2, {"0:"}), overrides, {{"word", "literal-Ref::other"}});
    ASSERT_TRUE(resolved) << resolved.error().message;
    EXPECT_EQ(resolved->properties.node_range_properties[0].container->command[1],
              "literal-Ref::other");
}

TEST(Nodes, OverridesNameNodesThatThereAre) {
    NodeOverrides overrides{.num_nodes = {}, .node_property_overrides = {an_override("5:9")}};
    const auto resolved = resolved_nodes(nodes(2, {"0:"}), overrides, {{"word", "x"}});
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error().message,
              "nodeOverrides.nodePropertyOverrides[0].targetNodes '5:9' goes beyond the last node, "
              "1");
}

TEST(Nodes, ConsumablesCountOnceForEachRange) {
    N properties = nodes(6, {"0:1", "2:"});
    for (auto& range : properties.node_range_properties) {
        range.consumable_resource_properties.emplace().consumable_resource_list = {
            {.consumable_resource = "license", .quantity = 2}};
    }
    NodeOverrides overrides{.num_nodes = {}, .node_property_overrides = {an_override("3:4")}};
    overrides.node_property_overrides[0].container_overrides.emplace().environment = {{"A", "1"}};
    const auto resolved = resolved_nodes(properties, overrides, {{"word", "x"}});
    ASSERT_TRUE(resolved) << resolved.error().message;
    EXPECT_EQ(resolved->groups.size(), 4U);
    ASSERT_EQ(resolved->consumables.size(), 2U);
    EXPECT_EQ(resolved->consumables[1].quantity, 2);
}

TEST(Nodes, AnotherNumberNeedsAnOpenEnd) {
    const auto error = [](const N& properties, std::int32_t count) {
        NodeOverrides overrides{.num_nodes = count, .node_property_overrides = {}};
        const auto resolved = resolved_nodes(properties, overrides, {{"word", "x"}});
        return resolved ? "" : resolved.error().message;
    };
    EXPECT_EQ(error(nodes(2, {"0", "1:"}), 9), "");
    EXPECT_EQ(error(nodes(2, {"0:"}), 1001), "Number of nodes must be between 1 and 1000.");
    EXPECT_EQ(error(nodes(2, {"0:1"}), 2), "");
    EXPECT_TRUE(error(nodes(2, {"0:1"}), 3).contains("open upper boundary"));
    EXPECT_TRUE(error(nodes(2, {"0", "1:"}), 1).contains("leaves out nodes of the range '1:'"));
    N last = nodes(3, {"0:"});
    last.main_node = 2;
    EXPECT_EQ(error(last, 2), "Main node index is out of range, must be less than numNodes.");
}

}  // namespace
}  // namespace batchd::model
