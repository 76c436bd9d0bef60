#include "batchd/base/result.hpp"

#include <gtest/gtest.h>

namespace batchd {
namespace {

Result<> passes_on(Result<> inner, bool& went_on) {
    BATCHD_TRY(inner);
    went_on = true;
    return {};
}

TEST(Try, LeavesTheFunctionWithTheError) {
    bool went_on = false;
    const auto failed = passes_on(fail(ErrorKind::Conflict, "why", "for the log"), went_on);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::Conflict);
    EXPECT_EQ(failed.error().message, "why");
    EXPECT_EQ(failed.error().context, "for the log");
    EXPECT_FALSE(went_on);

    EXPECT_TRUE(passes_on({}, went_on));
    EXPECT_TRUE(went_on);
}

TEST(ErrorKind, IsRetryableOnlyIfTimeCanHelp) {
    EXPECT_TRUE(is_retryable(ErrorKind::Throttled));
    EXPECT_TRUE(is_retryable(ErrorKind::Unavailable));
    EXPECT_FALSE(is_retryable(ErrorKind::InvalidArgument));
    EXPECT_FALSE(is_retryable(ErrorKind::Internal));
}

TEST(CheckDeathTest, StopsTheProcessAndSaysWhy) {
    EXPECT_DEATH(BATCHD_CHECK(1 + 1 == 3, "arithmetic holds"),
                 "broken invariant: arithmetic holds \\(1 \\+ 1 == 3\\)");
}

}  // namespace
}  // namespace batchd
