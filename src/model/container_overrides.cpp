#include "model/container_overrides.hpp"

#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::model {
namespace {

/// Replaces the entry with the same key, or adds the new one at the end.
template <class Entry>
void put(std::vector<Entry>& list, Entry entry, std::string Entry::* key) {
    const auto found = std::ranges::find(list, entry.*key, key);
    if (found != list.end()) {
        *found = std::move(entry);
    } else {
        list.push_back(std::move(entry));
    }
}

Result<> replace_command(ContainerProperties& container,
                         const std::optional<std::vector<std::string>>& command) {
    if (!is_given(command)) return {};
    for (std::size_t i = 0; i < command->size(); ++i) {
        if ((*command)[i].empty()) {
            return invalid_argument(
                fmt::format("containerOverrides.command[{}] '' must not be empty", i));
        }
    }
    container.command = *command;
    return {};
}

/// vcpus or memory, the deprecated keys of a requirement.
Result<> replace_deprecated(const ContainerProperties& container, std::string_view type,
                            std::optional<std::int32_t>& target,
                            const std::optional<std::int32_t>& value) {
    if (!value) return {};
    const auto& requirements = container.resource_requirements;
    if (std::ranges::find(requirements, type, &ResourceRequirement::type) != requirements.end()) {
        return invalid_argument(
            "This value was submitted in a deprecated key and may conflict with the value "
            "provided by the job definition's resource requirements.");
    }
    target = value;
    return {};
}

void put_requirement(ContainerProperties& container, ResourceRequirement requirement) {
    if (requirement.type == "VCPU") container.vcpus.reset();
    if (requirement.type == "MEMORY") container.memory.reset();
    put(container.resource_requirements, std::move(requirement), &ResourceRequirement::type);
}

/// A container of a task takes a part of what one that is alone takes.
Result<> merge(TaskContainerProperties& container, TaskContainerOverrides overrides) {
    ContainerProperties properties;
    static_cast<ContainerBase&>(properties) = container;
    BATCHD_TRY(merge(properties, ContainerOverrides{.vcpus{},
                                                    .memory{},
                                                    .command = std::move(overrides.command),
                                                    .instance_type{},
                                                    .environment = std::move(overrides.environment),
                                                    .resource_requirements = std::move(
                                                        overrides.resource_requirements)}));
    static_cast<ContainerBase&>(container) = std::move(properties);
    return {};
}

}  // namespace

Result<> merge(ContainerProperties& container, ContainerOverrides overrides) {
    BATCHD_TRY(validate_requirement_types(overrides.resource_requirements));
    for (auto& requirement : overrides.resource_requirements) {
        put_requirement(container, std::move(requirement));
    }
    BATCHD_TRY(replace_deprecated(container, "VCPU", container.vcpus, overrides.vcpus));
    BATCHD_TRY(replace_deprecated(container, "MEMORY", container.memory, overrides.memory));
    BATCHD_TRY(replace_command(container, overrides.command));
    if (is_given(overrides.instance_type)) container.instance_type = overrides.instance_type;
    for (auto& entry : overrides.environment) {
        put(container.environment, std::move(entry), &KeyValue::name);
    }
    return {};
}

Result<> merge(EcsTaskProperties& task, EcsPropertiesOverride overrides) {
    if (overrides.task_properties.size() > 1) {
        return invalid_argument(
            fmt::format("ecsPropertiesOverride.taskProperties must have 1 entry, got {}",
                        overrides.task_properties.size()));
    }
    for (auto& entry : overrides.task_properties) {
        for (auto& wanted : entry.containers) {
            const auto index = find_container(task, wanted.name.value_or(kOnlyContainer));
            if (!index) {
                return invalid_argument(
                    fmt::format("ecsPropertiesOverride: name {} must reference a defined container",
                                quote(wanted.name.value_or(""))));
            }
            BATCHD_TRY(merge(task.containers[*index], std::move(wanted)));
        }
    }
    return {};
}

}  // namespace batchd::model
