// The room that is there already: on instances that run, and on those that boot.
#pragma once

#include "batchd/core/scaling.hpp"
#include "core/scaling/pack.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace batchd::core::scaling {

class Rooms {
  public:
    explicit Rooms(const ScalingEnvironment& environment);

    /// Puts as many jobs as fit onto the instances, the fullest that takes one first, as placement
    /// does; how many that are.
    std::int64_t use(const Amounts& need, std::int64_t jobs);

    /// Keeps instances for the nodes of one gang, each its own, and takes those that found one out
    /// of `nodes`. Returns the instances; they count as used only after mark_used.
    std::vector<std::size_t> keep_for_gang(std::vector<Item>& nodes);
    void mark_used(std::span<const std::size_t> instances);

    /// Whether the plan needs the instance at this position of the environment.
    bool is_used(std::size_t instance) const { return used_[instance]; }

  private:
    std::vector<std::size_t> by_free_vcpus() const;

    std::vector<Amounts> free_;  ///< by instance
    std::vector<bool> used_;
};

}  // namespace batchd::core::scaling
