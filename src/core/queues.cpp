#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

constexpr std::string_view kHealthy = "JobQueue Healthy";

Result<QueueIndex> existing(const State& state, const std::string& name) {
    if (const auto index = state.find_queue(name)) return *index;
    return fail(ErrorKind::NotFound, "jobQueue '" + name + "' does not exist");
}

/// The environments that a queue's document names, in order; with AWS's texts for what is wrong.
/// One that turned INVALID can stay where it was `before`.
Result<std::vector<EnvironmentIndex>> environments_of(
    const State& state, const model::JobQueue& document,
    const std::vector<EnvironmentIndex>& before = {}) {
    for (const auto& entry : document.service_environment_order) {
        if (!state.service_environments.contains(entry.service_environment)) {
            return invalid_argument(
                "Service environments must be created and valid before attaching them to a job "
                "queue. serviceEnvironment '" +
                entry.service_environment + "' is not");
        }
    }
    std::vector<EnvironmentIndex> list;
    for (const auto& entry : document.compute_environment_order) {
        const auto index = state.find_environment(entry.compute_environment);
        const bool is_new = index && std::ranges::find(before, *index) == before.end();
        if (!index || (is_new && state.environment(*index).row.status == "INVALID")) {
            return invalid_argument(
                "Compute Environments must be created and valid before attaching them to a job "
                "queue: computeEnvironment '" +
                entry.compute_environment + "' is not");
        }
        list.push_back(*index);
    }
    const auto fargate = [&](EnvironmentIndex e) {
        return model::is_fargate(state.environment(e).row.document);
    };
    if (std::ranges::any_of(list, fargate) && !std::ranges::all_of(list, fargate)) {
        return invalid_argument("Fargate and EC2 compute environments can not be mixed.");
    }
    const bool wants_fargate = document.job_queue_type == "ECS_FARGATE";
    if (!document.job_queue_type.empty() && !list.empty() && wants_fargate != fargate(list[0])) {
        return invalid_argument("The jobQueueType provided is " + document.job_queue_type +
                                ", which is incompatible with the provided "
                                "computeEnvironmentOrder.");
    }
    return list;
}

/// AWS: whether a queue is FIFO or fair-share is fixed when it is made.
Result<> check_policy(const State& state, const Queue* before, const model::JobQueue& document) {
    const auto& name = document.scheduling_policy_arn;
    if (before && before->row.document.scheduling_policy_arn.has_value() != name.has_value()) {
        return invalid_argument("schedulingPolicyArn: job queue '" + document.job_queue_name +
                                "' was made without a scheduling policy and cannot get one");
    }
    if (!name) return {};
    const auto found = state.scheduling_policies.find(*name);
    if (found == state.scheduling_policies.end()) {
        return fail(ErrorKind::NotFound, "SchedulingPolicy " + *name + " not found.");
    }
    const bool has_quotas = found->second.document.quota_share_policy.has_value();
    if (before && has_quota_policy(state, *before) != has_quotas) {
        return invalid_argument("schedulingPolicyArn: SchedulingPolicy " + *name +
                                " is of another "
                                "kind than the policy of job queue '" +
                                document.job_queue_name + "', which cannot change");
    }
    if (has_quotas && !model::is_for_service_jobs(document)) {
        return invalid_argument(
            "Quota Management feature is only supported for SageMaker Training job queues.");
    }
    return {};
}

}  // namespace

std::int64_t live_jobs(const Queue& queue) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < queue.counts.size(); ++i) {
        if (!model::is_terminal(static_cast<model::JobStatus>(i))) sum += queue.counts[i];
    }
    return sum;
}

Result<Reply> decide(State& state, CreateQueue&& event, Timestamp now) {
    const std::string name = event.document.job_queue_name;
    if (state.find_queue(name)) {
        return fail(ErrorKind::Conflict, "Object already exists: jobQueue '" + name + "'");
    }
    BATCHD_TRY(expect_room_for_queue(state, name));
    BATCHD_TRY(check_policy(state, nullptr, event.document));
    auto environments = environments_of(state, event.document);
    if (!environments) return std::unexpected(environments.error());
    Queue queue;
    queue.row = {.id = state.next_id++,
                 .document = std::move(event.document),
                 .status = "VALID",
                 .status_reason = std::string(kHealthy),
                 .created_at = now};
    queue.environments = std::move(*environments);
    state.step.changes.queues.push_back(queue.row);
    put_tags(state, {.kind = model::ResourceKind::JobQueue, .name = name, .job = {}},
             std::move(event.tags));
    put_in_free_slot(state.queues, std::move(queue));
    return Reply{};
}

Result<Reply> decide(State& state, UpdateQueue&& event, Timestamp) {
    const auto index = existing(state, event.name);
    if (!index) return std::unexpected(index.error());
    Queue& queue = state.queue(*index);
    if (queue.row.status != "VALID") {
        return fail(ErrorKind::Conflict,
                    "Cannot update, jobQueue '" + event.name + "' is " + queue.row.status);
    }
    model::JobQueue document = queue.row.document;
    model::merge(document, event.update);
    BATCHD_TRY(model::validate(document));
    BATCHD_TRY(check_policy(state, &queue, document));
    auto environments = environments_of(state, document, queue.environments);
    if (!environments) return std::unexpected(environments.error());
    queue.row.document = std::move(document);
    queue.environments = std::move(*environments);
    set_weights(state, queue);
    state.step.changes.queues.push_back(queue.row);
    state.step.needs_pass = true;
    return Reply{};
}

Result<Reply> decide(State& state, DeleteQueue&& event, Timestamp now) {
    const auto index = existing(state, event.name);
    if (!index) return std::unexpected(index.error());
    Queue& queue = state.queue(*index);
    if (queue.row.document.state != "DISABLED") {
        return fail(ErrorKind::Conflict, "Cannot delete, jobQueue '" + event.name +
                                             "' is ENABLED: its state must be DISABLED");
    }
    if (queue.row.status == "DELETING") return Reply{};
    queue.row.status = "DELETING";
    queue.row.status_reason = "the queue's jobs are being terminated";
    state.step.changes.queues.push_back(queue.row);
    std::vector<model::JobId> jobs;
    for (const auto& [id, job] : state.job_index) {
        if (state.job(job).queue == *index) jobs.push_back(id);
    }
    std::ranges::sort(jobs);  // the same order in every run
    for (const auto& id : jobs) {
        (void)decide(state, TerminateJob{.id = id, .reason = "JobQueue " + event.name + " deleted"},
                     now);
    }
    end_service_jobs_of(state, queue.row.id, "JobQueue " + event.name + " deleted", now);
    drop_quota_shares(state, event.name);
    return Reply{};
}

void finish_deletions(State& state) {
    for (std::uint32_t i = 0; i < state.queues.size(); ++i) {
        Queue& queue = state.queues[i];
        if (queue.row.status != "DELETING" || live_jobs(queue) > 0) continue;
        drop_shares(state, QueueIndex{i});
        queue.row.status = "DELETED";
        queue.row.status_reason.clear();
        state.step.changes.queues.push_back(queue.row);
    }
}

}  // namespace batchd::core
