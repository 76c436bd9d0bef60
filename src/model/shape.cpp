#include "batchd/model/shape.hpp"

namespace batchd::model {

std::int32_t count_nodes(const Shape& shape) {
    std::int32_t count = 0;
    for (const NodeGroup& group : shape.nodes) count += group.count;
    return count;
}

Resources resources_of_node(const Shape& shape, std::int32_t node) {
    for (const NodeGroup& group : shape.nodes) {
        if (node < group.count) return group.resources;
        node -= group.count;
    }
    return {};
}

}  // namespace batchd::model
