// Decisions alone, in memory: no HTTP, disk or Docker.
#pragma once

#include "batchd/core/core.hpp"
#include "latencies.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace batchd::bench {

/// Waiting jobs are of so many shapes.
inline constexpr int kShapes = 50;

double milliseconds(SteadyClock::duration span);

/// One queue, and hosts with room for that many jobs each at a time.
class Scheduler {
  public:
    explicit Scheduler(std::size_t room = 1, std::size_t hosts = 1);

    model::JobId submit(const std::vector<model::JobId>& after, std::int64_t memory = 1,
                        model::Dependency::Kind kind = model::Dependency::Kind::AfterOk);
    /// `count` jobs of kShapes shapes in turn; returns their ids.
    std::vector<model::JobId> submit_many(std::size_t count);
    void start(const model::JobId& job);
    void end(const model::JobId& job, std::int32_t exit_code);
    bool explains(const model::JobId& job) const;
    core::Decision finish() { return core::finish_step(state_, now_); }
    /// What making the environment and the queue decided.
    const core::Decision& made() const { return made_; }
    /// Whether an event was refused.
    bool failed() const { return failed_; }

  private:
    void tell(core::Event event);

    core::State state_;
    core::Decision made_;
    Timestamp now_{};
    std::uint64_t submitted_ = 0;
    bool failed_ = false;
};

/// Of a turn, in which one job ends and the next starts, while so many wait.
Result<double> milliseconds_of_turn(std::size_t waiting);

}  // namespace batchd::bench
