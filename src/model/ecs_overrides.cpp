#include "model/ecs_overrides.hpp"

#include "batchd/model/json.hpp"
#include "batchd/model/names.hpp"

namespace batchd::model {
namespace {

/// What AWS's ECS would be given for one container.
struct Override {
    std::string name;
    std::optional<std::vector<std::string>> command;
    std::optional<std::vector<KeyValue>> environment;
    std::optional<std::vector<ResourceRequirement>> resource_requirements;
};
BOOST_DESCRIBE_STRUCT(Override, (), (name, command, environment, resource_requirements))

template <class T>
void append(std::optional<std::vector<T>>& list, const std::vector<T>& entries) {
    if (entries.empty()) return;
    if (!list) list.emplace();
    list->insert(list->end(), entries.begin(), entries.end());
}

template <class Overrides>
void add_overrides(Override& container, const Overrides& overrides) {
    append(container.environment, overrides.environment);
    append(container.resource_requirements, overrides.resource_requirements);
}

Override override_of(const std::string& name, const std::vector<std::string>& defined,
                     const std::vector<std::string>& resolved) {
    Override container{.name = name, .command{}, .environment{}, .resource_requirements{}};
    if (defined != resolved) container.command = resolved;
    return container;
}

std::vector<Override> overrides_of(const EcsProperties& defined, const EcsProperties& resolved,
                                   std::span<const FormOverrides> overrides) {
    std::vector<Override> list;
    const auto& before = defined.task_properties.front().containers;
    const auto& after = resolved.task_properties.front().containers;
    for (std::size_t i = 0; i < after.size(); ++i) {
        const std::string name = after[i].name.value_or(kOnlyContainer);
        auto& container = list.emplace_back(override_of(name, before[i].command, after[i].command));
        for (const FormOverrides& form : overrides) {
            const auto& tasks = form.ecs_properties_override;
            if (!tasks || tasks->task_properties.empty()) continue;
            for (const auto& given : tasks->task_properties.front().containers) {
                if (given.name.value_or(kOnlyContainer) == name) add_overrides(container, given);
            }
        }
    }
    return list;
}

}  // namespace

std::size_t override_characters(const ContainerForm& defined, const ContainerForm& resolved,
                                std::span<const FormOverrides> overrides) {
    std::vector<Override> list;
    if (defined.ecs_properties) {
        list = overrides_of(*defined.ecs_properties, *resolved.ecs_properties, overrides);
    } else {
        auto& container = list.emplace_back(
            override_of(kOnlyContainer, defined.container->command, resolved.container->command));
        for (const FormOverrides& form : overrides) {
            if (form.container_overrides) add_overrides(container, *form.container_overrides);
        }
    }
    return characters(json::to_text(
        std::map<std::string, std::vector<Override>>{{"containerOverrides", std::move(list)}}));
}

}  // namespace batchd::model
