// What a job needs to be placed.
#pragma once

#include "batchd/model/resources.hpp"

#include <boost/describe/class.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace batchd::model {

/// Units of a consumable resource, by its name; or a place among the jobs of one definition, of
/// which maxRunning may run at once.
struct ConsumableNeed {
    std::string name;  ///< of a definition as running_limit_name gives it
    std::int64_t quantity = 0;
    std::int64_t limit = 0;  ///< maxRunning; 0: as many as the resource has
    friend auto operator<=>(const ConsumableNeed&, const ConsumableNeed&) = default;
};
BOOST_DESCRIBE_STRUCT(ConsumableNeed, (), (name, quantity, limit))

/// No name of a consumable resource has a slash.
inline std::string running_limit_name(const std::string& definition) {
    return "job-definition/" + definition;
}

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
