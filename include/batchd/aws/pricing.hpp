// Calls of the AWS Price List. Any thread; they block.
#pragma once

#include "batchd/aws/client.hpp"

#include <string>
#include <vector>

namespace batchd::aws {

struct OnDemandPrice {
    std::string instance_type{};
    double dollars_per_hour = 0;
};

/// What Linux on demand costs in a region, shared tenancy; all types if none is named. All pages.
Outcome<std::vector<OnDemandPrice>> get_on_demand_prices(Client& client, const std::string& region,
                                                         const std::string& instance_type = {});

}  // namespace batchd::aws
