// Options of a job that come as its tags.
#include "batchd/model/job_options.hpp"

#include <gtest/gtest.h>

namespace batchd::model {
namespace {

std::string refusal(const StringMap& tags) {
    const auto options = options_of_tags(tags);
    return options ? "" : options.error().message;
}

TEST(JobOptionsOfTags, AreNumbers) {
    const auto options = options_of_tags(
        {{"team", "x"}, {"batchd:max-parallel", "3"}, {"batchd:out-of-memory-factor", "1.5"}});
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->max_parallel, 3);
    EXPECT_EQ(options->out_of_memory_factor, 1.5);
    EXPECT_FALSE(options->deadline);
    EXPECT_EQ(refusal({{"batchd:max-parallel", "2026-01-01T00:00:00Z"}}),
              "tag batchd:max-parallel: '2026-01-01T00:00:00Z' is not a number");
    EXPECT_TRUE(refusal({{"batchd:max-paralel", "3"}}).contains("batchd:max-parallel, "));
}

TEST(JobOptionsOfTags, AreTrueOrFalse) {
    const auto options = options_of_tags({{"batchd:warm-slots", "true"}});
    ASSERT_TRUE(options) << options.error().message;
    EXPECT_EQ(options->warm_slots, true);
    EXPECT_EQ(refusal({{"batchd:warm-slots", "1"}}),
              "tag batchd:warm-slots: '1' is not true or false");
}

TEST(JobOptionsOfTags, ADeadlineMayBeATime) {
    for (const auto* value :
         {"1767225600000", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"}) {
        const auto options = options_of_tags({{"batchd:deadline", value}});
        ASSERT_TRUE(options) << options.error().message;
        EXPECT_EQ(options->deadline, 1'767'225'600'000) << value;
    }
    EXPECT_EQ(refusal({{"batchd:deadline", "tomorrow"}}),
              "tag batchd:deadline: 'tomorrow' is not a number or ISO 8601 time");
}

}  // namespace
}  // namespace batchd::model
