// What a compute environment pays for Spot instances. A pure function; any thread.
#pragma once

#include "batchd/model/compute_environment.hpp"
#include "batchd/model/instance_catalogue.hpp"

namespace batchd::model {

/// AWS: a Spot instance may cost bidPercentage of its On-Demand price per hour, all of it unless
/// that is given.
MicroUsd highest_bid(const InstanceType& type, const ComputeResources& resources);

}  // namespace batchd::model
