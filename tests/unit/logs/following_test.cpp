#include "fixtures.hpp"

#include <semaphore>
#include <thread>

namespace batchd::logs {
namespace {

using FollowingTest = LogTest;

TEST_F(FollowingTest, FollowersAreWokenByGrowthAndByTheEnd) {
    open_writer();
    int calls = 0;
    const Follower follower = store_->follow(id_, [&] { ++calls; });
    append(1, "a");
    EXPECT_EQ(calls, 0);
    flush();
    EXPECT_EQ(calls, 1);
    flush();
    EXPECT_EQ(calls, 1) << "nothing was stored";
    EXPECT_TRUE(store_->is_open(id_));
    ASSERT_TRUE(writer_->close());
    EXPECT_EQ(calls, 2);
    EXPECT_FALSE(store_->is_open(id_));
    writer_.reset();
    EXPECT_EQ(calls, 2);
}

TEST_F(FollowingTest, AWriterThatGoesWithoutClosingWakes) {
    open_writer();
    int calls = 0;
    const Follower follower = store_->follow(id_, [&] { ++calls; });
    writer_.reset();
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(store_->is_open(id_));
}

TEST_F(FollowingTest, OnlyTheFollowersOfTheLogAreWokenAndOnlyWhileTheyLive) {
    open_writer();
    int calls = 0;
    int staying_calls = 0;
    int other_calls = 0;
    const Follower staying = store_->follow(id_, [&] { ++staying_calls; });
    const Follower other =
        store_->follow(model::AttemptId{.job = id_.job, .number = 2}, [&] { ++other_calls; });
    {
        Follower first = store_->follow(id_, [&] { ++calls; });
        const Follower moved = std::move(first);
        const Follower second = store_->follow(id_, [&] { ++calls; });
        append(1, "a");
        flush();
        EXPECT_EQ(calls, 2);
    }
    append(2, "b");
    flush();
    EXPECT_EQ(calls, 2);
    EXPECT_EQ(staying_calls, 2);
    EXPECT_EQ(other_calls, 0);
}

TEST_F(FollowingTest, AFollowerInAnotherThreadReadsEveryLine) {
    constexpr int kLines = 500;
    open_writer();
    std::binary_semaphore is_following(0);
    int seen = 0;
    std::jthread reader([&] {
        std::counting_semaphore<> news(0);
        const Follower follower = store_->follow(id_, [&] { news.release(); });
        is_following.release();
        std::int64_t offset = 0;
        for (bool is_open = true; is_open;) {
            news.acquire();
            is_open = store_->is_open(id_);
            const auto page = forward(offset);
            for (const auto& event : page.events) {
                ASSERT_EQ(event.message, std::to_string(++seen));
            }
            offset = page.end;
        }
    });
    is_following.acquire();
    for (int i = 1; i <= kLines; ++i) {
        append(i, std::to_string(i));
        flush();
    }
    ASSERT_TRUE(writer_->close());
    reader.join();
    EXPECT_EQ(seen, kLines);
}

}  // namespace
}  // namespace batchd::logs
