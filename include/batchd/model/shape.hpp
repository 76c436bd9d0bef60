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

/// Jobs of equal shape fit, or do not fit, in the same places.
struct Shape {
    Resources resources;
    bool fargate = false;  ///< platform capability
    std::vector<ConsumableNeed> consumables = {};
    friend auto operator<=>(const Shape&, const Shape&) = default;
};

}  // namespace batchd::model
