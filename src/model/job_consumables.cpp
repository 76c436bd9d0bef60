// consumableResourceProperties: what a job takes of consumable resources while it runs.
#include "batchd/model/job_definition.hpp"
#include "model/node_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxConsumables = 5;

}  // namespace

Result<> validate(const ConsumableResourceProperties& properties, std::string_view field) {
    const auto& list = properties.consumable_resource_list;
    if (list.size() > kMaxConsumables) {
        return invalid_argument(
            "Each ConsumableResourceProperty can have at most 5 consumableResources");
    }
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string member =
            fmt::format("{}.{}", field, element("consumableResourceList", i));
        if (!is_given(list[i].consumable_resource)) {
            return invalid_argument(member + ".consumableResource is required");
        }
        if (!list[i].quantity) return invalid_argument(member + ".quantity is required");
        BATCHD_TRY(expect_at_least(member + ".quantity", *list[i].quantity, 1));
        if (!names.insert(*list[i].consumable_resource).second) {
            return invalid_argument(
                "Cannot have duplicate consumableResource in consumableResourceProperties");
        }
    }
    return {};
}

void add_needs(const std::optional<ConsumableResourceProperties>& properties,
               std::vector<ConsumableNeed>& needs) {
    if (!properties) return;
    for (const auto& entry : properties->consumable_resource_list) {
        needs.push_back({.name = entry.consumable_resource.value_or(""),
                         .quantity = entry.quantity.value_or(0)});
    }
}

}  // namespace batchd::model
