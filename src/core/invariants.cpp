#include "batchd/core/core.hpp"
#include "core/decisions.hpp"

#include <unordered_map>

namespace batchd::core {
namespace {

using model::JobStatus;
using Broken = std::optional<std::string>;

Broken check_counts(const State& state) {
    for (std::uint32_t q = 0; q < state.queues.size(); ++q) {
        std::array<std::int64_t, model::kJobStatusCount> counts{};
        for (const auto& [id, index] : state.job_index) {
            const Job& job = state.job(index);
            if (job.queue.value == q) ++counts[static_cast<std::size_t>(job.state.status)];
        }
        for (std::size_t s = 0; s < counts.size(); ++s) {
            if (model::is_terminal(static_cast<JobStatus>(s))) continue;
            if (counts[s] != state.queues[q].counts[s]) {
                return "count of " + std::string(to_string(static_cast<JobStatus>(s))) + " is " +
                       std::to_string(state.queues[q].counts[s]) + ", but there are " +
                       std::to_string(counts[s]);
            }
        }
    }
    return std::nullopt;
}

Broken check_buckets(const State& state) {
    std::size_t waiting = 0;
    for (const Queue& queue : state.queues) {
        for (const auto& [shape, bucket] : queue.waiting) {
            if (bucket.empty()) return "an empty bucket is kept";
            for (const auto& [key, index] : bucket) {
                const Job& job = state.job(index);
                if (job.state.status != JobStatus::Runnable || job.seq != key.seq ||
                    job.shape != shape) {
                    return "a bucket holds a job that does not belong there: " + to_string(job.id);
                }
                ++waiting;
            }
        }
    }
    std::size_t runnable = 0;
    for (const auto& [id, index] : state.job_index) {
        if (state.job(index).state.status == JobStatus::Runnable) ++runnable;
    }
    if (runnable != waiting) return "a RUNNABLE job stands in no bucket";
    return std::nullopt;
}

Broken check_capacity(const State& state) {
    std::vector<model::Resources> used(state.hosts.size());
    std::vector<MilliVcpu> environments(state.environments.size());
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (model::is_placed(job.state.status) != (job.run != nullptr)) {
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

Broken check_dependencies(const State& state) {
    std::unordered_map<std::uint32_t, std::uint32_t> waits;
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (model::is_terminal(job.state.status)) return "an ended job is kept: " + to_string(id);
        for (const auto& [dependent, seq] : job.dependents) {
            if (state.job(dependent).seq == seq) ++waits[dependent.value];
        }
    }
    for (const auto& [id, index] : state.job_index) {
        const Job& job = state.job(index);
        if (job.waiting_for != waits[index.value]) return "waiting_for is wrong: " + to_string(id);
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
         {check_counts, check_buckets, check_capacity, check_dependencies, check_deadlines}) {
        if (auto broken = check(state)) return broken;
    }
    return std::nullopt;
}

}  // namespace batchd::core
