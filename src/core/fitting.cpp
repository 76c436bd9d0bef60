#include "core/fitting.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <utility>

namespace batchd::core {
namespace {

/// Gives each node a host, the larger nodes first; empty if there is no room for all of them.
/// `spread`: nodes share no host as long as that can be; else each goes where it fills most.
std::vector<HostIndex> assign(const std::vector<model::Resources>& nodes, std::vector<Room> rooms,
                              bool spread) {
    std::vector<std::size_t> order(nodes.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return nodes[a] != nodes[b] ? nodes[a] > nodes[b] : a < b;
    });
    std::vector<HostIndex> hosts(nodes.size());
    for (const std::size_t node : order) {
        Room* best = nullptr;
        for (Room& room : rooms) {
            if (!nodes[node].fits_in(room.free)) continue;
            const auto crowd = [&](const Room& r) {
                return std::pair(r.nodes, -r.free.vcpu.value);
            };
            const bool is_better =
                !best || (spread ? crowd(room) < crowd(*best) : room.free.vcpu < best->free.vcpu);
            if (is_better) best = &room;
        }
        if (!best) return {};
        best->free -= nodes[node];
        ++best->nodes;
        hosts[node] = best->host;
    }
    return hosts;
}

}  // namespace

bool is_for_platform(const Environment& environment, const Shape& shape) {
    return model::is_fargate(environment.row.document) == shape.fargate;
}

bool is_within_limit(const Environment& environment, const Shape& shape) {
    const auto limit = vcpu_limit(environment);
    if (!limit) return true;
    const auto used = is_elastic(environment.row.document) ? MilliVcpu{} : environment.used;
    return used + shape.resources.vcpu <= *limit;
}

bool is_within_reservation(const Queue& queue, std::optional<MilliVcpu> usable,
                           const Shape& shape) {
    return !usable || queue.used.value == 0 || queue.used + shape.resources.vcpu <= *usable;
}

std::optional<QueueIndex> keeper_of(const State& state, HostIndex host) {
    for (std::uint32_t i = 0; i < state.queues.size(); ++i) {
        const auto& reservation = state.queues[i].reservation;
        if (reservation &&
            std::ranges::find(reservation->hosts, host) != reservation->hosts.end()) {
            return QueueIndex{i};
        }
    }
    return std::nullopt;
}

bool is_kept_from(const State& state, HostIndex host, QueueIndex queue, std::int64_t seq) {
    const auto by = keeper_of(state, host);
    if (!by) return false;
    if (*by == queue) return state.queue(*by).reservation->seq != seq;
    return state.queue(queue).row.document.priority <= state.queue(*by).row.document.priority;
}

std::vector<HostIndex> assign(const Shape& shape, const std::vector<Room>& rooms) {
    std::vector<model::Resources> nodes;
    for (const auto& group : shape.nodes) {
        nodes.insert(nodes.end(), static_cast<std::size_t>(group.count), group.resources);
    }
    if (nodes.empty()) nodes.push_back(shape.resources);
    auto hosts = assign(nodes, rooms, true);
    return hosts.empty() ? assign(nodes, rooms, false) : hosts;
}

}  // namespace batchd::core
