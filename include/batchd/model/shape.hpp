// What a job needs to be placed.
#pragma once

#include "batchd/model/resources.hpp"

#include <boost/describe/class.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace batchd::model {

/// Units of a consumable resource, by its name.
struct ConsumableNeed {
    std::string name;
    std::int64_t quantity = 0;
    friend auto operator<=>(const ConsumableNeed&, const ConsumableNeed&) = default;
};
BOOST_DESCRIBE_STRUCT(ConsumableNeed, (), (name, quantity))

/// Consecutive nodes of a multi-node parallel job that ask for the same.
struct NodeGroup {
    std::int32_t count = 0;
    Resources resources;  ///< of each
    friend auto operator<=>(const NodeGroup&, const NodeGroup&) = default;
};

/// Jobs of equal shape fit, or do not fit, in the same places.
struct Shape {
    Resources resources;   ///< of all nodes
    bool fargate = false;  ///< platform capability
    std::vector<ConsumableNeed> consumables = {};
    std::vector<NodeGroup> nodes = {};  ///< by index; empty: not a multi-node job
    friend auto operator<=>(const Shape&, const Shape&) = default;
};

/// 0 if it is not a multi-node job.
std::int32_t count_nodes(const Shape& shape);
/// What one node asks for, by its index.
Resources resources_of_node(const Shape& shape, std::int32_t node);

}  // namespace batchd::model
