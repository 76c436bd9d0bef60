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

/// How a job or child stands that is waited for.
struct Standing {
    JobStatus status = JobStatus::Submitted;
    bool has_started = false;
    std::string_view reason;  ///< its statusReason, if that is known
};

/// nullopt if there is none of that id.
std::optional<Standing> standing_of(const State& state, const SubmitJob& event,
                                    const model::JobId& id) {
    if (const auto live = state.find_job(id)) {
        const Job& job = state.job(*live);
        return Standing{job.state.status, job.has_started, job.state.status_reason};
    }
    if (const auto array = state.find_job(id.whole()); array && id.is_child()) {
        if (!state.job(*array).array) return std::nullopt;
        const auto status = child_status(*state.job(*array).array, id.index());
        return status ? std::optional(Standing{.status = *status, .reason = {}}) : std::nullopt;
    }
    const auto* ended = find_ended(event, id);
    if (!ended) return std::nullopt;
    return Standing{.status = ended->status, .reason = ended->status_reason};
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

void link_whole(State& state, JobIndex index, const SubmitJob& event, const Dependency& dependency,
                Links& links) {
    const auto& [id, kind] = dependency;
    const Standing standing = *standing_of(state, event, id);
    switch (bearing(kind, standing.status, standing.has_started)) {
        case Bearing::Open: {
            Job& job = state.job(index);
            ++job.waiting_for;
            add_dependent(state, id, {.job = index, .kind = kind, .seq = job.seq});
            break;
        }
        case Bearing::Met:
            break;
        case Bearing::RuledOut:
            if (!links.failure.empty()) break;
            links.failure = Culprit(id, standing.status, std::string(standing.reason)).verdict();
            break;
    }
}

void link_pairwise(State& state, JobIndex index, const SubmitJob& event, const model::JobId& id,
                   Links& links) {
    const auto& children = *children_of(state, event, id);
    Array& array = *state.job(index).array;
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (children[i] != JobStatus::Succeeded) ++array.waiting_for[i];
        if (children[i] == JobStatus::Failed) {
            const auto child = static_cast<std::int32_t>(i);
            Culprit counterpart(id.child(child), JobStatus::Failed, "");
            links.failed_children.push_back({.child = child, .reason = counterpart.verdict()});
        }
    }
    if (const auto live = state.find_job(id)) {
        state.job(*live).array->pairwise.push_back(
            {.job = index, .kind = Dependency::Kind::NToN, .seq = state.job(index).seq});
    }
}

/// All that has not started yet fails.
void fail_waiting_array(State& state, JobIndex index, const std::string& reason, Timestamp now,
                        std::vector<Ended>& ended) {
    Job& job = state.job(index);
    if (fail_unstarted(state, index, never_started(reason, now), ended) &&
        job.state.status_reason.empty()) {
        job.state.status_reason = reason;
    }
}

/// Whether the job still waits.
bool is_waiting(const State& state, const Dependent& dependent) {
    const Job& job = state.job(dependent.job);
    return job.seq == dependent.seq && job.state.status == JobStatus::Pending;
}

void meet(State& state, const Dependent& dependent) {
    Job& job = state.job(dependent.job);
    if (!is_waiting(state, dependent) || --job.waiting_for > 0) return;
    if (job.array) {
        release_children(state, dependent.job);
    } else {
        transition(state, dependent.job, JobEvent::DependenciesMet);
    }
}

void rule_out(State& state, const Dependent& dependent, const std::string& reason, Timestamp now,
              std::vector<Ended>& ended) {
    if (!is_waiting(state, dependent)) return;
    Job& job = state.job(dependent.job);
    if (job.array) {
        fail_waiting_array(state, dependent.job, reason, now, ended);
    } else if (transition(state, dependent.job, JobEvent::DependencyFailed)) {
        job.state.status_reason = reason;
        job.state.stopped_at = now;
        ended.push_back({.job = dependent.job});
    }
}

void settle_dependents(State& state, const std::vector<Dependent>& dependents, Culprit& other,
                       Timestamp now, std::vector<Ended>& ended) {
    for (const auto& dependent : dependents) {
        if (bearing(dependent.kind, other.status(), true) == Bearing::Met) {
            meet(state, dependent);
        } else {
            rule_out(state, dependent, other.verdict(), now, ended);
        }
    }
}

void settle_whole(State& state, JobIndex index, Timestamp now, std::vector<Ended>& ended) {
    Job& job = state.job(index);
    if (job.dependents.empty()) return;
    const auto dependents = std::exchange(job.dependents, {});
    Culprit other(job.id, job.state.status, job.state.status_reason);
    settle_dependents(state, dependents, other, now, ended);
}

/// The arrays that wait for this one child by child.
void settle_pairs(State& state, const Ended& child, Culprit& other, Timestamp now,
                  std::vector<Ended>& ended) {
    const auto pairwise = state.job(child.job).array->pairwise;
    for (const auto& [index, kind, seq] : pairwise) {
        const Job& job = state.job(index);
        if (job.seq != seq || model::is_terminal(job.state.status)) continue;
        if (bearing(kind, other.status(), true) == Bearing::Met) {
            child_dependency_met(state, index, child.child);
        } else {
            fail_child(state, index, child.child, other.verdict(), now, ended);
        }
    }
}

void settle_sequence(State& state, JobIndex index, Culprit& other, Timestamp now,
                     std::vector<Ended>& ended) {
    const auto sequence = state.job(index).array->sequence;
    if (sequence == model::Sequence::None) return;
    if (lets_pass(sequence, other.status())) {
        advance(state, index);
    } else {
        fail_unstarted(state, index, never_started(other.verdict(), now), ended);
    }
}

/// An ended child with its statusReason.
Culprit culprit_of(const State& state, const Ended& child) {
    const Job& whole = state.job(child.job);
    const auto id = whole.id.child(child.child);
    std::string reason;
    if (const auto slot = whole.array->slots.find(child.child); slot != whole.array->slots.end()) {
        reason = state.job(slot->second).state.status_reason;
    } else if (whole.array->unstarted) {
        reason = whole.array->unstarted->status_reason;
    }
    return {id, *child_status(*whole.array, child.child), std::move(reason)};
}

void settle_child(State& state, const Ended& child, Timestamp now, std::vector<Ended>& ended) {
    Culprit other = culprit_of(state, child);
    if (auto waiting = state.job(child.job).array->child_dependents.extract(child.child)) {
        settle_dependents(state, waiting.mapped(), other, now, ended);
    }
    settle_pairs(state, child, other, now, ended);
    settle_sequence(state, child.job, other, now, ended);
    finish_array(state, child.job, now, ended);
}

/// Those among the dependents that wait for a start only.
void meet_start(State& state, std::vector<Dependent>& dependents) {
    const auto [begin, end] = std::ranges::partition(
        dependents, [](const auto& each) { return each.kind != Dependency::Kind::AfterStart; });
    const std::vector<Dependent> met(begin, end);
    dependents.erase(begin, end);
    for (const auto& dependent : met) meet(state, dependent);
}

}  // namespace

Result<> check_dependencies(const State& state, const SubmitJob& event) {
    for (const auto& dependency : event.traits.depends_on) {
        if (!standing_of(state, event, dependency.id)) {
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
        } else {
            link_whole(state, index, event, dependency, links);
        }
    }
    return links;
}

void begin(State& state, JobIndex index, const Links& links, Timestamp now) {
    std::vector<Ended> ended;
    Job& job = state.job(index);
    if (!links.failure.empty() && !job.array) {
        return end_job(state, index, JobEvent::DependencyFailed, links.failure, now);
    }
    if (!links.failure.empty()) {
        fail_waiting_array(state, index, links.failure, now, ended);
    } else if (job.array) {
        if (job.waiting_for == 0) release_children(state, index);
        for (const auto& [child, reason] : links.failed_children) {
            fail_child(state, index, child, reason, now, ended);
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

void note_started(State& state, JobIndex index) {
    Job& job = state.job(index);
    if (std::exchange(job.has_started, true)) return;
    meet_start(state, job.dependents);
    if (!job.parent) return;
    Job& whole = state.job(*job.parent);
    const auto waiting = whole.array->child_dependents.find(job.id.index());
    if (waiting != whole.array->child_dependents.end()) meet_start(state, waiting->second);
    if (!std::exchange(whole.has_started, true)) meet_start(state, whole.dependents);
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
