// What one environment launches for the jobs that wait for it.
#pragma once

#include "core/scaling/candidates.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace batchd::core::scaling {

/// Instances of one type, and what they are for.
struct Purchase {
    struct Part {
        std::size_t item = 0;
        std::int64_t jobs = 0;  ///< in all of them
    };
    Candidate type;
    std::int64_t count = 0;
    std::vector<Part> parts = {};
};

std::int64_t vcpus_of(const std::vector<Purchase>& purchases);

/// How many vCPUs may be launched.
struct Room {
    std::int64_t vcpus = 0;
    bool may_pass = false;  ///< by one instance
};

/// For the end of a block.
struct Wait {
    const ScalingOffer* offer = nullptr;  ///< what would be launched
    Timestamp until;                      ///< when that, or what could do instead, is tried again
};

struct Served {
    std::vector<Purchase> purchases;
    std::vector<std::int64_t> left;          ///< by item
    std::vector<std::optional<Wait>> waits;  ///< by item; nullopt: that is not what keeps it
};

/// `items` in the order in which they are to be served: when there is room for a part only, it is
/// for the first ones, and later ones get what those cannot use.
Served serve(const ScalingEnvironment& environment, Timestamp now, std::span<const Item> items,
             Room room);

/// As many whole gangs as possible, each node on an instance of its own, all of one type. `nodes`
/// are those of one gang; `left` and the parts count nodes.
Served serve_gangs(const ScalingEnvironment& environment, Timestamp now,
                   std::span<const Item> nodes, std::int64_t gangs, Room room);

}  // namespace batchd::core::scaling
