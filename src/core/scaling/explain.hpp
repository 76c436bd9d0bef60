// The record of a decision: why this launch, and what else there was.
#pragma once

#include "batchd/core/scaling.hpp"

namespace batchd::core::scaling {

/// Fills `why` and `alternatives` of all launches.
void explain(ScalingPlan& plan, const ScalingInput& input);

}  // namespace batchd::core::scaling
