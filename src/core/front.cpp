// The jobs at the front of a queue.
#include "core/decisions.hpp"
#include "core/service_order.hpp"

#include <unordered_map>

namespace batchd::core {
namespace {

/// The entry behind a candidate in its bucket.
std::optional<Candidate> behind(const Queue& queue, const Candidate& candidate) {
    const auto& entries =
        queue.shares[candidate.share.value].waiting.find(candidate.shape)->second.entries;
    const auto entry = entries.upper_bound(candidate.key);
    if (entry == entries.end()) return std::nullopt;
    Candidate next = candidate;
    next.key = entry->first;
    next.job = entry->second;
    return next;
}

}  // namespace

std::vector<WaitingJob> front_of_queue(const State& state, const Queue& queue, std::size_t most,
                                       Timestamp now) {
    std::vector<WaitingJob> front;
    std::unordered_map<std::uint32_t, std::size_t> next_children;  // by JobIndex of the array
    ServiceOrder order(state, queue, now);
    while (front.size() < most) {
        const auto next = order.next();
        if (!next) break;
        const Job& job = state.job(next->job);
        order.charge(next->share, state.shape(next->shape).resources.vcpu);
        bool has_more = false;
        if (job.array) {
            const auto& fresh = job.array->fresh;
            auto& child =
                next_children.try_emplace(next->job.value, fresh.find_first()).first->second;
            front.push_back({.id = job.id.child(static_cast<std::int32_t>(child)),
                             .since = job.array->runnable_since});
            child = fresh.find_next(child);
            has_more = child != fresh.npos;
        } else {
            front.push_back({.id = job.id, .since = job.runnable_since});
        }
        if (has_more) {
            order.put(*next);
        } else if (const auto following = behind(queue, *next)) {
            order.put(*following);
        }
    }
    return front;
}

}  // namespace batchd::core
