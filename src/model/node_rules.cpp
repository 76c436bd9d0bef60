#include "model/node_rules.hpp"

#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace batchd::model {
namespace {

constexpr std::int32_t kMaxNodes = 1000;
constexpr std::size_t kMaxRanges = 5;

std::string range_field(std::size_t i) { return element("nodeProperties.nodeRangeProperties", i); }

Result<std::int32_t> to_index(std::string_view field, std::string_view text,
                              std::string_view digits) {
    std::int32_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, value);
    if (is_digits(digits) && read.ec == std::errc{} && read.ptr == end) return value;
    return invalid_argument(
        fmt::format("targetNodes should contain only digits. {}.targetNodes is {}; its forms are "
                    "'a:b', ':b', 'a:' and 'a'",
                    field, quote(text)));
}

Result<> validate_counts(const NodeProperties& properties) {
    if (!properties.num_nodes) return invalid_argument("nodeProperties.numNodes is required");
    if (!properties.main_node) return invalid_argument("nodeProperties.mainNode is required");
    BATCHD_TRY(expect_node_count(*properties.num_nodes));
    if (*properties.main_node < 0 || *properties.main_node >= *properties.num_nodes) {
        return invalid_argument("Main node index is out of range, must be less than numNodes.");
    }
    const auto& ranges = properties.node_range_properties;
    if (ranges.empty()) {
        return invalid_argument("nodeProperties.nodeRangeProperties is required");
    }
    if (ranges.size() > kMaxRanges) {
        return invalid_argument("Maximum allowed size of node range properties is 5");
    }
    return {};
}

/// AWS: the ranges cover all nodes and no others.
Result<> expect_coverage(const std::vector<NodeRange>& ranges, std::int32_t num_nodes) {
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        if (std::max(ranges[i].first, ranges[i].last) < num_nodes) continue;
        return invalid_argument(
            fmt::format("{}.targetNodes goes beyond the last node, {}: numNodes is {}",
                        range_field(i), num_nodes - 1, num_nodes));
    }
    for (std::int32_t node = 0; node < num_nodes; ++node) {
        if (std::ranges::any_of(ranges, [&](const auto& range) { return range.contains(node); })) {
            continue;
        }
        return invalid_argument(
            fmt::format("nodeProperties.nodeRangeProperties must cover all nodes by their "
                        "targetNodes: node {} of {} is in no range",
                        node, num_nodes));
    }
    return {};
}

Result<> validate_range(NodeRangeProperty& range, const std::string& field, Platform platform,
                        const ContainerPolicy& policy) {
    if (range.container && range.ecs_properties) {
        return invalid_argument(
            "NodeRangeProperties can not use both ecsProperties and container fields");
    }
    if (range.eks_properties && (range.container || range.ecs_properties)) {
        return invalid_argument(fmt::format(
            "{} can not use eksProperties together with container or ecsProperties", field));
    }
    if (!range.container && !range.ecs_properties && !range.eks_properties) {
        return invalid_argument(
            fmt::format("Must specify container for node range {}", range.target_nodes));
    }
    if (range.container && is_given(range.instance_types)) {
        return invalid_argument(
            "Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.");
    }
    if (range.consumable_resource_properties) {
        BATCHD_TRY(validate(*range.consumable_resource_properties,
                            field + ".consumableResourceProperties"));
    }
    if (range.eks_properties) return validate(*range.eks_properties);
    if (range.ecs_properties) return validate_task(*range.ecs_properties, platform, policy);
    BATCHD_TRY(validate_container(*range.container, platform, policy));
    return validate_requirements(*range.container, platform);
}

}  // namespace

Result<> expect_node_count(std::int32_t num_nodes) {
    if (num_nodes >= 1 && num_nodes <= kMaxNodes) return {};
    return invalid_argument("Number of nodes must be between 1 and 1000.");
}

Result<NodeRange> parse_node_range(std::string_view field, std::string_view text) {
    NodeRange range;
    const auto colon = text.find(':');
    const std::string_view first = text.substr(0, colon);
    const bool is_open = colon != std::string_view::npos;
    const std::string_view last = is_open ? text.substr(colon + 1) : first;
    if (!first.empty() || !is_open) {
        const auto value = to_index(field, text, first);
        if (!value) return std::unexpected(value.error());
        range.first = *value;
    }
    range.last = NodeRange::kOpen;
    if (!last.empty()) {
        const auto value = to_index(field, text, last);
        if (!value) return std::unexpected(value.error());
        range.last = *value;
        if (range.last < range.first) {
            return invalid_argument(
                fmt::format("{}.targetNodes {} ends before it begins", field, quote(text)));
        }
    }
    return range;
}

Result<> validate_nodes(NodeProperties& properties, Platform platform,
                        const ContainerPolicy& policy) {
    if (platform == Platform::Fargate) return invalid_argument("Fargate does not support MNP jobs");
    BATCHD_TRY(validate_counts(properties));
    std::vector<NodeRange> ranges;
    for (std::size_t i = 0; i < properties.node_range_properties.size(); ++i) {
        NodeRangeProperty& property = properties.node_range_properties[i];
        const auto range = parse_node_range(range_field(i), property.target_nodes);
        if (!range) return std::unexpected(range.error());
        ranges.push_back(*range);
        BATCHD_TRY(validate_range(property, range_field(i), platform, policy));
    }
    return expect_coverage(ranges, *properties.num_nodes);
}

}  // namespace batchd::model
