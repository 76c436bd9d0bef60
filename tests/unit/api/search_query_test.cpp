// The parameters of a search.
#include "api/native/search_query.hpp"

#include <gtest/gtest.h>

namespace batchd::api::native {
namespace {

using Parameters = std::vector<std::pair<std::string, std::string>>;

const Timestamp kNow = from_epoch_ms(1'800'000'000'000);
const model::Scope kScope{.region = "us-east-1", .account = "123456789012"};

http::Request request(Parameters parameters) {
    http::Request request;
    request.query = std::move(parameters);
    return request;
}

store::SearchQuery read(Parameters parameters) {
    const auto query = read_search(request(std::move(parameters)), kScope, kNow);
    EXPECT_TRUE(query) << query.error().message;
    return query.value_or(store::SearchQuery{});
}

std::string refusal(Parameters parameters) {
    const auto query = read_search(request(std::move(parameters)), kScope, kNow);
    EXPECT_FALSE(query);
    return query ? "" : query.error().message;
}

TEST(SearchQueryTest, AllParameters) {
    const auto query = read({{"queue", "ci"},
                             {"status", "failed,RUNNING"},
                             {"name", "etl-*"},
                             {"image", "registry/tool:1"},
                             {"definition", "hello"},
                             {"tag.team", "a"},
                             {"tag.run", "7"},
                             {"exitCode", "-1"},
                             {"since", "2h"},
                             {"until", "1799999999000"},
                             {"endedSince", "2027-01-15"},
                             {"sort", "createdAt"},
                             {"limit", "7"}});
    EXPECT_EQ(query.queue, "ci");
    EXPECT_EQ(query.statuses, (std::vector{model::JobStatus::Failed, model::JobStatus::Running}));
    EXPECT_EQ(query.name->text, "etl-");
    EXPECT_TRUE(query.name->is_prefix);
    EXPECT_EQ(query.image->text, "registry/tool:1");
    EXPECT_FALSE(query.image->is_prefix);
    EXPECT_EQ(query.definition->text, "hello:");
    EXPECT_TRUE(query.definition->is_prefix);
    EXPECT_EQ(query.tags, (Parameters{{"team", "a"}, {"run", "7"}}));
    EXPECT_EQ(query.exit_code, -1);
    EXPECT_EQ(query.since, kNow - std::chrono::hours{2});
    EXPECT_EQ(query.until, kNow - Seconds{1});
    EXPECT_EQ(query.ended_since, from_epoch_ms(1'799'971'200'000));
    EXPECT_TRUE(query.oldest_first);
    EXPECT_EQ(query.limit, 7U);
}

TEST(SearchQueryTest, NothingIsAskedWithoutParameters) {
    const auto query = read({{"name", "*"}});
    EXPECT_FALSE(query.name || query.queue || query.since || query.after);
    EXPECT_FALSE(query.oldest_first);
    EXPECT_EQ(query.limit, 100U);
}

TEST(SearchQueryTest, TagsAsCommandLinesHaveThem) {
    EXPECT_EQ(read({{"tag", "a=1"}, {"tag", "b=x=y"}, {"tag.c", ""}}).tags,
              (Parameters{{"a", "1"}, {"b", "x=y"}, {"c", ""}}));
    EXPECT_EQ(refusal({{"tag", "a"}}), "tag 'a' is not KEY=VALUE");
}

TEST(SearchQueryTest, ArnsAreNames) {
    EXPECT_EQ(read({{"queue", "arn:aws:batch:us-east-1:123456789012:job-queue/ci"}}).queue, "ci");
    const auto definition =
        read({{"definition", "arn:aws:batch:us-east-1:123456789012:job-definition/hello:3"}});
    EXPECT_EQ(definition.definition->text, "hello:3");
    EXPECT_FALSE(definition.definition->is_prefix);
}

TEST(SearchQueryTest, Times) {
    const std::vector<std::pair<std::string, std::int64_t>> times{
        {"30s", 1'799'999'970'000},
        {"15m", 1'799'999'100'000},
        {"7d", 1'799'395'200'000},
        {"2w", 1'798'790'400'000},
        {"900000d", -1},
        {"1799999999123", 1'799'999'999'123},
        {"2027-01-15T08:00:00Z", 1'800'000'000'000},
        {"2027-01-15T08:00:00.5Z", 1'800'000'000'500},
        {"2027-01-15T10:00:00.123456+02:00", 1'800'000'000'123},
        {"yesterday", -1},
        {"2027-02-30", -1},
        {"7", 7},
        {"d", -1},
        {"", -1},
        {"99999999999999999999", -1}};
    for (const auto& [text, ms] : times) {
        const auto time = parse_time("since", text, kNow);
        if (ms < 0) {
            ASSERT_FALSE(time) << text;
            EXPECT_EQ(time.error().message, "since '" + text + "' is not a time");
        } else {
            ASSERT_TRUE(time) << text;
            EXPECT_EQ(to_epoch_ms(*time), ms) << text;
        }
    }
}

TEST(SearchQueryTest, WhatIsWrongIsNamed) {
    EXPECT_EQ(refusal({{"status", "DONE"}}), "status 'DONE' is not a job status");
    EXPECT_EQ(refusal({{"status", "FAILED,"}}), "status '' is not a job status");
    EXPECT_EQ(refusal({{"names", "x"}}), "'names' is no parameter of a search");
    EXPECT_EQ(refusal({{"tag.", "x"}}), "'tag.' is no parameter of a search");
    EXPECT_EQ(refusal({{"name", "a"}, {"name", "b"}}), "parameter 'name' is there twice");
    EXPECT_EQ(refusal({{"exitCode", "x"}}), "exitCode 'x' is not an integer");
    EXPECT_EQ(refusal({{"limit", "0"}}), "limit '0' is not a number from 1 to 1000");
    EXPECT_EQ(refusal({{"limit", "1001"}}), "limit '1001' is not a number from 1 to 1000");
    EXPECT_NE(refusal({{"name", "a*b"}}), "");
    EXPECT_NE(refusal({{"image", ""}}), "");
    EXPECT_NE(refusal({{"sort", "name"}}), "");
}

TEST(SearchQueryTest, ACursorContinuesItsOwnSearchAlone) {
    const Parameters search{{"name", "a*"}, {"tag.x", "1"}, {"limit", "5"}};
    const auto cursor = make_cursor(request(search), 4711);
    auto next = search;
    next.emplace_back("cursor", cursor);
    EXPECT_EQ(read(next).after, 4711);
    EXPECT_EQ(read({{"tag.x", "1"}, {"cursor", cursor}, {"name", "a*"}}).after, 4711);
    EXPECT_EQ(refusal({{"name", "b*"}, {"tag.x", "1"}, {"cursor", cursor}}),
              "cursor '" + cursor + "' belongs to a search with other parameters");
    for (std::size_t i = 0; i < cursor.size(); ++i) {
        auto forged = cursor;
        forged[i] = forged[i] == '1' ? '2' : '1';
        next.back().second = forged;
        EXPECT_EQ(refusal(next), "cursor '" + forged + "' is not one that a search gave");
    }
    for (const std::string foreign :
         {"", "x", "-", "1-2-3", "6a6f62733a37", "ffffffffffffffffff"}) {
        next.back().second = foreign;
        EXPECT_EQ(refusal(next), "cursor '" + foreign + "' is not one that a search gave");
    }
}

}  // namespace
}  // namespace batchd::api::native
