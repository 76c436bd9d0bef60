#include "batchd/core/core.hpp"
#include "core/decisions.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

namespace batchd::core {
namespace {

using model::JobStatus;
using Broken = std::optional<std::string>;

/// By queue and status: jobs that are no arrays, and the children of those that are.
std::vector<std::array<std::int64_t, model::kJobStatusCount>> counted(const State& state) {
    std::vector<std::array<std::int64_t, model::kJobStatusCount>> counts(state.queues.size());
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        auto& of_queue = counts[job.queue.value];
        if (job.array) {
            for (const JobStatus status : job.array->children) {
                ++of_queue[static_cast<std::size_t>(status)];
            }
        } else if (!job.parent && !job.node_of) {
            ++of_queue[static_cast<std::size_t>(job.state.status)];
        }
    }
    return counts;
}

Broken check_counts(const State& state) {
    const auto counts = counted(state);
    for (std::size_t q = 0; q < counts.size(); ++q) {
        for (std::size_t s = 0; s < counts[q].size(); ++s) {
            if (model::is_terminal(static_cast<JobStatus>(s))) continue;
            if (counts[q][s] != state.queues[q].counts[s]) {
                return "count of " + std::string(to_string(static_cast<JobStatus>(s))) + " is " +
                       std::to_string(state.queues[q].counts[s]) + ", but there are " +
                       std::to_string(counts[q][s]);
            }
        }
    }
    return std::nullopt;
}

/// For how many RUNNABLE jobs it has to stand in its bucket.
std::int64_t offered(const State& state, const Job& job) {
    const bool is_held = job.state.hold || (job.parent && state.job(*job.parent).state.hold);
    if (job.node_of || is_held) return 0;
    if (!job.array) {
        const bool is_fresh = job.parent && job.state.attempt == 0;
        return job.state.status == JobStatus::Runnable && !is_fresh ? 1 : 0;
    }
    const Array& array = *job.array;
    if (!job.options || !job.options->max_parallel) return array.fresh_runnable;
    std::int64_t under_way = 0;
    for (const auto& [_, index] : array.slots) {
        const Job& child = state.job(index);
        const bool is_retried =
            child.state.status == JobStatus::Runnable && child.state.attempt > 0;
        if (model::is_placed(child.state.status) || is_retried) ++under_way;
    }
    const auto room = std::max<std::int64_t>(*job.options->max_parallel - under_way, 0);
    return std::min(room, array.fresh_runnable);
}

Broken check_bucket(const State& state, ShareIndex share, ShapeIndex shape, const Bucket& bucket) {
    if (bucket.entries.empty()) return "an empty bucket is kept";
    std::int64_t jobs = 0;
    for (const auto& [key, index] : bucket.entries) {
        const Job& job = state.job(index);
        if (offered(state, job) == 0 || wait_key(job) != key || job.shape != shape ||
            job.share != share) {
            return "a bucket holds a job that does not belong there: " + to_string(job.id);
        }
        jobs += offered(state, job);
    }
    if (jobs != bucket.jobs) return "a bucket counts its jobs wrong";
    return std::nullopt;
}

Broken check_buckets(const State& state) {
    std::size_t waiting = 0;
    for (const Queue& queue : state.queues) {
        for (std::uint32_t i = 0; i < queue.shares.size(); ++i) {
            for (const auto& [shape, bucket] : queue.shares[i].waiting) {
                if (auto broken = check_bucket(state, ShareIndex{i}, shape, bucket)) return broken;
                waiting += static_cast<std::size_t>(bucket.jobs);
            }
        }
    }
    std::int64_t expected = 0;
    for (const auto& [id, index] : state.job_index) expected += offered(state, state.job(index));
    if (static_cast<std::size_t>(expected) != waiting) return "a RUNNABLE job stands in no bucket";
    return std::nullopt;
}

Broken check_array(const State& state, const Job& job) {
    const Array& array = *job.array;
    std::array<std::int64_t, model::kJobStatusCount> counts{};
    std::int64_t fresh = 0;
    for (std::int32_t i = 0; i < std::ssize(array.children); ++i) {
        const JobStatus status = *child_status(array, i);
        ++counts[static_cast<std::size_t>(status)];
        const auto slot = array.slots.find(i);
        if (slot != array.slots.end()) {
            const Job& child = state.job(slot->second);
            if (child.seq != job.seq || child.id.index() != i || child.state.status != status) {
                return "an array and its child differ: " + to_string(child.id);
            }
        } else if (status == JobStatus::Runnable) {
            ++fresh;
        } else if (!model::is_terminal(status) && status != JobStatus::Pending) {
            return "a placed child has no slot: " + to_string(job.id);
        }
        const bool is_fresh = slot == array.slots.end() && status == JobStatus::Runnable;
        if (is_fresh != array.fresh.test(static_cast<std::size_t>(i))) {
            return "an array knows its fresh children wrong: " + to_string(job.id.child(i));
        }
        const bool is_free = array.is_released && waits_for(array, i) == 0;
        if (slot == array.slots.end() && status == JobStatus::Pending && is_free) {
            return "a child waits for nothing: " + to_string(job.id.child(i));
        }
    }
    if (array.sequence != model::Sequence::None && array.front < std::ssize(array.children) &&
        lets_pass(array.sequence, *child_status(array, array.front))) {
        return "a sequence does not go on: " + to_string(job.id);
    }
    if (counts != array.counts) return "an array counts wrong: " + to_string(job.id);
    if (fresh != array.fresh_runnable) return "an array counts its fresh children wrong";
    if (offered(state, job) != array.offered) return "an array offers other children than it may";
    return std::nullopt;
}

Broken check_arrays(const State& state) {
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (job.array) {
            if (auto broken = check_array(state, job)) return broken;
        }
        if (!job.parent) continue;
        const auto& slots = state.job(*job.parent).array->slots;
        const auto slot = slots.find(id.index());
        if (slot == slots.end() || slot->second != index) return "a child is not in its array";
    }
    return std::nullopt;
}

/// Whether a multi-node job has nodes, which know it.
bool is_ganged(const State& state, JobIndex index) {
    const Gang& gang = *state.job(index).gang;
    for (const auto& [i, node] : gang.nodes) {
        const Job& job = state.job(node);
        if (job.node_of != index || job.id != state.job(index).id.node(i)) return false;
        const auto listed = state.job_index.find(job.id);
        if (listed == state.job_index.end() || listed->second != node) return false;
    }
    return !gang.nodes.empty();
}

Broken check_capacity(const State& state) {
    std::vector<model::Resources> used(state.hosts.size());
    std::vector<MilliVcpu> environments(state.environments.size());
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        const bool has_run = job.gang ? is_ganged(state, index) : job.run != nullptr;
        if (model::is_placed(job.state.status) != has_run) {
            return "only placed jobs have a run: " + to_string(id);
        }
        if (!job.run) continue;
        used[job.run->host.value] += state.shape(job.shape).resources;
        environments[job.run->environment.value] += state.shape(job.shape).resources.vcpu;
    }
    for (std::size_t h = 0; h < used.size(); ++h) {
        if (used[h] != state.hosts[h].used) return "host " + state.hosts[h].name + " counts wrong";
    }
    for (std::size_t e = 0; e < environments.size(); ++e) {
        if (environments[e] != state.environments[e].used) return "an environment counts wrong";
    }
    return std::nullopt;
}

Broken check_free_slot(const State& state, std::uint32_t h) {
    const Host& host = state.hosts[h];
    const bool is_blank = !host.environment && !host.row && !host.is_up && host.attempts.empty() &&
                          host.used == model::Resources{} && host.gpus_in_use.empty();
    if (!is_blank) return "a free slot holds something of a host";
    return std::nullopt;
}

/// A host and who lists it.
Broken check_host(const State& state, std::uint32_t h) {
    const Host& host = state.hosts[h];
    const HostIndex index{h};
    const auto found = state.host_index.find(host.name);
    if (found == state.host_index.end() || found->second != index) {
        return "host " + host.name + " is not found by its name";
    }
    const auto& listed =
        host.environment ? state.environment(*host.environment).hosts : state.local_hosts;
    if (std::ranges::count(listed, index) != 1) return "host " + host.name + " is not listed once";
    if (host.environment.has_value() != (host.row != nullptr || host.is_fargate)) {
        return "host " + host.name + " has a row exactly if it is an environment's Engine";
    }
    if (host.is_fargate && (host.row || !host.is_up || host.is_draining)) {
        return "host " + host.name + " is Fargate, and more than that";
    }
    if (host.is_up && host.is_down) return "host " + host.name + " is up and down";
    if (!host.row) return std::nullopt;
    const model::HostRow& row = *host.row;
    if (row.environment_id != state.environment(*host.environment).row.id ||
        row.document.name != host.name) {
        return "the row of host " + host.name + " is another's";
    }
    const bool drains = row.document.state == "DRAINING";
    if (host.is_draining != drains) return "host " + host.name + " does not know that it drains";
    if ((row.is_deleting || row.drain_deadline) && !drains) {
        return "host " + host.name + " goes, but does not drain";
    }
    if (row.is_deleting != state.leaving_hosts.contains(index)) {
        return "host " + host.name + " is not among those that leave";
    }
    if (row.is_deleting && host.attempts.empty()) return "host " + host.name + " should be gone";
    return std::nullopt;
}

Broken check_hosts(const State& state) {
    std::size_t named = 0;
    for (std::uint32_t h = 0; h < state.hosts.size(); ++h) {
        const bool is_free = state.hosts[h].name.empty();
        if (auto broken = is_free ? check_free_slot(state, h) : check_host(state, h)) return broken;
        named += is_free ? 0 : 1;
    }
    std::size_t listed = state.local_hosts.size();
    for (const Environment& environment : state.environments) {
        if (environment.row.status == "DELETED" && !environment.hosts.empty()) {
            return "a deleted environment has hosts";
        }
        if (environment.row.status != "DELETED" && uses_fargate(state, environment) &&
            environment.hosts.size() != 1) {
            return "an environment on Fargate has not one host";
        }
        listed += environment.hosts.size();
    }
    if (named != listed || named != state.host_index.size()) return "a host is listed, but gone";
    for (const auto& [deadline, index] : state.drain_deadlines) {
        const Host& host = state.host(index);
        if (!host.row || host.row->drain_deadline != deadline) {
            return "a time to drain belongs to no host";
        }
    }
    for (const Queue& queue : state.queues) {
        if (!queue.reservation) continue;
        for (const HostIndex index : queue.reservation->hosts) {
            if (state.host(index).name.empty()) return "a host is kept free that is gone";
        }
    }
    return std::nullopt;
}

/// What is up is a host, and what was launched and is a host is an instance.
Broken check_instances(const State& state) {
    for (const auto& [id, instance] : state.scaling.instances) {
        const auto host = state.find_host(id);
        const bool is_up = instance.row.status == model::InstanceStatus::Up;
        if (is_up != host.has_value()) return "instance " + id + " is up, but no host, or a host";
        if (!is_up) continue;
        if (instance.row.idle_since.has_value() != state.host(*host).attempts.empty()) {
            return "instance " + id + " does not know whether it is idle";
        }
    }
    for (const Host& host : state.hosts) {
        if (!host.row || host.row->origin != model::HostOrigin::Launched) continue;
        if (!state.scaling.instances.contains(host.name)) {
            return "host " + host.name + " was launched, but is no instance";
        }
    }
    return std::nullopt;
}

/// Attempts run on hosts that are there, of their own environment or local.
Broken check_places(const State& state) {
    std::vector<std::set<JobIndex>> attempts(state.hosts.size());
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (!job.run) continue;
        const Host& host = state.host(job.run->host);
        if (host.name.empty() || host.name != job.run->attempt.host) {
            return "an attempt runs on a host that is gone: " + to_string(id);
        }
        if (host.environment && *host.environment != job.run->environment) {
            return "an attempt runs on another environment's host: " + to_string(id);
        }
        attempts[job.run->host.value].insert(index);
    }
    for (std::size_t h = 0; h < attempts.size(); ++h) {
        if (attempts[h] != state.hosts[h].attempts) {
            return "host " + state.hosts[h].name + " does not know its attempts";
        }
    }
    return std::nullopt;
}

/// A GPU is one attempt's alone.
Broken check_gpus(const State& state) {
    std::vector<std::set<std::string>> in_use(state.hosts.size());
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (!job.run) continue;
        const auto& gpus = job.run->attempt.gpus;
        if (std::ssize(gpus) != state.shape(job.shape).resources.gpus) {
            return "an attempt has not the GPUs that it asks for: " + to_string(id);
        }
        for (const std::string& gpu : gpus) {
            if (!in_use[job.run->host.value].insert(gpu).second) {
                return "GPU " + gpu + " is held twice";
            }
        }
    }
    for (std::size_t h = 0; h < in_use.size(); ++h) {
        if (in_use[h] != state.hosts[h].gpus_in_use) {
            return "host " + state.hosts[h].name + " does not know which GPUs are held";
        }
    }
    return std::nullopt;
}

bool holds(const Job& job) { return !job.array && model::is_placed(job.state.status); }

struct ShareSums {
    MilliVcpu used;
    std::int64_t live = 0;
};

/// What the jobs of each share hold, and how many there are.
std::map<std::pair<QueueIndex, ShareIndex>, ShareSums> sums_by_share(const State& state) {
    std::map<std::pair<QueueIndex, ShareIndex>, ShareSums> sums;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        ShareSums& sum = sums[{job.queue, job.share}];
        if (job.node_of) continue;
        if (holds(job)) sum.used += state.shape(job.shape).resources.vcpu;
        if (job.array) {
            sum.live += std::ranges::count_if(
                job.array->children, [](JobStatus status) { return !model::is_terminal(status); });
        } else if (!job.parent) {
            ++sum.live;
        }
    }
    return sums;
}

Broken check_shares(const State& state) {
    auto sums = sums_by_share(state);
    for (std::uint32_t q = 0; q < state.queues.size(); ++q) {
        const Queue& queue = state.queues[q];
        MilliVcpu used;
        for (std::uint32_t s = 0; s < queue.shares.size(); ++s) {
            const Share& share = queue.shares[s];
            const ShareSums& sum = sums[{QueueIndex{q}, ShareIndex{s}}];
            if (share.used != sum.used || share.live != sum.live) {
                return "share '" + share.identifier + "' counts wrong";
            }
            used += share.used;
            const auto found = queue.share_index.find(share.identifier);
            const bool is_found = found != queue.share_index.end() && found->second.value == s;
            if (!is_found && sum.live > 0) return "share '" + share.identifier + "' is not listed";
        }
        if (used != queue.used) return "a queue counts its vCPUs wrong";
    }
    return std::nullopt;
}

Broken check_consumables(const State& state) {
    std::map<std::string, std::int64_t> in_use;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (!holds(job)) continue;
        for (const auto& need : state.shape(job.shape).consumables) {
            in_use[need.name] += need.quantity;
        }
    }
    if (in_use != state.consumables_in_use) return "consumable resources count wrong";
    return std::nullopt;
}

Broken check_dependencies(const State& state) {
    std::unordered_map<std::uint32_t, std::uint32_t> waits;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (model::is_terminal(job.state.status)) return "an ended job is kept: " + to_string(id);
        if (job.state.status == JobStatus::Running && !job.has_started && !job.node_of) {
            return "a RUNNING job has not started: " + to_string(id);
        }
        for (const auto& [dependent, kind, seq] : job.dependents) {
            if (state.job(dependent).seq == seq) ++waits[dependent.value];
            if (kind == model::Dependency::Kind::AfterStart && job.has_started) {
                return "its start is waited for, but has been: " + to_string(id);
            }
        }
        if (!job.array) continue;
        for (const auto& [child, dependents] : job.array->child_dependents) {
            for (const auto& [dependent, kind, seq] : dependents) {
                if (state.job(dependent).seq == seq) ++waits[dependent.value];
            }
        }
    }
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (job.waiting_for != waits[index.value]) return "waiting_for is wrong: " + to_string(id);
        if (job.array) {
            if (job.state.status != JobStatus::Pending) return "a live array is PENDING";
            continue;
        }
        if ((job.waiting_for > 0) != (job.state.status == JobStatus::Pending)) {
            return "PENDING and waiting are not the same: " + to_string(id);
        }
    }
    return std::nullopt;
}

Broken check_deadlines(const State& state) {
    for (const auto& [when, index] : state.deadlines) {
        const Job& job = state.job(index);
        if (!job.run || job.run->deadline != when) return "a deadline belongs to no attempt";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> broken_invariant(const State& state) {
    for (const auto check :
         {check_counts, check_buckets, check_arrays, check_hosts, check_instances, check_places,
          check_capacity, check_gpus, check_shares, check_consumables, check_dependencies,
          check_deadlines}) {
        if (auto broken = check(state)) return broken;
    }
    return std::nullopt;
}

}  // namespace batchd::core
