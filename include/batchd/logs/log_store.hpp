// The logs of containers, as plain files that any text tool reads: <data>/logs/<first two digits of
// the task id>/<task id>.log, one record a line: "<time ns> <o|e> <text>". Of several containers
// the first one's file is called so, the next ones' <task id>.1.log and so on.
//
// Any thread, except where a type says otherwise. The LogStore must outlive its writers and
// followers. File errors are Unavailable and name the file.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/ids.hpp"
#include "batchd/ports/log_sink.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

namespace batchd::logs {

class GrowthHub;

struct LogEvent {
    std::int64_t time_ns = 0;  ///< since the epoch; never less than that of the event before
    ports::OutputChannel channel = ports::OutputChannel::Stdout;
    std::string message;      ///< one line without its newline; any bytes but '\n'
    std::int64_t offset = 0;  ///< of its record in the file; stable
};

struct LogLimits {
    std::size_t events = 10'000;
    std::size_t message_bytes = 1 << 20;  ///< a first event that is longer is given nevertheless
};

/// Events in order of time, from the records in [begin, end) of the file.
struct LogPage {
    std::vector<LogEvent> events;
    std::int64_t begin = 0;  ///< read_backward goes on from here
    std::int64_t end = 0;    ///< read_forward goes on from here
};

/// Wakes somebody when a log grows; ends with its life. No call is running or will come when the
/// destructor has returned.
class Follower {
  public:
    Follower(Follower&& other) noexcept;
    Follower& operator=(Follower&&) = delete;
    ~Follower();

  private:
    friend class LogStore;
    Follower(GrowthHub& hub, std::uint64_t token) : hub_(&hub), token_(token) {}
    GrowthHub* hub_;
    std::uint64_t token_;
};

class LogStore final : public ports::LogSink {
  public:
    static constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

    /// Makes <data>/logs if it is missing.
    static Result<std::unique_ptr<LogStore>> open(const std::filesystem::path& data);
    ~LogStore() override;

    /// A last record that a crash cut short is removed from the file. Times that go back are lifted
    /// to the newest one. What was not flushed when the writer is destroyed is lost: position()
    /// of the next one tells from where to read the Engine's log again. Conflict while another
    /// writer of the same log lives.
    Result<std::unique_ptr<ports::LogWriter>> open(const model::LogId& id) override;

    // Reading sees what was flushed. A container without a log reads as an empty one. Offsets that
    // point into a record or behind the end are moved to the next record or the end.

    Result<LogPage> read_forward(const model::LogId& id, std::int64_t offset,
                                 const LogLimits& limits) const;
    /// The last events before `offset`, oldest first; kEnd for the end of the log.
    Result<LogPage> read_backward(const model::LogId& id, std::int64_t offset,
                                  const LogLimits& limits) const;
    /// Of the first event at or after `time_ns`; the log's end if there is none.
    Result<std::int64_t> offset_at(const model::LogId& id, std::int64_t time_ns) const;

    /// Whether a writer has the log open. Who asks this before reading to the end, and gets false,
    /// has seen all of a log whose attempt ended.
    bool is_open(const model::LogId& id) const;

    /// Calls `on_change` after each flush that stored something, and when the writer closes or
    /// goes. The calls come from the writer's thread: post the work elsewhere, and do not call the
    /// LogStore or destroy a Follower inside. Register first and read then, so that nothing is
    /// missed.
    [[nodiscard]] Follower follow(const model::LogId& id, std::function<void()> on_change);

    /// No error if there is no log. A writer that has it open goes on unseen.
    Result<> remove(const model::LogId& id);

  private:
    explicit LogStore(std::filesystem::path folder);
    std::filesystem::path path_of(const model::LogId& id) const;

    std::filesystem::path folder_;
    std::unique_ptr<GrowthHub> hub_;
};

}  // namespace batchd::logs
