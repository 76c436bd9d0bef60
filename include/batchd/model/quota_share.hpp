// Quota shares of a queue for service jobs, member for member as AWS Batch names them.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/service_environment.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct ResourceSharing {
    std::string strategy;                      ///< RESERVE, LEND or LEND_AND_BORROW
    std::optional<std::int32_t> borrow_limit;  ///< percent, of LEND_AND_BORROW; -1: no limit
};
BOOST_DESCRIBE_STRUCT(ResourceSharing, (), (strategy, borrow_limit))

struct SharePreemption {
    std::string in_share_preemption;  ///< ENABLED or DISABLED
};
BOOST_DESCRIBE_STRUCT(SharePreemption, (), (in_share_preemption))

struct QuotaShare {
    std::string quota_share_name;
    std::string job_queue;  ///< the plain name
    std::vector<CapacityLimit> capacity_limits;
    std::optional<ResourceSharing> resource_sharing_configuration;
    std::optional<SharePreemption> preemption_configuration;
    std::string state;  ///< ENABLED or DISABLED
};
BOOST_DESCRIBE_STRUCT(QuotaShare, (),
                      (quota_share_name, job_queue, capacity_limits, resource_sharing_configuration,
                       preemption_configuration, state))

/// Checks a new or updated share; makes enumerated values upper case, an absent state ENABLED and
/// an absent borrowLimit -1 where it has a meaning.
Result<> validate(QuotaShare& share);

/// What is absent stays; what is given replaces all that was there.
struct QuotaShareUpdate {
    std::optional<std::vector<CapacityLimit>> capacity_limits;
    std::optional<ResourceSharing> resource_sharing_configuration;
    std::optional<SharePreemption> preemption_configuration;
    std::optional<std::string> state;
};
BOOST_DESCRIBE_STRUCT(QuotaShareUpdate, (),
                      (capacity_limits, resource_sharing_configuration, preemption_configuration,
                       state))

/// Call validate afterwards.
void merge(QuotaShare& share, const QuotaShareUpdate& update);

/// What tells a share from those of other queues; no name has a '/'.
inline std::string quota_share_key(const std::string& queue, const std::string& share) {
    return queue + "/" + share;
}

}  // namespace batchd::model
