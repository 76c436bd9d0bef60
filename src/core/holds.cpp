// Jobs that are held, and queues that are paused.
#include "core/decisions.hpp"

#include <algorithm>
#include <limits>

namespace batchd::core {
namespace {

/// A job that may still be kept from starting.
Result<JobIndex> waiting_job(const State& state, const model::JobId& id) {
    if (id.part != 0) {
        return invalid_argument("jobId '" + to_string(id) + "' is a part of job " +
                                to_string(id.whole()) + ": hold or release that one");
    }
    const auto index = state.find_job(id);
    if (!index) {
        return fail(ErrorKind::Conflict, "job " + to_string(id) + " has ended: it cannot be held");
    }
    const Job& job = state.job(*index);
    if (!model::is_placed(job.state.status)) return *index;
    return fail(ErrorKind::Conflict, "job " + to_string(id) + " is " +
                                         std::string(to_string(job.state.status)) +
                                         ": only a job that waits can be held");
}

Result<QueueIndex> live_queue(const State& state, const std::string& name) {
    if (const auto index = state.find_queue(name)) return *index;
    return fail(ErrorKind::NotFound, "JobQueue " + name + " not found.");
}

}  // namespace

Result<Reply> decide(State& state, HoldJob&& event, Timestamp) {
    const auto index = waiting_job(state, event.id);
    if (!index) return std::unexpected(index.error());
    set_hold(state, *index, std::move(event.reason));
    return Reply{};
}

Result<Reply> decide(State& state, ReleaseJob&& event, Timestamp) {
    const auto found = state.find_job(event.id);
    if (found && model::is_placed(state.job(*found).state.status)) return Reply{};  // it went on
    const auto index = waiting_job(state, event.id);
    if (!index) return std::unexpected(index.error());
    if (state.job(*index).state.hold) set_hold(state, *index, std::nullopt);
    return Reply{};
}

Result<Reply> decide(State& state, PauseQueue&& event, Timestamp) {
    const auto index = live_queue(state, event.name);
    if (!index) return std::unexpected(index.error());
    Queue& queue = state.queue(*index);
    queue.row.pause = std::move(event.pause);
    state.step.changes.queues.push_back(queue.row);
    state.scaling.is_stale = true;
    return Reply{};
}

Result<Reply> decide(State& state, ResumeQueue&& event, Timestamp) {
    const auto index = live_queue(state, event.name);
    if (!index) return std::unexpected(index.error());
    Queue& queue = state.queue(*index);
    if (!queue.row.pause) return Reply{};
    queue.row.pause.reset();
    state.step.changes.queues.push_back(queue.row);
    state.step.needs_pass = true;
    return Reply{};
}

std::int64_t room_to_run(const Queue& queue) {
    if (queue.row.pause) return 0;
    const auto most = queue.row.document.max_running.value_or(0);
    if (most == 0) return std::numeric_limits<std::int64_t>::max();
    const auto running = queue.counts[static_cast<std::size_t>(model::JobStatus::Starting)] +
                         queue.counts[static_cast<std::size_t>(model::JobStatus::Running)];
    return std::max<std::int64_t>(0, most - running);
}

}  // namespace batchd::core
