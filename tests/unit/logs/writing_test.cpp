#include "fixtures.hpp"

#include <csignal>
#include <sys/resource.h>

namespace batchd::logs {
namespace {

using WritingTest = LogTest;

TEST_F(WritingTest, RecordsArePlainTextLines) {
    open_writer();
    writer_->append(1'700'000'000'000'000'001, OutputChannel::Stdout, "hello world");
    writer_->append(1'700'000'000'000'000'002, OutputChannel::Stderr, "progress 10%\rprogress 20%");
    writer_->append(1'700'000'000'000'000'003, OutputChannel::Stdout, "");
    flush();
    EXPECT_EQ(content(),
              "1700000000000000001 o hello world\n"
              "1700000000000000002 e progress 10%\rprogress 20%\n"
              "1700000000000000003 o \n");
}

TEST_F(WritingTest, NothingIsVisibleBeforeAFlush) {
    open_writer();
    append(1, "a");
    EXPECT_TRUE(forward().events.empty());
    EXPECT_EQ(writer_->position().lines_at_that_time, 0);
    flush();
    EXPECT_EQ(joined(forward()), "a ");
    EXPECT_EQ(writer_->position().time_ns, 1);
}

TEST_F(WritingTest, TimesThatGoBackAreLifted) {
    open_writer();
    append(5, "a");
    append(3, "b");
    append(6, "c");
    flush();
    EXPECT_EQ(content(), "5 o a\n5 o b\n6 o c\n");
}

TEST_F(WritingTest, ThePositionOfAnEmptyLogIsZero) {
    open_writer();
    EXPECT_EQ(writer_->position().time_ns, 0);
    EXPECT_EQ(writer_->position().lines_at_that_time, 0);
}

TEST_F(WritingTest, ThePositionCountsTheLinesOfTheNewestTimeAlsoAfterReopening) {
    open_writer();
    append(7, "before");
    for (int i = 0; i < 100; ++i) append(8, "same");
    flush();
    EXPECT_EQ(writer_->position().time_ns, 8);
    EXPECT_EQ(writer_->position().lines_at_that_time, 100);
    open_writer();
    EXPECT_EQ(writer_->position().time_ns, 8);
    EXPECT_EQ(writer_->position().lines_at_that_time, 100);
    append(8, "same");
    append(4, "late");
    flush();
    EXPECT_EQ(writer_->position().lines_at_that_time, 102);
    append(9, "next");
    flush();
    EXPECT_EQ(writer_->position().time_ns, 9);
    EXPECT_EQ(writer_->position().lines_at_that_time, 1);
}

TEST_F(WritingTest, ATornLastRecordIsCutOffOnOpening) {
    write_lines(2);
    writer_.reset();
    std::ofstream(path(), std::ios::app) << "30 o half a li";
    EXPECT_EQ(joined(forward()), "1 2 ") << "readers do not show it either";
    EXPECT_EQ(joined(backward()), "1 2 ");
    open_writer();
    EXPECT_EQ(content(), "10 o 1\n20 o 2\n");
    EXPECT_EQ(writer_->position().time_ns, 20);
    append(30, "3");
    flush();
    EXPECT_EQ(joined(forward()), "1 2 3 ");
}

TEST_F(WritingTest, ALogOfOneTornRecordBecomesEmpty) {
    open_writer();
    writer_.reset();
    std::ofstream(path(), std::ios::app) << "30 o half";
    open_writer();
    EXPECT_EQ(content(), "");
}

TEST_F(WritingTest, ASecondWriterIsRefusedWhileTheFirstLives) {
    open_writer();
    EXPECT_EQ(store_->open(id_).error().kind, ErrorKind::Conflict);
    ASSERT_TRUE(writer_->close());
    EXPECT_TRUE(store_->open(id_));
}

TEST_F(WritingTest, AFullDiskKeepsTheRestForTheNextFlush) {
    open_writer();
    append(1, std::string(3000, 'a'));
    append(2, std::string(3000, 'b'));
    rlimit old{};
    ::getrlimit(RLIMIT_FSIZE, &old);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{.rlim_cur = 4096, .rlim_max = old.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    const auto failed = writer_->flush();
    ::setrlimit(RLIMIT_FSIZE, &old);
    std::signal(SIGXFSZ, handler);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(failed.error().message.find(path()), std::string::npos) << failed.error().message;
    EXPECT_EQ(forward().events.size(), 1U);
    append(3, "c");
    flush();
    const auto page = forward();
    ASSERT_EQ(page.events.size(), 3U);
    EXPECT_EQ(page.events[1].message, std::string(3000, 'b'));
}

TEST_F(WritingTest, AFolderThatIsNotThereIsNamed) {
    const auto opened = LogStore::open(directory_ / "missing");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::Unavailable);
    EXPECT_NE(opened.error().message.find("missing/logs"), std::string::npos);
}

TEST_F(WritingTest, ARemovedLogReadsAsEmptyAndCanBeRemovedAgain) {
    write_lines(2);
    ASSERT_TRUE(writer_->close());
    EXPECT_TRUE(store_->remove(id_));
    EXPECT_TRUE(forward().events.empty());
    EXPECT_EQ(store_->offset_at(id_, 5).value(), 0);
    EXPECT_TRUE(store_->remove(id_));
}

}  // namespace
}  // namespace batchd::logs
