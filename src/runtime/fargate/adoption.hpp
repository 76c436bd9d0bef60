// After a start of the daemon: which tasks there are, and whose they are.
#pragma once

#include "runtime/fargate/fleet.hpp"

#include <memory>
#include <vector>

namespace batchd::runtime {

/// An attempt that should exist, and has no task that we know of.
struct Unplaced {
    std::shared_ptr<FargateAttempt> attempt;
    bool was_running = false;
};

/// Finds the tasks of the attempts; starts those that have none, or ends them if they ran; stops
/// tasks that belong to no attempt. Goes on until AWS answers.
boost::asio::awaitable<void> adopt_tasks(FargateContext* context, Fleet* fleet,
                                         std::vector<Unplaced> attempts);

}  // namespace batchd::runtime
