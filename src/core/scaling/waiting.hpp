// What waits, while the plan finds room for it.
#pragma once

#include "core/scaling/rooms.hpp"
#include "core/scaling/serve.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace batchd::core::scaling {

/// Jobs that ask for nothing would fit anywhere without end.
inline Item item_of(const model::Resources& resources, std::int64_t count) {
    Item item{.need = amounts(resources), .count = count};
    item.need[0] = std::max<std::int64_t>(item.need[0], 1);
    return item;
}

/// A demand, and how far the plan got with it.
struct Waiting {
    const ScalingDemand* demand = nullptr;
    std::int64_t left = 0;
    std::size_t turn = 0;  ///< in demand->environments: which may launch for it next
    UnservedCause cause = UnservedCause::NoEnvironment;
    std::optional<Wait> wait = {};  ///< if the cause is Blocked

    bool is_gang() const { return !demand->nodes.empty(); }
    bool is_open() const { return left > 0 && turn < demand->environments.size(); }
    std::uint32_t environment() const { return demand->environments[turn]; }

    std::vector<Item> nodes() const {
        std::vector<Item> nodes;
        for (const auto& group : demand->nodes) {
            nodes.push_back(item_of(group.resources, group.count));
        }
        return nodes;
    }

    /// Remembers why jobs are left; of several environments' reasons the most hopeful one.
    void note(UnservedCause why, const std::optional<Wait>& block) {
        if (block) why = UnservedCause::Blocked;
        if (left == 0 || why < cause) return;
        cause = why;
        if (block && (!wait || block->until < wait->until)) wait = block;
    }
};

/// How many nodes, and the most that any of them needs of each resource.
std::int64_t count_all(const std::vector<Item>& nodes);
Amounts largest(const std::vector<Item>& nodes);

/// Instances that wait for the rest of their gang.
struct Kept {
    std::uint32_t environment = 0;
    std::vector<std::size_t> instances;
    std::vector<Item> missing;  ///< nodes
};

/// Which jobs are left, and what room.
struct Progress {
    std::vector<Waiting> waiting;           ///< by demand
    std::vector<std::optional<Kept>> kept;  ///< by demand
    std::vector<Rooms> rooms;               ///< by environment
};

/// Lets the instances that are there take jobs: in the order of service, as placement does, or the
/// largest first where that leaves less over. What was launched for a mix of jobs must not look too
/// small for it while it boots.
Progress use_rooms(const ScalingInput& input, const Progress& start);

}  // namespace batchd::core::scaling
