// Consumable resources, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace batchd::model {

struct ConsumableResource {
    std::string consumable_resource_name;
    std::int64_t total_quantity = 0;
    std::string resource_type;  ///< REPLENISHABLE or NON_REPLENISHABLE
};
BOOST_DESCRIBE_STRUCT(ConsumableResource, (),
                      (consumable_resource_name, total_quantity, resource_type))

/// Checks a new resource by AWS's rules and texts; makes its type upper case, an absent one
/// REPLENISHABLE.
Result<> validate(ConsumableResource& resource);

struct ConsumableResourceUpdate {
    std::string operation;  ///< SET, ADD or REMOVE
    std::optional<std::int64_t> quantity;
    std::optional<std::string> client_token;
};
BOOST_DESCRIBE_STRUCT(ConsumableResourceUpdate, (), (operation, quantity, client_token))

/// Makes the operation upper case.
Result<> validate(ConsumableResourceUpdate& update);
/// Refuses to leave the total below zero or beyond 64 bits. `update` is validated.
Result<> merge(ConsumableResource& resource, const ConsumableResourceUpdate& update);

/// An update that came with a clientToken and must not happen again. Its name says all of it.
struct AppliedUpdate {};
BOOST_DESCRIBE_STRUCT(AppliedUpdate, (), ())

}  // namespace batchd::model
