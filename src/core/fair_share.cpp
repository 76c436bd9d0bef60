// Fair share: which share of a queue is served next, and how much of the capacity is kept for new
// ones.
//
// A share's usage is the vCPUs that its jobs hold now, plus the mean of what they held before, in
// which older use counts exponentially less: what lies a decay window back counts a twentieth. Both
// are vCPUs, so that many jobs started at once count at once.
#include "core/decisions.hpp"

#include <algorithm>
#include <cmath>

namespace batchd::core {
namespace {

/// exp(-3) = 0.05
constexpr double kTimeConstantsInWindow = 3;

double to_vcpus(MilliVcpu amount) { return static_cast<double>(amount.value) / 1000; }

double past_at(const model::FairsharePolicy& policy, const Share& share, Timestamp now) {
    if (now <= share.at) return share.past_vcpus;
    const double passed = std::chrono::duration<double>(now - share.at).count();
    const double window = static_cast<double>(model::decay_window(policy).count());
    const double kept = std::exp(-passed * kTimeConstantsInWindow / window);
    return to_vcpus(share.used) + (share.past_vcpus - to_vcpus(share.used)) * kept;
}

std::size_t count_active(const model::FairsharePolicy& policy, const Queue& queue, Timestamp now) {
    return static_cast<std::size_t>(
        std::ranges::count_if(queue.share_index, [&](const auto& entry) {
            return is_active(policy, queue.shares[entry.second.value], now);
        }));
}

MilliVcpu capacity_of(const State& state, const Environment& environment) {
    MilliVcpu sum;
    for (const HostIndex h : hosts_of(state, environment)) sum += state.host(h).capacity.vcpu;
    const auto& document = environment.row.document;
    auto limit = vcpu_limit(environment);
    if (!limit && document.unmanagedv_cpus) limit = vcpus(*document.unmanagedv_cpus);
    return limit ? std::min(*limit, sum) : sum;
}

/// What all environments of a queue could give it. Several may stand on the same hosts.
MilliVcpu capacity_of(const State& state, const Queue& queue) {
    MilliVcpu of_environments;
    std::set<HostIndex> hosts;
    for (const EnvironmentIndex e : queue.environments) {
        const Environment& environment = state.environment(e);
        if (!is_open(environment)) continue;
        of_environments += capacity_of(state, environment);
        const auto& its_hosts = hosts_of(state, environment);
        hosts.insert(its_hosts.begin(), its_hosts.end());
    }
    MilliVcpu of_hosts;
    for (const HostIndex h : hosts) of_hosts += state.host(h).capacity.vcpu;
    return std::min(of_environments, of_hosts);
}

}  // namespace

const model::FairsharePolicy* fairness_of(const State& state, const Queue& queue) {
    const auto& name = queue.row.document.scheduling_policy_arn;
    if (!name) return nullptr;
    const auto found = state.scheduling_policies.find(*name);
    if (found == state.scheduling_policies.end()) return nullptr;
    const auto& policy = found->second.document.fairshare_policy;
    return policy ? &*policy : nullptr;
}

bool is_active(const model::FairsharePolicy& policy, const Share& share, Timestamp now) {
    return share.live > 0 || now < share.at + model::decay_window(policy);
}

std::optional<MilliVcpu> usable_vcpus(const State& state, const Queue& queue, Timestamp now) {
    const auto* policy = fairness_of(state, queue);
    if (!policy || policy->compute_reservation.value_or(0) == 0) return std::nullopt;
    const double reserved = std::pow(*policy->compute_reservation / 100.0,
                                     static_cast<double>(count_active(*policy, queue, now)));
    const auto capacity = static_cast<double>(capacity_of(state, queue).value);
    return MilliVcpu{std::llround(capacity * (1 - reserved))};
}

ShareIndex find_or_make_share(State& state, QueueIndex index, const std::string& identifier,
                              Timestamp at) {
    Queue& queue = state.queue(index);
    if (const auto found = queue.share_index.find(identifier); found != queue.share_index.end()) {
        return found->second;
    }
    auto slot = std::ranges::find_if(queue.shares,
                                     [](const Share& share) { return share.identifier.empty(); });
    if (slot == queue.shares.end()) slot = queue.shares.emplace(slot);
    const auto* policy = fairness_of(state, queue);
    slot->identifier = identifier;
    slot->weight = policy ? model::weight_of(*policy, identifier) : 1;
    slot->at = at;
    const ShareIndex share{static_cast<std::uint32_t>(slot - queue.shares.begin())};
    queue.share_index.emplace(identifier, share);
    return share;
}

Result<> check_share(const State& state, QueueIndex index, const SubmitJob& event, Timestamp now) {
    const Queue& queue = state.queue(index);
    const std::string& identifier = event.traits.share;
    const auto* policy = fairness_of(state, queue);
    if (!policy) {
        if (identifier.empty() && !event.overrides_priority) return {};
        return invalid_argument(
            "Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue "
            "with fair share scheduling policy.");
    }
    if (identifier.empty()) {
        return invalid_argument("shareIdentifier is required: job queue '" +
                                queue.row.document.job_queue_name +
                                "' has a fair-share scheduling policy");
    }
    const std::int64_t limit = state.policy.limits.active_shares;
    if (std::ssize(queue.share_index) < limit) return {};
    const auto known = queue.share_index.find(identifier);
    if (known != queue.share_index.end() &&
        is_active(*policy, queue.shares[known->second.value], now)) {
        return {};
    }
    if (static_cast<std::int64_t>(count_active(*policy, queue, now)) < limit) return {};
    return invalid_argument("shareIdentifier '" + identifier + "' would be one more than the " +
                            std::to_string(limit) + " active ones that a job queue may have");
}

void settle_usage(State& state, const Job& job) {
    Queue& queue = state.queue(job.queue);
    const auto* policy = fairness_of(state, queue);
    const Timestamp now = state.step.now;
    Share& share = state.share(job);
    if (!policy || now < share.at) return;
    share.past_vcpus = past_at(*policy, share, now);
    share.at = now;
    state.step.shares.emplace(job.queue, job.share);
}

double usage_of(const State& state, const Queue& queue, const Share& share, Timestamp now) {
    const auto* policy = fairness_of(state, queue);
    if (!policy) return 0;
    return share.weight * (to_vcpus(share.used) + past_at(*policy, share, now));
}

void set_weights(State& state, Queue& queue) {
    const auto* policy = fairness_of(state, queue);
    if (!policy) return;
    for (Share& share : queue.shares) share.weight = model::weight_of(*policy, share.identifier);
}

void take_new_weights(State& state, const std::string& policy) {
    for (Queue& queue : state.queues) {
        if (queue.row.document.scheduling_policy_arn == policy) set_weights(state, queue);
    }
    state.step.needs_pass = true;
}

void drop_inactive_shares(State& state, QueueIndex index, Timestamp now) {
    Queue& queue = state.queue(index);
    const auto* policy = fairness_of(state, queue);
    if (!policy) return;
    std::erase_if(queue.share_index, [&](const auto& entry) {
        Share& share = queue.shares[entry.second.value];
        if (is_active(*policy, share, now)) return false;
        state.step.changes.shares.push_back(
            {.queue_id = queue.row.id, .identifier = entry.first, .at = share.at, .is_gone = true});
        state.step.shares.erase({index, entry.second});
        share = Share{};
        return true;
    });
}

void drop_shares(State& state, QueueIndex index) {
    Queue& queue = state.queue(index);
    for (const auto& [identifier, share] : queue.share_index) {
        if (identifier.empty()) continue;
        state.step.shares.erase({index, share});
        state.step.changes.shares.push_back(
            {.queue_id = queue.row.id, .identifier = identifier, .at = {}, .is_gone = true});
    }
}

std::optional<Timestamp> next_share_end(const State& state) {
    std::optional<Timestamp> next;
    for (const Queue& queue : state.queues) {
        const auto* policy = fairness_of(state, queue);
        if (!policy || policy->compute_reservation.value_or(0) == 0 || !queue.blocked_head)
            continue;
        for (const auto& [identifier, index] : queue.share_index) {
            const Share& share = queue.shares[index.value];
            const Timestamp end = share.at + model::decay_window(*policy);
            if (share.live == 0 && (!next || end < *next)) next = end;
        }
    }
    return next;
}

}  // namespace batchd::core
