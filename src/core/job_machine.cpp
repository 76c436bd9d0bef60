#include "core/job_machine.hpp"

#include <array>

namespace batchd::core {
namespace {

using enum model::JobStatus;
using Row = std::array<std::optional<model::JobStatus>, kJobEventCount>;
constexpr std::nullopt_t kIgnored = std::nullopt;

// clang-format off
// Rows: the status in the order of its enum. Columns: the events in theirs.
constexpr std::array<Row, model::kJobStatusCount> kTable{{
    //               MustWait  DepsMet   DepFailed GivenUp   Placed    Started   Succeeded  Failed    Retried
    /* Submitted */ {{Pending,  Runnable, Failed,   Failed,   kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored}},
    /* Pending   */ {{kIgnored, Runnable, Failed,   Failed,   kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored}},
    /* Runnable  */ {{kIgnored, kIgnored, kIgnored, Failed,   Starting, kIgnored, kIgnored,  kIgnored, kIgnored}},
    /* Starting  */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, Running,  Succeeded, Failed,   Runnable}},
    /* Running   */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, Succeeded, Failed,   Runnable}},
    /* Succeeded */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored}},
    /* Failed    */ {{kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored, kIgnored,  kIgnored, kIgnored}},
}};
// clang-format on

WaitKey wait_key(const Job& job) { return {.is_fresh = job.state.attempt == 0, .seq = job.seq}; }

void enter(State& state, JobIndex index) {
    Job& job = state.job(index);
    Queue& queue = state.queue(job.queue);
    ++queue.counts[static_cast<std::size_t>(job.state.status)];
    if (job.state.status == Runnable) {
        queue.waiting[job.shape].emplace(wait_key(job), index);
        state.step.needs_pass = true;
    }
}

void leave(State& state, JobIndex index) {
    Job& job = state.job(index);
    Queue& queue = state.queue(job.queue);
    --queue.counts[static_cast<std::size_t>(job.state.status)];
    if (job.state.status == Runnable) {
        const auto bucket = queue.waiting.find(job.shape);
        BATCHD_CHECK(bucket != queue.waiting.end(), "a RUNNABLE job stands in its bucket");
        bucket->second.erase(wait_key(job));
        if (bucket->second.empty()) queue.waiting.erase(bucket);
        state.step.needs_pass = true;  // it may have stood in the way of others
    }
}

void hold_capacity(State& state, const Job& job) {
    Host& host = state.host(job.run->host);
    host.used += state.shape(job.shape).resources;
    ++host.running;
    state.environment(job.run->environment).used += state.shape(job.shape).resources.vcpu;
}

void release_capacity(State& state, const Job& job) {
    Host& host = state.host(job.run->host);
    host.used -= state.shape(job.shape).resources;
    --host.running;
    state.environment(job.run->environment).used -= state.shape(job.shape).resources.vcpu;
    state.step.needs_pass = true;
}

}  // namespace

std::optional<model::JobStatus> next_status(model::JobStatus status, JobEvent event) {
    return kTable[static_cast<std::size_t>(status)][static_cast<std::size_t>(event)];
}

bool transition(State& state, JobIndex index, JobEvent event) {
    Job& job = state.job(index);
    const auto next = next_status(job.state.status, event);
    if (!next) return false;
    const bool held = model::is_placed(job.state.status);
    const bool holds = model::is_placed(*next);
    leave(state, index);
    if (held && !holds) release_capacity(state, job);
    job.state.status = *next;
    if (!held && holds) hold_capacity(state, job);
    enter(state, index);
    mark_dirty(state, index);
    return true;
}

void restore_status(State& state, JobIndex index, model::JobStatus status) {
    Job& job = state.job(index);
    job.state.status = status;
    if (model::is_placed(status)) hold_capacity(state, job);
    enter(state, index);
}

void mark_dirty(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (job.is_dirty) return;
    job.is_dirty = true;
    state.step.dirty.push_back(index);
}

}  // namespace batchd::core
