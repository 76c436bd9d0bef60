// Prices and costs.
#pragma once

#include "batchd/base/units.hpp"

namespace batchd::model {

using MicroUsd = Quantity<struct MicroUsdTag>;  ///< 1,000,000 to the US dollar; prices are per hour

}  // namespace batchd::model
