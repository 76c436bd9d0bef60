#include "batchd/model/task.hpp"

#include "batchd/model/job.hpp"
#include "model/node_rules.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace batchd::model {
namespace {

/// The deprecated form of a requirement becomes the present one.
void require(ContainerBase& container, std::string_view type,
             const std::optional<std::int32_t>& amount) {
    auto& list = container.resource_requirements;
    if (!amount || std::ranges::find(list, type, &ResourceRequirement::type) != list.end()) return;
    list.push_back({.type = std::string(type), .value = std::to_string(*amount)});
}

}  // namespace

EcsTaskProperties task_of(ContainerProperties container) {
    EcsTaskProperties task;
    task.volumes = std::move(container.volumes);
    task.ephemeral_storage = container.ephemeral_storage;
    task.execution_role_arn = std::move(container.execution_role_arn);
    if (container.fargate_platform_configuration) {
        task.platform_version = container.fargate_platform_configuration->platform_version;
    }
    task.task_role_arn = std::move(container.job_role_arn);
    task.network_configuration = std::move(container.network_configuration);
    task.runtime_platform = std::move(container.runtime_platform);
    task.enable_execute_command = container.enable_execute_command;
    TaskContainerProperties& only = task.containers.emplace_back();
    only.name = kOnlyContainer;
    static_cast<ContainerBase&>(only) = std::move(container);
    require(only, "VCPU", container.vcpus);
    require(only, "MEMORY", container.memory);
    return task;
}

void set_memory(EcsTaskProperties& task, MiB memory) {
    std::vector<ResourceRequirement*> requirements;
    std::int64_t sum = 0;
    for (auto& container : task.containers) {
        for (auto& requirement : container.resource_requirements) {
            if (requirement.type != "MEMORY") continue;
            requirements.push_back(&requirement);
            sum += std::strtoll(requirement.value.c_str(), nullptr, 10);
        }
    }
    if (sum == 0 || sum == memory.value) return;
    for (auto* requirement : requirements) {
        const auto before = std::strtoll(requirement->value.c_str(), nullptr, 10);
        requirement->value = std::to_string(before * memory.value / sum);
    }
}

JobSpec spec_of_node(JobSpec spec, std::int32_t node) {
    const auto properties = std::exchange(spec.node_properties, std::nullopt);
    if (!properties) return spec;
    for (const auto& property : properties->node_range_properties) {
        const auto range = parse_node_range("nodeProperties", property.target_nodes);
        if (!range || !range->contains(node)) continue;
        spec.container = property.container;
        spec.ecs_properties = property.ecs_properties;
    }
    return spec;
}

EcsTaskProperties task_of(const JobSpec& spec, const JobId& id) {
    if (id.is_node()) return task_of(spec_of_node(spec, id.index()), id.whole());
    if (spec.ecs_properties && !spec.ecs_properties->task_properties.empty()) {
        return spec.ecs_properties->task_properties.front();
    }
    return task_of(spec.container.value_or(ContainerProperties{}));
}

std::size_t first_essential(const EcsTaskProperties& task) {
    const auto found = std::ranges::find_if(task.containers, is_essential);
    return found == task.containers.end()
               ? 0
               : static_cast<std::size_t>(found - task.containers.begin());
}

std::optional<std::size_t> find_container(const EcsTaskProperties& task, std::string_view name) {
    for (std::size_t i = 0; i < task.containers.size(); ++i) {
        if (task.containers[i].name == name) return i;
    }
    return std::nullopt;
}

}  // namespace batchd::model
