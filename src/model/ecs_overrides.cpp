#include "model/ecs_overrides.hpp"

#include "batchd/model/json.hpp"
#include "batchd/model/names.hpp"

namespace batchd::model {
namespace {

using json::Json;

template <class Entries>
void append(Json& container, const char* member, const Entries& entries) {
    for (const auto& entry : entries) container[member].push_back(json::encode(entry));
}

template <class Overrides>
void add_overrides(Json& container, const Overrides& overrides) {
    append(container, "environment", overrides.environment);
    append(container, "resourceRequirements", overrides.resource_requirements);
}

Json override_of(const std::string& name, const std::vector<std::string>& defined,
                 const std::vector<std::string>& resolved) {
    Json container{{"name", name}};
    if (defined != resolved) container["command"] = resolved;
    return container;
}

Json overrides_of(const EcsProperties& defined, const EcsProperties& resolved,
                  std::span<const FormOverrides> overrides) {
    Json list = Json::array();
    const auto& before = defined.task_properties.front().containers;
    const auto& after = resolved.task_properties.front().containers;
    for (std::size_t i = 0; i < after.size(); ++i) {
        const std::string name = after[i].name.value_or(kOnlyContainer);
        Json container = override_of(name, before[i].command, after[i].command);
        for (const FormOverrides& form : overrides) {
            const auto& tasks = form.ecs_properties_override;
            if (!tasks || tasks->task_properties.empty()) continue;
            for (const auto& given : tasks->task_properties.front().containers) {
                if (given.name.value_or(kOnlyContainer) == name) add_overrides(container, given);
            }
        }
        list.push_back(std::move(container));
    }
    return list;
}

}  // namespace

std::size_t override_characters(const ContainerForm& defined, const ContainerForm& resolved,
                                std::span<const FormOverrides> overrides) {
    Json list = Json::array();
    if (defined.ecs_properties) {
        list = overrides_of(*defined.ecs_properties, *resolved.ecs_properties, overrides);
    } else {
        Json container =
            override_of(kOnlyContainer, defined.container->command, resolved.container->command);
        for (const FormOverrides& form : overrides) {
            if (form.container_overrides) add_overrides(container, *form.container_overrides);
        }
        list.push_back(std::move(container));
    }
    return characters(json::dump({{"containerOverrides", std::move(list)}}));
}

}  // namespace batchd::model
