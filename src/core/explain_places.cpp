#include "core/explain_places.hpp"

#include "core/decisions.hpp"
#include "core/explain_changes.hpp"
#include "core/explain_shortages.hpp"
#include "core/fitting.hpp"
#include "core/service_order.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::core {
namespace {

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

}  // namespace

EnvironmentExplanation explain_environment(const State& state, const Job& job, EnvironmentIndex e,
                                           Timestamp now) {
    const Environment& environment = state.environment(e);
    const auto& row = environment.row;
    EnvironmentExplanation out{.name = row.document.compute_environment_name,
                               .state = row.document.state,
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

}  // namespace batchd::core
