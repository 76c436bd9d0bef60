#include "batchd/model/quota_share.hpp"
#include "model/capacity_limits.hpp"
#include "model/rules.hpp"

namespace batchd::model {
namespace {

constexpr std::int32_t kUnlimited = -1;

Result<> validate_sharing(std::optional<ResourceSharing>& sharing) {
    if (!sharing) return invalid_argument("resourceSharingConfiguration is required");
    BATCHD_TRY(expect_enumerated("resourceSharingConfiguration.strategy", sharing->strategy,
                                 {"RESERVE", "LEND", "LEND_AND_BORROW"}));
    std::optional<std::int32_t>& limit = sharing->borrow_limit;
    if (sharing->strategy == "LEND_AND_BORROW") {
        limit = limit.value_or(kUnlimited);
        return expect_at_least("resourceSharingConfiguration.borrowLimit", *limit, kUnlimited);
    }
    if (!limit) return {};
    return invalid_argument(
        "resourceSharingConfiguration.borrowLimit is for the strategy LEND_AND_BORROW, not for " +
        sharing->strategy);
}

}  // namespace

Result<> validate(QuotaShare& share) {
    BATCHD_TRY(expect_resource_name("quotaShareName", share.quota_share_name));
    BATCHD_TRY(expect_state(share.state));
    BATCHD_TRY(validate_capacity_limits(share.capacity_limits));
    BATCHD_TRY(validate_sharing(share.resource_sharing_configuration));
    if (!share.preemption_configuration) {
        return invalid_argument("preemptionConfiguration is required");
    }
    return expect_enumerated("preemptionConfiguration.inSharePreemption",
                             share.preemption_configuration->in_share_preemption,
                             {"ENABLED", "DISABLED"});
}

void merge(QuotaShare& share, const QuotaShareUpdate& update) {
    if (update.capacity_limits) share.capacity_limits = *update.capacity_limits;
    if (update.resource_sharing_configuration) {
        share.resource_sharing_configuration = update.resource_sharing_configuration;
    }
    if (update.preemption_configuration) {
        share.preemption_configuration = update.preemption_configuration;
    }
    if (update.state) share.state = *update.state;
}

}  // namespace batchd::model
