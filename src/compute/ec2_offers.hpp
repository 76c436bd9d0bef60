// What EC2 has and what it costs now. Any thread; calls block.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/model/instance_catalogue.hpp"

#include <vector>

namespace batchd::compute {

/// All types of the region, with the region's On-Demand prices where the price list has them; a
/// price of 0 is not known.
aws::Outcome<std::vector<model::InstanceType>> describe_types(aws::Client& client);

/// Of all types, for each subnet of the account in the region.
aws::Outcome<std::vector<model::SpotPrice>> describe_spot_prices(aws::Client& client);

}  // namespace batchd::compute
