#include "batchd/base/time.hpp"

#include <gtest/gtest.h>

namespace batchd {
namespace {

TEST(Time, IsWrittenAsIso8601InUtc) {
    EXPECT_EQ(to_iso8601(from_epoch_ms(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_iso8601(from_epoch_ms(1795233177123)), "2026-11-21T03:52:57.123Z");
    EXPECT_EQ(to_iso8601(from_epoch_ms(1709164800007)), "2024-02-29T00:00:00.007Z");
    EXPECT_EQ(to_iso8601(from_epoch_ms(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Time, GoesToMillisecondsAndBack) {
    EXPECT_EQ(to_epoch_ms(from_epoch_ms(1795233177123)), 1795233177123);
}

TEST(SystemClock, NeverGoesBack) {
    const SystemClock clock;
    Timestamp last = clock.now();
    for (int i = 0; i < 1000; ++i) {
        const Timestamp now = clock.now();
        ASSERT_GE(now, last);
        last = now;
    }
    EXPECT_GT(last, from_epoch_ms(1700000000000));
}

}  // namespace
}  // namespace batchd
