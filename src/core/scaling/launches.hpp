// The launches of a plan, and how many vCPUs its environments get to.
#pragma once

#include "batchd/core/scaling.hpp"
#include "core/scaling/serve.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace batchd::core::scaling {

class Launches {
  public:
    explicit Launches(const ScalingInput& input);

    /// Up to maxvCpus: an instance counts with all its vCPUs for as long as it runs.
    Room room(std::uint32_t environment) const;
    /// vCPUs of the instances that run or boot and do not drain.
    std::int64_t serving(std::uint32_t environment) const;
    std::int64_t launching(std::uint32_t environment) const;

    /// `demands`: by the purchases' items, what they are; empty if they are for none.
    void add(std::uint32_t environment, const std::vector<Purchase>& purchases, LaunchCause cause,
             std::span<const std::uint32_t> demands);

    std::vector<Launch> take_all() { return std::move(calls_); }

  private:
    struct Vcpus {
        std::int64_t running = 0;    ///< booting ones included
        std::int64_t draining = 0;   ///< of `running`
        std::int64_t launching = 0;  ///< by this plan
    };

    Launch& call_for(std::uint32_t environment, const ScalingOffer& offer, LaunchCause cause);

    const ScalingInput& input_;
    std::vector<Vcpus> vcpus_;  ///< by environment
    std::vector<Launch> calls_;
};

}  // namespace batchd::core::scaling
