#include "batchd/aws/error.hpp"

#include "aws/retry.hpp"

#include <gtest/gtest.h>

namespace batchd::aws {
namespace {

TEST(AwsError, ClassesFollowTheCode) {
    using enum ErrorClass;
    const struct {
        const char* code;
        int status;
        ErrorClass expected;
    } cases[] = {
        {"InsufficientInstanceCapacity", 500, Capacity},
        {"UnfulfillableCapacity", 200, Capacity},
        {"SpotMaxPriceTooLow", 400, Capacity},
        {"Unsupported", 400, Capacity},
        {"MaxSpotInstanceCountExceeded", 400, Quota},
        {"VcpuLimitExceeded", 400, Quota},
        {"RequestLimitExceeded", 503, Throttling},
        {"ThrottlingException", 400, Throttling},
        {"InternalError", 500, Throttling},
        {"SomethingNew", 500, Throttling},
        {"SomethingNew", 429, Throttling},
        {"SomethingNew", 400, Other},
        {"InvalidAMIID.NotFound", 400, Configuration},
        {"InvalidAMIID.Malformed", 400, Configuration},
        {"InvalidAMIID.Unavailable", 400, Configuration},
        {"InvalidSubnetID.NotFound", 400, Configuration},
        {"InvalidLaunchTemplateName.NotFoundException", 400, Configuration},
        {"UnauthorizedOperation", 403, Configuration},
        {"IdempotentParameterMismatch", 400, Configuration},
        {"AuthFailure", 401, Credentials},
        {"ExpiredToken", 400, Credentials},
        {"UnrecognizedClientException", 400, Credentials},
        {"ResourceNotFoundException", 400, Other},
        {"ParameterNotFound", 400, Configuration},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(classify(c.code, c.status), c.expected)
            << c.code << " " << to_string(classify(c.code, c.status));
    }
}

TEST(AwsError, OnlyThrottlingAndSilenceAreRetried) {
    const auto retried = [](ErrorClass error_class, int status) {
        return is_retryable(
            {.code = "x", .message{}, .status = status, .error_class = error_class});
    };
    EXPECT_TRUE(retried(ErrorClass::Throttling, 400));
    EXPECT_TRUE(retried(ErrorClass::Unreachable, 0));
    EXPECT_TRUE(retried(ErrorClass::Unreachable, 200)) << "half a body";
    EXPECT_TRUE(retried(ErrorClass::Unreachable, 502));
    EXPECT_FALSE(retried(ErrorClass::Unreachable, 301));
    EXPECT_FALSE(retried(ErrorClass::Unreachable, 403));
    EXPECT_FALSE(retried(ErrorClass::Capacity, 500)) << "the caller tries another type";
    EXPECT_FALSE(retried(ErrorClass::Quota, 400));
    EXPECT_FALSE(retried(ErrorClass::Configuration, 400));
    EXPECT_FALSE(retried(ErrorClass::Credentials, 403));
}

TEST(AwsError, OtherModulesSeeItsKind) {
    const auto kind = [](ErrorClass error_class, const char* code = "x") {
        return to_error({.code = code, .message{}, .error_class = error_class}).kind;
    };
    EXPECT_EQ(kind(ErrorClass::Capacity), ErrorKind::Capacity);
    EXPECT_EQ(kind(ErrorClass::Throttling), ErrorKind::Throttled);
    EXPECT_EQ(kind(ErrorClass::Configuration), ErrorKind::InvalidArgument);
    EXPECT_EQ(kind(ErrorClass::Unreachable), ErrorKind::Unavailable);
    EXPECT_EQ(kind(ErrorClass::Other, "ParameterNotFound"), ErrorKind::NotFound);
    EXPECT_EQ(to_error({.code = "A", .message = "b"}).message, "A: b");
}

TEST(AwsRetry, DelaysGrowToTwentySeconds) {
    EXPECT_EQ(retry_delay(1, 0.0), Milliseconds{0});
    EXPECT_EQ(retry_delay(1, 0.5), Milliseconds{500});
    EXPECT_EQ(retry_delay(3, 0.5), Milliseconds{2'000});
    EXPECT_EQ(retry_delay(6, 0.5), Milliseconds{10'000});
    EXPECT_EQ(retry_delay(100, 0.999), Milliseconds{19'980});
}

TEST(AwsRetry, TheBudgetIsSharedAndComesBack) {
    RetryBudget budget;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(budget.take()) << i;
    EXPECT_FALSE(budget.take());
    for (int i = 0; i < 4; ++i) budget.succeeded(false);
    EXPECT_FALSE(budget.take());
    budget.succeeded(false);
    EXPECT_TRUE(budget.take());
    budget.succeeded(true);
    EXPECT_TRUE(budget.take());
    EXPECT_FALSE(budget.take());
}

}  // namespace
}  // namespace batchd::aws
