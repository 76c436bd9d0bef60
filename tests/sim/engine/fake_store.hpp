// A store in memory that survives the engine, fails on demand, and can answer an error although it
// committed.
#pragma once

#include "batchd/ports/store.hpp"

#include <map>

namespace batchd::sim {

class FakeStore final : public ports::Store {
  public:
    enum class Fault { None, Refuse, CommitButFail, NoReads };
    Fault fault = Fault::None;

    Result<> commit(const ports::Changes& changes) override {
        if (fault == Fault::Refuse) return fail(ErrorKind::Unavailable, "disk full");
        apply(changes);
        if (fault == Fault::CommitButFail) return fail(ErrorKind::Unavailable, "I/O error");
        return {};
    }
    Result<> probe() override {
        if (fault != Fault::None) return fail(ErrorKind::Unavailable, "disk full");
        return {};
    }
    Result<ports::Snapshot> load() override;
    Result<std::optional<model::JobState>> ended_state(const model::JobId& id) override {
        if (fault == Fault::NoReads) return fail(ErrorKind::Unavailable, "I/O error");
        return state(id);
    }
    Result<std::vector<model::JobStatus>> ended_children(const model::JobId& array) override {
        if (fault == Fault::NoReads) return fail(ErrorKind::Unavailable, "I/O error");
        std::vector<model::JobStatus> list;
        for (std::int32_t i = 0; const auto child = status(array.child(i)); ++i) {
            list.push_back(*child);
        }
        return list;
    }
    /// As stored; a child without a row has its array's word for those.
    std::optional<model::JobState> state(const model::JobId& id) const {
        const auto found = seq_of.find(id.whole());
        if (found == seq_of.end()) return std::nullopt;
        const ports::JobRow& row = jobs.at(found->second);
        if (!id.is_child()) return row.state;
        if (id.index() >= row.traits.array_size) return std::nullopt;
        const auto child = children.find(id);
        if (child != children.end()) return child->second;
        model::JobState waiting;
        waiting.status = model::JobStatus::Pending;
        return row.array.unstarted.value_or(waiting);
    }
    std::optional<model::JobStatus> status(const model::JobId& id) const {
        const auto found = state(id);
        return found ? std::optional(found->status) : std::nullopt;
    }
    /// Whether an attempt of it has run: of a job, a child, one of an array's children, or the main
    /// node, which is node 1.
    bool has_started(const model::JobId& id) const {
        const auto& traits = jobs.at(seq_of.at(id.whole())).traits;
        const bool is_array = traits.array_size > 0 && !id.is_child();
        const bool is_gang = !traits.shape.nodes.empty();
        const auto first = is_array ? id.child(0) : is_gang ? id.node(1) : id;
        const auto last = is_array ? id.child(traits.array_size - 1) : first;
        for (auto at = attempts.lower_bound({.job = first, .number = 0});
             at != attempts.end() && at->first.job <= last; ++at) {
            if (at->second.started_at) return true;
        }
        return false;
    }
    Result<bool> knows_token(const std::string&) override { return false; }
    Result<std::optional<model::RecentSubmission>> find_submission(
        const std::string& key) override {
        for (const auto& [seq, row] : jobs) {
            if (!row.key || !row.key->is_explicit || row.key->key != key) continue;
            return model::RecentSubmission{.key = *row.key, .job = row.id, .at = row.created_at};
        }
        return std::nullopt;
    }
    Result<std::shared_ptr<const model::JobSpec>> job_spec(std::int64_t seq) override {
        if (fault == Fault::NoReads) return fail(ErrorKind::Unavailable, "I/O error");
        if (!jobs.contains(seq)) return fail(ErrorKind::NotFound, "no such job");
        model::JobSpec spec;
        spec.job_definition = "arn:aws:batch:r:a:job-definition/d:1";
        if (task) spec.ecs_properties.emplace().task_properties = {*task};
        return std::make_shared<const model::JobSpec>(std::move(spec));
    }

    Result<model::StringMap> task_tags(std::int64_t, const std::string&) override { return {}; }
    Result<Timestamp> tend(Timestamp now) override { return now + Seconds{1}; }
    Result<bool> may_have_removed(const model::JobId&) override { return false; }

    std::optional<model::EcsTaskProperties> task;  ///< of all jobs, instead of one container
    std::map<std::int64_t, ports::EnvironmentRow> environments;
    std::map<std::string, model::HostRow> hosts;
    std::map<std::string, model::InstanceRow> instances;
    std::map<std::int64_t, model::DecisionRow> decisions;
    std::map<std::int64_t, ports::QueueRow> queues;
    std::map<std::pair<ports::ResourceKind, std::string>, ports::ResourceRow> resources;
    std::map<std::int64_t, ports::JobRow> jobs;
    std::map<model::JobId, std::int64_t> seq_of;
    std::map<model::JobId, model::JobState> children;
    std::map<model::AttemptId, model::Attempt> attempts;
    std::vector<model::AttemptId> new_attempts;  ///< for the reader to take
    std::map<std::pair<std::int64_t, std::string>, ports::ShareRow> shares;
    std::vector<model::NewsBatch> news;  ///< all that the event feed told

  private:
    void load_array(const ports::JobRow& row, ports::Snapshot& snapshot);
    void load_nodes(const ports::JobRow& row, ports::Snapshot& snapshot);
    void apply(const ports::Changes& changes) {
        for (const auto& row : changes.environments) environments[row.id] = row;
        for (const auto& row : changes.hosts) {
            hosts[row.document.name] = row;
            if (row.is_gone) hosts.erase(row.document.name);
        }
        for (const auto& row : changes.instances) {
            instances[row.id] = row;
            if (row.ended_at) instances.erase(row.id);
        }
        for (const auto& row : changes.decisions) decisions[row.id] = row;
        for (const auto& row : changes.queues) queues[row.id] = row;
        for (const auto& row : changes.resources) {
            resources[{row.kind, row.name}] = row;
            if (std::holds_alternative<std::monostate>(row.document)) {
                resources.erase({row.kind, row.name});
            }
        }
        for (const auto& insert : changes.new_jobs) {
            jobs[insert.row.seq] = insert.row;
            seq_of[insert.row.id] = insert.row.seq;
        }
        for (const auto& update : changes.jobs) {
            jobs.at(update.seq).state = update.state;
            if (update.array) jobs.at(update.seq).array = *update.array;
        }
        for (const auto& put : changes.children) {
            const model::JobId id{.uuid = jobs.at(put.job_seq).id.uuid, .part = put.part};
            children[id] = put.state;
        }
        for (const auto& share : changes.shares) {
            shares[{share.queue_id, share.identifier}] = share;
            if (share.is_gone) shares.erase({share.queue_id, share.identifier});
        }
        for (const auto& put : changes.attempts) store_attempt(put);
        if (!changes.news.entries.empty()) news.push_back(changes.news);
    }

    /// As SQLite does: a start and an end change what is theirs of a row that is there.
    void store_attempt(const ports::AttemptPut& put) {
        using What = ports::AttemptPut::What;
        const model::Attempt& attempt = put.attempt;
        if (put.what == What::All) {
            const bool is_new = attempts.insert_or_assign(attempt.id, attempt).second;
            if (is_new) new_attempts.push_back(attempt.id);
            return;
        }
        model::Attempt& stored = attempts.at(attempt.id);
        stored.containers = attempt.containers;
        if (put.what == What::Start) {
            stored.container_id = attempt.container_id;
            stored.address = attempt.address;
            stored.log_group = attempt.log_group;
            stored.log_stream = attempt.log_stream;
            stored.started_at = attempt.started_at;
        } else {
            stored.stopped_at = attempt.stopped_at;
            stored.exit_code = attempt.exit_code;
            stored.reason = attempt.reason;
            stored.status_reason = attempt.status_reason;
            stored.use = attempt.use;
        }
    }
};

inline Result<ports::Snapshot> FakeStore::load() {
    ports::Snapshot snapshot;
    if (!news.empty()) snapshot.next_event = news.back().end_seq();
    for (const auto& [id, row] : environments) {
        if (row.status != "DELETED") snapshot.environments.push_back(row);
        snapshot.next_id = std::max(snapshot.next_id, id + 1);
    }
    for (const auto& [name, row] : hosts) snapshot.hosts.push_back(row);
    for (const auto& [id, row] : instances) snapshot.instances.push_back(row);
    for (const auto& [id, row] : decisions) {
        if (row.is_open) snapshot.open_launches.push_back(row);
        snapshot.next_decision = id + 1;
    }
    for (const auto& [id, row] : queues) {
        if (row.status != "DELETED") snapshot.queues.push_back(row);
        snapshot.next_id = std::max(snapshot.next_id, id + 1);
    }
    for (const auto& [key, row] : resources) snapshot.resources.push_back(row);
    for (const auto& [key, row] : shares) snapshot.shares.push_back(row);
    for (const auto& [seq, row] : jobs) {
        snapshot.next_seq = seq + 1;
        if (model::is_terminal(row.state.status)) continue;
        snapshot.jobs.push_back(row);
        if (has_started(row.id)) snapshot.started.push_back(row.id);
        if (model::is_placed(row.state.status) && row.traits.shape.nodes.empty()) {
            snapshot.attempts.push_back(attempts.at({.job = row.id, .number = row.state.attempt}));
        }
        load_array(row, snapshot);
        load_nodes(row, snapshot);
    }
    return snapshot;
}

inline void FakeStore::load_array(const ports::JobRow& row, ports::Snapshot& snapshot) {
    for (std::int32_t i = 0; i < row.traits.array_size; ++i) {
        const auto child = children.find(row.id.child(i));
        if (child == children.end()) continue;
        const auto& [id, state] = *child;
        snapshot.children.push_back({.job_seq = row.seq, .part = id.part, .state = state});
        if (has_started(id)) snapshot.started.push_back(id);
        if (model::is_placed(state.status)) {
            snapshot.attempts.push_back(attempts.at({.job = id, .number = state.attempt}));
        }
    }
    for (const auto& dependency : row.traits.depends_on) {
        if (dependency.kind != model::Dependency::Kind::NToN) continue;
        if (!model::is_terminal(*status(dependency.id))) continue;
        snapshot.ended_arrays.emplace_back(dependency.id, *ended_children(dependency.id));
    }
}

inline void FakeStore::load_nodes(const ports::JobRow& row, ports::Snapshot& snapshot) {
    if (!model::is_placed(row.state.status)) return;
    for (std::int32_t i = 0; i < count_nodes(row.traits.shape); ++i) {
        const model::JobId id = row.id.node(i);
        snapshot.children.push_back(
            {.job_seq = row.seq, .part = id.part, .state = children.at(id)});
        snapshot.attempts.push_back(attempts.at({.job = id, .number = row.state.attempt}));
    }
}

}  // namespace batchd::sim
