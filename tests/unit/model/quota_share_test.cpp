#include "batchd/model/quota_share.hpp"

#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using Q = QuotaShare;

Q a_share() {
    return {.quota_share_name = "s",
            .job_queue = "q",
            .capacity_limits = {{4, "NUM_INSTANCES"}},
            .resource_sharing_configuration =
                ResourceSharing{.strategy = "reserve", .borrow_limit = {}},
            .preemption_configuration = SharePreemption{.in_share_preemption = "enabled"},
            .state = ""};
}

auto sharing(std::string strategy, std::optional<std::int32_t> limit) {
    return [=](Q& q) { q.resource_sharing_configuration = ResourceSharing{strategy, limit}; };
}

TEST(QuotaShare, FollowsTheRulesOfAws) {
    testing::expect_rules<Q>(
        a_share(),
        {
            {"good", [](Q&) {}, kAccepted},
            {"name", [](Q& q) { q.quota_share_name = "a/b"; },
             "quotaShareName 'a/b' must match [A-Za-z0-9_-]{1,128}"},
            {"state", [](Q& q) { q.state = "ON"; }, "state 'ON' must be one of ENABLED, DISABLED"},
            {"no limits", [](Q& q) { q.capacity_limits.clear(); }, "Capacitylimits are required."},
            {"no sharing", [](Q& q) { q.resource_sharing_configuration.reset(); },
             "resourceSharingConfiguration is required"},
            {"strategy", sharing("GIVE", {}),
             "resourceSharingConfiguration.strategy 'GIVE' must be one of RESERVE, LEND, "
             "LEND_AND_BORROW"},
            {"limit", sharing("LEND_AND_BORROW", 50), kAccepted},
            {"no limit", sharing("LEND_AND_BORROW", -1), kAccepted},
            {"negative limit", sharing("LEND_AND_BORROW", -2),
             "resourceSharingConfiguration.borrowLimit '-2' must be at least -1"},
            {"limit of a lender", sharing("LEND", 50),
             "resourceSharingConfiguration.borrowLimit is for the strategy LEND_AND_BORROW, not "
             "for LEND"},
            {"no preemption", [](Q& q) { q.preemption_configuration.reset(); },
             "preemptionConfiguration is required"},
            {"preemption", [](Q& q) { q.preemption_configuration->in_share_preemption = "ON"; },
             "preemptionConfiguration.inSharePreemption 'ON' must be one of ENABLED, DISABLED"},
        },
        [](Q& q) { return validate(q); });
}

TEST(QuotaShare, IsNormalised) {
    Q share = a_share();
    sharing("lend_and_borrow", {})(share);
    ASSERT_TRUE(validate(share));
    EXPECT_EQ(share.state, "ENABLED");
    EXPECT_EQ(share.resource_sharing_configuration->strategy, "LEND_AND_BORROW");
    EXPECT_EQ(share.resource_sharing_configuration->borrow_limit, -1);
}

TEST(QuotaShare, TakesOverWhatAnUpdateGives) {
    Q share = a_share();
    merge(share, {});
    EXPECT_EQ(share.capacity_limits.size(), 1U);
    QuotaShareUpdate update;
    update.state = "DISABLED";
    update.capacity_limits = std::vector<CapacityLimit>{{1, "ml.m5.large"}, {2, "ml.m5.xlarge"}};
    merge(share, update);
    EXPECT_EQ(share.state, "DISABLED");
    EXPECT_EQ(share.capacity_limits.size(), 2U);
}

}  // namespace
}  // namespace batchd::model
