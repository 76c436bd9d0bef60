// Words for tests of the scaling plan.
#pragma once

#include "batchd/core/scaling.hpp"
#include "batchd/model/instance_catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace batchd::core::test {

inline const Timestamp kNow = from_epoch_ms(1'000'000'000'000);

inline model::Resources need(std::int64_t vcpu, std::int64_t memory_mib = 512, int gpus = 0) {
    return {.vcpu = vcpus(vcpu), .memory = MiB{memory_mib}, .gpus = gpus};
}

/// A type that has no GPUs, 4 GiB per vCPU and costs 10 cents per vCPU, unless told.
inline ScalingOffer offer(std::string type, std::int64_t vcpus, std::int64_t cents = 0,
                          std::int64_t memory_mib = 0) {
    return {.type = std::move(type),
            .zone = "a",
            .capacity = need(vcpus, memory_mib > 0 ? memory_mib : vcpus * 4096),
            .price = MicroUsd{(cents > 0 ? cents : vcpus * 10) * 10'000}};
}

inline ScalingInstance instance(std::string id, std::int64_t vcpus,
                                InstancePhase phase = InstancePhase::Idle) {
    const auto capacity = need(vcpus, vcpus * 4096);
    return {.id = std::move(id),
            .type = "t" + std::to_string(vcpus),
            .capacity = capacity,
            .free = phase == InstancePhase::Busy ? model::Resources{} : capacity,
            .price = MicroUsd{vcpus * 100'000},
            .phase = phase,
            .since = kNow - std::chrono::hours{1},
            .has_run_job = true};
}

/// BEST_FIT_PROGRESSIVE with types of 2, 4 and 8 vCPUs, unless told.
inline ScalingEnvironment environment(std::int64_t max_vcpus = 256) {
    return {.name = "e",
            .strategy = AllocationStrategy::BestFitProgressive,
            .max_vcpus = max_vcpus,
            .offers = {offer("t2", 2), offer("t4", 4), offer("t8", 8)},
            .instances = {}};
}

inline ScalingDemand demand(std::int64_t count, model::Resources resources,
                            std::vector<std::uint32_t> environments = {0}) {
    return {.resources = resources, .count = count, .environments = std::move(environments)};
}

inline ScalingDemand gang(std::int32_t nodes, model::Resources each, std::int64_t count = 1,
                          std::vector<std::uint32_t> environments = {0}) {
    return {.resources = {},
            .count = count,
            .environments = std::move(environments),
            .nodes = {{.count = nodes, .resources = each}}};
}

inline ScalingInput input(std::vector<ScalingEnvironment> environments,
                          std::vector<ScalingDemand> demands) {
    return {.now = kNow, .environments = std::move(environments), .demands = std::move(demands)};
}

/// "0:t4@ax2 1:t8@ax1", by environment and type.
inline std::string launches(const ScalingPlan& plan) {
    std::vector<std::string> texts;
    for (const auto& launch : plan.launches) {
        texts.push_back(std::to_string(launch.environment) + ":" + launch.type + "@" + launch.zone +
                        "x" + std::to_string(launch.count));
    }
    std::ranges::sort(texts);
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : " ") + text;
    return all;
}

/// "0:i-1 0:i-2"
inline std::string terminations(const ScalingPlan& plan) {
    std::string all;
    for (const auto& termination : plan.terminations) {
        all += (all.empty() ? "" : " ") + std::to_string(termination.environment) + ":" +
               termination.instance;
    }
    return all;
}

/// "0:MaxReachedx3": demand, cause and jobs.
inline std::string unserved(const ScalingPlan& plan) {
    static const std::vector<std::string> kCauses{"NoEnvironment", "NoTypeFits", "MaxTooSmall",
                                                  "MaxReached", "Blocked"};
    std::string all;
    for (const auto& left : plan.unserved) {
        all += (all.empty() ? "" : " ") + std::to_string(left.demand) + ":" +
               kCauses[static_cast<std::size_t>(left.cause)] + "x" + std::to_string(left.jobs);
    }
    return all;
}

}  // namespace batchd::core::test
