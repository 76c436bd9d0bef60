#include "api/call.hpp"
#include "api/cloudwatch/filter_pattern.hpp"
#include "api/errors.hpp"

#include <gtest/gtest.h>

namespace batchd::api {
namespace {

TEST(Token, ComesBackAsItWasMade) {
    const auto token = make_token("jobs", "12|ä:x");
    EXPECT_EQ(**read_token("jobs", token), "12|ä:x");
    EXPECT_FALSE(*read_token("jobs", std::nullopt));
    EXPECT_FALSE(*read_token("jobs", std::string{}));
}

TEST(Token, OfAnotherListOrNobodyIsRefused) {
    for (const auto& token : {make_token("queues", "a"), std::string("zz"), std::string("abc"),
                              make_token("jobs", "1").substr(1)}) {
        const auto result = read_token("jobs", token);
        ASSERT_FALSE(result) << token;
        EXPECT_NE(result.error().message.find(token), std::string::npos);
    }
}

TEST(PageSize, IsBoundedAndDefaultsToTheLimit) {
    EXPECT_EQ(*page_size(std::nullopt, 100), 100U);
    EXPECT_EQ(*page_size(1, 100), 1U);
    EXPECT_FALSE(page_size(0, 100));
    EXPECT_EQ(page_size(101, 100).error().message, "maxResults 101 is not between 1 and 100");
}

TEST(Errors, HaveAwsFormOnBatchAndTheFittingStatusOnOurApi) {
    const Error missing{
        .kind = ErrorKind::NotFound, .message = "JobQueue q not found.", .context = {}};
    const auto aws = aws_error(missing);
    EXPECT_EQ(aws.status, 400);
    EXPECT_EQ(aws.headers.find("x-amzn-errortype"), "ClientException");
    EXPECT_NE(aws.body.find(R"("message":"JobQueue q not found.")"), std::string::npos);
    EXPECT_EQ(native_error(missing).status, 404);
    const Error full{.kind = ErrorKind::Unavailable, .message = "disk full", .context = {}};
    EXPECT_EQ(aws_error(full).status, 500);
    EXPECT_EQ(aws_error(full).headers.find("x-amzn-errortype"), "ServerException");
    EXPECT_EQ(native_error(full).status, 503);
}

TEST(FilterPattern, MatchesTermsAsCloudWatchDoes) {
    const struct {
        const char* pattern;
        const char* message;
        bool matches;
    } cases[] = {
        {"", "anything", true},
        {"ERROR", "an ERROR here", true},
        {"ERROR", "an error here", false},
        {"a b", "b then a", true},
        {"a b", "only a", false},
        {"\"a b\"", "x a b y", true},
        {"\"a b\"", "a  b", false},
        {"?x ?y", "y", true},
        {"?x ?y", "z", false},
        {"ERROR -Exit", "ERROR Exit", false},
        {"ERROR -Exit", "ERROR", true},
    };
    for (const auto& c : cases) {
        const auto pattern = cloudwatch::FilterPattern::parse(c.pattern);
        ASSERT_TRUE(pattern) << c.pattern;
        EXPECT_EQ(pattern->matches(c.message), c.matches) << c.pattern << " on " << c.message;
    }
    EXPECT_FALSE(cloudwatch::FilterPattern::parse("{ $.level = 1 }"));
    EXPECT_FALSE(cloudwatch::FilterPattern::parse("\"open"));
}

}  // namespace
}  // namespace batchd::api
