// What an environment would launch, as its allocation strategy ranks it.
#pragma once

#include "batchd/core/scaling.hpp"
#include "core/scaling/pack.hpp"

#include <cstdint>
#include <vector>

namespace batchd::core::scaling {

/// A type in the zone where it is best.
struct Candidate {
    const ScalingOffer* offer = nullptr;
    Bin bin;
    /// The strategy's order: a type of a higher tier is launched only for jobs that fit into none
    /// of a lower tier. Inside a tier cost decides.
    std::int64_t tier = 0;
};

/// One per type, by tier, then price. A type is blocked if it is in all zones; then the zone is the
/// one where it may be tried again first.
std::vector<Candidate> candidates(const ScalingEnvironment& environment, Timestamp now);

bool is_blocked(const ScalingOffer& offer, Timestamp now);

/// Why a job is not served, or `instances` instances that each take `need`, if it is not a block.
UnservedCause why_unserved(const ScalingEnvironment& environment, const Amounts& need,
                           std::int64_t instances = 1);

/// Whether AWS lets the strategy pass maxvCpus by one instance.
bool may_pass_max(const ScalingEnvironment& environment);

inline std::int64_t vcpus_of(const model::Resources& capacity) {
    return capacity.vcpu.value / 1000;
}

}  // namespace batchd::core::scaling
