// The limits on time that a job brings (model::JobOptions): in its queue, in STARTING, and the
// deadline by which it has ended.
#include "core/decisions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::core {
namespace {

using model::JobStatus;

void keep_earlier(std::optional<Timestamp>& next, Timestamp at) {
    if (!next || at < *next) next = at;
}

/// Since when it waits for a host, as far as this daemon has seen; nullopt if it does not.
std::optional<Timestamp> waits_since(const State& state, const Job& job) {
    // An array's own maxParallel is no time in the queue.
    const bool waits = job.array ? job.array->offered > 0 : job.state.status == JobStatus::Runnable;
    if (!waits || is_held(state, job)) return std::nullopt;
    const Timestamp since = job.array ? job.array->runnable_since : job.runnable_since;
    return std::max(since, state.restored_at);
}

std::optional<Timestamp> queue_limit(const State& state, const Job& job) {
    const auto since = waits_since(state, job);
    if (!since || !job.options->max_queue_seconds) return std::nullopt;
    return *since + Seconds{*job.options->max_queue_seconds};
}

std::optional<Timestamp> starting_limit(const State& state, const Job& job) {
    if (job.state.status != JobStatus::Starting || !job.options->max_starting_seconds) {
        return std::nullopt;
    }
    return std::max(job.starting_since, state.restored_at) +
           Seconds{*job.options->max_starting_seconds};
}

std::optional<Timestamp> deadline(const Job& job) {
    const bool is_over = job.array && job.array->unstarted;  // what runs has a deadline of its own
    if (!job.options->deadline || is_over) return std::nullopt;
    return from_epoch_ms(*job.options->deadline);
}

void stop(State& state, JobIndex index, StopCause cause, std::string reason, Timestamp now) {
    const Job& job = state.job(index);
    if (!job.gang) return stop_attempt(state, index, cause, std::move(reason));
    const auto main = job.gang->nodes.find(job.gang->main);
    if (main == job.gang->nodes.end()) return;  // it ends already
    stop_node_or_attempt(state, main->second, cause, std::move(reason), now);
}

/// Ends what was not placed.
void give_up(State& state, JobIndex index, std::string reason, Timestamp now) {
    if (!state.job(index).array) {
        end_job(state, index, JobEvent::GivenUp, std::move(reason), now);
        return;
    }
    std::vector<Ended> ended;
    fail_unstarted(state, index, never_started(std::move(reason), now), ended);
    settle(state, std::move(ended), now);
}

void enforce(State& state, JobIndex index, Timestamp now) {
    const Job& job = state.job(index);
    const auto is_due = [&](std::optional<Timestamp> at) { return at && *at <= now; };
    const bool is_running = model::is_placed(job.state.status);
    if (is_due(deadline(job))) {
        auto reason =
            fmt::format("{}: it was {} (ms since 1970)", kDeadlineExceeded, *job.options->deadline);
        if (is_running) {
            stop(state, index, StopCause::TimedOut, std::move(reason), now);
        } else {
            give_up(state, index, std::move(reason), now);
        }
    } else if (is_due(queue_limit(state, job))) {
        give_up(state, index,
                fmt::format("Job was RUNNABLE for longer than maxQueueSeconds ({})",
                            *job.options->max_queue_seconds),
                now);
    } else if (is_due(starting_limit(state, job))) {
        stop(state, index, StopCause::StartingTooLong,
             fmt::format("{} ({})", model::kStartingTooLong, *job.options->max_starting_seconds),
             now);
    }
}

void forget(State& state, JobIndex index) {
    auto& at = state.job(index).limit_at;
    if (at) state.limits.erase({*at, index});
    at.reset();
}

}  // namespace

void arm_limits(State& state, JobIndex index) {
    forget(state, index);
    Job& job = state.job(index);
    if (!job.options || model::is_terminal(job.state.status)) return;
    std::optional<Timestamp> next = deadline(job);
    if (const auto at = queue_limit(state, job)) keep_earlier(next, *at);
    if (const auto at = starting_limit(state, job)) keep_earlier(next, *at);
    if (!next) return;
    job.limit_at = next;
    state.limits.emplace(*next, index);
}

void enforce_limits(State& state, Timestamp now) {
    while (!state.limits.empty() && state.limits.begin()->first <= now) {
        const JobIndex index = state.limits.begin()->second;
        forget(state, index);
        enforce(state, index, now);
    }
}

std::optional<Timestamp> next_limit(const State& state) {
    if (state.limits.empty()) return std::nullopt;
    return state.limits.begin()->first;
}

}  // namespace batchd::core
