// Time as the rest of the daemon sees it: milliseconds since the epoch, read from one Clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace batchd {

/// AWS Batch gives all job times as integer milliseconds since the epoch; so do we, everywhere.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;
using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

inline std::int64_t to_epoch_ms(Timestamp t) { return t.time_since_epoch().count(); }
inline Timestamp from_epoch_ms(std::int64_t ms) { return Timestamp{Milliseconds{ms}}; }

/// "2026-11-21T03:52:57.123Z"
std::string to_iso8601(Timestamp t);

/// The only source of the current time. Core never sees it: `now` comes in as an argument.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual Timestamp now() const = 0;
};

/// The machine's wall clock, made monotone: it never goes back while the process lives, so that a
/// stopped job cannot have stopped before it started. Any thread.
class SystemClock final : public Clock {
  public:
    Timestamp now() const override;
};

}  // namespace batchd
