// The dependency graph: what a new job waits for, and what an ended one sets free or takes along.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

using model::Dependency;
using model::JobStatus;

const EndedDependency* find_ended(const SubmitJob& event, const model::JobId& id) {
    const auto found = std::ranges::find(event.ended_dependencies, id, &EndedDependency::id);
    return found == event.ended_dependencies.end() ? nullptr : &*found;
}

/// The status that a job or child has now; nullopt if there is none of that id.
std::optional<JobStatus> status_of(const State& state, const SubmitJob& event,
                                   const model::JobId& id) {
    if (const auto live = state.find_job(id)) return state.job(*live).state.status;
    if (const auto array = state.find_job(id.whole()); array && id.is_child()) {
        if (!state.job(*array).array) return std::nullopt;
        return child_status(*state.job(*array).array, id.index());
    }
    const auto* ended = find_ended(event, id);
    return ended ? std::optional(ended->status) : std::nullopt;
}

/// How the children of an array stand; nullptr if the job is no array.
const std::vector<JobStatus>* children_of(const State& state, const SubmitJob& event,
                                          const model::JobId& id) {
    if (const auto live = state.find_job(id)) {
        const auto& array = state.job(*live).array;
        return array ? &array->children : nullptr;
    }
    // A job may be waited for in both ways; only the one looks at the children.
    const auto found = std::ranges::find_if(event.ended_dependencies, [&](const auto& ended) {
        return ended.id == id && !ended.children.empty();
    });
    return found == event.ended_dependencies.end() ? nullptr : &found->children;
}

Result<> check_pairwise(const State& state, const SubmitJob& event, const Dependency& dependency) {
    const std::string name = "dependsOn jobId '" + to_string(dependency.id) + "'";
    if (event.traits.array_size == 0) {
        return invalid_argument(name + " with type N_TO_N: the job itself must be an array");
    }
    const auto* children = children_of(state, event, dependency.id);
    if (!children) return invalid_argument(name + " with type N_TO_N must be an array job");
    if (std::ssize(*children) != event.traits.array_size) {
        return invalid_argument(name +
                                " with type N_TO_N must be an array of the same size: it has " +
                                std::to_string(children->size()) + " children, this job " +
                                std::to_string(event.traits.array_size));
    }
    return {};
}

/// True if it has failed.
bool link_whole(State& state, JobIndex index, const SubmitJob& event, const model::JobId& id) {
    const JobStatus status = *status_of(state, event, id);
    if (status == JobStatus::Failed) return true;
    if (status == JobStatus::Succeeded) return false;
    Job& job = state.job(index);
    ++job.waiting_for;
    add_dependent(state, id, {.job = index, .seq = job.seq});
    return false;
}

void link_pairwise(State& state, JobIndex index, const SubmitJob& event, const model::JobId& id,
                   Links& links) {
    const auto& children = *children_of(state, event, id);
    Array& array = *state.job(index).array;
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (children[i] != JobStatus::Succeeded) ++array.waiting_for[i];
        if (children[i] == JobStatus::Failed) {
            links.failed_children.push_back(static_cast<std::int32_t>(i));
        }
    }
    if (const auto live = state.find_job(id)) {
        state.job(*live).array->pairwise.push_back({.job = index, .seq = state.job(index).seq});
    }
}

model::JobState failed_by_dependency(Timestamp now) {
    return never_started(std::string(kDependentJobFailed), now);
}

/// All that has not started yet fails.
void fail_waiting_array(State& state, JobIndex index, Timestamp now, std::vector<Ended>& ended) {
    Job& job = state.job(index);
    if (fail_unstarted(state, index, failed_by_dependency(now), ended) &&
        job.state.status_reason.empty()) {
        job.state.status_reason = kDependentJobFailed;
    }
}

void settle_dependent(State& state, const Dependent& dependent, bool succeeded, Timestamp now,
                      std::vector<Ended>& ended) {
    Job& job = state.job(dependent.job);
    if (job.seq != dependent.seq || job.state.status != JobStatus::Pending) return;  // ended before
    if (succeeded) {
        if (--job.waiting_for > 0) return;
        if (job.array) {
            release_children(state, dependent.job);
        } else {
            transition(state, dependent.job, JobEvent::DependenciesMet);
        }
    } else if (job.array) {
        fail_waiting_array(state, dependent.job, now, ended);
    } else if (transition(state, dependent.job, JobEvent::DependencyFailed)) {
        job.state.status_reason = kDependentJobFailed;
        job.state.stopped_at = now;
        ended.push_back({.job = dependent.job});
    }
}

void settle_whole(State& state, JobIndex index, Timestamp now, std::vector<Ended>& ended) {
    const bool succeeded = state.job(index).state.status == JobStatus::Succeeded;
    const auto dependents = std::exchange(state.job(index).dependents, {});
    for (const auto& dependent : dependents) {
        settle_dependent(state, dependent, succeeded, now, ended);
    }
}

/// The arrays that wait for this one child by child.
void settle_pairs(State& state, const Ended& child, bool succeeded, Timestamp now,
                  std::vector<Ended>& ended) {
    const auto pairwise = state.job(child.job).array->pairwise;
    for (const auto& [index, seq] : pairwise) {
        const Job& job = state.job(index);
        if (job.seq != seq || model::is_terminal(job.state.status)) continue;
        if (succeeded) {
            child_dependency_met(state, index, child.child);
        } else {
            fail_child(state, index, child.child, now, ended);
        }
    }
}

void settle_child(State& state, const Ended& child, Timestamp now, std::vector<Ended>& ended) {
    const auto status = child_status(*state.job(child.job).array, child.child);
    const bool succeeded = status == JobStatus::Succeeded;
    if (auto waiting = state.job(child.job).array->child_dependents.extract(child.child)) {
        for (const auto& dependent : waiting.mapped()) {
            settle_dependent(state, dependent, succeeded, now, ended);
        }
    }
    settle_pairs(state, child, succeeded, now, ended);
    const Array& array = *state.job(child.job).array;
    if (array.sequential && child.child + 1 < std::ssize(array.children)) {
        if (succeeded) {
            child_dependency_met(state, child.job, child.child + 1);
        } else {
            fail_unstarted(state, child.job, failed_by_dependency(now), ended);
        }
    }
    finish_array(state, child.job, now, ended);
}

}  // namespace

Result<> check_dependencies(const State& state, const SubmitJob& event) {
    for (const auto& dependency : event.traits.depends_on) {
        if (!status_of(state, event, dependency.id)) {
            return invalid_argument("dependsOn jobId '" + to_string(dependency.id) +
                                    "' does not exist");
        }
        if (dependency.kind == Dependency::Kind::NToN) {
            BATCHD_TRY(check_pairwise(state, event, dependency));
        }
    }
    return {};
}

void add_dependent(State& state, const model::JobId& id, const Dependent& dependent) {
    Job& whole = state.job(*state.find_job(id.whole()));
    if (id.is_child()) {
        whole.array->child_dependents[id.index()].push_back(dependent);
    } else {
        whole.dependents.push_back(dependent);
    }
}

Links link_dependencies(State& state, JobIndex index, const SubmitJob& event) {
    Links links;
    for (const auto& dependency : event.traits.depends_on) {
        if (dependency.kind == Dependency::Kind::NToN) {
            link_pairwise(state, index, event, dependency.id, links);
        } else if (link_whole(state, index, event, dependency.id)) {
            links.has_failed = true;
        }
    }
    return links;
}

void begin(State& state, JobIndex index, const Links& links, Timestamp now) {
    std::vector<Ended> ended;
    Job& job = state.job(index);
    if (links.has_failed && !job.array) {
        return end_job(state, index, JobEvent::DependencyFailed, std::string(kDependentJobFailed),
                       now);
    }
    if (links.has_failed) {
        fail_waiting_array(state, index, now, ended);
    } else if (job.array) {
        if (job.waiting_for == 0) release_children(state, index);
        for (const auto child : links.failed_children) {
            fail_child(state, index, child, now, ended);
        }
    } else if (job.waiting_for == 0) {
        transition(state, index, JobEvent::DependenciesMet);
    }
    settle(state, std::move(ended), now);
}

void end_job(State& state, JobIndex index, JobEvent event, std::string reason, Timestamp now) {
    if (!transition(state, index, event)) return;
    Job& job = state.job(index);
    job.state.status_reason = std::move(reason);
    if (!job.state.stopped_at) job.state.stopped_at = now;
    if (job.parent) {
        settle(state, {{.job = *job.parent, .child = job.id.index()}}, now);
    } else {
        settle(state, {{.job = index}}, now);
    }
}

void settle(State& state, std::vector<Ended> ended, Timestamp now) {
    // A list instead of recursion: chains of dependent jobs may be long.
    while (!ended.empty()) {
        const Ended next = ended.back();
        ended.pop_back();
        if (next.child == Ended::kWhole) {
            settle_whole(state, next.job, now, ended);
        } else {
            settle_child(state, next, now, ended);
        }
    }
}

}  // namespace batchd::core
