// From stored rows to the live state, and back to what should be running.
#include "batchd/core/core.hpp"
#include "core/decisions.hpp"

#include <algorithm>
#include <unordered_map>

namespace batchd::core {
namespace {

using model::JobStatus;

std::unexpected<Error> contradiction(const std::string& what) {
    return fail(ErrorKind::Internal, "the stored state contradicts itself: " + what);
}

class Restorer {
  public:
    Restorer(State& state, const model::Snapshot& snapshot) : state_(state), snapshot_(snapshot) {}

    Result<> run() {
        state_.next_seq = snapshot_.next_seq;
        state_.next_id = snapshot_.next_id;
        restore_environments();
        BATCHD_TRY(restore_queues());
        restore_definitions();
        for (const auto& attempt : snapshot_.attempts) attempts_.emplace(attempt.id.job, &attempt);
        for (const auto& row : snapshot_.jobs) BATCHD_TRY(restore_job(row));
        for (const auto& row : snapshot_.jobs) restore_dependencies(row);
        return {};
    }

  private:
    void restore_environments() {
        for (const auto& row : snapshot_.environments) {
            Environment environment;
            environment.row = row;
            for (std::uint32_t i = 0; i < state_.hosts.size(); ++i) {
                environment.hosts.push_back(HostIndex{i});
            }
            state_.environments.push_back(std::move(environment));
        }
    }

    Result<> restore_queues() {
        for (const auto& row : snapshot_.queues) {
            Queue queue;
            queue.row = row;
            for (const auto& entry : row.document.compute_environment_order) {
                const auto index = state_.find_environment(entry.compute_environment);
                if (!index) {
                    return contradiction("job queue " + row.document.job_queue_name +
                                         " refers to compute environment " +
                                         entry.compute_environment + ", which does not exist");
                }
                queue.environments.push_back(*index);
            }
            queue_index_.emplace(row.id,
                                 QueueIndex{static_cast<std::uint32_t>(state_.queues.size())});
            state_.queues.push_back(std::move(queue));
        }
        for (const auto& ended : snapshot_.ended) {
            const auto found = queue_index_.find(ended.queue_id);
            if (found == queue_index_.end()) continue;  // of a deleted queue
            auto& counts = state_.queue(found->second).counts;
            counts[static_cast<std::size_t>(JobStatus::Succeeded)] = ended.succeeded;
            counts[static_cast<std::size_t>(JobStatus::Failed)] = ended.failed;
        }
        return {};
    }

    void restore_definitions() {
        for (const auto& [name, revision] : snapshot_.last_revisions) {
            state_.definitions[name].last_revision = revision;
        }
        for (const auto& row : snapshot_.definitions) {
            state_.definitions[row.name].active.emplace(row.revision, row);
        }
    }

    Result<> restore_job(const model::JobRow& row) {
        const auto queue = queue_index_.find(row.queue_id);
        if (queue == queue_index_.end()) {
            return contradiction("job " + to_string(row.id) +
                                 " is not ended, but its queue is gone");
        }
        const JobIndex index = add_job(state_, row.id);
        Job& job = state_.job(index);
        job.seq = row.seq;
        job.created_at = row.created_at;
        job.state = row.state;
        job.queue = queue->second;
        job.shape = intern(state_, {row.traits.resources, row.traits.fargate});
        job.retry_rules = row.traits.retry_rules;
        job.attempts_limit = row.traits.attempts;
        job.timeout_seconds =
            static_cast<std::uint32_t>(row.traits.timeout.value_or(Seconds{0}).count());
        if (model::is_placed(row.state.status)) BATCHD_TRY(restore_run(index));
        restore_status(state_, index, row.state.status);
        return {};
    }

    Result<> restore_run(JobIndex index) {
        Job& job = state_.job(index);
        const auto found = attempts_.find(job.id);
        if (found == attempts_.end() || found->second->id.number != job.state.attempt) {
            return contradiction("job " + to_string(job.id) + " is " +
                                 std::string(to_string(job.state.status)) +
                                 ", but its attempt is not stored");
        }
        const model::Attempt& attempt = *found->second;
        const auto environment = state_.find_environment(attempt.compute_environment);
        const auto host = state_.find_host(attempt.host);
        if (!environment || !host) {
            return contradiction("attempt " + to_string(attempt.id) + " runs on host " +
                                 attempt.host + " in compute environment " +
                                 attempt.compute_environment + ", one of which does not exist");
        }
        job.run = std::make_unique<Run>();
        job.run->attempt = attempt;
        job.run->environment = *environment;
        job.run->host = *host;
        if (job.state.is_terminated) {
            job.run->stop = StopCause::Terminated;
            job.run->stop_reason = job.state.status_reason;
        }
        if (job.state.status == JobStatus::Running && job.timeout_seconds > 0 &&
            job.state.started_at) {
            job.run->deadline = *job.state.started_at + Seconds{job.timeout_seconds};
            state_.deadlines.emplace(*job.run->deadline, index);
        }
        return {};
    }

    void restore_dependencies(const model::JobRow& row) {
        if (row.state.status != JobStatus::Pending) return;
        const JobIndex index = *state_.find_job(row.id);
        Job& job = state_.job(index);
        for (const auto& id : row.traits.depends_on) {
            const auto dependency = state_.find_job(id);
            if (!dependency) continue;  // succeeded
            ++job.waiting_for;
            state_.job(*dependency).dependents.push_back({.job = index, .seq = job.seq});
        }
        if (job.waiting_for == 0) transition(state_, index, JobEvent::DependenciesMet);
    }

    State& state_;
    const model::Snapshot& snapshot_;
    std::unordered_map<std::int64_t, QueueIndex> queue_index_;
    std::unordered_map<model::JobId, const model::Attempt*> attempts_;
};

}  // namespace

Result<> restore(State& state, const model::Snapshot& snapshot, Timestamp now) {
    BATCHD_TRY(Restorer(state, snapshot).run());
    stop_overdue_attempts(state, now);
    return {};
}

std::vector<LiveAttempt> live_attempts(const State& state) {
    std::vector<LiveAttempt> list;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (!job.run) continue;
        const model::Attempt& attempt = job.run->attempt;
        list.push_back({.start = {.seq = job.seq,
                                  .id = attempt.id,
                                  .host = attempt.host,
                                  .queue = state.queue(job.queue).row.document.job_queue_name,
                                  .environment = attempt.compute_environment,
                                  .resources = state.shape(job.shape).resources},
                        .was_running = job.state.status == JobStatus::Running,
                        .is_stopping = job.run->stop != StopCause::None});
    }
    std::ranges::sort(list, {}, [](const LiveAttempt& live) { return live.start.seq; });
    return list;
}

}  // namespace batchd::core
