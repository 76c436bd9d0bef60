// Arrays: one record for all children that were never placed, a slot for each of the others.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

using model::JobStatus;

bool has_slot(const Array& array, std::int32_t child) { return array.slots.contains(child); }

/// Cancels or terminates the children that have slots.
void end_slots(State& state, JobIndex array_index, const EndArray& how, Timestamp now,
               std::vector<Ended>& ended) {
    const auto slots = state.job(array_index).array->slots;
    for (const auto& [child, index] : slots) {
        Job& job = state.job(index);
        if (transition(state, index, JobEvent::GivenUp)) {
            job.state.is_cancelled = how.cancel;
            job.state.is_terminated = !how.cancel;
            job.state.status_reason = how.reason;
            job.state.stopped_at = now;
            ended.push_back({.job = array_index, .child = child});
        } else if (!how.cancel && model::is_placed(job.state.status)) {
            stop_attempt(state, index, StopCause::Terminated, how.reason);
        }
    }
}

}  // namespace

std::optional<JobIndex> find_or_make_slot(State& state, const model::JobId& id) {
    if (const auto found = state.find_job(id)) return found;
    const auto array_index = state.find_job(id.whole());
    if (!id.is_child() || !array_index || !state.job(*array_index).array) return std::nullopt;
    const auto status = child_status(*state.job(*array_index).array, id.index());
    if (!status || model::is_terminal(*status)) return std::nullopt;
    return make_slot(state, *array_index, id.index());
}

std::optional<JobStatus> child_status(const Array& array, std::int32_t child) {
    if (child < 0 || child >= std::ssize(array.children)) return std::nullopt;
    return array.children[static_cast<std::size_t>(child)];
}

JobIndex fresh_child(State& state, JobIndex array_index) {
    const auto& fresh = state.job(array_index).array->fresh;
    const auto child = fresh.find_first();
    BATCHD_CHECK(child != fresh.npos, "an array stands in a bucket only with fresh children");
    return make_slot(state, array_index, static_cast<std::int32_t>(child));
}

void release_children(State& state, JobIndex array_index) {
    Array& array = *state.job(array_index).array;
    array.is_released = true;
    mark_dirty(state, array_index);
    for (std::int32_t i = 0; i < std::ssize(array.children); ++i) {
        if (child_status(array, i) == JobStatus::Pending && waits_for(array, i) == 0) {
            transition_child(state, array_index, i, JobEvent::DependenciesMet);
        }
    }
}

void child_dependency_met(State& state, JobIndex array_index, std::int32_t child) {
    Array& array = *state.job(array_index).array;
    auto& waiting = array.waiting_for[static_cast<std::size_t>(child)];
    if (--waiting == 0 && array.is_released) {
        transition_child(state, array_index, child, JobEvent::DependenciesMet);
    }
}

void advance(State& state, JobIndex array_index) {
    Array& array = *state.job(array_index).array;
    const auto size = static_cast<std::int32_t>(array.children.size());
    while (array.front < size && lets_pass(array.sequence, *child_status(array, array.front))) {
        if (++array.front < size) child_dependency_met(state, array_index, array.front);
    }
}

void fail_child(State& state, JobIndex array_index, std::int32_t child, const std::string& reason,
                Timestamp now, std::vector<Ended>& ended) {
    const Array& array = *state.job(array_index).array;
    if (child_status(array, child) != JobStatus::Pending || has_slot(array, child)) return;
    const JobIndex index = make_slot(state, array_index, child);
    transition(state, index, JobEvent::DependencyFailed);
    Job& job = state.job(index);
    job.state.status_reason = reason;
    job.state.stopped_at = now;
    ended.push_back({.job = array_index, .child = child});
}

bool fail_unstarted(State& state, JobIndex array_index, const model::JobState& how,
                    std::vector<Ended>& ended) {
    Array& array = *state.job(array_index).array;
    if (array.unstarted) return false;
    const bool has_dependents = !array.child_dependents.empty() || !array.pairwise.empty();
    const std::size_t first_news = count_news(state);
    std::optional<std::int32_t> last;
    for (std::int32_t i = 0; i < std::ssize(array.children); ++i) {
        if (has_slot(array, i) || !transition_child(state, array_index, i, JobEvent::GivenUp)) {
            continue;
        }
        last = i;
        if (has_dependents) ended.push_back({.job = array_index, .child = i});
    }
    if (!last) return false;
    array.unstarted = how;
    settle_child_news(state, first_news, how);
    // Where nobody waits for single children one of them stands for all.
    if (!has_dependents) ended.push_back({.job = array_index, .child = *last});
    return true;
}

void end_array(State& state, JobIndex array_index, const EndArray& how, Timestamp now) {
    Job& job = state.job(array_index);
    if (model::is_terminal(job.state.status)) return;
    std::vector<Ended> ended;
    end_slots(state, array_index, how, now, ended);
    model::JobState unstarted = never_started(how.reason, now);
    unstarted.is_cancelled = how.cancel;
    unstarted.is_terminated = !how.cancel;
    fail_unstarted(state, array_index, unstarted, ended);
    if (how.cancel && ended.empty()) return;  // all of them run: AWS lets them
    job.state.is_cancelled = job.state.is_cancelled || how.cancel;
    job.state.is_terminated = job.state.is_terminated || !how.cancel;
    job.state.status_reason = how.reason;
    mark_dirty(state, array_index);
    settle(state, std::move(ended), now);
}

void refuse_dispatch(State& state, JobIndex index, Timestamp now) {
    const Job& job = state.job(index);
    std::string reason = model::status_reason(job.flaw, state.policy.limits);
    if (!job.array) return end_job(state, index, JobEvent::GivenUp, std::move(reason), now);
    std::vector<Ended> ended;
    fail_unstarted(state, index, never_started(std::move(reason), now), ended);
    settle(state, std::move(ended), now);
}

void finish_array(State& state, JobIndex array_index, Timestamp now, std::vector<Ended>& ended) {
    Job& job = state.job(array_index);
    const auto& counts = job.array->counts;
    const auto size = std::ssize(job.array->children);
    const auto failed = counts[static_cast<std::size_t>(JobStatus::Failed)];
    if (counts[static_cast<std::size_t>(JobStatus::Succeeded)] + failed < size) return;
    const auto event = failed > 0 ? JobEvent::ChildrenFailed : JobEvent::ChildrenSucceeded;
    if (!transition(state, array_index, event)) return;
    if (failed > 0 && job.state.status_reason.empty()) {
        job.state.status_reason = "Array Child Job failed";
    }
    job.state.stopped_at = now;
    ended.push_back({.job = array_index});
}

void note_child_started(State& state, const Job& child) {
    Job& parent = state.job(*child.parent);
    if (parent.state.started_at) return;
    parent.state.started_at = child.state.started_at;
    mark_dirty(state, *child.parent);
}

void drop_slot(State& state, const Job& child) {
    // In the step in which the array itself ended its slot may be empty, or another job's, by now.
    Job& parent = state.job(*child.parent);
    if (parent.seq == child.seq && parent.array) parent.array->slots.erase(child.id.index());
}

model::ArrayProgress progress_of(const Array& array, Timestamp now) {
    return {.is_released = array.is_released,
            .counts = array.counts,
            .updated_at = now,
            .unstarted = array.unstarted};
}

}  // namespace batchd::core
