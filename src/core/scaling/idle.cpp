#include "core/scaling/idle.hpp"

#include "core/scaling/candidates.hpp"

#include <algorithm>
#include <tuple>

namespace batchd::core::scaling {
namespace {

Milliseconds delay_of(const ScalingInput& input, const ScalingEnvironment& environment,
                      const ScalingInstance& instance) {
    // AWS: minScaleDownDelayMinutes does not keep instances that never ran a job.
    if (!instance.has_run_job) return input.idle_delay;
    return environment.scale_down_delay.value_or(input.idle_delay);
}

std::string minutes(Milliseconds time) {
    if (time < std::chrono::minutes{1}) {
        return std::to_string(std::chrono::floor<Seconds>(time).count()) + " s";
    }
    return std::to_string(std::chrono::floor<std::chrono::minutes>(time).count()) + " min";
}

std::vector<const ScalingInstance*> idle_ones(const ScalingEnvironment& environment,
                                              const Rooms& rooms) {
    std::vector<const ScalingInstance*> idle;
    for (std::size_t i = 0; i < environment.instances.size(); ++i) {
        const auto& instance = environment.instances[i];
        if (instance.is_draining || instance.phase != InstancePhase::Idle) continue;
        if (!rooms.is_used(i)) idle.push_back(&instance);
    }
    std::ranges::sort(idle, {}, [](const ScalingInstance* instance) {
        return std::tuple(-instance->price.value, instance->since, instance->id);
    });
    return idle;
}

std::int64_t serving_vcpus(const ScalingEnvironment& environment) {
    std::int64_t sum = 0;
    for (const auto& instance : environment.instances) {
        if (!instance.is_draining) sum += vcpus_of(instance.capacity);
    }
    return sum;
}

}  // namespace

Retirement retire_instances(const ScalingInput& input, const ScalingEnvironment& environment,
                            const Rooms& rooms, std::int64_t floor) {
    Retirement retirement;
    for (const auto& instance : environment.instances) {
        if (!instance.is_draining || instance.phase == InstancePhase::Busy) continue;
        retirement.terminations.push_back({.instance = instance.id, .why = "It is drained."});
    }
    const std::int64_t serving = serving_vcpus(environment);
    for (const auto* instance : idle_ones(environment, rooms)) {
        const std::int64_t vcpus = vcpus_of(instance->capacity);
        if (serving - retirement.vcpus - vcpus < floor) continue;
        const Timestamp due = instance->since + delay_of(input, environment, *instance);
        if (input.now < due) {
            if (!retirement.next || due < *retirement.next) retirement.next = due;
            continue;
        }
        retirement.vcpus += vcpus;
        retirement.terminations.push_back(
            {.instance = instance->id,
             .why = "It has been idle for " + minutes(input.now - instance->since) +
                    (instance->has_run_job ? "" : " and has never run a job") + "."});
    }
    return retirement;
}

}  // namespace batchd::core::scaling
