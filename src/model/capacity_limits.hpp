// Capacity limits, which service environments and quota shares have.
#pragma once

#include "batchd/model/service_environment.hpp"

namespace batchd::model {

/// Makes NUM_INSTANCES upper case.
Result<> validate_capacity_limits(std::vector<CapacityLimit>& limits);

}  // namespace batchd::model
