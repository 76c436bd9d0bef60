#include "batchd/model/consumable_resource.hpp"
#include "unit/model/rule_table.hpp"

#include <limits>

namespace batchd::model {
namespace {

using testing::kAccepted;
using Resource = ConsumableResource;
using Update = ConsumableResourceUpdate;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

TEST(ConsumableResource, FollowsTheRulesOfAws) {
    testing::expect_rules<Resource>(
        {.consumable_resource_name = "tapes", .total_quantity = 3, .resource_type = ""},
        {
            {"good", [](Resource&) {}, kAccepted},
            {"bad name", [](Resource& r) { r.consumable_resource_name = "a/b"; },
             "consumableResourceName 'a/b' must match [A-Za-z0-9_-]{1,128}"},
            {"nothing", [](Resource& r) { r.total_quantity = 0; }, kAccepted},
            {"less than nothing", [](Resource& r) { r.total_quantity = -1; },
             "totalQuantity cannot be a negative number."},
            {"other type", [](Resource& r) { r.resource_type = "non_replenishable"; }, kAccepted},
            {"unknown type", [](Resource& r) { r.resource_type = "TAPE"; },
             "resourceType 'TAPE' must be one of REPLENISHABLE, NON_REPLENISHABLE"},
        },
        [](Resource& r) { return validate(r); });
}

TEST(ConsumableResource, IsReplenishableUnlessSaidOtherwise) {
    Resource resource{.consumable_resource_name = "a", .total_quantity = 0, .resource_type = ""};
    ASSERT_TRUE(validate(resource));
    EXPECT_EQ(resource.resource_type, "REPLENISHABLE");
}

TEST(ConsumableResourceUpdate, FollowsTheRulesOfAws) {
    testing::expect_rules<Update>(
        {.operation = "add", .quantity = 1, .client_token = "t"},
        {
            {"good", [](Update&) {}, kAccepted},
            {"no operation", [](Update& u) { u.operation = ""; },
             "operation is required: one of SET, ADD, REMOVE"},
            {"unknown operation", [](Update& u) { u.operation = "HALVE"; },
             "operation 'HALVE' must be one of SET, ADD, REMOVE"},
            {"no quantity", [](Update& u) { u.quantity.reset(); }, "quantity is required"},
            {"negative", [](Update& u) { u.quantity = -1; },
             "quantity cannot be a negative number."},
            {"no token", [](Update& u) { u.client_token.reset(); }, kAccepted},
            {"empty token", [](Update& u) { u.client_token = ""; },
             "clientToken '' must have 1 to 64 characters"},
            {"token of 64", [](Update& u) { u.client_token = std::string(64, 't'); }, kAccepted},
            {"token of 65", [](Update& u) { u.client_token = std::string(65, 't'); },
             "clientToken '" + std::string(65, 't') + "' must have 1 to 64 characters"},
        },
        [](Update& u) { return validate(u); });
}

TEST(ConsumableResourceUpdate, ChangesTheTotal) {
    struct Case {
        std::string operation;
        std::int64_t quantity;
        std::optional<std::int64_t> total;
    };
    for (const auto& [operation, quantity, total] : std::initializer_list<Case>{
             {"SET", 5, 5},
             {"SET", kMost, kMost},
             {"ADD", 5, 15},
             {"ADD", kMost, {}},
             {"REMOVE", 10, 0},
             {"REMOVE", 11, {}},
             {"REMOVE", kMost, {}},
         }) {
        SCOPED_TRACE(operation + " " + std::to_string(quantity));
        Resource resource{.consumable_resource_name = "a",
                          .total_quantity = 10,
                          .resource_type = "REPLENISHABLE"};
        const auto done =
            merge(resource, {.operation = operation, .quantity = quantity, .client_token = {}});
        EXPECT_EQ(done.has_value(), total.has_value());
        EXPECT_EQ(resource.total_quantity, total.value_or(10));
    }
}

}  // namespace
}  // namespace batchd::model
