#include "batchd/core/offer_blocks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace batchd::core {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Timestamp kNow = from_epoch_ms(1'000'000'000'000);

class Blocks : public ::testing::Test {
  protected:
    /// Fails again and again, each time as soon as the offer opens; how long the blocks lasted.
    std::vector<Milliseconds> repeat(OfferError error, int times) {
        std::vector<Milliseconds> lasted;
        Timestamp now = kNow;
        for (int i = 0; i < times; ++i) {
            blocks.failed("m5.large", "a", false, error, now);
            const auto until = blocks.blocked_until("m5.large", "a", false, now);
            EXPECT_TRUE(until);
            lasted.push_back(*until - now);
            now = *until;
            EXPECT_FALSE(blocks.blocked_until("m5.large", "a", false, now));
        }
        return lasted;
    }
    bool is_blocked(std::string_view type, std::string_view zone, bool is_spot = false) const {
        return blocks.blocked_until(type, zone, is_spot, kNow).has_value();
    }

    OfferBlocks blocks;
};

TEST_F(Blocks, CapacityIsOfOneTypeInOneZoneOfOneMarket) {
    blocks.failed("m5.large", "a", false, OfferError::Capacity, kNow);
    EXPECT_TRUE(is_blocked("m5.large", "a"));
    EXPECT_FALSE(is_blocked("m5.large", "b"));
    EXPECT_FALSE(is_blocked("m5.xlarge", "a"));
    EXPECT_FALSE(is_blocked("m5.large", "a", true));
}

TEST_F(Blocks, AQuotaIsOfAllTypesThatCountAgainstIt) {
    blocks.failed("m5.large", "a", false, OfferError::Quota, kNow);
    EXPECT_TRUE(is_blocked("c6i.large", "b"));
    EXPECT_FALSE(is_blocked("p3.2xlarge", "a"));
    EXPECT_FALSE(is_blocked("m5.large", "a", true));
}

TEST_F(Blocks, GrowWhileErrorsRepeatUpToALimit) {
    EXPECT_EQ(repeat(OfferError::Capacity, 6),
              (std::vector<Milliseconds>{minutes{2}, minutes{4}, minutes{8}, minutes{16},
                                         minutes{32}, minutes{32}}));
    blocks = {};
    const auto quota = repeat(OfferError::Quota, 40);
    EXPECT_EQ(quota.front(), minutes{5});
    EXPECT_EQ(quota.back(), minutes{160});
    blocks = {};
    EXPECT_EQ(repeat(OfferError::Unsupported, 2),
              (std::vector<Milliseconds>{hours{24}, hours{24}}));
}

TEST_F(Blocks, ErrorsOfCallsThatWereUnderWayDoNotCount) {
    for (int i = 0; i < 5; ++i) blocks.failed("m5.large", "a", false, OfferError::Capacity, kNow);
    EXPECT_EQ(blocks.blocked_until("m5.large", "a", false, kNow), kNow + minutes{2});
}

TEST_F(Blocks, AreForgottenAfterALaunch) {
    repeat(OfferError::Capacity, 4);
    repeat(OfferError::Quota, 4);
    blocks.launched("m5.large", "a", false);
    EXPECT_FALSE(is_blocked("m5.large", "a"));
    EXPECT_FALSE(is_blocked("c5.large", "a"));
    EXPECT_EQ(repeat(OfferError::Capacity, 1), std::vector<Milliseconds>{minutes{2}});
}

TEST_F(Blocks, TheLongerOfTwoCounts) {
    blocks.failed("m5.large", "a", false, OfferError::Quota, kNow);
    blocks.failed("m5.large", "a", false, OfferError::Capacity, kNow);
    EXPECT_EQ(blocks.blocked_until("m5.large", "a", false, kNow), kNow + minutes{5});
}

TEST(Quotas, AreThoseOfEc2) {
    for (const auto* type :
         {"a1.large", "c7g.large", "d3.xlarge", "h1.2xlarge", "i4i.large", "im4gn.large",
          "is4gen.large", "m5.large", "r6i.large", "t3.nano", "z1d.large", "c7i-flex.large"}) {
        EXPECT_EQ(quota_of(type), "standard") << type;
    }
    EXPECT_EQ(quota_of("g4dn.xlarge"), "g");
    EXPECT_EQ(quota_of("p5.48xlarge"), "p");
    EXPECT_EQ(quota_of("x2gd.large"), "x");
    EXPECT_EQ(quota_of("inf2.xlarge"), "inf");
    EXPECT_EQ(quota_of("trn1.2xlarge"), "trn");
    EXPECT_EQ(quota_of("hpc7g.4xlarge"), "hpc");
    EXPECT_EQ(quota_of("u-6tb1.metal"), "u");
}

}  // namespace
}  // namespace batchd::core
