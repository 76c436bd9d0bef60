// What keeps a job from a place: the predicates by which the scheduling pass places and explain()
// tells why it does not, so that the two cannot disagree.
#pragma once

#include "batchd/core/core.hpp"

#include <optional>
#include <vector>

namespace batchd::core {

inline model::Resources free_of(const Host& host) { return host.capacity - host.used; }

/// Whether jobs of that platform run in the environment.
bool is_for_platform(const Environment& environment, const Shape& shape);
/// maxvCpus of an environment on instances bounds those: it keeps only jobs away that are larger
/// themselves, even if an instance stands around that is large enough.
bool is_within_limit(const Environment& environment, const Shape& shape);
/// A queue that holds nothing may run one job even if that is more than computeReservation leaves.
/// `usable`: see usable_vcpus.
bool is_within_reservation(const Queue& queue, std::optional<MilliVcpu> usable, const Shape& shape);

/// The queue whose reservation keeps the host free.
std::optional<QueueIndex> keeper_of(const State& state, HostIndex host);
/// A host kept free takes its own job (by seq) and those of queues with a higher priority.
bool is_kept_from(const State& state, HostIndex host, QueueIndex queue, std::int64_t seq);

/// What a host could take.
struct Room {
    HostIndex host;
    model::Resources free;
    int nodes = 0;  ///< of the job in hand
};
/// Gives each node of a multi-node job a host, by index; any other job counts as one node. Empty if
/// there is no room for all of them.
std::vector<HostIndex> assign(const Shape& shape, const std::vector<Room>& rooms);

}  // namespace batchd::core
