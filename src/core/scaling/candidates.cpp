#include "core/scaling/candidates.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>

namespace batchd::core::scaling {
namespace {

std::int32_t best_score(const ScalingEnvironment& environment) {
    std::int32_t best = 0;
    for (const auto& offer : environment.offers) best = std::max(best, offer.capacity_score);
    return best;
}

/// A pool of unknown depth counts as the shallowest.
std::int64_t tier(const ScalingOffer& offer, AllocationStrategy strategy, std::int32_t best) {
    constexpr std::int64_t kPriorities = 1'000'000;
    switch (strategy) {
        case AllocationStrategy::BestFit:
        case AllocationStrategy::BestFitProgressive:
            return 0;
        case AllocationStrategy::BestFitProgressiveOrdered:
            return offer.priority;
        case AllocationStrategy::SpotCapacityOptimized:
            return best - offer.capacity_score;
        case AllocationStrategy::SpotPriceCapacityOptimized:
            return offer.capacity_score * 3 >= best * 2 ? 0 : 1;  // the deep ones, then the price
        case AllocationStrategy::SpotCapacityOptimizedPrioritized:
            return (best - offer.capacity_score) * kPriorities + offer.priority;
    }
    return 0;
}

}  // namespace

bool is_blocked(const ScalingOffer& offer, Timestamp now) {
    return offer.blocked_until && *offer.blocked_until > now;
}

bool may_pass_max(const ScalingEnvironment& environment) {
    return environment.strategy != AllocationStrategy::BestFit || environment.is_spot;
}

UnservedCause why_unserved(const ScalingEnvironment& environment, const Amounts& need,
                           std::int64_t instances) {
    std::int64_t smallest = 0;
    for (const ScalingOffer& offer : environment.offers) {
        if (!fits(need, amounts(offer.capacity))) continue;
        const std::int64_t vcpus = vcpus_of(offer.capacity);
        smallest = smallest == 0 ? vcpus : std::min(smallest, vcpus);
    }
    if (smallest == 0) return UnservedCause::NoTypeFits;
    if (need[0] > environment.max_vcpus * 1000) return UnservedCause::MaxTooSmall;
    const bool is_possible = may_pass_max(environment)
                                 ? (instances - 1) * smallest < environment.max_vcpus
                                 : instances * smallest <= environment.max_vcpus;
    return is_possible ? UnservedCause::MaxReached : UnservedCause::MaxTooSmall;
}

std::vector<Candidate> candidates(const ScalingEnvironment& environment, Timestamp now) {
    const std::int32_t best = best_score(environment);
    std::map<std::string_view, Candidate> by_type;
    const auto rank = [&](const Candidate& c) {
        const bool blocked_now = is_blocked(*c.offer, now);
        return std::tuple(blocked_now ? *c.offer->blocked_until : now, c.tier, c.bin.price);
    };
    for (const ScalingOffer& offer : environment.offers) {
        const Candidate candidate{.offer = &offer,
                                  .bin = {.capacity = amounts(offer.capacity),
                                          .price = std::max<std::int64_t>(offer.price.value, 1)},
                                  .tier = tier(offer, environment.strategy, best)};
        const auto [known, is_new] = by_type.try_emplace(offer.type, candidate);
        if (!is_new && rank(candidate) < rank(known->second)) known->second = candidate;
    }
    std::vector<Candidate> list;
    for (auto& [type, candidate] : by_type) list.push_back(candidate);
    std::ranges::sort(list, {}, [](const Candidate& c) {
        return std::tuple(c.tier, c.bin.price, std::string_view(c.offer->type));
    });
    return list;
}

}  // namespace batchd::core::scaling
