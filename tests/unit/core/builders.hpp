// Words for tests of the scheduler: jobs are described, submitted and moved on in a line each.
#pragma once

#include "batchd/core/core.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace batchd::core::test {

inline model::JobId job_id(std::uint64_t n) {
    model::JobId id;
    for (std::size_t i = 0; i < 8; ++i) {
        id.uuid.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    }
    return id;
}

inline model::Resources resources(std::int64_t vcpu, std::int64_t memory_mib = 100, int gpus = 0) {
    return {.vcpu = vcpus(vcpu), .memory = MiB{memory_mib}, .gpus = gpus};
}

struct JobBuilder {
    SubmitJob event;

    JobBuilder& needs(model::Resources what) {
        event.traits.shape.resources = what;
        return *this;
    }
    JobBuilder& after(const model::JobId& id,
                      model::Dependency::Kind kind = model::Dependency::Kind::AfterOk) {
        event.traits.depends_on.push_back({.id = id, .kind = kind});
        return *this;
    }
    JobBuilder& pairwise(const model::JobId& id) {
        event.traits.depends_on.push_back({.id = id, .kind = model::Dependency::Kind::NToN});
        return *this;
    }
    JobBuilder& array(std::int32_t size) {
        event.traits.array_size = size;
        return *this;
    }
    JobBuilder& sequential(model::Sequence sequence = model::Sequence::AfterOk) {
        event.traits.sequence = sequence;
        return *this;
    }
    JobBuilder& attempts(std::int32_t n) {
        event.traits.attempts = n;
        return *this;
    }
    JobBuilder& fargate() {
        event.traits.shape.fargate = true;
        return *this;
    }
    JobBuilder& timeout(Seconds limit) {
        event.traits.timeout = limit;
        return *this;
    }
    JobBuilder& in(std::string queue) {
        event.queue = std::move(queue);
        return *this;
    }
    JobBuilder& share(std::string identifier, std::int32_t priority = 0) {
        event.traits.share = std::move(identifier);
        event.traits.scheduling_priority = priority;
        return *this;
    }
    JobBuilder& takes(std::string consumable, std::int64_t quantity) {
        event.traits.shape.consumables.push_back(
            {.name = std::move(consumable), .quantity = quantity});
        return *this;
    }
    JobBuilder& held() {
        event.traits.is_held = true;
        return *this;
    }
    /// Members that AWS Batch does not know.
    template <class Set>
    JobBuilder& with(Set set) {
        set(event.traits.options.emplace());
        return *this;
    }
    JobBuilder& key(std::string key, bool is_explicit, std::int64_t request) {
        event.key = {.key = std::move(key), .is_explicit = is_explicit, .request = request};
        return *this;
    }
    JobBuilder& rule(model::EvaluateOnExit rule) {
        event.traits.retry_rules.push_back(std::move(rule));
        return *this;
    }
};

/// A scheduler with one host of 4 vCPUs, an environment `local` and a queue `default`, at time 0.
class World {
  public:
    explicit World(Policy policy = {}, int hosts = 1) {
        state.policy = policy;
        for (int i = 0; i < hosts; ++i) add_host(state, "h" + std::to_string(i));
        add_environment("local");
        add_queue("default", 1, {"local"});
        for (int i = 0; i < hosts; ++i) host_up("h" + std::to_string(i), resources(4, 1000));
    }

    Result<Reply> tell(Event event) {
        auto reply = apply(state, std::move(event), now);
        step();
        return reply;
    }
    /// Decides without ending the step: for what must happen in one.
    Result<Reply> tell_within_step(Event event) { return apply(state, std::move(event), now); }

    void step() {
        last = finish_step(state, now);
        history.push_back(last.changes);
        for (const auto& action : last.actions) actions.push_back(action);
        for (const auto& job : last.jobs) ended[job.id] = job.state;
        for (const auto& attempt : last.ended_attempts) attempts.push_back(attempt);
        const auto broken = broken_invariant(state);
        EXPECT_FALSE(broken) << *broken;
    }

    /// With `max_vcpus` on Fargate, which the local Engine stands for.
    void add_environment(const std::string& name, std::optional<std::int32_t> max_vcpus = {}) {
        model::ComputeEnvironment document;
        document.compute_environment_name = name;
        document.type = max_vcpus ? "MANAGED" : "UNMANAGED";
        document.state = "ENABLED";
        if (max_vcpus) {
            document.compute_resources.emplace();
            document.compute_resources->type = "FARGATE";
            document.compute_resources->maxv_cpus = max_vcpus;
        }
        ASSERT_TRUE(tell(CreateEnvironment{.document = document, .uuid = "u", .tags = {}}));
    }
    void add_queue(const std::string& name, int priority, std::vector<std::string> environments,
                   std::optional<std::string> policy = {}) {
        model::JobQueue document;
        document.scheduling_policy_arn = std::move(policy);
        document.job_queue_name = name;
        document.state = "ENABLED";
        document.priority = priority;
        std::int32_t order = 1;
        for (auto& environment : environments) {
            document.compute_environment_order.push_back(
                {.order = order++, .compute_environment = std::move(environment)});
        }
        const auto made = tell(CreateQueue{.document = document, .tags = {}});
        ASSERT_TRUE(made) << made.error().message;
    }
    void host_up(const std::string& name, model::Resources capacity,
                 std::vector<std::string> gpus = {}) {
        (void)tell(HostUp{.host = name, .capacity = capacity, .gpus = std::move(gpus)});
    }

    JobBuilder a_job() {
        JobBuilder builder;
        builder.event.id = job_id(next_job_++);
        builder.event.queue = "default";
        builder.event.traits.shape.resources = resources(1);
        return builder;
    }
    model::JobId submit(JobBuilder builder) {
        const model::JobId id = builder.event.id;
        const auto reply = tell(std::move(builder.event));
        EXPECT_TRUE(reply) << reply.error().message;
        return id;
    }
    model::JobId submit() { return submit(a_job()); }

    void started(const model::JobId& id) {
        (void)tell(AttemptStarted{
            .id = current(id), .container_id = "c", .started_at = now, .containers{}});
    }
    void exited(const model::JobId& id, int code) {
        model::AttemptOutcome outcome;
        outcome.exit_code = code;
        outcome.status_reason = "Essential container in task exited";
        outcome.stopped_at = now;
        (void)tell(AttemptEnded{.id = current(id), .outcome = std::move(outcome)});
    }
    void ran(const model::JobId& id, int code) {
        started(id);
        exited(id, code);
    }

    model::AttemptId current(const model::JobId& id) {
        return {.job = id, .number = state_of(id).attempt};
    }
    model::JobState state_of(const model::JobId& id) {
        if (const auto live = state.find_job(id)) return state.job(*live).state;
        const auto array = state.find_job(id.whole());
        if (array && id.is_child()) {
            model::JobState child;
            child.status = *child_status_of(*array, id.index());
            if (!model::is_terminal(child.status)) return child;
        }
        return ended[id];
    }
    std::string status(const model::JobId& id) {
        return std::string(to_string(state_of(id).status));
    }

    template <class Action>
    int count() const {
        int n = 0;
        for (const auto& action : actions) n += std::holds_alternative<Action>(action) ? 1 : 0;
        return n;
    }

    /// What a store would have been given, as a daemon that starts now would load it.
    model::Snapshot stored() const {
        model::Snapshot snapshot;
        std::map<std::int64_t, model::EnvironmentRow> environments;
        std::map<std::int64_t, model::QueueRow> queues;
        std::map<std::string, model::HostRow> hosts;
        std::map<std::string, model::InstanceRow> instances;
        std::map<std::int64_t, model::DecisionRow> decisions;
        std::map<std::int64_t, model::JobRow> jobs;
        std::map<std::pair<std::int64_t, std::int32_t>, model::ChildPut> children;
        std::map<model::AttemptId, model::AttemptPut> attempts_put;
        for (const auto& step : history) {
            for (const auto& row : step.environments) environments[row.id] = row;
            for (const auto& row : step.queues) queues[row.id] = row;
            for (const auto& row : step.hosts) hosts[row.document.name] = row;
            for (const auto& row : step.instances) instances[row.id] = row;
            for (const auto& row : step.decisions) decisions[row.id] = row;
            for (const auto& insert : step.new_jobs) jobs[insert.row.seq] = insert.row;
            for (const auto& job : step.jobs) {
                jobs[job.seq].state = job.state;
                if (job.array) jobs[job.seq].array = *job.array;
            }
            for (const auto& child : step.children) children[{child.job_seq, child.part}] = child;
            for (const auto& put : step.attempts) attempts_put[put.attempt.id] = put;
        }
        for (const auto& [_, row] : environments) {
            if (row.status != "DELETED") snapshot.environments.push_back(row);
        }
        for (const auto& [_, row] : queues) {
            if (row.status != "DELETED") snapshot.queues.push_back(row);
        }
        for (const auto& [_, row] : hosts) {
            if (!row.is_gone) snapshot.hosts.push_back(row);
        }
        for (const auto& [_, row] : instances) {
            if (!row.ended_at) snapshot.instances.push_back(row);
        }
        for (const auto& [id, row] : decisions) {
            if (row.is_open) snapshot.open_launches.push_back(row);
            snapshot.next_decision = id + 1;
        }
        for (const auto& [seq, row] : jobs) {
            if (!model::is_terminal(row.state.status)) snapshot.jobs.push_back(row);
            if (row.key && !row.key->is_explicit) {
                snapshot.recent_submissions.push_back(
                    {.key = *row.key, .job = row.id, .at = row.created_at});
            }
            snapshot.next_seq = seq + 1;
        }
        for (const auto& [_, child] : children) {
            const auto& job = jobs[child.job_seq];
            const bool is_live_array =
                job.traits.array_size > 0 && !model::is_terminal(job.state.status);
            if (is_live_array || model::is_placed(job.state.status)) {
                snapshot.children.push_back(child);
            }
        }
        for (const auto& [id, put] : attempts_put) {
            const auto& job = jobs[put.job_seq];
            const bool is_child = id.job.is_child();
            const auto& state_of_job =
                is_child ? children[{put.job_seq, id.job.part}].state : job.state;
            if (put.attempt.started_at && !id.job.is_node()) snapshot.started.push_back(id.job);
            if (model::is_placed(state_of_job.status) &&
                put.attempt.id.number == state_of_job.attempt) {
                snapshot.attempts.push_back(put.attempt);
            }
        }
        return snapshot;
    }
    /// The daemon is killed and starts anew.
    void restart() {
        State anew;
        anew.policy = state.policy;
        anew.scaling.catalogue = state.scaling.catalogue;
        for (const HostIndex local : state.local_hosts) add_host(anew, state.host(local).name);
        const auto restored = restore(anew, stored(), now);
        ASSERT_TRUE(restored) << restored.error().message;
        const auto hosts = std::move(state.hosts);
        state = std::move(anew);
        for (const auto& host : hosts) host_up(host.name, host.capacity, host.gpus);
    }

    std::optional<model::JobStatus> child_status_of(JobIndex array, std::int32_t child) const {
        return state.job(array).array->children.at(static_cast<std::size_t>(child));
    }

    State state;
    Timestamp now{};
    Decision last;
    std::vector<model::Changes> history;
    std::vector<Action> actions;
    std::vector<model::Attempt> attempts;
    std::map<model::JobId, model::JobState> ended;

  private:
    std::uint64_t next_job_ = 1;
};

}  // namespace batchd::core::test
