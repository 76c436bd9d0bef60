#include "core/scaling/serve.hpp"

#include <algorithm>

namespace batchd::core::scaling {
namespace {

std::int64_t count_all(std::span<const Item> nodes) {
    std::int64_t sum = 0;
    for (const Item& node : nodes) sum += node.count;
    return sum;
}

bool takes_all(const Candidate& candidate, std::span<const Item> nodes) {
    return std::ranges::all_of(
        nodes, [&](const Item& node) { return fits(node.need, candidate.bin.capacity); });
}

/// Whole gangs of `nodes` instances that there is room for.
std::int64_t gangs_in(const Room& room, std::int64_t nodes, std::int64_t vcpus_each) {
    if (room.vcpus <= 0) return 0;
    const std::int64_t instances = room.vcpus / vcpus_each;
    const bool passes = room.may_pass && room.vcpus % vcpus_each > 0;
    return (instances + (passes ? 1 : 0)) / nodes;
}

}  // namespace

Served serve_gangs(const ScalingEnvironment& environment, Timestamp now,
                   std::span<const Item> nodes, std::int64_t gangs, Room room) {
    Served served;
    for (const Item& node : nodes) served.left.push_back(node.count * gangs);
    std::optional<Wait> wait;
    for (const Candidate& type : candidates(environment, now)) {
        if (!takes_all(type, nodes)) continue;
        const auto most = gangs_in(room, count_all(nodes), vcpus_of(type.offer->capacity));
        if (most == 0) continue;
        if (is_blocked(*type.offer, now)) {
            const Timestamp until = *type.offer->blocked_until;
            if (!wait) wait = Wait{.offer = type.offer, .until = until};
            wait->until = std::min(wait->until, until);
            if (environment.strategy == AllocationStrategy::BestFit) break;
            continue;
        }
        Purchase purchase{.type = type, .count = 0, .parts = {}};
        const auto bought = std::min(gangs, most);
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            purchase.count += nodes[i].count * bought;
            served.left[i] -= nodes[i].count * bought;
            purchase.parts.push_back({.item = i, .jobs = nodes[i].count * bought});
        }
        served.purchases.push_back(std::move(purchase));
        served.waits.resize(nodes.size());
        return served;
    }
    served.waits.assign(nodes.size(), wait);
    return served;
}

}  // namespace batchd::core::scaling
