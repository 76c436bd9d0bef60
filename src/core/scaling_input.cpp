// What the scaling plan is made from: the state's environments on instances, and who waits for
// them.
#include "batchd/model/bid.hpp"
#include "core/decisions.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace batchd::core {
namespace {

AllocationStrategy strategy_of(const model::ComputeResources& resources) {
    static const std::map<std::string, AllocationStrategy> strategies{
        {"BEST_FIT", AllocationStrategy::BestFit},
        {"BEST_FIT_PROGRESSIVE", AllocationStrategy::BestFitProgressive},
        {"BEST_FIT_PROGRESSIVE_ORDERED", AllocationStrategy::BestFitProgressiveOrdered},
        {"SPOT_CAPACITY_OPTIMIZED", AllocationStrategy::SpotCapacityOptimized},
        {"SPOT_PRICE_CAPACITY_OPTIMIZED", AllocationStrategy::SpotPriceCapacityOptimized},
        {"SPOT_CAPACITY_OPTIMIZED_PRIORITIZED",
         AllocationStrategy::SpotCapacityOptimizedPrioritized}};
    const auto found = strategies.find(resources.allocation_strategy.value_or("BEST_FIT"));
    return found == strategies.end() ? AllocationStrategy::BestFit : found->second;
}

/// What instances of the type offer to jobs here: simulated ones have no devices.
model::Resources capacity_of(const State& state, const model::InstanceType& type) {
    auto capacity = model::usable_resources(type);
    if (!state.policy.on_aws) capacity.gpus = 0;
    return capacity;
}

/// A Spot pool that is too expensive now has no capacity for us until prices are looked at again.
void lay_in_price(const State& state, const model::InstanceType& type,
                  const model::ComputeResources& resources, Timestamp now, ScalingOffer& offer) {
    const auto most = model::highest_bid(type, resources);
    const auto spot = state.scaling.spot_prices.find({type.name, offer.zone});
    offer.price = spot == state.scaling.spot_prices.end() ? most : spot->second;
    if (offer.price > most) {
        offer.blocked_until =
            std::max(offer.blocked_until.value_or(now), now + std::chrono::minutes{5});
    }
}

void add_offers(const State& state, const model::ComputeResources& resources, Timestamp now,
                ScalingEnvironment& environment) {
    const auto types = state.scaling.catalogue.expand(
        resources.instance_types.value_or(std::vector<std::string>{}));
    if (!types || !resources.subnets) return;  // refused when the environment is made
    for (const auto& [type, priority] : *types) {
        for (const std::string& zone : *resources.subnets) {
            auto& offer = environment.offers.emplace_back(
                ScalingOffer{.type = type->name,
                             .zone = zone,
                             .capacity = capacity_of(state, *type),
                             .price = type->price,
                             .priority = priority,
                             .blocked_until = state.scaling.blocks.blocked_until(
                                 type->name, zone, environment.is_spot, now)});
            if (environment.is_spot) lay_in_price(state, *type, resources, now, offer);
        }
    }
}

model::Resources capacity_of(const State& state, const std::string& type) {
    const auto* found = state.scaling.catalogue.find(type);
    return found ? capacity_of(state, *found) : model::Resources{};
}

ScalingInstance booting(const State& state, const model::InstanceRow& row) {
    const auto capacity = capacity_of(state, row.type);
    return {.id = row.id,
            .type = row.type,
            .capacity = capacity,
            .free = capacity,
            .price = row.price,
            .phase = InstancePhase::Booting,
            .since = row.launched_at};
}

ScalingInstance as_planned(const State& state, const Instance& instance) {
    auto planned = booting(state, instance.row);
    if (instance.row.status == model::InstanceStatus::Terminating) {
        // It counts for maxvCpus until it is gone, and serves nobody.
        planned.phase = InstancePhase::Busy;
        planned.is_draining = true;
        planned.free = {};
        return planned;
    }
    const auto index = state.find_host(instance.row.id);
    if (!index || instance.row.status == model::InstanceStatus::Booting) return planned;
    const Host& host = state.host(*index);
    planned.has_run_job = instance.row.has_run_job;
    planned.is_draining = host.is_draining;
    if (host.is_known) planned.capacity = host.capacity;
    planned.free = planned.capacity - host.used;
    if (!host.is_known && host.attempts.empty()) return planned;
    if (host.is_down) planned.free = {};
    planned.phase = instance.row.idle_since ? InstancePhase::Idle : InstancePhase::Busy;
    planned.since = instance.row.idle_since.value_or(instance.row.launched_at);
    return planned;
}

void add_instances(const State& state, std::int64_t environment_id,
                   std::vector<ScalingInstance>& list) {
    for (const auto& [id, instance] : state.scaling.instances) {
        if (instance.row.environment_id == environment_id) {
            list.push_back(as_planned(state, instance));
        }
    }
    for (const auto& [id, launch] : state.scaling.launches) {
        if (launch.environment_id != environment_id) continue;
        model::InstanceRow row;
        row.type = launch.document.instance_type;
        row.launched_at = launch.at;
        for (std::int64_t i = 0; i < launch.document.count; ++i) {
            list.push_back(booting(state, row));
        }
    }
}

void add_environments(const State& state, Timestamp now, ScalingQuestion& question) {
    for (std::uint32_t i = 0; i < state.environments.size(); ++i) {
        const Environment& environment = state.environments[i];
        const auto& document = environment.row.document;
        if (environment.row.status == "DELETED" || !is_elastic(document)) continue;
        const auto& resources = *document.compute_resources;
        ScalingEnvironment planned{.name = document.compute_environment_name,
                                   .is_enabled = is_open(environment),
                                   .is_spot = resources.type == "SPOT",
                                   .strategy = strategy_of(resources),
                                   .min_vcpus = resources.minv_cpus.value_or(0),
                                   .max_vcpus = resources.maxv_cpus.value_or(0),
                                   .raised_vcpus = environment.row.raised_vcpus,
                                   .offers = {},
                                   .instances = {}};
        const std::int32_t delay =
            resources.scaling_policy
                ? resources.scaling_policy->min_scale_down_delay_minutes.value_or(0)
                : 0;
        if (delay > 0) planned.scale_down_delay = std::chrono::minutes{delay};
        if (environment.row.status != "INVALID") add_offers(state, resources, now, planned);
        add_instances(state, environment.row.id, planned.instances);
        question.input.environments.push_back(std::move(planned));
        question.environments.push_back(EnvironmentIndex{i});
    }
}

/// Buckets of a queue with their heads' place in the order.
struct Waiting {
    WaitKey head;
    ShapeIndex shape;
    std::int64_t jobs = 0;
};

/// How many jobs of the shape maxRunning lets run beside those that do.
std::int64_t startable(const State& state, const Shape& shape) {
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    for (const auto& need : shape.consumables) {
        if (need.limit > 0) most = std::min(most, left_of(state, need));
    }
    return most;
}

void add_demands(const State& state, QueueIndex index, ScalingQuestion& question) {
    const Queue& queue = state.queue(index);
    std::vector<std::uint32_t> environments;
    for (const EnvironmentIndex e : queue.environments) {
        const auto found = std::ranges::find(question.environments, e);
        if (found == question.environments.end()) continue;
        environments.push_back(static_cast<std::uint32_t>(found - question.environments.begin()));
    }
    if (environments.empty()) return;
    std::vector<Waiting> waiting;
    for (const Share& share : queue.shares) {
        for (const auto& [shape, bucket] : share.waiting) {
            if (state.shape(shape).fargate || !has_consumables(state, state.shape(shape))) continue;
            waiting.push_back({bucket.entries.begin()->first, shape, bucket.jobs});
        }
    }
    std::ranges::sort(waiting, {}, &Waiting::head);
    std::int64_t room = room_to_run(queue);
    for (const Waiting& bucket : waiting) {
        const Shape& shape = state.shape(bucket.shape);
        const std::int64_t jobs = std::min({bucket.jobs, room, startable(state, shape)});
        if (jobs == 0) break;
        room -= jobs;
        question.input.demands.push_back({.resources = shape.resources,
                                          .count = jobs,
                                          .environments = environments,
                                          .nodes = shape.nodes});
        question.demands.emplace_back(index, bucket.shape);
    }
}

}  // namespace

ScalingQuestion ask_scaling(const State& state, Timestamp now) {
    ScalingQuestion question;
    question.input.now = now;
    question.input.idle_delay = state.policy.idle_delay;
    add_environments(state, now, question);
    if (question.environments.empty()) return question;
    std::vector<QueueIndex> queues;
    for (std::uint32_t i = 0; i < state.queues.size(); ++i) {
        if (state.queues[i].row.status != "DELETED") queues.push_back(QueueIndex{i});
    }
    std::ranges::sort(queues, std::greater<>{}, [&](QueueIndex q) {
        const auto& row = state.queue(q).row;
        return std::pair(row.document.priority, -row.id);
    });
    for (const QueueIndex queue : queues) add_demands(state, queue, question);
    return question;
}

}  // namespace batchd::core
