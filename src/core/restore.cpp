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
    Restorer(State& state, const model::Snapshot& snapshot, Timestamp now)
        : state_(state), snapshot_(snapshot), now_(now) {}

    Result<> run() {
        state_.next_seq = snapshot_.next_seq;
        state_.next_id = snapshot_.next_id;
        restore_environments();
        BATCHD_TRY(restore_hosts());
        BATCHD_TRY(restore_instances(state_, snapshot_, now_));
        restore_resources(state_, snapshot_.resources);
        BATCHD_TRY(restore_queues());
        restore_shares();
        restore_definitions();
        for (const auto& attempt : snapshot_.attempts) attempts_.emplace(attempt.id, &attempt);
        for (const auto& child : snapshot_.children) children_[child.job_seq].push_back(&child);
        for (const auto& row : snapshot_.jobs) BATCHD_TRY(restore_job(row));
        BATCHD_TRY(restore_waiting());
        restore_starts();
        for (const auto& row : snapshot_.jobs) restore_dependencies(row);
        forget_marks();
        return {};
    }

  private:
    void restore_environments() {
        for (const auto& row : snapshot_.environments) {
            Environment environment;
            environment.row = row;
            const EnvironmentIndex index{static_cast<std::uint32_t>(state_.environments.size())};
            state_.environments.push_back(std::move(environment));
            if (uses_fargate(state_, state_.environment(index))) add_fargate_host(state_, index);
        }
    }

    Result<> restore_hosts() {
        std::unordered_map<std::int64_t, EnvironmentIndex> environments;
        for (std::uint32_t i = 0; i < state_.environments.size(); ++i) {
            environments.emplace(state_.environments[i].row.id, EnvironmentIndex{i});
        }
        for (const auto& row : snapshot_.hosts) {
            const auto environment = environments.find(row.environment_id);
            if (environment == environments.end()) {
                return contradiction("host " + row.document.name +
                                     " belongs to a compute environment that does not exist");
            }
            if (auto done = restore_host(state_, environment->second, row); !done) {
                return contradiction("host " + row.document.name + ": " + done.error().message);
            }
        }
        return {};
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

    void restore_shares() {
        for (const auto& row : snapshot_.shares) {
            const auto queue = queue_index_.find(row.queue_id);
            if (queue == queue_index_.end()) continue;  // of a deleted queue
            const auto share = find_or_make_share(state_, queue->second, row.identifier, row.at);
            state_.queue(queue->second).shares[share.value].past_vcpus = row.past_vcpus;
        }
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
        take_traits(state_, job, row.traits);
        take_grown_memory(job);
        job.has_started = row.state.status == JobStatus::Running;
        if (row.traits.array_size > 0) return restore_array(index, row);
        if (model::is_placed(row.state.status)) {
            BATCHD_TRY(job.gang ? restore_nodes(index) : restore_run(index));
        }
        restore_status(state_, index, row.state.status);
        return {};
    }

    Result<> restore_waiting() {
        if (!snapshot_.waiting) return {};
        return snapshot_.waiting([&](const model::JobRow& row, bool has_started) -> Result<> {
            BATCHD_TRY(restore_job(row));
            if (has_started) state_.job(*state_.find_job(row.id)).has_started = true;
            return {};
        });
    }

    void take_grown_memory(Job& job) {
        if (job.state.memory.value == 0) return;
        Shape shape = state_.shape(job.shape);
        shape.resources.memory = job.state.memory;
        job.shape = intern(state_, shape);
    }

    Result<> restore_array(JobIndex index, const model::JobRow& row) {
        if (row.state.status != JobStatus::Pending) {
            return contradiction("array job " + to_string(row.id) + " is " +
                                 std::string(to_string(row.state.status)));
        }
        add_children(state_, index, row.traits);
        state_.job(index).has_started = row.state.started_at.has_value();
        const auto rows = children_.find(row.seq);
        if (rows != children_.end()) {
            for (const auto* child : rows->second) BATCHD_TRY(restore_child_row(index, *child));
        }
        Array& array = *state_.job(index).array;
        array.unstarted = row.array.unstarted;
        if (!array.unstarted) return {};
        for (std::int32_t i = 0; i < row.traits.array_size; ++i) {
            if (child_status(array, i) == JobStatus::Pending && !array.slots.contains(i)) {
                restore_child(state_, index, i, array.unstarted->status);
            }
        }
        return {};
    }

    Result<> restore_child_row(JobIndex index, const model::ChildPut& row) {
        const model::JobId id{.uuid = state_.job(index).id.uuid, .part = row.part};
        if (!child_status(*state_.job(index).array, id.index())) {
            return contradiction("child " + to_string(id) + " is beyond the size of its array");
        }
        restore_child(state_, index, id.index(), row.state.status);
        if (model::is_terminal(row.state.status)) return {};
        const JobIndex child = make_slot(state_, index, id.index());
        state_.job(child).state = row.state;
        take_grown_memory(state_.job(child));
        state_.job(child).has_started = row.state.status == JobStatus::Running;
        if (model::is_placed(row.state.status)) BATCHD_TRY(restore_run(child));
        restore_status(state_, child, row.state.status);
        return {};
    }

    /// Of a placed multi-node job: every node has an attempt, under way or ended.
    Result<> restore_nodes(JobIndex index) {
        const model::JobId whole = state_.job(index).id;
        const std::int32_t number = state_.job(index).state.attempt;
        const std::int32_t count = count_nodes(state_.shape(state_.job(index).shape));
        Gang& gang = *state_.job(index).gang;
        for (std::int32_t i = 0; i < count; ++i) {
            const model::AttemptId id{.job = whole.node(i), .number = number};
            const auto found = attempts_.find(id);
            if (found == attempts_.end()) {
                return contradiction("attempt " + to_string(id) + " of a node is not stored");
            }
            if (found->second->stopped_at) {
                if (i == gang.main) gang.main_end = *found->second;
            } else {
                BATCHD_TRY(restore_node(index, i));
            }
        }
        if (gang.nodes.empty() || gang.main >= count) {
            return contradiction("multi-node job " + to_string(whole) + " is " +
                                 std::string(to_string(state_.job(index).state.status)) +
                                 ", but its nodes have ended or have no main one");
        }
        if (gang.main_end) gang.main_stop = cause_of_main_end(state_.job(index));
        hold_nodes(state_.job(index));
        return {};
    }

    /// What decides whether an end of the main node may be retried.
    StopCause cause_of_main_end(const Job& whole) const {
        const Gang& gang = *whole.gang;
        const auto* row = child_row(whole, gang.main_end->id.job.part);
        return stored_stop(row ? row->state : model::JobState{}, gang.main_end->status_reason);
    }

    /// nullptr if there is none.
    const model::ChildPut* child_row(const Job& whole, std::int32_t part) const {
        const auto rows = children_.find(whole.seq);
        if (rows == children_.end()) return nullptr;
        const auto row = std::ranges::find(
            rows->second, part, [](const model::ChildPut* child) { return child->part; });
        return row == rows->second.end() ? nullptr : *row;
    }

    Result<> restore_node(JobIndex whole, std::int32_t node) {
        const JobIndex index = make_node(state_, whole, node);
        const auto* row = child_row(state_.job(whole), state_.job(index).id.part);
        if (!row || !model::is_placed(row->state.status)) {
            return contradiction("node " + to_string(state_.job(index).id) +
                                 " has an attempt under way, but is not placed");
        }
        state_.job(index).state = row->state;
        BATCHD_TRY(restore_run(index));
        restore_status(state_, index, row->state.status);
        return {};
    }

    /// Which of a job's nodes wait for the main one, and which are being stopped. If the main node
    /// is being stopped, those that have not started never will: whether they were let go is not
    /// stored, and makes no difference.
    void hold_nodes(Job& whole) {
        Gang& gang = *whole.gang;
        const auto main = gang.nodes.find(gang.main);
        const Run* main_run =
            main == gang.nodes.end() ? nullptr : state_.job(main->second).run.get();
        for (const auto& [i, index] : gang.nodes) {
            Run& run = *state_.job(index).run;
            if (!main_run) {
                run.stop = StopCause::MainNodeEnded;
                run.stop_reason = kMainNodeEnded;
            } else if (i != gang.main && !run.attempt.started_at) {
                run.is_held = !main_run->attempt.started_at || main_run->stop != StopCause::None;
            }
            if (whole.state.is_terminated && run.stop == StopCause::None) {
                run.stop = StopCause::Terminated;
                run.stop_reason = whole.state.status_reason;
            }
        }
    }

    Result<> restore_run(JobIndex index) {
        Job& job = state_.job(index);
        const auto found = attempts_.find({.job = job.id, .number = job.state.attempt});
        if (found == attempts_.end()) {
            return contradiction("job " + to_string(job.id) + " is " +
                                 std::string(to_string(job.state.status)) +
                                 ", but its attempt is not stored");
        }
        const model::Attempt& attempt = *found->second;
        const auto environment = state_.find_environment(attempt.compute_environment);
        if (environment) restore_fargate_host(*environment, attempt.host);
        const auto host = state_.find_host(attempt.host);
        if (!environment || !host) {
            return contradiction("attempt " + to_string(attempt.id) + " runs on host " +
                                 attempt.host + " in compute environment " +
                                 attempt.compute_environment + ", one of which does not exist");
        }
        const auto& owner = state_.host(*host).environment;
        if (owner && *owner != *environment) {
            return contradiction("attempt " + to_string(attempt.id) + " runs on host " +
                                 attempt.host + ", which is none of compute environment " +
                                 attempt.compute_environment);
        }
        job.run = std::make_unique<Run>();
        job.run->attempt = attempt;
        job.run->environment = *environment;
        job.run->host = *host;
        job.run->stop = stored_stop(job.state, job.state.status_reason);
        if (job.run->stop != StopCause::None) job.run->stop_reason = job.state.status_reason;
        if (job.state.status == JobStatus::Running && job.timeout_seconds > 0 &&
            job.state.started_at) {
            job.run->deadline = *job.state.started_at + Seconds{job.timeout_seconds};
            state_.deadlines.emplace(*job.run->deadline, index);
        }
        return {};
    }

    /// Where an attempt runs that was started when there was Fargate; it is lost with that host.
    void restore_fargate_host(EnvironmentIndex environment, const std::string& host) {
        const auto& name = state_.environment(environment).row.document.compute_environment_name;
        if (host != fargate_host_name(name) || state_.find_host(host)) return;
        add_fargate_host(state_, environment);
    }

    void restore_starts() {
        for (const auto& id : snapshot_.started) {
            const auto index = state_.find_job(id);
            if (!index) continue;  // a child that has ended
            state_.job(*index).has_started = true;
        }
    }

    void restore_dependencies(const model::JobRow& row) {
        if (row.state.status != JobStatus::Pending) return;
        const JobIndex index = *state_.find_job(row.id);
        for (const auto& dependency : row.traits.depends_on) {
            if (dependency.kind == model::Dependency::Kind::NToN) {
                restore_pairs(index, dependency.id);
            } else if (is_awaited(dependency)) {
                Job& job = state_.job(index);
                ++job.waiting_for;
                add_dependent(state_, dependency.id,
                              {.job = index, .kind = dependency.kind, .seq = job.seq});
            }
        }
        const Job& job = state_.job(index);
        if (job.array) {
            if (job.array->sequence != model::Sequence::None) advance(state_, index);
            if (job.waiting_for == 0 && !job.array->unstarted) release_children(state_, index);
            job.array->is_released = row.array.is_released;
        } else if (job.waiting_for == 0) {
            transition(state_, index, JobEvent::DependenciesMet);
        }
    }

    /// A dependency that is not live any more is met, else this job would have failed with its end.
    bool is_awaited(const model::Dependency& dependency) const {
        const auto& id = dependency.id;
        const auto live = state_.find_job(id);
        const bool has_started = live && state_.job(*live).has_started;
        if (!id.is_child()) {
            return live && bearing(dependency.kind, state_.job(*live).state.status, has_started) !=
                               Bearing::Met;
        }
        const auto array = state_.find_job(id.whole());
        if (!array || !state_.job(*array).array) return false;
        const auto status = child_status(*state_.job(*array).array, id.index());
        return status && bearing(dependency.kind, *status, has_started) != Bearing::Met;
    }

    void restore_pairs(JobIndex index, const model::JobId& id) {
        const Job& job = state_.job(index);
        const auto live = state_.find_job(id);
        const auto& children = live && state_.job(*live).array ? state_.job(*live).array->children
                                                               : ended_children(id);
        for (std::size_t i = 0; i < std::min(children.size(), job.array->waiting_for.size()); ++i) {
            if (children[i] != JobStatus::Succeeded) ++job.array->waiting_for[i];
        }
        if (live) state_.job(*live).array->pairwise.push_back({.job = index, .seq = job.seq});
    }

    const std::vector<JobStatus>& ended_children(const model::JobId& id) const {
        static const std::vector<JobStatus> none;
        const auto found = std::ranges::find(snapshot_.ended_arrays, id,
                                             [](const auto& entry) { return entry.first; });
        return found == snapshot_.ended_arrays.end() ? none : found->second;
    }

    /// What was laid in is stored already.
    void forget_marks() {
        for (const JobIndex index : state_.step.dirty) {
            state_.job(index).is_dirty = false;
            state_.job(index).news = Job::kNoNews;
        }
        state_.step = Step{};
        state_.step.needs_pass = true;
    }

    State& state_;
    const model::Snapshot& snapshot_;
    Timestamp now_;
    std::unordered_map<std::int64_t, QueueIndex> queue_index_;
    std::unordered_map<model::AttemptId, const model::Attempt*> attempts_;
    std::unordered_map<std::int64_t, std::vector<const model::ChildPut*>>
        children_;  ///< by job_seq
};

}  // namespace

Result<> restore(State& state, const model::Snapshot& snapshot, Timestamp now) {
    state.restored_at = now;
    BATCHD_TRY(Restorer(state, snapshot, now).run());
    for (const auto& submission : snapshot.recent_submissions) {
        remember_submission(state, submission);
    }
    restore_service_jobs(state, snapshot, now);
    restore_news(state, snapshot);
    for (const auto& row : snapshot.webhooks) state.webhooks.emplace(row.document.name, row);
    stop_overdue_attempts(state, now);
    enforce_limits(state, now);
    end_drained_attempts(state, now);
    if (!state.policy.on_aws) lose_fargate_hosts(state, now);
    renew_status_reasons(state);  // the provider of MANAGED environments may be another one
    return {};
}

std::vector<LiveAttempt> live_attempts(const State& state) {
    std::vector<LiveAttempt> list;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (!job.run || job.run->is_held) continue;
        list.push_back({.start = start_of(state, job),
                        .was_running = job.state.status == JobStatus::Running,
                        .stop_with_grace = job.run->stop == StopCause::None
                                               ? std::nullopt
                                               : std::optional(stop_grace(state, job))});
    }
    std::ranges::sort(list, {}, [](const LiveAttempt& live) {
        return std::pair(live.start.seq, live.start.id.job.part);
    });
    return list;
}

}  // namespace batchd::core
