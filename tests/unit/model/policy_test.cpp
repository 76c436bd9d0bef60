#include "batchd/model/scheduling_policy.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using Shares = std::vector<ShareAttributes>;

SchedulingPolicy a_policy() {
    SchedulingPolicy policy;
    policy.name = "fair";
    policy.fairshare_policy = {.share_decay_seconds = 3600,
                               .compute_reservation = 10,
                               .share_distribution = Shares{{"red", 0.5}, {"blue*", {}}}};
    return policy;
}

auto shares(Shares list) {
    return [list](SchedulingPolicy& p) { p.fairshare_policy->share_distribution = list; };
}

auto identifier(std::string text) { return shares({{std::move(text), {}}}); }

auto weight(double value) { return shares({{"red", value}}); }

Shares many(int count) {
    Shares list;
    for (int i = 0; i < count; ++i) list.push_back({"s" + std::to_string(i), {}});
    return list;
}

TEST(SchedulingPolicy, FollowsTheRulesOfAws) {
    const std::string name = "Scheduling policy name should match a valid pattern.";
    const std::string pattern = "ShareIdentifier name should match a valid pattern.";
    const std::string range = "Weight factor should be between 0.0001 and 999.9999.";
    testing::expect_rules<SchedulingPolicy>(
        a_policy(),
        {
            {"good", [](SchedulingPolicy&) {}, kAccepted},
            {"no name", [](SchedulingPolicy& p) { p.name = ""; }, name},
            {"name with a space", [](SchedulingPolicy& p) { p.name = "a b"; }, name},
            {"name of 128", [](SchedulingPolicy& p) { p.name = std::string(128, 'n'); }, kAccepted},
            {"name of 129", [](SchedulingPolicy& p) { p.name = std::string(129, 'n'); }, name},
            {"both kinds", [](SchedulingPolicy& p) { p.quota_share_policy = {"FIFO"}; },
             "A scheduling policy can have either fairsharePolicy or quotaSharePolicy"},
            {"an empty policy", [](SchedulingPolicy& p) { p.fairshare_policy.emplace(); },
             kAccepted},
            {"decay 604800",
             [](SchedulingPolicy& p) { p.fairshare_policy->share_decay_seconds = 604'800; },
             kAccepted},
            {"decay 604801",
             [](SchedulingPolicy& p) { p.fairshare_policy->share_decay_seconds = 604'801; },
             "fairsharePolicy.shareDecaySeconds '604801' must be between 0 and 604800"},
            {"reservation 99",
             [](SchedulingPolicy& p) { p.fairshare_policy->compute_reservation = 99; }, kAccepted},
            {"reservation -1",
             [](SchedulingPolicy& p) { p.fairshare_policy->compute_reservation = -1; },
             "fairsharePolicy.computeReservation '-1' must be between 0 and 99"},
            {"the lightest", weight(0.0001), kAccepted},
            {"too light", weight(0.00009), range},
            {"the heaviest", weight(999.9999), kAccepted},
            {"too heavy", weight(1000), range},
            {"identifier of 255", identifier(std::string(255, 'x') + "*"), kAccepted},
            {"identifier of 256", identifier(std::string(256, 'x')), pattern},
            {"identifier with - and _", identifier("a-b_c"), kAccepted},
            {"identifier with two stars", identifier("a**"), pattern},
            {"a star alone", identifier("*"), pattern},
            {"no identifier", identifier(""), pattern},
            {"500 shares", shares(many(500)), kAccepted},
            {"501 shares", shares(many(501)), "ShareDistribution size cannot be greater than 500."},
            {"twice the same", shares({{"a", {}}, {"a", {}}}),
             "Cannot have two or more identical shareIdentifiers."},
            {"one within a prefix", shares({{"user1", {}}, {"user*", {}}}),
             "Share identifier user1 matches another share identifier user*"},
            {"a prefix within a prefix", shares({{"a*", {}}, {"ab*", {}}}),
             "Share identifier ab* matches another share identifier a*"},
            {"the prefix itself", shares({{"a*", {}}, {"a", {}}}),
             "Share identifier a matches another share identifier a*"},
            {"neighbours", shares({{"a", {}}, {"ab", {}}, {"b*", {}}}), kAccepted},
        },
        [](SchedulingPolicy& p) { return validate(p); });
}

TEST(SchedulingPolicy, OfQuotaShares) {
    SchedulingPolicy policy{.name = "q", .fairshare_policy = {}, .quota_share_policy = {{"fifo"}}};
    ASSERT_TRUE(validate(policy));
    EXPECT_EQ(policy.quota_share_policy->idle_resource_assignment_strategy, "FIFO");
    EXPECT_FALSE(policy.fairshare_policy);
    policy.quota_share_policy->idle_resource_assignment_strategy = "LIFO";
    EXPECT_EQ(validate(policy).error().message,
              "Idle resource assignment strategy must be one of [FIFO].");
}

TEST(SchedulingPolicy, WithoutAKindIsFairShare) {
    SchedulingPolicy policy{.name = "f", .fairshare_policy = {}, .quota_share_policy = {}};
    ASSERT_TRUE(validate(policy));
    EXPECT_TRUE(policy.fairshare_policy);
}

TEST(SchedulingPolicy, AnUpdateReplacesThePolicyButNotItsKind) {
    SchedulingPolicy policy = a_policy();
    ASSERT_TRUE(merge(policy, {}));
    EXPECT_EQ(policy.fairshare_policy->share_decay_seconds, 3600);
    SchedulingPolicyUpdate update;
    update.fairshare_policy.emplace().compute_reservation = 5;
    ASSERT_TRUE(merge(policy, update));
    EXPECT_EQ(policy.fairshare_policy->compute_reservation, 5);
    EXPECT_FALSE(policy.fairshare_policy->share_decay_seconds);
    update.quota_share_policy = {"FIFO"};
    EXPECT_FALSE(merge(policy, update)) << "both";
    update.fairshare_policy.reset();
    EXPECT_EQ(merge(policy, update).error().message,
              "scheduling policy 'fair' has a fairsharePolicy and cannot change to the other kind");
}

}  // namespace
}  // namespace batchd::model
