// jobStateTimeLimitActions: how long the head of a queue waits for one reason.
#pragma once

#include "batchd/core/core.hpp"
#include "batchd/engine/view.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace batchd::engine {

/// Belongs to the engine's thread. Times begin anew when the daemon starts.
class HeadWatch {
  public:
    /// Looks at the queues that have such actions, after a step. Returns what is to be cancelled
    /// now.
    std::vector<core::CancelJob> look(const core::State& state, const View& view, Timestamp now);

    /// When the next action falls due, if nothing changes before.
    std::optional<Timestamp> next_deadline() const { return next_deadline_; }

  private:
    struct Head {
        model::JobId job;
        std::string reason;  ///< its code, such as "CAPACITY:HOST_UNAVAILABLE"
        Timestamp since;
    };
    using Heads = std::unordered_map<std::string, Head>;  ///< by queue
    const Head* head_of(const core::State& state, const View& view, const core::Queue& queue,
                        const Heads& before, Timestamp now);

    Heads heads_;
    std::optional<Timestamp> next_deadline_;
};

}  // namespace batchd::engine
