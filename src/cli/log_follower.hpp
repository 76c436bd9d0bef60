// The output of a job, live, through broken connections and retries of the job.
#pragma once

#include "cli/client.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace batchd::cli {

struct LogWanted {
    std::string job{};
    std::int64_t attempt = 1;
    std::optional<std::int64_t> tail{};  ///< only its last lines
    std::string container{};             ///< empty: the first essential one
    bool follow = true;
};

/// Gets the output as it comes; a text may end within a line.
using LogSink = std::function<void(std::int64_t attempt, std::string_view text)>;

/// Follows one attempt.
class LogFollower {
  public:
    /// `client` must outlive it.
    LogFollower(Client& client, LogWanted wanted, LogSink sink);

    /// Passes on what is there and, if it follows, what is written until the attempt or the job
    /// ends. After a Failure it goes on where it was.
    Outcome<> run();

    const LogWanted& wanted() const { return wanted_; }

  private:
    Request request();

    Client& client_;
    LogWanted wanted_;
    LogSink sink_;
    std::string offset_{};  ///< where the daemon began, as it calls it; empty: it has not yet
    std::int64_t got_ = 0;  ///< bytes of text since there
};

/// Follows a job from one attempt to the next.
class JobFollower {
  public:
    /// `client` must outlive it.
    JobFollower(Client& client, LogWanted first, LogSink sink);

    /// The job once it has ended and its output was passed on. After a Failure it goes on where it
    /// was.
    Outcome<nlohmann::json> run();

  private:
    Client& client_;
    LogSink sink_;
    std::optional<LogFollower> attempt_;  ///< always set
};

}  // namespace batchd::cli
