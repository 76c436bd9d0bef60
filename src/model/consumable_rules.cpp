#include "batchd/model/consumable_resource.hpp"
#include "batchd/model/names.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxToken = 64;

Result<> expect_total(std::int64_t total) {
    if (total >= 0) return {};
    return invalid_argument("totalQuantity cannot be a negative number.");
}

}  // namespace

Result<> validate(ConsumableResource& resource) {
    BATCHD_TRY(expect_resource_name("consumableResourceName", resource.consumable_resource_name));
    BATCHD_TRY(expect_total(resource.total_quantity));
    if (resource.resource_type.empty()) resource.resource_type = "REPLENISHABLE";
    return expect_enumerated("resourceType", resource.resource_type,
                             {"REPLENISHABLE", "NON_REPLENISHABLE"});
}

Result<> validate(ConsumableResourceUpdate& update) {
    BATCHD_TRY(expect_enumerated("operation", update.operation, {"SET", "ADD", "REMOVE"}));
    if (!update.quantity) return invalid_argument("quantity is required");
    if (*update.quantity < 0) return invalid_argument("quantity cannot be a negative number.");
    if (!update.client_token) return {};
    const std::size_t length = characters(*update.client_token);
    if (length >= 1 && length <= kMaxToken) return {};
    return invalid_argument(fmt::format("clientToken {} must have 1 to {} characters",
                                        quote(*update.client_token), kMaxToken));
}

Result<> merge(ConsumableResource& resource, const ConsumableResourceUpdate& update) {
    const std::int64_t quantity = update.quantity.value_or(0);
    std::int64_t total = quantity;
    if (update.operation == "ADD" &&
        __builtin_add_overflow(resource.total_quantity, quantity, &total)) {
        return invalid_argument(
            fmt::format("quantity '{}' added to totalQuantity '{}' is too large a number", quantity,
                        resource.total_quantity));
    }
    if (update.operation == "REMOVE") total = resource.total_quantity - quantity;
    BATCHD_TRY(expect_total(total));
    resource.total_quantity = total;
    return {};
}

}  // namespace batchd::model
