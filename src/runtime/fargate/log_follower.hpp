// Takes over what one container writes from CloudWatch Logs.
#pragma once

#include "batchd/aws/client.hpp"
#include "batchd/ports/log_sink.hpp"
#include "runtime/fargate/task_definition.hpp"

#include <memory>
#include <string>

namespace batchd::runtime {

/// One thread at a time; calls block.
class LogFollower {
  public:
    /// `sink` must outlive it.
    LogFollower(ports::LogSink& sink, model::LogId id, LogStream stream)
        : sink_(sink), id_(id), stream_(std::move(stream)) {}

    /// Reads one page; whether there was something new. A stream that is not there yet is empty.
    aws::Outcome<bool> read(aws::Client& client);

    /// Reads what is left, and closes the log. What cannot be read is lost, with a word in
    /// batchd's own log.
    void finish(aws::Client& client);

  private:
    bool open();
    void append(std::int64_t time_ns, std::string_view message);

    ports::LogSink& sink_;
    model::LogId id_;
    LogStream stream_;
    std::unique_ptr<ports::LogWriter> writer_;
    bool is_broken_ = false;           ///< the log cannot be opened
    ports::LogWriter::Position from_;  ///< what was stored before
    std::int64_t skip_ = 0;            ///< lines of that time that are stored
    std::string token_;
};

}  // namespace batchd::runtime
