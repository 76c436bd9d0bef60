// Where the output of containers goes while they write it.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/ids.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace batchd::ports {

enum class OutputChannel : std::uint8_t { Stdout, Stderr };

/// The open log of one container. One thread at a time.
class LogWriter {
  public:
    virtual ~LogWriter() = default;
    /// One line without its newline, with the Engine's time in nanoseconds since the epoch. Lines
    /// come in the order in which the Engine gives them.
    virtual void append(std::int64_t time_ns, OutputChannel channel, std::string_view line) = 0;
    /// Makes what was appended visible to readers, and wakes those who follow.
    virtual Result<> flush() = 0;
    /// flush, then durable; no more lines follow, followers end. The container may be removed after
    /// it.
    virtual Result<> close() = 0;
    /// Time of the newest line that is stored, and how many stored lines carry exactly that time:
    /// where to go on after a restart without loss or repetition. 0 and 0 for an empty log.
    struct Position {
        std::int64_t time_ns = 0;
        std::int64_t lines_at_that_time = 0;
    };
    virtual Position position() const = 0;
};

/// Any thread.
class LogSink {
  public:
    virtual ~LogSink() = default;
    /// Opens the container's log to append; makes it if there is none.
    virtual Result<std::unique_ptr<LogWriter>> open(const model::LogId& id) = 0;
};

}  // namespace batchd::ports
