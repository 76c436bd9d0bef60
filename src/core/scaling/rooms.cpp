#include "core/scaling/rooms.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace batchd::core::scaling {

Rooms::Rooms(const ScalingEnvironment& environment) : used_(environment.instances.size()) {
    for (const ScalingInstance& instance : environment.instances) {
        const bool is_open = environment.is_enabled && !instance.is_draining;
        free_.push_back(is_open ? amounts(instance.free) : Amounts{});
    }
}

std::vector<std::size_t> Rooms::by_free_vcpus() const {
    std::vector<std::size_t> order(free_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(free_[i][0], i); });
    return order;
}

std::int64_t Rooms::use(const Amounts& need, std::int64_t jobs) {
    std::int64_t placed = 0;
    for (const std::size_t i : by_free_vcpus()) {
        if (placed == jobs) break;
        const std::int64_t here = std::min(jobs - placed, times_fit(need, free_[i]));
        if (here == 0) continue;
        take(free_[i], need, here);
        used_[i] = true;
        placed += here;
    }
    return placed;
}

std::vector<std::size_t> Rooms::keep_for_gang(std::vector<Item>& nodes) {
    std::vector<std::size_t> order(nodes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, std::greater<>{}, [&](std::size_t n) { return nodes[n].need; });
    std::vector<std::size_t> kept;
    const auto instances = by_free_vcpus();
    for (const std::size_t n : order) {
        for (const std::size_t i : instances) {
            if (nodes[n].count == 0) break;
            if (!fits(nodes[n].need, free_[i]) || std::ranges::find(kept, i) != kept.end()) {
                continue;
            }
            take(free_[i], nodes[n].need, 1);
            --nodes[n].count;
            kept.push_back(i);
        }
    }
    return kept;
}

void Rooms::mark_used(std::span<const std::size_t> instances) {
    for (const std::size_t i : instances) used_[i] = true;
}

}  // namespace batchd::core::scaling
