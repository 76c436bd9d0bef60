#include "compute/ec2_offers.hpp"

#include "batchd/aws/ec2.hpp"
#include "batchd/aws/pricing.hpp"
#include "batchd/base/log.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace batchd::compute {
namespace {

model::MicroUsd in_micro_usd(double dollars) {
    return model::MicroUsd{std::llround(dollars * 1e6)};
}

model::InstanceType type_of(const aws::InstanceType& described) {
    const bool is_arm = std::ranges::count(described.architectures, "arm64") > 0;
    return {.name = described.name,
            .architecture = is_arm ? model::Architecture::Arm64 : model::Architecture::X86_64,
            .vcpus = static_cast<std::int32_t>(described.vcpus),
            .memory = described.memory,
            .gpus = static_cast<std::int32_t>(described.gpus),
            .gpu_name = described.gpu_name,
            .gpu_memory = described.gpu_memory};
}

/// Not every account may read the price list; the catalogue's own prices serve as well.
std::map<std::string, model::MicroUsd> on_demand_prices(aws::Client& client) {
    std::map<std::string, model::MicroUsd> prices;
    const auto region = client.region();
    if (!region) return prices;
    const auto listed = aws::get_on_demand_prices(client, *region);
    if (!listed) {
        log::info("the price list is not read: {}", listed.error().text());
        return prices;
    }
    for (const auto& price : *listed) {
        prices[price.instance_type] = in_micro_usd(price.dollars_per_hour);
    }
    return prices;
}

}  // namespace

aws::Outcome<std::vector<model::InstanceType>> describe_types(aws::Client& client) {
    const auto described = aws::describe_instance_types(client, {});
    if (!described) return std::unexpected(described.error());
    const auto prices = on_demand_prices(client);
    std::vector<model::InstanceType> types;
    for (const auto& one : *described) {
        auto type = type_of(one);
        if (const auto price = prices.find(type.name); price != prices.end()) {
            type.price = price->second;
        }
        types.push_back(std::move(type));
    }
    return types;
}

aws::Outcome<std::vector<model::SpotPrice>> describe_spot_prices(aws::Client& client) {
    const auto subnets = aws::describe_subnets(client, {});
    if (!subnets) return std::unexpected(subnets.error());
    const auto priced = aws::describe_spot_prices(client, {});
    if (!priced) return std::unexpected(priced.error());
    std::multimap<std::string, std::string> by_zone;
    for (const auto& subnet : *subnets) by_zone.emplace(subnet.availability_zone, subnet.id);
    std::vector<model::SpotPrice> prices;
    for (const auto& price : *priced) {
        const auto [begin, end] = by_zone.equal_range(price.availability_zone);
        for (auto it = begin; it != end; ++it) {
            prices.push_back({.type = price.instance_type,
                              .zone = it->second,
                              .price = in_micro_usd(price.dollars_per_hour)});
        }
    }
    return prices;
}

}  // namespace batchd::compute
