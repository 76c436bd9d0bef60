// Service jobs: they wait for a SageMaker that is not here, until somebody ends them.
#include "core/decisions.hpp"

#include <algorithm>
#include <utility>

namespace batchd::core {
namespace {

/// AWS's code, so that the time limits of its queues work.
constexpr std::string_view kCode = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY";
constexpr std::string_view kWaits =
    " - Service cannot fulfill the capacity requested: this daemon has no SageMaker, so service "
    "jobs wait until they are terminated";

ServiceKey key_of(const model::ServiceJobRow& row) {
    return {.rank = -row.document.scheduling_priority.value_or(0), .seq = row.seq};
}

void put_row(State& state, const model::ServiceJobRow& row) {
    state.step.changes.service_jobs.push_back(row);
}

/// A time limit counts the time at the head.
void note_head(ServiceLine& line, Timestamp now) {
    const std::int64_t head = line.order.begin()->first.seq;
    if (std::exchange(line.head, head) != head) line.head_since = now;
}

void add_to_line(State& state, const model::ServiceJobRow& row, Timestamp now) {
    ServiceLine& line = state.service_lines[row.queue_id];
    line.order.emplace(key_of(row), row.id);
    note_head(line, now);
}

void remove_from_line(State& state, const model::ServiceJobRow& row, Timestamp now) {
    const auto line = state.service_lines.find(row.queue_id);
    line->second.order.erase(key_of(row));
    if (line->second.order.empty()) {
        state.service_lines.erase(line);
    } else {
        note_head(line->second, now);
    }
}

void end(State& state, const model::JobId& id, std::string reason, Timestamp now) {
    auto node = state.service_jobs.extract(id);
    model::ServiceJobRow& row = node.mapped();
    remove_from_line(state, row, now);
    row.status_reason = std::move(reason);
    row.stopped_at = now;
    put_row(state, row);
}

Result<QueueIndex> open_queue(const State& state, const std::string& name) {
    const auto found = state.find_queue(name);
    if (!found) return fail(ErrorKind::NotFound, "JobQueue " + name + " not found.");
    const auto& row = state.queue(*found).row;
    if (!model::is_for_service_jobs(row.document)) {
        return invalid_argument("JobQueue " + name +
                                " takes jobs (SubmitJob) only: it is not of type "
                                "SAGEMAKER_TRAINING");
    }
    if (row.status != "VALID" || row.document.state != "ENABLED") {
        return fail(ErrorKind::Conflict,
                    "JobQueue " + name + " takes no jobs: it is " +
                        (row.status == "VALID" ? row.document.state : row.status));
    }
    return *found;
}

/// AWS: a repeated clientToken is rejected. Those of earlier steps the engine has looked up.
Result<> expect_new_token(State& state, const SubmitServiceJob& event) {
    const auto& token = event.document.client_token;
    if (!token) return {};
    if (!event.is_repeated && state.step.client_tokens.insert(*token).second) return {};
    return fail(ErrorKind::Conflict,
                "clientToken '" + *token + "' was used by another SubmitServiceJob");
}

/// When the queue's time limit ends its head; nullopt without a head or a limit for its reason.
std::optional<Timestamp> due_of(const State& state, const Queue& queue) {
    const auto& actions = queue.row.document.job_state_time_limit_actions;
    const auto line = state.service_lines.find(queue.row.id);
    if (line == state.service_lines.end()) return std::nullopt;
    const auto action = std::ranges::find(actions, kCode, &model::JobStateTimeLimitAction::reason);
    if (action == actions.end()) return std::nullopt;
    return line->second.head_since + Seconds{action->max_time_seconds};
}

}  // namespace

Result<Reply> decide(State& state, SubmitServiceJob&& event, Timestamp now) {
    const auto queue = open_queue(state, event.queue);
    if (!queue) return std::unexpected(queue.error());
    BATCHD_TRY(expect_share(state, state.queue(*queue), event.document));
    BATCHD_TRY(expect_new_token(state, event));
    const model::ServiceJobRow row{.seq = state.next_service_seq++,
                                   .id = event.id,
                                   .queue_id = state.queue(*queue).row.id,
                                   .document = std::move(event.document),
                                   .status_reason = std::string(kCode) + std::string(kWaits),
                                   .created_at = now,
                                   .stopped_at = std::nullopt};
    put_row(state, row);
    put_tags(state, {.kind = model::ResourceKind::ServiceJob, .name = {}, .job = row.id},
             std::move(event.tags));
    add_to_line(state, row, now);
    state.service_jobs.emplace(row.id, row);
    return Reply{};
}

/// AWS answers 200 whatever the job's state, as it does for jobs.
Result<Reply> decide(State& state, TerminateServiceJob&& event, Timestamp now) {
    if (state.service_jobs.contains(event.id)) end(state, event.id, std::move(event.reason), now);
    return Reply{};
}

Result<Reply> decide(State& state, UpdateServiceJob&& event, Timestamp now) {
    const auto found = state.service_jobs.find(event.id);
    if (found == state.service_jobs.end()) {
        return fail(ErrorKind::NotFound,
                    "service job '" + to_string(event.id) + "' does not exist, or has ended");
    }
    model::ServiceJobRow& row = found->second;
    ServiceLine& line = state.service_lines[row.queue_id];
    line.order.erase(key_of(row));
    row.document.scheduling_priority = event.scheduling_priority;
    line.order.emplace(key_of(row), row.id);
    note_head(line, now);
    put_row(state, row);
    return Reply{};
}

void end_service_jobs_of(State& state, std::int64_t queue_id, const std::string& reason,
                         Timestamp now) {
    while (state.service_lines.contains(queue_id)) {
        end(state, state.service_lines[queue_id].order.begin()->second, reason, now);
    }
}

void end_overdue_service_jobs(State& state, Timestamp now) {
    for (const Queue& queue : state.queues) {
        // The next head's time begins now: one at a time.
        if (const auto due = due_of(state, queue); due && *due <= now) {
            end(state, state.service_lines[queue.row.id].order.begin()->second,
                "Terminated by JobStateTimeLimit action due to reason: " + std::string(kCode), now);
        }
    }
}

std::optional<Timestamp> next_service_deadline(const State& state) {
    std::optional<Timestamp> next;
    for (const Queue& queue : state.queues) {
        const auto due = due_of(state, queue);
        if (due && (!next || *due < *next)) next = due;
    }
    return next;
}

std::vector<WaitingJob> front_of_service_queue(const State& state, const Queue& queue,
                                               const std::string& quota_share, std::size_t most) {
    std::vector<WaitingJob> front;
    const auto line = state.service_lines.find(queue.row.id);
    if (line == state.service_lines.end()) return front;
    for (const auto& [key, id] : line->second.order) {
        if (front.size() == most) break;
        const auto& row = state.service_jobs.at(id);
        if (row.document.quota_share_name.value_or("") != quota_share) continue;
        front.push_back({.id = id, .since = row.created_at});
    }
    return front;
}

void restore_service_jobs(State& state, const model::Snapshot& snapshot, Timestamp now) {
    state.next_service_seq = snapshot.next_service_seq;
    for (const auto& row : snapshot.service_jobs) {
        add_to_line(state, row, now);
        state.service_jobs.emplace(row.id, row);
    }
}

}  // namespace batchd::core
