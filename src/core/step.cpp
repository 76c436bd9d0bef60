// One step: events are decided one by one, then timers, one pass, and what came of it is handed
// over.
#include "batchd/core/core.hpp"
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

/// Moves the row changes of the jobs that this step touched into its change set.
void collect_jobs(State& state, Decision& decision, Timestamp now) {
    for (auto& insert : decision.changes.new_jobs) {
        const Job& job = state.job(*state.find_job(insert.row.id));
        insert.row.state = job.state;
        if (job.array) insert.row.array = progress_of(*job.array, now);
    }
    for (const JobIndex index : state.step.dirty) {
        const Job& job = state.job(index);
        if (job.parent || job.node_of) {
            decision.changes.children.push_back(
                {.job_seq = job.seq, .part = job.id.part, .state = job.state});
        } else if (!job.is_new) {
            auto& update = decision.changes.jobs.emplace_back(job.seq, job.state, std::nullopt);
            if (job.array) update.array = progress_of(*job.array, now);
        }
        decision.jobs.push_back({.id = job.id,
                                 .queue = job.queue,
                                 .is_new = job.is_new,
                                 .created_at = job.created_at,
                                 .state = job.state});
    }
}

void collect_counts(const State& state, model::Changes& changes) {
    for (const QueueIndex index : state.step.ended_in) {
        const Queue& queue = state.queue(index);
        const auto& counts = queue.counts;
        changes.ended.push_back(
            {.queue_id = queue.row.id,
             .succeeded = counts[static_cast<std::size_t>(model::JobStatus::Succeeded)],
             .failed = counts[static_cast<std::size_t>(model::JobStatus::Failed)]});
    }
}

void collect_shares(const State& state, model::Changes& changes) {
    for (const auto& [queue, index] : state.step.shares) {
        const Share& share = state.queue(queue).shares[index.value];
        changes.shares.push_back({.queue_id = state.queue(queue).row.id,
                                  .identifier = share.identifier,
                                  .past_vcpus = share.past_vcpus,
                                  .at = share.at});
    }
}

/// Ended jobs leave; the others are no longer new or dirty.
void clear_marks(State& state) {
    for (const JobIndex index : state.step.dirty) {
        Job& job = state.job(index);
        job.is_new = false;
        job.is_dirty = false;
        job.news = Job::kNoNews;
        if (!model::is_terminal(job.state.status)) continue;
        // A node's place may be taken by that of the job's next attempt already.
        const auto listed = state.job_index.find(job.id);
        if (listed != state.job_index.end() && listed->second == index) {
            state.job_index.erase(listed);
        }
        if (job.parent) drop_slot(state, job);
        job = Job{};
        state.free_jobs.push_back(index);
    }
}

}  // namespace

Result<Reply> apply(State& state, Event&& event, Timestamp now) {
    state.step.now = now;
    return std::visit(
        [&]<class E>(E&& concrete) { return decide(state, std::forward<E>(concrete), now); },
        std::move(event));
}

Decision finish_step(State& state, Timestamp now) {
    state.step.now = now;
    stop_overdue_attempts(state, now);
    enforce_limits(state, now);
    forget_old_submissions(state, now);
    end_drained_attempts(state, now);
    remove_leaving_hosts(state);
    end_overdue_service_jobs(state, now);
    finish_deletions(state);
    const auto due = [&](std::optional<Timestamp> deadline) {
        return deadline && *deadline <= now;
    };
    if (state.step.needs_pass || due(next_reservation(state)) || due(next_share_end(state))) {
        run_pass(state, now);
        state.scaling.is_stale = true;
    }
    state.step.needs_pass = false;
    scale(state, now);
    if (state.step.needs_pass) run_pass(state, now);  // jobs of instances that were given up

    Decision decision;
    decision.actions = std::move(state.step.actions);
    decision.ended_attempts = std::move(state.step.ended_attempts);
    collect_news(state, now);
    decision.changes = std::move(state.step.changes);
    collect_jobs(state, decision, now);
    collect_counts(state, decision.changes);
    collect_shares(state, decision.changes);
    clear_marks(state);
    state.step = Step{};
    return decision;
}

std::optional<Timestamp> next_deadline(const State& state) {
    std::optional<Timestamp> next;
    if (!state.deadlines.empty()) next = state.deadlines.begin()->first;
    for (const auto other :
         {next_reservation(state), next_share_end(state), next_scaling(state), next_limit(state)}) {
        if (other && (!next || *other < *next)) next = other;
    }
    if (!state.drain_deadlines.empty()) {
        const Timestamp drain = state.drain_deadlines.begin()->first;
        next = next ? std::min(*next, drain) : drain;
    }
    const auto service = next_service_deadline(state);
    return next && service ? std::min(*next, *service) : next ? next : service;
}

}  // namespace batchd::core
