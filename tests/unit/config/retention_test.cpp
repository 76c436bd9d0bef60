// Ages, and what queues say of them.
#include "batchd/config/config.hpp"

#include <gtest/gtest.h>

namespace batchd::config {
namespace {

using std::chrono::days;

TEST(Retention, AgesAreNumbersWithAUnitOrZero) {
    EXPECT_EQ(parse_age("0"), Seconds{0});
    EXPECT_EQ(parse_age("90s"), Seconds{90});
    EXPECT_EQ(parse_age("90d"), days{90});
    EXPECT_EQ(parse_age("2w"), days{14});
    EXPECT_EQ(parse_age("365000d"), days{365'000});
    for (const auto* text : {"", "d", "7", "-1d", "1.5d", "1y", " 1d", "1 d", "365001d",
                             "4294967296s", "99999999999999d"}) {
        EXPECT_EQ(parse_age(text), std::nullopt) << text;
    }
}

TEST(Retention, AQueueMayNameOneOutcomeOrBoth) {
    const auto both = parse_queue_retention("ci succeeded=7d failed=0");
    ASSERT_TRUE(both);
    EXPECT_EQ(both->queue, "ci");
    EXPECT_EQ(both->succeeded, days{7});
    EXPECT_EQ(both->failed, Seconds{0});
    const auto one = parse_queue_retention("ci failed=30d");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->succeeded, std::nullopt);
    for (const auto* text :
         {"", "ci", "ci 7d", "ci failed=", "ci failed=7", "failed=7d", "ci failed=7d x=1d"}) {
        EXPECT_EQ(parse_queue_retention(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace batchd::config
