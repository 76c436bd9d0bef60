// What the store needs of others when it removes ended jobs.
#pragma once

#include "batchd/model/ids.hpp"
#include "batchd/model/job.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace batchd::ports {

/// Any thread.
class LogRemover {
  public:
    virtual ~LogRemover() = default;
    /// Removes the logs, if they are there, in the background.
    virtual void remove(std::vector<model::LogId> logs) = 0;
    /// Whether all that was handed over is gone. A log that cannot be removed is given up.
    virtual bool is_idle() const = 0;
};

/// Who hears of it. Called by the engine's thread, must not block.
class RetentionSink {
  public:
    enum class Reason : std::uint8_t { Age, Size };

    virtual ~RetentionSink() = default;
    virtual void job_removed(const std::string& queue, model::JobStatus status, Reason reason) = 0;
    /// What the database holds, and what it may; 0: as much as it wants.
    virtual void database_measured(std::int64_t bytes, std::int64_t max_bytes) = 0;
};

}  // namespace batchd::ports
