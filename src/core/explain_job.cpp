#include "batchd/core/explain.hpp"
#include "core/decisions.hpp"
#include "core/explain_changes.hpp"
#include "core/explain_places.hpp"
#include "core/explain_position.hpp"
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

Fact fact(std::string code, std::string text,
          std::vector<std::pair<std::string, Fact::Value>> details = {}) {
    return {.code = std::move(code), .text = std::move(text), .details = std::move(details)};
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

// Places

model::Resources largest_part(const Shape& shape) {
    if (shape.nodes.empty()) return shape.resources;
    return std::ranges::max_element(shape.nodes, {}, &model::NodeGroup::resources)->resources;
}

Fact shortage(std::string code, std::string_view unit, double asked, double free, double total,
              std::string_view resource) {
    const bool ever = asked <= total;
    return fact(std::move(code),
                fmt::format("asks for {}{}; {} of {} are free{}", asked, unit, free, total,
                            ever ? "" : ": it never fits here"),
                {{"resource", std::string(resource)},
                 {"asked", asked},
                 {"free", free},
                 {"total", total},
                 {"wouldEverFit", ever}});
}

double to_vcpus(MilliVcpu amount) { return static_cast<double>(amount.value) / 1000; }
double to_mib(MiB amount) { return static_cast<double>(amount.value); }

void add_shortages(const model::Resources& asked, HostExplanation& host) {
    const auto& [free, total] = std::pair(host.free, host.total);
    const auto add = [&](Fact missing) { host.obstacles.push_back({.fact = std::move(missing)}); };
    if (asked.vcpu > free.vcpu) {
        add(shortage("VCPUS", " vCPU", to_vcpus(asked.vcpu), to_vcpus(free.vcpu),
                     to_vcpus(total.vcpu), "vcpus"));
    }
    if (asked.memory > free.memory) {
        add(shortage("MEMORY", " MiB", to_mib(asked.memory), to_mib(free.memory),
                     to_mib(total.memory), "memory"));
    }
    if (asked.gpus > 0 && asked.gpus > free.gpus) {
        add(shortage("GPUS", " GPU", asked.gpus, free.gpus, total.gpus, "gpus"));
    }
}

Obstacle host_down(const Host& host) {
    return {.fact = fact("HOST_UNAVAILABLE",
                         "host " + host.name + " is unavailable" +
                             (host.down_reason.empty() ? "" : ": " + host.down_reason)),
            .remedies = {
                fact("HOST_UNAVAILABLE", "host " + host.name + " is up", {{"host", host.name}})}};
}

Obstacle host_draining(const Host& host) {
    return {.fact = fact("HOST_DRAINING", "host " + host.name + " drains: it takes no new jobs"),
            .remedies = {fact("HOST_DRAINING", "host " + host.name + " is ACTIVE again",
                              {{"host", host.name}})}};
}

Obstacle host_kept(const State& state, HostIndex host, const std::optional<model::JobId>& whose) {
    const Queue& queue = state.queue(*keeper_of(state, host));
    const std::string& name = queue.row.document.job_queue_name;
    const std::string job = whose ? to_string(*whose) : "at the head";
    return {.fact = fact("HOST_RESERVED",
                         fmt::format("host {} is kept free for job {} of queue {}",
                                     state.host(host).name, job, name),
                         {{"jobId", job}, {"queue", name}}),
            .remedies = {fact("HOST_RESERVED",
                              fmt::format("job {}, for which host {} is kept free, has been "
                                          "started or cancelled",
                                          job, state.host(host).name),
                              {{"jobId", job}, {"host", state.host(host).name}})}};
}

HostExplanation explain_host(const State& state, const Job& job, HostIndex index, Timestamp now) {
    const Host& host = state.host(index);
    const model::Resources asked = largest_part(state.shape(job.shape));
    HostExplanation out{.name = host.name,
                        .is_up = host.is_up,
                        .is_draining = host.is_draining,
                        .is_known = host.is_known,
                        .is_fargate = host.is_fargate,
                        .free = free_of(host),
                        .total = host.capacity,
                        .attempts = std::ssize(host.attempts),
                        .fits_when_empty = asked.fits_in(host.capacity),
                        .kept_for = std::nullopt,
                        .obstacles = {}};
    if (!host.is_up) out.obstacles.push_back(host_down(host));
    if (host.is_draining) out.obstacles.push_back(host_draining(host));
    if (const auto keeper = keeper_of(state, index)) {
        const Queue& queue = state.queue(*keeper);
        const auto head = ServiceOrder(state, queue, now).next();
        if (head && head->key.seq == queue.reservation->seq) {
            out.kept_for = state.job(head->job).id;
        }
        if (is_kept_from(state, index, job.queue, job.seq)) {
            out.obstacles.push_back(host_kept(state, index, out.kept_for));
        }
    }
    if (host.is_known) add_shortages(asked, out);
    return out;
}

std::optional<ElasticExplanation> explain_elastic(const State& state, const Job& job,
                                                  const Environment& environment) {
    if (!is_elastic(environment.row.document)) return std::nullopt;
    ElasticExplanation out{.unserved = {}, .trouble = state.scaling.trouble};
    const auto unserved = state.scaling.unserved.find({job.queue, job.shape});
    if (unserved != state.scaling.unserved.end()) out.unserved = unserved->second;
    for (const auto& [_, instance] : state.scaling.instances) {
        const bool is_here = instance.row.environment_id == environment.row.id;
        if (is_here && instance.row.status == model::InstanceStatus::Booting) ++out.booting;
    }
    for (const auto& [id, launch] : state.scaling.launches) {
        if (launch.environment_id != environment.row.id) continue;
        out.launching += launch.document.count;
        out.decision = id;
    }
    return out;
}

void add_environment_obstacles(const State& state, const Job& job, const Environment& environment,
                               EnvironmentExplanation& out) {
    const Shape& shape = state.shape(job.shape);
    if (!out.is_open) {
        const std::string wanted = out.status == "VALID" || out.status == "UPDATING"
                                       ? " is ENABLED"
                                       : " is VALID and ENABLED";
        out.obstacles.push_back(
            {.fact =
                 fact("ENVIRONMENT_CLOSED",
                      fmt::format("environment {} is {} and {}{}", out.name, out.state, out.status,
                                  out.status == "INVALID" ? ": " + out.status_reason : ""),
                      {{"state", out.state}, {"status", out.status}}),
             .remedies = {fact("ENVIRONMENT_CLOSED", "environment " + out.name + wanted,
                               {{"computeEnvironment", out.name}})}});
    }
    if (!is_for_platform(environment, shape)) {
        const std::string_view here = out.is_fargate ? "FARGATE" : "EC2";
        const std::string_view asked = shape.fargate ? "FARGATE" : "EC2";
        out.obstacles.push_back(
            {.fact = fact("PLATFORM",
                          fmt::format("the job is for platform {}, environment {} for {}", asked,
                                      out.name, here),
                          {{"asked", std::string(asked)}, {"offered", std::string(here)}})});
    }
    if (!is_within_limit(environment, shape)) {
        out.obstacles.push_back(beyond_limit(state, job, environment));
    }
}

EnvironmentExplanation explain_environment(const State& state, const Job& job, EnvironmentIndex e,
                                           Timestamp now) {
    const Environment& environment = state.environment(e);
    const auto& row = environment.row;
    EnvironmentExplanation out{.name = row.document.compute_environment_name,
                               .state = row.document.state.value_or("ENABLED"),
                               .status = row.status,
                               .status_reason = row.status_reason,
                               .is_open = is_open(environment),
                               .is_fargate = model::is_fargate(row.document),
                               .used = environment.used,
                               .limit = vcpu_limit(environment),
                               .elastic = explain_elastic(state, job, environment),
                               .obstacles = {},
                               .hosts = {}};
    add_environment_obstacles(state, job, environment, out);
    for (const HostIndex h : hosts_of(state, environment)) {
        out.hosts.push_back(explain_host(state, job, h, now));
    }
    return out;
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
