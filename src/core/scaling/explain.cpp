#include "core/scaling/explain.hpp"

#include "core/scaling/candidates.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace batchd::core::scaling {
namespace {

/// "0.0850 USD"
std::string dollars(std::int64_t micro_usd) {
    const std::int64_t rounded = (micro_usd + 50) / 100;
    std::string fraction = std::to_string(rounded % 10'000);
    fraction.insert(0, 4 - fraction.size(), '0');
    return std::to_string(rounded / 10'000) + "." + fraction + " USD";
}

std::string counted(std::int64_t n, std::string_view one) {
    return std::to_string(n) + " " + std::string(one) + (n == 1 ? "" : "s");
}

std::string why(const Launch& launch, const ScalingEnvironment& environment,
                const ScalingInput& input) {
    switch (launch.cause) {
        case LaunchCause::MinVcpus:
            return "minvCpus is " + std::to_string(environment.min_vcpus) + ".";
        case LaunchCause::DesiredVcpus:
            return "desiredvCpus was raised to " + std::to_string(environment.raised_vcpus) + ".";
        case LaunchCause::Demand:
            break;
    }
    std::int64_t jobs = 0;
    std::int64_t nodes = 0;
    for (const auto& served : launch.serves) {
        const bool is_gang = !input.demands[served.demand].nodes.empty();
        (is_gang ? nodes : jobs) += served.jobs;
    }
    std::string text;
    if (jobs > 0) text = counted(jobs, "waiting job");
    if (nodes > 0) text += (jobs > 0 ? " and " : "") + counted(nodes, "node");
    return text + " for " + dollars(launch.price.value * launch.count) + " an hour.";
}

/// What the instances of a launch hold, all together, and the largest of it in each resource.
struct Held {
    Amounts total{};
    Amounts largest{};
};

void add(Held& held, const model::Resources& resources, std::int64_t times) {
    const Amounts need = amounts(resources);
    take(held.total, need, -times);
    for (std::size_t k = 0; k < 3; ++k) held.largest[k] = std::max(held.largest[k], need[k]);
}

Held held_by(const Launch& launch, const ScalingInput& input) {
    Held held;
    for (const auto& [demand, jobs] : launch.serves) {
        const auto& wanted = input.demands[demand];
        if (wanted.nodes.empty()) add(held, wanted.resources, jobs);
        std::int64_t nodes = 0;
        for (const auto& group : wanted.nodes) nodes += group.count;
        for (const auto& group : wanted.nodes)
            add(held, group.resources, jobs * group.count / nodes);
    }
    return held;
}

/// What as many instances would cost as hold the same in sum; nullopt if the largest does not fit.
std::optional<std::int64_t> cost_with(const Bin& bin, const Held& held) {
    if (!fits(held.largest, bin.capacity)) return std::nullopt;
    std::int64_t count = 1;
    for (std::size_t k = 0; k < 3; ++k) {
        if (held.total[k] == 0) continue;
        count = std::max(count, (held.total[k] + bin.capacity[k] - 1) / bin.capacity[k]);
    }
    return count * bin.price;
}

std::string why_not(const Candidate& other, const LaunchAlternative& alternative,
                    const Launch& launch, std::int64_t tier, Timestamp now) {
    if (is_blocked(*other.offer, now)) {
        return "EC2 had none or refused; it is tried again at " +
               to_iso8601(*other.offer->blocked_until) + ".";
    }
    if (!alternative.cost) return "It is too small for one of the jobs.";
    if (other.tier > tier) return "The allocation strategy prefers others.";
    const std::int64_t more = alternative.cost->value - launch.price.value * launch.count;
    if (more > 0) return "It costs " + dollars(more) + " an hour more.";
    if (more == 0) return "It costs the same.";
    return "These jobs do not fill it as well as its size suggests, or maxvCpus leaves no room.";
}

void add_alternatives(Launch& launch, const ScalingInput& input,
                      const std::vector<Candidate>& types) {
    constexpr std::size_t kMost = 4;
    const Held held = held_by(launch, input);
    std::int64_t tier = 0;
    for (const Candidate& type : types) {
        if (type.offer->type == launch.type) tier = type.tier;
    }
    for (const Candidate& type : types) {
        if (type.offer->type == launch.type) continue;
        const auto cost = cost_with(type.bin, held);
        LaunchAlternative alternative{.type = type.offer->type,
                                      .zone = type.offer->zone,
                                      .price = type.offer->price,
                                      .cost = cost.transform([](auto c) { return MicroUsd{c}; }),
                                      .why_not = {}};
        alternative.why_not = why_not(type, alternative, launch, tier, input.now);
        launch.alternatives.push_back(std::move(alternative));
    }
    std::ranges::sort(launch.alternatives, {}, [](const LaunchAlternative& a) {
        return std::tuple(!a.cost, a.cost.value_or(a.price), a.type);
    });
    if (launch.alternatives.size() > kMost) launch.alternatives.resize(kMost);
}

}  // namespace

void explain(ScalingPlan& plan, const ScalingInput& input) {
    std::map<std::uint32_t, std::vector<Candidate>> types;
    for (Launch& launch : plan.launches) {
        const auto& environment = input.environments[launch.environment];
        const auto [known, is_new] = types.try_emplace(launch.environment);
        if (is_new) known->second = candidates(environment, input.now);
        launch.why = why(launch, environment, input);
        if (launch.cause == LaunchCause::Demand) add_alternatives(launch, input, known->second);
    }
}

}  // namespace batchd::core::scaling
