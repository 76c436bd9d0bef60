#include "batchd/core/scaling.hpp"
#include "core/scaling/demand.hpp"
#include "core/scaling/explain.hpp"
#include "core/scaling/idle.hpp"
#include "core/scaling/launches.hpp"
#include "core/scaling/rooms.hpp"

#include <algorithm>
#include <utility>

namespace batchd::core {
namespace {

using scaling::Launches;
using scaling::Rooms;

/// A DISABLED environment keeps its minvCpus, nothing else.
std::int64_t raised_vcpus(const ScalingEnvironment& environment) {
    return environment.is_enabled ? environment.raised_vcpus : 0;
}

/// The cheapest vCPUs, whatever their memory.
void launch_up_to(std::int64_t floor, const ScalingInput& input, std::uint32_t e, LaunchCause cause,
                  Launches& launches) {
    const std::int64_t missing = floor - launches.serving(e) - launches.launching(e);
    if (missing <= 0) return;
    const std::vector<scaling::Item> items{{.need = {1000, 0, 0}, .count = missing}};
    const auto served = scaling::serve(input.environments[e], input.now, items, launches.room(e));
    launches.add(e, served.purchases, cause, {});
}

void plan_again(ScalingPlan& plan, std::optional<Timestamp> at) {
    if (at && (!plan.next || *at < *plan.next)) plan.next = at;
}

/// What the environment keeps without jobs, and what it lets go.
void finish(const ScalingInput& input, std::uint32_t e, const Rooms& rooms, Launches& launches,
            ScalingPlan& plan) {
    const auto& environment = input.environments[e];
    const std::int64_t raised = raised_vcpus(environment);
    launch_up_to(environment.min_vcpus, input, e, LaunchCause::MinVcpus, launches);
    launch_up_to(raised, input, e, LaunchCause::DesiredVcpus, launches);
    auto retirement = scaling::retire_instances(input, environment, rooms,
                                                std::max(environment.min_vcpus, raised));
    for (auto& termination : retirement.terminations) {
        termination.environment = e;
        plan.terminations.push_back(std::move(termination));
    }
    plan_again(plan, retirement.next);
    const std::int64_t serving = launches.serving(e);
    const std::int64_t most = std::max(environment.min_vcpus, environment.max_vcpus);
    plan.targets.push_back(
        {.desired_vcpus = std::clamp(serving - retirement.vcpus + launches.launching(e),
                                     environment.min_vcpus, most),
         .is_desired_met = environment.raised_vcpus > 0 && serving >= environment.raised_vcpus});
}

}  // namespace

ScalingPlan plan_scaling(const ScalingInput& input) {
    ScalingPlan plan;
    Launches launches(input);
    std::vector<Rooms> rooms(input.environments.begin(), input.environments.end());
    plan.unserved = scaling::serve_demands(input, rooms, launches);
    for (const auto& unserved : plan.unserved) plan_again(plan, unserved.until);
    for (std::uint32_t e = 0; e < input.environments.size(); ++e) {
        finish(input, e, rooms[e], launches, plan);
    }
    plan.launches = launches.take_all();
    scaling::explain(plan, input);
    return plan;
}

MicroUsd cost_of(const ScalingPlan& plan) {
    MicroUsd cost;
    for (const Launch& launch : plan.launches) {
        cost += MicroUsd{launch.price.value * launch.count};
    }
    return cost;
}

}  // namespace batchd::core
