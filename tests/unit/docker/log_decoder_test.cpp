#include "batchd/docker/log_decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace batchd::docker {
namespace {

using ports::OutputChannel;

constexpr const char* kTime = "2026-11-21T01:35:50.925322788Z ";
constexpr std::int64_t kTimeNs = 1795224950925322788;
constexpr const char* kLater = "2026-11-21T01:35:51Z ";

std::string frame(char channel, const std::string& payload) {
    std::string header{channel, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) {
        header += static_cast<char>(payload.size() >> shift & 0xff);
    }
    return header + payload;
}

struct Line {
    std::int64_t time_ns;
    OutputChannel channel;
    std::string text;
    friend bool operator==(const Line&, const Line&) = default;
};

class LogDecoderTest : public ::testing::Test {
  protected:
    std::vector<std::string> texts() const {
        std::vector<std::string> list;
        for (const auto& line : lines_) list.push_back(line.text);
        return list;
    }

    std::vector<Line> lines_;
    LogDecoder decoder_{[this](std::int64_t time_ns, OutputChannel channel, std::string_view text) {
        lines_.push_back({time_ns, channel, std::string(text)});
    }};
};

TEST_F(LogDecoderTest, SplitsChannelsAndTakesTheTime) {
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + "out\n") +
                              frame(2, std::string(kTime) + "err\n")));
    EXPECT_EQ(lines_, (std::vector<Line>{{kTimeNs, OutputChannel::Stdout, "out"},
                                         {kTimeNs, OutputChannel::Stderr, "err"}}));
}

TEST_F(LogDecoderTest, AnyCutGivesTheSameLines) {
    const std::string stream = frame(1, std::string(kTime) + "one\n") +
                               frame(2, std::string(kTime) + "\n") +
                               frame(1, std::string(kLater) + "two\n");
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        lines_.clear();
        ASSERT_TRUE(decoder_.feed(stream.substr(0, cut)));
        ASSERT_TRUE(decoder_.feed(stream.substr(cut)));
        EXPECT_EQ(texts(), (std::vector<std::string>{"one", "", "two"})) << "cut at " << cut;
    }
}

TEST_F(LogDecoderTest, JoinsPiecesUnderTheTimeOfTheFirst) {
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + "par") +
                              frame(2, std::string(kLater) + "other\n") +
                              frame(1, std::string(kLater) + "tial\n")));
    EXPECT_EQ(lines_, (std::vector<Line>{{1795224951000000000, OutputChannel::Stderr, "other"},
                                         {kTimeNs, OutputChannel::Stdout, "partial"}}));
}

TEST_F(LogDecoderTest, LastLineNeedsNoNewline) {
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + "end")));
    EXPECT_TRUE(lines_.empty());
    decoder_.finish();
    decoder_.finish();
    EXPECT_EQ(texts(), std::vector<std::string>{"end"});
}

TEST_F(LogDecoderTest, CutsLinesBeyondTheLimit) {
    const std::string full(LogDecoder::kMaxLineBytes, 'x');
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + full + "\n")));
    EXPECT_EQ(texts(), std::vector<std::string>{full}) << "no empty line after a full one";
    lines_.clear();
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + full + "y\n\n")));
    EXPECT_EQ(texts(), (std::vector<std::string>{full, "y", ""}));
}

TEST_F(LogDecoderTest, KeepsBytesThatAreNoText) {
    const std::string bytes("\xff\x00\xfe\r", 4);
    ASSERT_TRUE(decoder_.feed(frame(1, kTime + bytes + "\n")));
    EXPECT_EQ(texts(), std::vector<std::string>{bytes});
}

TEST_F(LogDecoderTest, RecordWithoutTimeIsKeptWhole) {
    ASSERT_TRUE(decoder_.feed(frame(1, "no time here\n")));
    EXPECT_EQ(texts(), std::vector<std::string>{"no time here"});
}

TEST_F(LogDecoderTest, RemembersTheNewestRecord) {
    EXPECT_EQ(decoder_.last_record(), "");
    const std::string last = frame(2, std::string(kTime) + "b");
    ASSERT_TRUE(decoder_.feed(frame(1, std::string(kTime) + "a\n") + last));
    EXPECT_EQ(decoder_.last_record(), last);
}

TEST_F(LogDecoderTest, RefusesDamage) {
    EXPECT_FALSE(decoder_.feed("this is no log stream"));
    LogDecoder other([](std::int64_t, OutputChannel, std::string_view) {});
    EXPECT_FALSE(other.feed(std::string("\1\0\0\0\x7f\0\0\0", 8))) << "2 GB are no record";
}

}  // namespace
}  // namespace batchd::docker
