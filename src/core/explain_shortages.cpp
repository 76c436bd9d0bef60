#include "core/explain_shortages.hpp"

#include "core/decisions.hpp"
#include "core/explain_changes.hpp"
#include "core/explain_holders.hpp"
#include "core/fitting.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace batchd::core {
namespace {

MilliVcpu vcpus_of(const State& state, const Job& job) {
    return state.shape(job.shape).resources.vcpu;
}

/// The jobs by whose end so much becomes free, as a remedy; nullopt if it never does.
std::optional<Fact> freed_vcpus(const State& state, std::vector<const Job*> jobs, MilliVcpu missing,
                                std::string code, const std::string& where) {
    const auto chosen = fewest(
        std::move(jobs), MilliVcpu{}, [&](const Job& job) { return vcpus_of(state, job); },
        [&](MilliVcpu sum) { return sum >= missing; });
    if (chosen.empty()) return std::nullopt;
    return fact(
        std::move(code),
        fmt::format("{} vCPUs are freed {} ({})", to_vcpus(missing), where, names_of(chosen)),
        {{"vcpus", to_vcpus(missing)}, {"jobs", ids_of(chosen)}});
}

Obstacle no_such_resource(const model::ConsumableNeed& need) {
    return {.fact = fact("CONSUMABLE_RESOURCE",
                         "consumable resource '" + need.name + "' does not exist",
                         {{"consumableResource", need.name}, {"asked", need.quantity}}),
            .remedies = {fact("CONSUMABLE_RESOURCE",
                              fmt::format("consumable resource '{}' exists, with {} units",
                                          need.name, need.quantity),
                              {{"consumableResource", need.name}})}};
}

Obstacle beyond_max_running(const model::ConsumableNeed& need, std::vector<const Job*> holders) {
    const std::string definition = need.name.substr(need.name.find('/') + 1);
    const auto most = need.limit;
    sort_by_end(holders);
    if (!holders.empty()) holders.resize(1);
    return {.fact = fact("MAX_RUNNING",
                         fmt::format("{} jobs of definition {} may run at once (maxRunning)", most,
                                     definition),
                         {{"jobDefinition", definition}, {"maxRunning", most}}),
            .remedies = {fact("MAX_RUNNING",
                              fmt::format("one of the running jobs of definition {} ends ({})",
                                          definition, names_of(holders)),
                              {{"jobs", ids_of(holders)}})}};
}

std::vector<const Job*> holders_of_enough(const State& state, const std::string& resource,
                                          std::vector<const Job*> holders, std::int64_t missing) {
    const auto held = [&](const Job& job) {
        const auto& needs = state.shape(job.shape).consumables;
        return std::ranges::find(needs, resource, &model::ConsumableNeed::name)->quantity;
    };
    return fewest(std::move(holders), std::int64_t{0}, held,
                  [&](std::int64_t sum) { return sum >= missing; });
}

}  // namespace

Fact ask_vcpus(MilliVcpu most) {
    return fact("ASK_VCPUS", fmt::format("vcpus <= {}", to_vcpus(most)),
                {{"vcpus", to_vcpus(most)}});
}

Obstacle missing_units(const State& state, const model::ConsumableNeed& need,
                       const std::vector<const Job*>& holders) {
    const std::int64_t left = std::max<std::int64_t>(0, left_of(state, need));
    if (need.limit > 0) return beyond_max_running(need, holders);
    const auto found = state.consumables.find(need.name);
    if (found == state.consumables.end()) return no_such_resource(need);
    const auto& document = found->second.document;
    const std::int64_t total = document.total_quantity;
    const std::int64_t missing = need.quantity - left_of(state, need);
    Obstacle out{.fact = fact("CONSUMABLE_RESOURCE",
                              fmt::format("asks for {} of consumable resource '{}'; {} of {} are "
                                          "available, {} jobs hold some",
                                          need.quantity, need.name, left, total, holders.size()),
                              {{"consumableResource", need.name},
                               {"asked", need.quantity},
                               {"available", left},
                               {"total", total},
                               {"holders", std::ssize(holders)}}),
                 .remedies = {}};
    if (left > 0) {
        out.remedies.push_back(fact("ASK_UNITS",
                                    fmt::format("units of '{}' <= {}", need.name, left),
                                    {{"consumableResource", need.name}, {"units", left}}));
    }
    const bool come_back = document.resource_type != "NON_REPLENISHABLE";
    const auto chosen = come_back ? holders_of_enough(state, need.name, holders, missing)
                                  : std::vector<const Job*>{};
    if (!chosen.empty()) {
        out.remedies.push_back(fact("CONSUMABLE_RESOURCE",
                                    fmt::format("{} units of '{}' are given back ({})", missing,
                                                need.name, names_of(chosen)),
                                    {{"units", missing}, {"jobs", ids_of(chosen)}}));
    }
    out.remedies.push_back(fact("CONSUMABLE_RESOURCE",
                                fmt::format("consumable resource '{}' has {} units more, {} in all",
                                            need.name, missing, total + missing),
                                {{"units", missing}}));
    return out;
}

Obstacle beyond_reservation(const State& state, const Job& job, MilliVcpu usable) {
    const Queue& queue = state.queue(job.queue);
    const MilliVcpu asked = vcpus_of(state, job);
    Obstacle out{
        .fact = fact("COMPUTE_RESERVATION",
                     fmt::format("computeReservation leaves {} vCPUs to the active shares, which "
                                 "hold {}; the job asks for {}",
                                 to_vcpus(usable), to_vcpus(queue.used), to_vcpus(asked)),
                     {{"usable", to_vcpus(usable)},
                      {"used", to_vcpus(queue.used)},
                      {"asked", to_vcpus(asked)}}),
        .remedies = {}};
    if (queue.used < usable) out.remedies.push_back(ask_vcpus(usable - queue.used));
    auto jobs = attempts_where(
        state, [&](const Job& one) { return one.queue.value == job.queue.value && !one.node_of; });
    // A queue that holds nothing may run one job of any size.
    const MilliVcpu missing = std::min(queue.used + asked - usable, queue.used);
    auto freed = freed_vcpus(state, std::move(jobs), missing, "COMPUTE_RESERVATION",
                             "by jobs of queue " + queue.row.document.job_queue_name);
    if (freed) out.remedies.push_back(std::move(*freed));
    return out;
}

Obstacle beyond_limit(const State& state, const Job& job, const Environment& environment) {
    const std::string& name = environment.row.document.compute_environment_name;
    const MilliVcpu limit = *vcpu_limit(environment);
    const MilliVcpu asked = vcpus_of(state, job);
    const bool is_elastic_one = is_elastic(environment.row.document);
    const MilliVcpu used = is_elastic_one ? MilliVcpu{} : environment.used;
    Obstacle out{.fact = fact("MAX_VCPUS",
                              fmt::format("environment {} uses {} of maxvCpus {}; the job asks for "
                                          "{}{}",
                                          name, to_vcpus(used), to_vcpus(limit), to_vcpus(asked),
                                          asked > limit ? ": it never fits here" : ""),
                              {{"asked", to_vcpus(asked)},
                               {"free", to_vcpus(limit - used)},
                               {"total", to_vcpus(limit)},
                               {"wouldEverFit", asked <= limit}}),
                 .remedies = {}};
    if (used < limit) out.remedies.push_back(ask_vcpus(limit - used));
    if (asked <= limit) {
        auto jobs = attempts_where(state, [&](const Job& one) {
            return &state.environment(one.run->environment) == &environment;
        });
        auto freed = freed_vcpus(state, std::move(jobs), used + asked - limit, "MAX_VCPUS",
                                 "in environment " + name);
        if (freed) out.remedies.push_back(std::move(*freed));
    }
    const std::int64_t needed = (used + asked).value;
    const std::int64_t whole = (needed + 999) / 1000;
    out.remedies.push_back(
        fact("MAX_VCPUS", fmt::format("maxvCpus of environment {} is at least {}", name, whole),
             {{"computeEnvironment", name}, {"maxvCpus", whole}}));
    return out;
}

}  // namespace batchd::core
