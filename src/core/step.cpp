// One step: events are decided one by one, then timers, one pass, and what came of it is handed
// over.
#include "batchd/core/core.hpp"
#include "core/decisions.hpp"

namespace batchd::core {
namespace {

/// Moves the row changes of the jobs that this step touched into its change set.
void collect_jobs(State& state, Decision& decision) {
    for (auto& insert : decision.changes.new_jobs) {
        insert.row.state = state.job(*state.find_job(insert.row.id)).state;
    }
    for (const JobIndex index : state.step.dirty) {
        const Job& job = state.job(index);
        if (!job.is_new) decision.changes.jobs.push_back({.seq = job.seq, .state = job.state});
        decision.jobs.push_back({.id = job.id,
                                 .queue = job.queue,
                                 .is_new = job.is_new,
                                 .created_at = job.created_at,
                                 .state = job.state});
    }
}

/// Ended jobs leave; the others are no longer new or dirty.
void clear_marks(State& state) {
    for (const JobIndex index : state.step.dirty) {
        Job& job = state.job(index);
        job.is_new = false;
        job.is_dirty = false;
        if (!model::is_terminal(job.state.status)) continue;
        state.job_index.erase(job.id);
        job = Job{};
        state.free_jobs.push_back(index);
    }
}

}  // namespace

Result<Reply> apply(State& state, Event&& event, Timestamp now) {
    return std::visit(
        [&]<class E>(E&& concrete) { return decide(state, std::forward<E>(concrete), now); },
        std::move(event));
}

Decision finish_step(State& state, Timestamp now) {
    stop_overdue_attempts(state, now);
    finish_deletions(state);
    const auto reservation = next_reservation(state);
    if (state.step.needs_pass || (reservation && *reservation <= now)) run_pass(state, now);

    Decision decision;
    decision.changes = std::move(state.step.changes);
    decision.actions = std::move(state.step.actions);
    decision.ended_attempts = std::move(state.step.ended_attempts);
    collect_jobs(state, decision);
    clear_marks(state);
    state.step = Step{};
    return decision;
}

std::optional<Timestamp> next_deadline(const State& state) {
    std::optional<Timestamp> next = next_reservation(state);
    if (!state.deadlines.empty()) {
        const Timestamp timeout = state.deadlines.begin()->first;
        if (!next || timeout < *next) next = timeout;
    }
    return next;
}

}  // namespace batchd::core
