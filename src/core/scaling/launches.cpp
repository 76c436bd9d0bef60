#include "core/scaling/launches.hpp"

#include <algorithm>

namespace batchd::core::scaling {
namespace {

void add_jobs(std::vector<ServedDemand>& serves, std::uint32_t demand, std::int64_t jobs) {
    for (ServedDemand& served : serves) {
        if (served.demand != demand) continue;
        served.jobs += jobs;
        return;
    }
    serves.push_back({.demand = demand, .jobs = jobs});
}

}  // namespace

Launches::Launches(const ScalingInput& input) : input_(input) {
    for (const auto& environment : input.environments) {
        Vcpus vcpus;
        for (const auto& instance : environment.instances) {
            vcpus.running += vcpus_of(instance.capacity);
            if (instance.is_draining) vcpus.draining += vcpus_of(instance.capacity);
        }
        vcpus_.push_back(vcpus);
    }
}

Room Launches::room(std::uint32_t environment) const {
    const auto& e = input_.environments[environment];
    const Vcpus& vcpus = vcpus_[environment];
    return {.vcpus = e.max_vcpus - vcpus.running - vcpus.launching, .may_pass = may_pass_max(e)};
}

std::int64_t Launches::serving(std::uint32_t environment) const {
    return vcpus_[environment].running - vcpus_[environment].draining;
}

std::int64_t Launches::launching(std::uint32_t environment) const {
    return vcpus_[environment].launching;
}

void Launches::add(std::uint32_t environment, const std::vector<Purchase>& purchases,
                   LaunchCause cause, std::span<const std::uint32_t> demands) {
    vcpus_[environment].launching += vcpus_of(purchases);
    for (const Purchase& purchase : purchases) {
        Launch& call = call_for(environment, *purchase.type.offer, cause);
        call.count += purchase.count;
        for (const auto& part : purchase.parts) {
            if (part.jobs == 0 || demands.empty()) continue;
            add_jobs(call.serves, demands[part.item], part.jobs);
        }
    }
}

Launch& Launches::call_for(std::uint32_t environment, const ScalingOffer& offer,
                           LaunchCause cause) {
    const auto known = std::ranges::find_if(calls_, [&](const Launch& call) {
        return call.environment == environment && call.type == offer.type &&
               call.zone == offer.zone && call.cause == cause;
    });
    if (known != calls_.end()) return *known;
    return calls_.emplace_back(Launch{.environment = environment,
                                      .type = offer.type,
                                      .zone = offer.zone,
                                      .price = offer.price,
                                      .cause = cause,
                                      .serves = {},
                                      .why = {},
                                      .alternatives = {}});
}

}  // namespace batchd::core::scaling
