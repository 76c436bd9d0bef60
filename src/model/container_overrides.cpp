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

}  // namespace batchd::model
