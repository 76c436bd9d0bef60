#include "batchd/docker/slot_protocol.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace batchd::docker {
namespace {

using ports::OutputChannel;

std::string frame(char channel, const std::string& payload) {
    std::string header{channel, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) {
        header += static_cast<char>(payload.size() >> shift & 0xff);
    }
    return header + payload;
}

std::string record(const std::string& token, const std::string& text) {
    return std::string(1, '\0') + "batchd " + token + " " + text + "\n";
}

struct Heard final : SlotListener {
    void on_started() override { news.emplace_back("started"); }
    void on_output(OutputChannel channel, std::string_view text) override {
        (channel == OutputChannel::Stdout ? out : err) += text;
    }
    void on_failed(const SlotFailure& failure) override {
        news.push_back("failed " + failure.step + " " + std::to_string(failure.error));
    }
    void on_ended(const SlotEnd& end) override {
        news.push_back("ended " + std::to_string(end.exit_code) + " " +
                       std::to_string(end.peak_memory_kib) + " " +
                       std::to_string(end.cpu_milliseconds) + (end.is_clean ? "" : " dirty") +
                       (end.oom_kills ? " oom " + std::to_string(*end.oom_kills) : ""));
    }
    std::string out;
    std::string err;
    std::vector<std::string> news;
};

const std::vector<std::string> kWhole{"started", "ended 3 1200 45 oom 0"};

/// A run with output on both channels, none of which ends with a newline.
std::string stream_of_a_run() {
    return frame(1, record("t1", "started ") + "one\ntw") + frame(2, "oops") + frame(1, "o") +
           frame(1, record("e1", "ended 3 1200 45 1 0")) +
           frame(2, record("e1", "ended 3 1200 45 1 0"));
}

TEST(SlotReader, TakesTheRecordsOutOfTheOutput) {
    SlotReader reader;
    Heard heard;
    reader.begin({"t1", "e1"}, heard);
    ASSERT_TRUE(reader.feed(stream_of_a_run()));
    EXPECT_EQ(heard.out, "one\ntwo");
    EXPECT_EQ(heard.err, "oops");
    EXPECT_EQ(heard.news, kWhole);
}

TEST(SlotReader, AnyCutGivesTheSame) {
    const std::string stream = stream_of_a_run();
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        SlotReader reader;
        Heard heard;
        reader.begin({"t1", "e1"}, heard);
        ASSERT_TRUE(reader.feed(stream.substr(0, cut)));
        ASSERT_TRUE(reader.feed(stream.substr(cut)));
        EXPECT_EQ(heard.out, "one\ntwo") << cut;
        EXPECT_EQ(heard.news, kWhole) << cut;
    }
}

TEST(SlotReader, FindsARecordAcrossFrames) {
    const std::string text = "x" + record("e1", "ended 0 1 2 1 -1");
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        SlotReader reader;
        Heard heard;
        reader.begin({"t1", "e1"}, heard);
        ASSERT_TRUE(reader.feed(frame(2, record("e1", "ended 0 1 2 1 -1")) +
                                frame(1, text.substr(0, cut)) + frame(1, text.substr(cut))));
        EXPECT_EQ(heard.out, "x") << cut;
        EXPECT_EQ(heard.news, std::vector<std::string>{"ended 0 1 2"}) << cut;
    }
}

TEST(SlotReader, WhatOnlyLooksLikeARecordIsOutput) {
    SlotReader reader;
    Heard heard;
    reader.begin({"t1", "e1"}, heard);
    const std::string lookalikes = std::string(3, '\0') + "batchd t2 ended 0 0 0 1\n" +
                                   std::string(1, '\0') + "batchd t1" + std::string(1, '\0') +
                                   record("t", "ended") + record("t1", std::string(300, 'x'));
    ASSERT_TRUE(reader.feed(frame(1, lookalikes)));
    ASSERT_TRUE(reader.feed(frame(1, record("e1", "ended 0 1 2 1 -1"))));
    ASSERT_TRUE(reader.feed(frame(2, record("e1", "ended 0 1 2 1 -1"))));
    EXPECT_EQ(heard.news, std::vector<std::string>{"ended 0 1 2"});
    EXPECT_EQ(heard.out.substr(0, 40), lookalikes.substr(0, 40));
}

/// It shares the pipe, and may have read there what the first record's token is.
TEST(SlotReader, ACommandThatKnowsTheFirstTokenForgesNoEnd) {
    SlotReader reader;
    Heard heard;
    reader.begin({"t1", "e1"}, heard);
    const std::string started = record("t1", "started ");
    const std::string forged = record("t1", "ended 0 0 0 1 0");
    ASSERT_TRUE(reader.feed(frame(1, started + forged + started) + frame(2, forged)));
    EXPECT_EQ(heard.news, std::vector<std::string>{"started"});
    const std::string unfinished = started.substr(0, started.size() - 1);
    ASSERT_TRUE(reader.feed(frame(1, unfinished + record("e1", "ended 7 1 2 1 0")) +
                            frame(2, record("e1", "ended 7 1 2 1 0"))));
    EXPECT_EQ(heard.news, (std::vector<std::string>{"started", "ended 7 1 2 oom 0"}));
}

TEST(SlotReader, AnEndThatMakesNoSenseIsNone) {
    const std::vector<std::string> broken{"ended",
                                          "ended x 1 2 1 0",
                                          "ended 0 1 2 1",
                                          "ended 0 1 2 1 0 0",
                                          "ended 0 -1 2 1 0",
                                          "ended 0 9223372036854775807 2 1 0",
                                          "failed exec",
                                          "gone 0"};
    for (const auto& text : broken) {
        SlotReader reader;
        Heard heard;
        reader.begin({"t1", "e1"}, heard);
        EXPECT_FALSE(reader.feed(frame(1, record("e1", text)))) << text;
        EXPECT_TRUE(heard.news.empty()) << text;
    }
}

TEST(SlotReader, IsReadyWhenTheAgentIs) {
    const std::string greeting = std::string(1, '\0') + "batchd ready\n";
    for (std::size_t cut = 0; cut < greeting.size(); ++cut) {
        SlotReader reader;
        ASSERT_TRUE(reader.feed(frame(1, greeting.substr(0, cut))));
        EXPECT_FALSE(reader.is_ready()) << cut;
        ASSERT_TRUE(reader.feed(frame(1, greeting.substr(cut))));
        EXPECT_TRUE(reader.is_ready()) << cut;
    }
    EXPECT_FALSE(SlotReader().feed(frame(1, "hello")));
}

TEST(SlotReader, WaitsForTheEndOfBothChannels) {
    SlotReader reader;
    Heard heard;
    reader.begin({"t1", "e1"}, heard);
    ASSERT_TRUE(reader.feed(frame(1, record("e1", "ended 0 1 2 0 2"))));
    ASSERT_TRUE(reader.feed(frame(2, "late\n")));
    EXPECT_TRUE(heard.news.empty());
    ASSERT_TRUE(reader.feed(frame(2, record("e1", "ended 0 1 2 0 2"))));
    EXPECT_EQ(heard.news, std::vector<std::string>{"ended 0 1 2 dirty oom 2"});
    EXPECT_EQ(heard.err, "late\n");
}

TEST(SlotReader, NobodyHearsWhatComesInBetween) {
    SlotReader reader;
    Heard first;
    Heard second;
    reader.begin({"t1", "e1"}, first);
    ASSERT_TRUE(reader.feed(stream_of_a_run() + frame(1, "left over")));
    reader.begin({"t2", "e2"}, second);
    ASSERT_TRUE(reader.feed(frame(1, record("e2", "failed exec 2")) +
                            frame(2, record("e2", "failed exec 2"))));
    EXPECT_EQ(first.out, "one\ntwo");
    EXPECT_EQ(second.out, "");
    EXPECT_EQ(second.news, std::vector<std::string>{"failed exec 2"});
}

TEST(SlotReader, RefusesWhatIsNoStream) {
    SlotReader reader;
    EXPECT_FALSE(reader.feed("HTTP/1.1 200 OK\r\n"));
}

TEST(SlotMessage, HasALengthAndTexts) {
    const auto message =
        slot_message({.tokens = {"t", "e"}, .arguments = {"a", ""}, .environment = {"X=1"}});
    ASSERT_TRUE(message);
    const std::string body = std::string(
        "r\0\0\0\2\0\0\0\1t\0"
        "e\0a\0\0X=1\0",
        20);
    EXPECT_EQ(*message, std::string("\0\0\0\x14", 4) + body);
    EXPECT_EQ(slot_signal(15), std::string("\0\0\0\2s\x0f", 6));
}

TEST(SlotMessage, RefusesAZeroByte) {
    const auto message = slot_message(
        {.tokens = {"t", "e"}, .arguments = {std::string("a\0b", 3)}, .environment = {}});
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().kind, ErrorKind::InvalidArgument);
}

TEST(SlotFailure, SpeaksAsAnEngineDoes) {
    EXPECT_EQ(describe({.step = "exec", .error = ENOENT}, "nix"),
              "exec: \"nix\": executable file not found in $PATH");
    EXPECT_EQ(describe({.step = "exec", .error = ENOENT}, "/nix"),
              "exec: \"/nix\": stat /nix: no such file or directory");
    EXPECT_EQ(describe({.step = "exec", .error = EACCES}, "/etc"),
              "exec: \"/etc\": permission denied");
    EXPECT_EQ(describe({.step = "folder", .error = EROFS}, "x"),
              "cannot make a working directory below /tmp: Read-only file system");
    EXPECT_EQ(exit_code_of({.step = "exec", .error = ENOENT}), 127);
    EXPECT_EQ(exit_code_of({.step = "exec", .error = EACCES}), 126);
}

}  // namespace
}  // namespace batchd::docker
