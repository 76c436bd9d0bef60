// A log store in a directory of its own.
#pragma once

#include "batchd/logs/log_store.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace batchd::logs {

using ports::OutputChannel;

class LogTest : public testing::Test {
  protected:
    LogTest() {
        id_.job.uuid.bytes[15] = 1;
        id_.number = 1;
        std::string pattern = testing::TempDir() + "batchd-logs-XXXXXX";
        directory_ = ::mkdtemp(pattern.data());
        store_ = LogStore::open(directory_).value();
    }
    ~LogTest() override {
        writer_.reset();
        std::filesystem::remove_all(directory_);
    }

    void open_writer() {
        writer_.reset();
        auto opened = store_->open(id_);
        ASSERT_TRUE(opened) << opened.error().message;
        writer_ = std::move(*opened);
    }

    void append(std::int64_t time_ns, const std::string& line) {
        writer_->append(time_ns, OutputChannel::Stdout, line);
    }

    void flush() {
        const auto done = writer_->flush();
        ASSERT_TRUE(done) << done.error().message;
    }

    /// A flushed log with line `i` at time 10 * i, for i from 1 to `count`.
    void write_lines(int count) {
        open_writer();
        for (int i = 1; i <= count; ++i) append(10 * i, std::to_string(i));
        flush();
    }

    std::filesystem::path path() const {
        const std::string task = model::task_id(id_);
        return directory_ / "logs" / task.substr(0, 2) / (task + ".log");
    }

    std::string content() const {
        std::ifstream file(path(), std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    LogPage forward(std::int64_t offset = 0, LogLimits limits = {}) const {
        return store_->read_forward(id_, offset, limits).value();
    }
    LogPage backward(std::int64_t offset = LogStore::kEnd, LogLimits limits = {}) const {
        return store_->read_backward(id_, offset, limits).value();
    }

    static std::string joined(const LogPage& page) {
        std::string text;
        for (const auto& event : page.events) text += event.message + " ";
        return text;
    }

    std::filesystem::path directory_;
    model::AttemptId id_;
    std::unique_ptr<LogStore> store_;
    std::unique_ptr<ports::LogWriter> writer_;
};

}  // namespace batchd::logs
