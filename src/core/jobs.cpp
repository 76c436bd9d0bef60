#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

using model::JobStatus;

/// AWS: Batch refuses a job whose platform none of the queue's environments has.
bool has_platform(const State& state, const Queue& queue, bool fargate) {
    return std::ranges::any_of(queue.environments, [&](EnvironmentIndex e) {
        return model::is_fargate(state.environment(e).row.document) == fargate;
    });
}

Result<QueueIndex> open_queue(const State& state, const SubmitJob& event) {
    const auto found = state.find_queue(event.queue);
    if (!found) return fail(ErrorKind::NotFound, "JobQueue " + event.queue + " not found.");
    const Queue& queue = state.queue(*found);
    if (model::is_for_service_jobs(queue.row.document)) {
        return invalid_argument("JobQueue " + event.queue +
                                " is of type SAGEMAKER_TRAINING: it takes service jobs "
                                "(SubmitServiceJob) only");
    }
    if (queue.row.status != "VALID" || queue.row.document.state != "ENABLED") {
        return fail(ErrorKind::Conflict,
                    "JobQueue " + event.queue + " is " +
                        (queue.row.status != "VALID" ? queue.row.status : "DISABLED") +
                        ": it takes no new jobs.");
    }
    if (!has_platform(state, queue, event.traits.shape.fargate)) {
        return invalid_argument(
            std::string("Job Queue is attached to Compute Environment that can not run Jobs with "
                        "capability ") +
            (event.traits.shape.fargate ? "FARGATE." : "EC2."));
    }
    return *found;
}

/// The change that inserts the job; its final state of this step is filled in by finish_step.
model::JobInsert insert_of(const State& state, const Job& job, SubmitJob&& event) {
    model::JobInsert insert;
    insert.row.seq = job.seq;
    insert.row.id = job.id;
    insert.row.queue_id = state.queue(job.queue).row.id;
    insert.row.name = std::move(event.name);
    insert.row.definition_name = std::move(event.definition_name);
    insert.row.definition_revision = event.definition_revision;
    insert.row.traits = std::move(event.traits);
    insert.row.created_at = job.created_at;
    insert.row.key = std::move(event.key);
    insert.spec = std::move(event.spec);
    insert.tags = std::move(event.tags);
    insert.parsed_spec = std::move(event.parsed_spec);
    return insert;
}

/// Of a re-run: all children but these have succeeded before.
void skip_children(State& state, JobIndex index, const std::vector<std::int32_t>& only) {
    const Job& job = state.job(index);
    for (std::int32_t i = 0; i < std::ssize(job.array->children); ++i) {
        if (std::ranges::binary_search(only, i)) continue;
        restore_child(state, index, i, JobStatus::Succeeded);
        state.step.changes.children.push_back(
            {.job_seq = job.seq, .part = i + 1, .state = succeeded_before(state.step.now)});
    }
    if (job.array->sequence != model::Sequence::None) advance(state, index);
}

RetryRules share_rules(State& state, const std::vector<model::EvaluateOnExit>& rules) {
    if (rules.empty()) return nullptr;
    if (!state.newest_rules || *state.newest_rules != rules) {
        state.newest_rules = std::make_shared<const std::vector<model::EvaluateOnExit>>(rules);
    }
    return state.newest_rules;
}

}  // namespace

JobIndex add_job(State& state, const model::JobId& id) {
    JobIndex index;
    if (state.free_jobs.empty()) {
        index = JobIndex{static_cast<std::uint32_t>(state.jobs.size())};
        state.jobs.emplace_back();
    } else {
        index = state.free_jobs.back();
        state.free_jobs.pop_back();
    }
    state.job(index).id = id;
    state.job_index.emplace(id, index);
    return index;
}

ShapeIndex intern(State& state, const Shape& shape) {
    const auto [entry, is_new] = state.shape_index.try_emplace(
        shape, ShapeIndex{static_cast<std::uint32_t>(state.shapes.size())});
    if (is_new) state.shapes.push_back(shape);
    return entry->second;
}

WaitKey wait_key(const Job& job) {
    const bool is_fresh = job.state.attempt == 0;
    return {.turn = 2 * job.rank + (is_fresh ? 1 : 0), .part = job.id.part, .seq = job.seq};
}

void take_traits(State& state, Job& job, const model::JobTraits& traits) {
    job.share = find_or_make_share(state, job.queue, traits.share, job.created_at);
    job.shape = intern(state, traits.shape);
    if (!traits.share.empty()) job.rank = -traits.scheduling_priority;
    job.retry_rules = share_rules(state, traits.retry_rules);
    job.attempts_limit = traits.attempts;
    job.flaw = traits.flaw;
    if (traits.options) {
        job.options = std::make_shared<const model::JobOptions>(*traits.options);
    }
    job.timeout_seconds = static_cast<std::uint32_t>(traits.timeout.value_or(Seconds{0}).count());
    if (traits.shape.nodes.empty()) return;
    job.gang = std::make_unique<Gang>();
    job.gang->main = traits.main_node;
}

Result<Reply> decide(State& state, SubmitJob&& event, Timestamp now) {
    if (event.key) {
        const auto repeated = find_repeated(state, *event.key, event.repeated);
        if (!repeated) return std::unexpected(repeated.error());
        if (*repeated) return Reply{.repeated = *repeated};
    }
    const auto queue = open_queue(state, event);
    if (!queue) return std::unexpected(queue.error());
    BATCHD_TRY(check_share(state, *queue, event, now));
    BATCHD_TRY(check_dependencies(state, event));
    if (state.find_job(event.id)) {
        return fail(ErrorKind::Conflict, "jobId '" + to_string(event.id) + "' exists already");
    }
    const JobIndex index = add_job(state, event.id);
    Job& job = state.job(index);
    job.seq = state.next_seq++;
    job.created_at = now;
    job.queue = *queue;
    take_traits(state, job, event.traits);
    job.is_new = true;
    if (event.traits.is_held) job.state.hold = "submitted on hold";
    if (event.traits.array_size > 0) add_children(state, index, event.traits);
    if (!event.only_children.empty()) skip_children(state, index, event.only_children);
    restore_status(state, index, JobStatus::Submitted);
    mark_dirty(state, index);

    if (event.key) remember_submission(state, {.key = *event.key, .job = event.id, .at = now});
    const Links links = link_dependencies(state, index, event);
    state.step.changes.new_jobs.push_back(insert_of(state, job, std::move(event)));
    if (job.array || job.waiting_for > 0) transition(state, index, JobEvent::MustWait);
    begin(state, index, links, now);
    return Reply{};
}

// AWS answers 200 to both, whatever the job's state, and for ids that it does not know.

Result<Reply> decide(State& state, CancelJob&& event, Timestamp now) {
    const auto index = find_or_make_slot(state, event.id);
    if (!index) return Reply{};
    Job& job = state.job(*index);
    if (job.array) {
        end_array(state, *index, {.reason = std::move(event.reason), .cancel = true}, now);
    } else if (next_status(job.state.status, JobEvent::GivenUp)) {
        job.state.is_cancelled = true;
        end_job(state, *index, JobEvent::GivenUp, std::move(event.reason), now);
    }
    return Reply{};
}

Result<Reply> decide(State& state, TerminateJob&& event, Timestamp now) {
    const auto index = find_or_make_slot(state, event.id);
    if (!index) return Reply{};
    Job& job = state.job(*index);
    if (job.array) {
        end_array(state, *index, {.reason = std::move(event.reason), .cancel = false}, now);
    } else if (next_status(job.state.status, JobEvent::GivenUp)) {
        job.state.is_terminated = true;
        end_job(state, *index, JobEvent::GivenUp, std::move(event.reason), now);
    } else if (!model::is_placed(job.state.status)) {
        return Reply{};
    } else if (job.gang) {
        terminate_gang(state, *index, std::move(event.reason), now);
    } else if (job.node_of) {
        stop_node_or_attempt(state, *index, StopCause::Terminated, std::move(event.reason), now);
    } else {
        stop_attempt(state, *index, StopCause::Terminated, std::move(event.reason));
    }
    return Reply{};
}

}  // namespace batchd::core
