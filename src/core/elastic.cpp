// Carries the scaling plan out. A launch is on record before it is asked for; until it is answered,
// a restart asks for it again, with the same token.
#include "core/instances.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace batchd::core {
namespace {

using model::InstanceStatus;

constexpr std::int64_t kMostInLaunch = 500;  // of one call
constexpr std::size_t kMostOtherTypes = 10;

LaunchInstances launch_of(const State& state, const model::DecisionRow& decision) {
    return {.decision = decision.id,
            .environment = name_of(state, decision.environment_id),
            .token = decision.document.token,
            .type = decision.document.instance_type,
            .zone = decision.document.subnet,
            .is_spot = decision.document.spot,
            .count = decision.document.count,
            .other_types = decision.document.other_types};
}

/// What a fleet may launch instead of the planned type: as many vCPUs, and no less of the rest.
std::vector<std::string> other_types(const State& state, const ScalingEnvironment& environment,
                                     const Launch& planned, Timestamp now) {
    if (!is_for_fleet(environment.strategy)) return {};
    const auto& catalogue = state.scaling.catalogue;
    const auto* type = catalogue.find(planned.type);
    const auto own = std::ranges::find(environment.offers, planned.type, &ScalingOffer::type);
    if (!type || own == environment.offers.end()) return {};
    std::set<std::pair<std::pair<std::int32_t, MicroUsd>, std::string>> others;
    for (const ScalingOffer& offer : environment.offers) {
        const auto* other = catalogue.find(offer.type);
        const bool is_alike =
            other && offer.type != planned.type && other->architecture == type->architecture &&
            offer.capacity.vcpu == own->capacity.vcpu &&
            offer.capacity.gpus == own->capacity.gpus && own->capacity.fits_in(offer.capacity);
        if (!is_alike || (offer.blocked_until && *offer.blocked_until > now)) continue;
        const bool is_ordered =
            environment.strategy == AllocationStrategy::SpotCapacityOptimizedPrioritized;
        others.insert({{is_ordered ? offer.priority : 0, offer.price}, offer.type});
    }
    std::vector<std::string> names;
    for (const auto& [order, name] : others) {
        if (names.size() < kMostOtherTypes && std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    }
    return names;
}

void launch(State& state, EnvironmentIndex e, const Launch& planned, std::int64_t count,
            std::vector<std::string> others, Timestamp now) {
    const Environment& environment = state.environment(e);
    auto& row = new_decision(state, environment.row.id, "LAUNCH", now);
    row.is_open = true;
    auto& document = row.document;
    document.instance_type = planned.type;
    document.subnet = planned.zone;
    document.spot = environment.row.document.compute_resources->type == "SPOT";
    document.count = count;
    document.price_per_hour = in_usd(planned.price);
    document.why = planned.why;
    document.generation = environment.row.generation;
    document.token = fmt::format("{}-{}", environment.row.uuid, row.id);
    for (const LaunchAlternative& other : planned.alternatives) {
        document.alternatives.push_back(
            {.instance_type = other.type,
             .subnet = other.zone,
             .price_per_hour = in_usd(other.price),
             .cost_per_hour = other.cost ? std::optional(in_usd(*other.cost)) : std::nullopt,
             .why_not = other.why_not});
    }
    document.other_types = std::move(others);
    state.scaling.launches.emplace(row.id, row);
    state.step.actions.emplace_back(launch_of(state, row));
}

std::string reason_of(const UnservedDemand& unserved) {
    switch (unserved.cause) {
        case UnservedCause::NoTypeFits:
            return "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job resource requirement "
                   "(vCPU/memory/GPU) is higher than that can be met by the CE(s) attached to the "
                   "job queue.";
        case UnservedCause::MaxTooSmall:
            return "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - CE(s) associated with the "
                   "job queue cannot meet the CPU requirement of the job.";
        case UnservedCause::Blocked:
            return "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - There is no capacity for instances "
                   "of "
                   "type " +
                   unserved.type + " at the moment.";
        case UnservedCause::NoEnvironment:
        case UnservedCause::MaxReached:
            break;
    }
    return {};
}

void set_target(State& state, EnvironmentIndex index, const EnvironmentTarget& target) {
    Environment& environment = state.environment(index);
    const bool is_met = target.is_desired_met && environment.row.raised_vcpus > 0;
    if (is_met) environment.row.raised_vcpus = 0;
    auto& desired = environment.row.document.compute_resources->desiredv_cpus;
    const auto now_desired = static_cast<std::int32_t>(target.desired_vcpus);
    if (desired == now_desired && !is_met) return;
    desired = now_desired;
    state.step.changes.environments.push_back(environment.row);
}

void carry_out(State& state, const ScalingQuestion& question, const ScalingPlan& plan,
               Timestamp now) {
    for (const Launch& planned : plan.launches) {
        for (std::int64_t left = planned.count; left > 0; left -= kMostInLaunch) {
            launch(
                state, question.environments[planned.environment], planned,
                std::min(left, kMostInLaunch),
                other_types(state, question.input.environments[planned.environment], planned, now),
                now);
        }
    }
    for (const Termination& planned : plan.terminations) {
        terminate(state, state.scaling.instances.at(planned.instance), planned.why, now);
    }
    for (std::size_t i = 0; i < plan.targets.size(); ++i) {
        set_target(state, question.environments[i], plan.targets[i]);
    }
    state.scaling.unserved.clear();
    for (const UnservedDemand& unserved : plan.unserved) {
        if (auto reason = reason_of(unserved); !reason.empty()) {
            state.scaling.unserved[question.demands[unserved.demand]] = std::move(reason);
        }
    }
}

void note_failure(State& state, const model::DecisionRow& launch,
                  const InstancesLaunched::Failure& failure, Timestamp now) {
    if (failure.offer) {
        auto pools = failure.pools;
        if (pools.empty()) {
            pools = {{.type = launch.document.instance_type, .zone = launch.document.subnet}};
        }
        for (const auto& [type, zone] : pools) {
            state.scaling.blocks.failed(type, zone, launch.document.spot, *failure.offer, now);
        }
    }
    const auto index = find_environment(state, launch.environment_id);
    const bool is_current =
        index && state.environment(*index).row.generation == launch.document.generation;
    if (failure.is_configuration && is_current) {
        invalidate(state, launch.environment_id, "CLIENT_ERROR - " + failure.message);
    }
}

/// Per hour; a fleet may have chosen another type than the one that the launch was for.
model::MicroUsd price_of(const State& state, const model::ScalingDecision& launch,
                         const std::string& type, const std::string& zone) {
    const auto& spot_prices = state.scaling.spot_prices;
    if (const auto spot = spot_prices.find({type, zone});
        launch.spot && spot != spot_prices.end()) {
        return spot->second;
    }
    const auto planned = static_cast<std::int64_t>(launch.price_per_hour * 1e6 + 0.5);
    const auto* other = type == launch.instance_type ? nullptr : state.scaling.catalogue.find(type);
    return other ? other->price : model::MicroUsd{planned};
}

void add_instances(State& state, const model::DecisionRow& launch,
                   const std::vector<model::LaunchedInstance>& launched, Timestamp now) {
    const auto environment = find_environment(state, launch.environment_id);
    for (const auto& [id, type, zone] : launched) {
        Instance instance{.row = {.id = id,
                                  .environment_id = launch.environment_id,
                                  .type = type,
                                  .zone = zone,
                                  .is_spot = launch.document.spot,
                                  .price = price_of(state, launch.document, type, zone),
                                  .status = InstanceStatus::Booting,
                                  .launched_at = now,
                                  .generation = launch.document.generation,
                                  .idle_since = std::nullopt,
                                  .ended_at = std::nullopt},
                          .silent_since = now};
        auto& added = state.scaling.instances.emplace(id, std::move(instance)).first->second;
        put_instance(state, added);
        if (!environment) {
            terminate(state, added, "its compute environment was deleted", now);
        } else if (is_outdated(state.environment(*environment), added)) {
            terminate(state, added, kEnvironmentUpdated, now);
        }
    }
}

}  // namespace

void scale(State& state, Timestamp now) {
    Scaling& scaling = state.scaling;
    const auto due = next_scaling(state);
    if (!due || *due > now) return;
    end_silent_instances(state, now);
    const auto question = ask_scaling(state, now);
    scaling.is_stale = false;
    scaling.last = now;
    scaling.next = next_silence_deadline(state);
    scaling.unserved.clear();
    if (question.environments.empty()) return;
    const auto plan = plan_scaling(question.input);
    carry_out(state, question, plan, now);
    // What was just decided needs no second thought; news will make it stale.
    scaling.is_stale = false;
    scaling.next = earlier(plan.next, next_silence_deadline(state));
}

std::optional<Timestamp> next_scaling(const State& state) {
    const Scaling& scaling = state.scaling;
    const bool is_elastic_at_all =
        !scaling.instances.empty() || std::ranges::any_of(state.environments, [](const auto& e) {
            return e.row.status != "DELETED" && is_elastic(e.row.document);
        });
    if (!is_elastic_at_all) return std::nullopt;
    const auto stale =
        scaling.is_stale ? std::optional(scaling.last + state.policy.plan_interval) : std::nullopt;
    return earlier(stale, scaling.next);
}

model::MicroUsd price_on(const State& state, const Host& host, const Environment& environment,
                         const model::Resources& resources) {
    const auto& document = environment.row.document;
    if (model::is_fargate(document)) {
        return model::fargate_price(resources, document.compute_resources->type == "FARGATE_SPOT");
    }
    const auto instance = state.scaling.instances.find(host.name);
    if (instance == state.scaling.instances.end()) return {};
    return model::share_of(instance->second.row.price, resources, host.capacity);
}

Result<Reply> decide(State& state, InstancesLaunched&& event, Timestamp now) {
    const auto found = state.scaling.launches.find(event.decision);
    if (found == state.scaling.launches.end()) return Reply{};  // answered before
    model::DecisionRow launch = std::move(found->second);
    state.scaling.launches.erase(found);
    launch.is_open = false;
    for (const auto& instance : event.instances) {
        launch.document.instances.push_back(instance.id);
    }
    if (event.failure) {
        launch.document.outcome = event.failure->message;
        note_failure(state, launch, *event.failure, now);
    }
    if (!launch.document.instances.empty() && !event.failure) {
        state.scaling.blocks.launched(launch.document.instance_type, launch.document.subnet,
                                      launch.document.spot);
    }
    state.step.changes.decisions.push_back(launch);
    state.scaling.is_stale = true;
    add_instances(state, launch, event.instances, now);
    settle_update(state, launch.environment_id);
    return Reply{};
}

Result<Reply> decide(State& state, OffersRefreshed&& event, Timestamp) {
    Scaling& scaling = state.scaling;
    for (model::InstanceType& type : event.types) scaling.catalogue.add(std::move(type));
    if (event.spot_prices) {
        scaling.spot_prices.clear();
        for (const model::SpotPrice& spot : *event.spot_prices) {
            scaling.spot_prices[{spot.type, spot.zone}] = spot.price;
        }
    }
    scaling.is_stale = true;
    return Reply{};
}

Result<Reply> decide(State& state, ProviderReachable&& event, Timestamp now) {
    Scaling& scaling = state.scaling;
    if (event.trouble == scaling.trouble) return Reply{};
    scaling.trouble = std::move(event.trouble);
    // Whoever was silent while we could not see has its time from now on.
    for (auto& [_, instance] : scaling.instances) {
        if (instance.silent_since) instance.silent_since = now;
    }
    scaling.is_stale = true;
    renew_status_reasons(state);
    return Reply{};
}

std::vector<LaunchInstances> open_launches(const State& state) {
    std::vector<LaunchInstances> list;
    for (const auto& [id, launch] : state.scaling.launches)
        list.push_back(launch_of(state, launch));
    return list;
}

}  // namespace batchd::core
