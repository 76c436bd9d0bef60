// Why RUNNABLE jobs wait, from the numbers by which the scheduling pass decides.
#include "batchd/engine/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::engine {
namespace {

/// The queue's environments through which such jobs may be placed at all.
std::vector<const EnvironmentView*> usable(const View& view, const QueueView& queue,
                                           const core::Shape& shape) {
    std::vector<const EnvironmentView*> list;
    for (const std::size_t e : queue.environments) {
        const EnvironmentView& environment = view.environments[e];
        if (environment.is_open && environment.fargate == shape.fargate) {
            list.push_back(&environment);
        }
    }
    return list;
}

std::vector<const HostView*> hosts_of(const View& view,
                                      const std::vector<const EnvironmentView*>& environments) {
    std::vector<const HostView*> hosts;
    for (const auto* environment : environments) {
        for (const std::size_t h : environment->hosts) {
            const HostView* host = &view.hosts[h];
            if (std::ranges::find(hosts, host) == hosts.end()) hosts.push_back(host);
        }
    }
    return hosts;
}

bool exceeds_all_limits(const core::Shape& shape,
                        const std::vector<const EnvironmentView*>& environments) {
    return std::ranges::none_of(environments, [&](const EnvironmentView* environment) {
        return !environment->limit || shape.resources.vcpu <= *environment->limit;
    });
}

std::string describe_free(const HostView& host) {
    if (host.is_fargate) return {};
    return "; host " + host.name + " has " + to_string(host.capacity - host.used) + " free of " +
           to_string(host.capacity);
}

std::string in_vcpus(MilliVcpu amount) {
    return fmt::format("{} vCPU", static_cast<double>(amount.value) / 1000.0);
}

std::string describe_limits(const std::vector<const EnvironmentView*>& environments) {
    std::string text;
    for (const auto* environment : environments) {
        if (!environment->limit) continue;
        text += "; environment " + environment->name + " uses " + in_vcpus(environment->used) +
                " of maxvCpus " + std::to_string(environment->limit->value / 1000);
    }
    return text;
}

/// Why the units that a job asks for are not there; empty if they are.
std::string missing_units(const View& view, const core::Shape& shape) {
    for (const auto& need : shape.consumables) {
        const auto found = view.consumables.find(need.name);
        if (need.limit > 0) {
            const std::int64_t running = view.in_use(need.name);
            if (running + need.quantity <= need.limit) continue;
            return fmt::format("{} jobs of the definition run, as many as its maxRunning allows",
                               running);
        }
        if (found == view.consumables.end() || !found->second.exists) {
            return "consumable resource '" + need.name + "' does not exist";
        }
        const auto& [exists, total, in_use] = found->second;
        if (need.quantity <= total - in_use) continue;
        return "the job asks for " + std::to_string(need.quantity) + " of consumable resource '" +
               need.name + "', of which " +
               std::to_string(std::max<std::int64_t>(0, total - in_use)) + " of " +
               std::to_string(total) + " are available";
    }
    return {};
}

/// What keeps all of the queue's jobs from being started.
std::string held_back(const QueueView& queue) {
    if (queue.pause) {
        return fmt::format("PAUSED:JOB_QUEUE - job queue {} was paused{}{}.", queue.name,
                           queue.pause->by.empty() ? "" : " by " + queue.pause->by,
                           queue.pause->reason.empty() ? "" : ": " + queue.pause->reason);
    }
    const auto running = queue.counts[static_cast<std::size_t>(model::JobStatus::Starting)] +
                         queue.counts[static_cast<std::size_t>(model::JobStatus::Running)];
    if (queue.max_running == 0 || running < queue.max_running) return {};
    return fmt::format(
        "LIMIT:MAX_RUNNING - job queue {} runs {} jobs, as many as its maxRunning "
        "allows.",
        queue.name, running);
}

model::Resources largest_node(const core::Shape& shape) {
    if (shape.nodes.empty()) return shape.resources;
    return std::ranges::max_element(shape.nodes, {}, &model::NodeGroup::resources)->resources;
}

std::string describe(const core::Shape& shape) {
    if (shape.nodes.empty()) return to_string(shape.resources);
    return to_string(shape.resources) + " on " + std::to_string(count_nodes(shape)) +
           " nodes at once";
}

}  // namespace

std::string View::waiting_reason(const QueueView& queue, const core::Shape& shape) const {
    if (auto reason = held_back(queue); !reason.empty()) return reason;
    const auto usable_ones = usable(*this, queue, shape);
    if (usable_ones.empty()) {
        return "ACTION_REQUIRED - CE(s) associated with the job queue are invalid. (None of them "
               "is VALID and ENABLED.)";
    }
    if (exceeds_all_limits(shape, usable_ones)) {
        return "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the job "
               "queue cannot meet the CPU requirement of the job.";
    }
    if (const auto missing = missing_units(*this, shape); !missing.empty()) {
        return "CAPACITY:CONSUMABLE_RESOURCE_UNAVAILABLE - " + missing + ".";
    }
    if (const auto& kept = queue.reservation;
        kept && kept->used.value > 0 && kept->used + shape.resources.vcpu > kept->usable) {
        return "CAPACITY:RESERVED_FOR_INACTIVE_SHARES - computeReservation leaves " +
               in_vcpus(kept->usable) + " to the active shares, which hold " +
               in_vcpus(kept->used) + ".";
    }
    const model::Resources each = largest_node(shape);
    const HostView* down = nullptr;
    const HostView* draining = nullptr;
    const HostView* large_enough = nullptr;
    model::Resources capacity;
    bool all_known = true;
    for (const HostView* host : hosts_of(*this, usable_ones)) {
        if (host->row && host->row->document.state == "DRAINING") {
            if (!host->is_known || each.fits_in(host->capacity)) draining = host;
            continue;
        }
        if (!host->is_up) down = host;
        all_known = all_known && host->is_known;
        if (host->is_known) capacity += host->capacity;
        if (host->is_known && each.fits_in(host->capacity)) {
            if (!large_enough || (host->is_up && !large_enough->is_up)) large_enough = host;
        }
    }
    if (!shape.resources.fits_in(capacity)) large_enough = nullptr;  // nodes need several hosts
    if (large_enough && large_enough->is_up) {
        return "CAPACITY:WAITING_FOR_RESOURCES - The job asks for " + describe(shape) +
               describe_free(*large_enough) + describe_limits(usable_ones) + ".";
    }
    // A host that was never reached may yet be large enough: no word of a misconfiguration.
    if (down && (large_enough || !all_known)) {
        return "CAPACITY:HOST_UNAVAILABLE - Host " + down->name + " is unavailable" +
               (down->down_reason.empty() ? "" : ": " + down->down_reason) + ".";
    }
    const bool is_elastic = std::ranges::any_of(usable_ones, &EnvironmentView::is_elastic);
    const auto waiting = std::ranges::find(queue.waiting, shape, &WaitingView::shape);
    if (waiting != queue.waiting.end() && !waiting->unserved.empty()) return waiting->unserved;
    if (is_elastic) {
        return "CAPACITY:WAITING_FOR_RESOURCES - The job asks for " + describe(shape) +
               "; no instance that is up has room for it" + describe_limits(usable_ones) +
               (capacity_trouble.empty() ? ""
                                         : "; nothing can be launched now: " + capacity_trouble) +
               ".";
    }
    if (draining) {
        return "CAPACITY:HOST_UNAVAILABLE - Host " + draining->name +
               " drains: it takes no new jobs.";
    }
    return "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement "
           "(vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the job "
           "queue.";
}

}  // namespace batchd::engine
