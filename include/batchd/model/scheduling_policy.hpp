// Scheduling policies, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/base/time.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

struct ShareAttributes {
    std::string share_identifier;         ///< with '*' at its end: all that begin so
    std::optional<double> weight_factor;  ///< AWS: 1 if absent; a lower weight gets more
};
BOOST_DESCRIBE_STRUCT(ShareAttributes, (), (share_identifier, weight_factor))

struct FairsharePolicy {
    std::optional<std::int32_t> share_decay_seconds;
    std::optional<std::int32_t> compute_reservation;
    std::optional<std::vector<ShareAttributes>> share_distribution;
};
BOOST_DESCRIBE_STRUCT(FairsharePolicy, (),
                      (share_decay_seconds, compute_reservation, share_distribution))

struct QuotaSharePolicy {
    std::string idle_resource_assignment_strategy;  ///< FIFO
};
BOOST_DESCRIBE_STRUCT(QuotaSharePolicy, (), (idle_resource_assignment_strategy))

/// Has one of the two once it is validated.
struct SchedulingPolicy {
    std::string name;
    std::optional<FairsharePolicy> fairshare_policy;
    std::optional<QuotaSharePolicy> quota_share_policy;
};
BOOST_DESCRIBE_STRUCT(SchedulingPolicy, (), (name, fairshare_policy, quota_share_policy))

/// The weight of a share: that of its own entry, of the prefix that it begins with, or 1.
double weight_of(const FairsharePolicy& policy, std::string_view share_identifier);
/// AWS: 0, and an absent value, mean 600 s.
Seconds decay_window(const FairsharePolicy& policy);

/// Checks a new or updated policy by AWS's rules and texts. A policy that says neither is a
/// fair-share policy by its defaults.
Result<> validate(SchedulingPolicy& policy);

/// What is absent stays; what is given replaces all that was there.
struct SchedulingPolicyUpdate {
    std::optional<FairsharePolicy> fairshare_policy;
    std::optional<QuotaSharePolicy> quota_share_policy;
};
BOOST_DESCRIBE_STRUCT(SchedulingPolicyUpdate, (), (fairshare_policy, quota_share_policy))

/// Refuses to make one kind of policy the other. Call validate afterwards.
Result<> merge(SchedulingPolicy& policy, const SchedulingPolicyUpdate& update);

}  // namespace batchd::model
