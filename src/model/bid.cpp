#include "batchd/model/bid.hpp"

namespace batchd::model {

MicroUsd highest_bid(const InstanceType& type, const ComputeResources& resources) {
    const std::int64_t bid = resources.bid_percentage.value_or(0);
    return MicroUsd{type.price.value * (bid > 0 ? bid : 100) / 100};
}

}  // namespace batchd::model
