// Why RUNNABLE jobs wait, from the same data by which the pass decides.
#include "core/decisions.hpp"

#include <algorithm>

namespace batchd::core {
namespace {

/// The queue's environments through which such jobs may be placed at all.
std::vector<EnvironmentIndex> usable(const State& state, const Queue& queue, const Shape& shape) {
    std::vector<EnvironmentIndex> list;
    for (const EnvironmentIndex e : queue.environments) {
        const Environment& environment = state.environment(e);
        if (is_open(environment) && model::is_fargate(environment.row.document) == shape.fargate) {
            list.push_back(e);
        }
    }
    return list;
}

std::vector<HostIndex> hosts_of(const State& state, const std::vector<EnvironmentIndex>& list) {
    std::vector<HostIndex> hosts;
    for (const EnvironmentIndex e : list) {
        for (const HostIndex h : state.environment(e).hosts) {
            if (std::ranges::find(hosts, h) == hosts.end()) hosts.push_back(h);
        }
    }
    return hosts;
}

std::string describe_free(const Host& host) {
    return "host " + host.name + " has " + to_string(host.capacity - host.used) + " free of " +
           to_string(host.capacity);
}

/// nullopt if some environment's maxvCpus is large enough.
std::optional<std::string> exceeds_all_limits(const State& state, const Shape& shape,
                                              const std::vector<EnvironmentIndex>& list) {
    const bool fits = std::ranges::any_of(list, [&](EnvironmentIndex e) {
        const auto limit = vcpu_limit(state.environment(e));
        return !limit || shape.resources.vcpu <= *limit;
    });
    if (fits) return std::nullopt;
    return "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job "
           "queue "
           "cannot meet the CPU requirement of the job.";
}

std::string describe_limits(const State& state, const std::vector<EnvironmentIndex>& list) {
    std::string text;
    for (const EnvironmentIndex e : list) {
        const Environment& environment = state.environment(e);
        if (const auto limit = vcpu_limit(environment)) {
            text += "; environment " + environment.row.document.compute_environment_name +
                    " uses " + to_string(model::Resources{.vcpu = environment.used, .memory = {}}) +
                    " of maxvCpus " + std::to_string(limit->value / 1000);
        }
    }
    return text;
}

}  // namespace

std::string waiting_reason(const State& state, const Queue& queue, const Shape& shape) {
    const auto environments = usable(state, queue, shape);
    if (environments.empty()) {
        return "ACTION_REQUIRED - CE(s) associated with the job queue are invalid. (None of them "
               "is "
               "VALID and ENABLED.)";
    }
    if (auto reason = exceeds_all_limits(state, shape, environments)) return *reason;

    const Host* down = nullptr;
    const Host* large_enough = nullptr;
    bool all_known = true;
    for (const HostIndex h : hosts_of(state, environments)) {
        const Host& host = state.host(h);
        if (!host.is_up) down = &host;
        all_known = all_known && host.is_known;
        if (host.is_known && shape.resources.fits_in(host.capacity)) {
            if (!large_enough || (host.is_up && !large_enough->is_up)) large_enough = &host;
        }
    }
    if (large_enough && large_enough->is_up) {
        return "CAPACITY:WAITING_FOR_RESOURCES - The job asks for " + to_string(shape.resources) +
               "; " + describe_free(*large_enough) + describe_limits(state, environments) + ".";
    }
    // A host that was never reached may yet be large enough: no word of a misconfiguration.
    if (down && (large_enough || !all_known)) {
        return "CAPACITY:HOST_UNAVAILABLE - Host " + down->name + " is unavailable" +
               (down->down_reason.empty() ? "" : ": " + down->down_reason) + ".";
    }
    return "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement "
           "(vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job "
           "queue.";
}

}  // namespace batchd::core
