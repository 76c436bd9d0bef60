// The nodes of multi-node parallel jobs: ranges of node indexes and the rules for them.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"
#include "model/container_rules.hpp"
#include "model/job_parameters.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

/// "2:5", ":5", "2:" or "3"; both ends belong to it.
struct NodeRange {
    std::int32_t first = 0;
    std::int32_t last = 0;  ///< kOpen: as far as there are nodes
    static constexpr std::int32_t kOpen = -1;

    bool contains(std::int32_t node) const {
        return first <= node && (last == kOpen || node <= last);
    }
};
/// InvalidArgument with AWS's text; `field` is the member that holds the range.
Result<NodeRange> parse_node_range(std::string_view field, std::string_view text);

/// Of a definition or a job.
Result<> expect_node_count(std::int32_t num_nodes);

/// A definition's nodes, each container by the rules of single ones.
Result<> validate_nodes(NodeProperties& properties, Platform platform,
                        const ContainerPolicy& policy);

/// The nodes of a job: each index in one range, ranges in order, overrides laid over them and
/// parameters put in.
struct ResolvedNodes {
    NodeProperties properties;
    std::vector<NodeGroup> groups;  ///< parallel to the ranges
    /// Once for each range of the definition, however overrides divide it.
    std::vector<ConsumableNeed> consumables;
    std::size_t override_characters = 0;  ///< of the node with the longest (ecs_overrides.hpp)
};
Result<ResolvedNodes> resolve_nodes(const NodeProperties& properties,
                                    const std::optional<NodeOverrides>& overrides,
                                    const Parameters& parameters);

/// Appends what a list of consumable resources asks for.
void add_needs(const std::optional<ConsumableResourceProperties>& properties,
               std::vector<ConsumableNeed>& needs);

}  // namespace batchd::model
