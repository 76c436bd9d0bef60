#include "batchd/core/explain.hpp"
#include "core/decisions.hpp"
#include "core/explain_changes.hpp"
#include "core/explain_holders.hpp"
#include "core/explain_places.hpp"
#include "core/explain_position.hpp"
#include "core/explain_shortages.hpp"
#include "core/fitting.hpp"
#include "core/service_order.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::core {
namespace {

using model::JobStatus;

/// What answers for an id: a job, a child that has a slot, the array of one that has none, the
/// whole of a node that has none.
struct Subject {
    const Job* job = nullptr;
    JobStatus status = JobStatus::Pending;
};

std::optional<Subject> subject_of(const State& state, const model::JobId& id) {
    if (const auto live = state.find_job(id)) {
        const Job& job = state.job(*live);
        return Subject{.job = &job, .status = job.state.status};
    }
    const auto whole = state.find_job(id.whole());
    if (!whole) return std::nullopt;
    const Job& job = state.job(*whole);
    if (id.is_node()) {
        const bool is_there = job.gang && id.index() < count_nodes(state.shape(job.shape)) &&
                              !model::is_placed(job.state.status);
        return is_there ? std::optional(Subject{.job = &job, .status = job.state.status})
                        : std::nullopt;
    }
    const auto status = job.array ? child_status(*job.array, id.index()) : std::nullopt;
    if (!status || model::is_terminal(*status)) return std::nullopt;
    return Subject{.job = &job, .status = *status};
}

// Dependencies

void add_unmet(const State& state, const model::JobId& id, const std::string& type,
               std::vector<UnmetDependency>& list) {
    const auto subject = subject_of(state, id);
    // What has ended is met: whom its end rules out fails with it.
    if (!subject || (type == "AFTERSTART" && subject->job->has_started)) return;
    list.push_back({.id = id, .type = type, .status = subject->status});
}

/// The first child before it that a child of a sequential array waits for.
void add_predecessor(const State& state, const model::JobId& child, const std::string& type,
                     std::vector<UnmetDependency>& list) {
    const auto array = state.find_job(child.whole());
    if (!array || !state.job(*array).array) return;
    for (std::int32_t i = 0; i < child.index(); ++i) {
        const auto status = child_status(*state.job(*array).array, i);
        if (!status || model::is_terminal(*status)) continue;
        list.push_back({.id = child.whole().child(i), .type = type, .status = *status});
        return;
    }
}

std::vector<UnmetDependency> unmet(const State& state, const model::JobId& id,
                                   std::span<const Awaited> depends_on) {
    std::vector<UnmetDependency> list;
    for (const auto& [awaited, type] : depends_on) {
        if (type.starts_with("SEQUENTIAL")) {
            if (id.is_child()) add_predecessor(state, id, type, list);
        } else if ((type == "N_TO_N" || type == "AFTERCORR") && id.is_child()) {
            add_unmet(state, awaited.child(id.index()), type, list);
        } else {
            add_unmet(state, awaited, type, list);
        }
    }
    return list;
}

Obstacle obstacle_of(const UnmetDependency& dependency) {
    const std::string id = to_string(dependency.id);
    const std::string wanted = dependency.type == "AFTERANY"         ? "has ended"
                               : dependency.type == "AFTERNOTOK"     ? "has FAILED"
                               : dependency.type == "AFTERSTART"     ? "has started"
                               : dependency.type == "SEQUENTIAL_ANY" ? "has ended"
                                                                     : "has SUCCEEDED";
    return {
        .fact = fact("DEPENDENCY",
                     fmt::format("waits for job {} ({}) until it {}", id,
                                 to_string(dependency.status), wanted),
                     {{"jobId", id}, {"status", std::string(to_string(dependency.status))}}),
        .remedies = {fact("DEPENDENCY", fmt::format("job {} {}", id, wanted), {{"jobId", id}})}};
}

// The job, wherever it would run

void add_consumables(const State& state, const Shape& shape, Explanation& out) {
    for (const auto& need : shape.consumables) {
        const std::int64_t left = left_of(state, need);
        std::vector<const Job*> holders;
        if (need.quantity > left) {
            holders = holders_of(state, need.name);
            out.obstacles.push_back(missing_units(state, need, holders));
        }
        if (need.limit > 0) continue;
        const auto found = state.consumables.find(need.name);
        const bool exists = found != state.consumables.end();
        out.consumables.push_back(
            {.name = need.name,
             .asked = need.quantity,
             .total = exists ? std::optional(found->second.document.total_quantity) : std::nullopt,
             .available = std::max<std::int64_t>(0, left),
             .holders = std::ssize(holders)});
    }
}

void add_share(const State& state, const Job& job, Timestamp now, Explanation& out) {
    const Queue& queue = state.queue(job.queue);
    if (!fairness_of(state, queue)) return;
    const Share& own = state.share(job);
    ShareExplanation shown{.identifier = own.identifier,
                           .weight = own.weight,
                           .usage = usage_of(state, queue, own, now),
                           .used = own.used,
                           .usable = usable_vcpus(state, queue, now),
                           .queue_used = queue.used};
    for (const Share& share : queue.shares) {
        if (&share == &own || share.waiting.empty()) continue;
        ++shown.of;
        if (usage_of(state, queue, share, now) < shown.usage) ++shown.place;
    }
    const Shape& shape = state.shape(job.shape);
    if (!is_within_reservation(queue, shown.usable, shape)) {
        out.obstacles.push_back(beyond_reservation(state, job, *shown.usable));
    }
    out.share = std::move(shown);
}

/// Whoever was told to wait.
void add_holds(const State& state, const Job& job, Explanation& out) {
    const Job& whole = job.parent ? state.job(*job.parent) : job;
    if (whole.state.hold) {
        const std::string id = to_string(whole.id);
        out.obstacles.push_back(
            {.fact = fact("HELD", "job " + id + " is held: " + *whole.state.hold,
                          {{"reason", *whole.state.hold}}),
             .remedies = {fact("HELD", "job " + id + " is released", {{"jobId", id}})}});
    }
    const Queue& queue = state.queue(job.queue);
    const std::string& name = queue.row.document.job_queue_name;
    if (room_to_run(queue) > 0) return;
    if (const auto& pause = queue.row.pause) {
        out.obstacles.push_back(
            {.fact = fact("QUEUE_PAUSED",
                          fmt::format("job queue {} was paused{}{} at {}", name,
                                      pause->by.empty() ? "" : " by " + pause->by,
                                      pause->reason.empty() ? "" : " (" + pause->reason + ")",
                                      to_iso8601(from_epoch_ms(pause->at))),
                          {{"by", pause->by}, {"reason", pause->reason}, {"at", pause->at}}),
             .remedies = {
                 fact("QUEUE_PAUSED", "job queue " + name + " is resumed", {{"jobQueue", name}})}});
        return;
    }
    const std::int64_t most = queue.row.document.max_running.value_or(0);
    out.obstacles.push_back(
        {.fact = fact("QUEUE_MAX_RUNNING",
                      fmt::format("{} jobs of queue {} may run at once (maxRunning)", most, name),
                      {{"jobQueue", name}, {"maxRunning", most}}),
         .remedies = {
             fact("QUEUE_MAX_RUNNING", "one of the running jobs of queue " + name + " ends",
                  {{"jobQueue", name}}),
             fact("QUEUE_MAX_RUNNING",
                  fmt::format("maxRunning of queue {} is at least {}", name, most + 1),
                  {{"jobQueue", name}, {"maxRunning", most + 1}})}});
}

/// Of the children of an array that were never placed some stand in line, within maxParallel.
void add_max_parallel(const State& state, const Job& job, Explanation& out) {
    const Job& whole = job.parent ? state.job(*job.parent) : job;
    const bool is_bound = whole.array && whole.options && whole.options->max_parallel &&
                          !whole.state.hold && job.state.attempt == 0 && !whole.array->offered &&
                          whole.array->fresh_runnable > 0;
    if (!is_bound) return;
    const std::int64_t most = *whole.options->max_parallel;
    const std::string id = to_string(whole.id);
    out.obstacles.push_back(
        {.fact =
             fact("MAX_PARALLEL",
                  fmt::format("{} children of array {} may run at once (maxParallel)", most, id),
                  {{"jobId", id}, {"maxParallel", most}}),
         .remedies = {fact("MAX_PARALLEL", "one of the running children of array " + id + " ends",
                           {{"jobId", id}})}});
}

/// With scheduler.order = "strict" nobody overtakes the head.
void add_strict_order(const State& state, const Position& position, Explanation& out) {
    if (!state.policy.strict_order || position.before == 0 || !position.head) return;
    const std::string head = to_string(*position.head);
    out.obstacles.push_back(
        {.fact = fact("STRICT_ORDER",
                      "job " + head + " is at the head of the queue, and nothing overtakes it",
                      {{"jobId", head}}),
         .remedies = {fact("STRICT_ORDER",
                           fmt::format("the {} jobs before it, the first of them {}, have been "
                                       "started or cancelled",
                                       position.before, head),
                           {{"jobId", head}, {"jobs", position.before}})}});
}

RunExplanation explain_run(const State& state, const Job& job) {
    const Run& run = *job.run;
    const Host& host = state.host(run.host);
    return {.attempt = run.attempt.id.number,
            .environment = run.attempt.compute_environment,
            .host = host.name,
            .is_host_up = host.is_up,
            .has_container = !run.attempt.container_id.empty(),
            .starting_since = job.starting_since,
            .started_at = run.attempt.started_at,
            .deadline = run.deadline};
}

void add_run(const State& state, const Job& job, Explanation& out) {
    if (job.run) out.run = explain_run(state, job);
    if (!job.gang) return;
    const auto main = job.gang->nodes.find(job.gang->main);
    if (main != job.gang->nodes.end()) out.run = explain_run(state, state.job(main->second));
}

/// Of an array: whether some of its children wait for a place.
bool waits_for_place(const Subject& subject, const model::JobId& id) {
    if (subject.status == JobStatus::Runnable) return true;
    return subject.job->array && !id.is_child() && subject.job->array->fresh_runnable > 0;
}

}  // namespace

std::optional<Explanation> explain(const State& state, const model::JobId& id,
                                   std::span<const Awaited> depends_on, Timestamp now) {
    const auto subject = subject_of(state, id);
    if (!subject) return std::nullopt;
    const Job& job = *subject->job;
    const Shape& shape = state.shape(job.shape);
    const Queue& queue = state.queue(job.queue);
    Explanation out{.status = subject->status,
                    .queue = queue.row.document.job_queue_name,
                    .asked = shape.resources,
                    .nodes = count_nodes(shape)};
    if (job.array && !id.is_child()) out.children = job.array->counts;
    add_run(state, job, out);
    if (model::is_placed(subject->status)) return out;
    if (subject->status != JobStatus::Runnable) out.dependencies = unmet(state, id, depends_on);
    for (const auto& dependency : out.dependencies) {
        out.obstacles.push_back(obstacle_of(dependency));
    }
    add_holds(state, job, out);
    add_max_parallel(state, job, out);
    if (waits_for_place(*subject, id)) {
        out.position = position_of(state, job, id, now);
        add_strict_order(state, *out.position, out);
    }
    add_consumables(state, shape, out);
    add_share(state, job, now, out);
    for (const EnvironmentIndex e : queue.environments) {
        out.environments.push_back(explain_environment(state, job, e, now));
    }
    add_counterfactuals(state, job, out);
    return out;
}

}  // namespace batchd::core
