#include "fixtures.hpp"

namespace batchd::logs {
namespace {

using ReadingTest = LogTest;

TEST_F(ReadingTest, AnAttemptWithoutALogReadsAsAnEmptyOne) {
    EXPECT_TRUE(forward().events.empty());
    EXPECT_TRUE(backward().events.empty());
    EXPECT_EQ(store_->offset_at(id_, 1).value(), 0);
}

TEST_F(ReadingTest, EventsKeepTimeChannelTextAndOrder) {
    open_writer();
    writer_->append(5, OutputChannel::Stderr, "e");
    writer_->append(5, OutputChannel::Stdout, "");
    writer_->append(6, OutputChannel::Stdout, " 7 o like a record ");
    flush();
    const auto events = forward().events;
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[0].channel, OutputChannel::Stderr);
    EXPECT_EQ(events[0].time_ns, 5);
    EXPECT_EQ(events[0].offset, 0);
    EXPECT_EQ(events[1].message, "");
    EXPECT_EQ(events[1].channel, OutputChannel::Stdout);
    EXPECT_EQ(events[1].offset, 6);
    EXPECT_EQ(events[2].message, " 7 o like a record ");
}

TEST_F(ReadingTest, PagesForwardAndBackAgain) {
    write_lines(5);
    const LogLimits two{.events = 2};
    const auto first = forward(0, two);
    EXPECT_EQ(joined(first), "1 2 ");
    const auto second = forward(first.end, two);
    EXPECT_EQ(joined(second), "3 4 ");
    const auto third = forward(second.end, two);
    EXPECT_EQ(joined(third), "5 ");
    const auto none = forward(third.end, two);
    EXPECT_EQ(joined(none), "");
    EXPECT_EQ(none.end, third.end);
    const auto back = backward(third.end, two);
    EXPECT_EQ(joined(back), "4 5 ");
    EXPECT_EQ(joined(backward(second.begin, two)), "1 2 ");
    EXPECT_EQ(joined(backward(0, two)), "");
}

TEST_F(ReadingTest, ACursorAtTheEndFindsWhatIsAppendedLater) {
    write_lines(2);
    const auto page = forward();
    append(30, "3");
    flush();
    EXPECT_EQ(joined(forward(page.end)), "3 ");
}

TEST_F(ReadingTest, PagesOverManyWindowsMissNothing) {
    constexpr int kLines = 20'000;  // several hundred kilobytes
    open_writer();
    for (int i = 1; i <= kLines; ++i) append(i, "line " + std::to_string(i));
    flush();
    const LogLimits limits{.events = 777};
    int count = 0;
    for (auto page = forward(0, limits); !page.events.empty(); page = forward(page.end, limits)) {
        for (const auto& event : page.events) {
            ASSERT_EQ(event.message, "line " + std::to_string(++count));
        }
    }
    EXPECT_EQ(count, kLines);
    for (auto page = backward(LogStore::kEnd, limits); !page.events.empty();
         page = backward(page.begin, limits)) {
        for (auto event = page.events.rbegin(); event != page.events.rend(); ++event) {
            ASSERT_EQ(event->message, "line " + std::to_string(count--));
        }
    }
    EXPECT_EQ(count, 0);
    EXPECT_EQ(forward(0, {.events = kLines}).events.size(), 20'000U);
    EXPECT_EQ(backward(LogStore::kEnd, {.events = kLines}).events.size(), 20'000U);
}

TEST_F(ReadingTest, TheLimitInBytesCountsMessages) {
    write_lines(9);
    EXPECT_EQ(joined(forward(0, {.message_bytes = 3})), "1 2 3 ");
    EXPECT_EQ(joined(backward(LogStore::kEnd, {.message_bytes = 3})), "7 8 9 ");
}

TEST_F(ReadingTest, LinesOfAMebibyteAreWhole) {
    open_writer();
    const std::string big(1 << 20, 'x');
    append(1, "small");
    append(2, big + "1");
    append(3, big + "2");
    append(4, "end");
    flush();
    const auto all = forward(0, {.message_bytes = 4 << 20});
    ASSERT_EQ(all.events.size(), 4U);
    EXPECT_EQ(all.events[1].message, big + "1");
    EXPECT_EQ(all.events[2].message, big + "2");
    const auto one = forward(all.events[1].offset, {.message_bytes = 10});
    ASSERT_EQ(one.events.size(), 1U) << "a line over the limit comes alone";
    EXPECT_EQ(one.end, all.events[2].offset);
    const auto back = backward(all.events[3].offset, {.message_bytes = 10});
    ASSERT_EQ(back.events.size(), 1U);
    EXPECT_EQ(back.events[0].message, big + "2");
    EXPECT_EQ(store_->offset_at(id_, 3).value(), all.events[2].offset);
    EXPECT_EQ(backward(LogStore::kEnd, {.message_bytes = 4 << 20}).events.size(), 4U);
}

TEST_F(ReadingTest, TheOffsetOfATime) {
    write_lines(1000);
    const auto all = forward();
    const auto end = all.end;
    EXPECT_EQ(store_->offset_at(id_, 0).value(), 0);
    EXPECT_EQ(store_->offset_at(id_, 10).value(), 0);
    EXPECT_EQ(store_->offset_at(id_, 10'001).value(), end);
    for (const auto& event : all.events) {
        ASSERT_EQ(store_->offset_at(id_, event.time_ns).value(), event.offset);
        ASSERT_EQ(store_->offset_at(id_, event.time_ns - 9).value(), event.offset);
    }
}

TEST_F(ReadingTest, TheOffsetOfATimeThatManyLinesShareIsThatOfTheFirst) {
    open_writer();
    append(1, "a");
    for (int i = 0; i < 5000; ++i) append(2, "b");
    append(3, "c");
    flush();
    EXPECT_EQ(store_->offset_at(id_, 2).value(), forward(0, {.events = 1}).end);
}

TEST_F(ReadingTest, OffsetsInsideARecordMoveToANeighbour) {
    write_lines(3);  // records of 7 bytes
    EXPECT_EQ(joined(forward(3)), "2 3 ");
    EXPECT_EQ(joined(forward(8)), "3 ");
    EXPECT_EQ(joined(forward(-5)), "1 2 3 ");
    EXPECT_EQ(joined(forward(1000)), "");
    EXPECT_EQ(forward(1000).end, 21);
    EXPECT_EQ(joined(backward(10)), "1 ");
    EXPECT_EQ(joined(backward(-5)), "");
}

TEST_F(ReadingTest, DamagedLinesAreLeftOut) {
    write_lines(1);
    writer_.reset();
    std::ofstream(path(), std::ios::app) << "what is this\n\n20 x no channel\n20 o 2\n";
    EXPECT_EQ(joined(forward()), "1 2 ");
    EXPECT_EQ(joined(backward()), "1 2 ");
}

}  // namespace
}  // namespace batchd::logs
