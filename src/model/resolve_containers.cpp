#include "model/resolve_containers.hpp"

#include "model/container_overrides.hpp"
#include "model/ecs_overrides.hpp"

namespace batchd::model {
namespace {

Result<Resources> resolve(ContainerProperties& container, std::span<const FormOverrides> overrides,
                          const Parameters& parameters, Platform platform) {
    for (const FormOverrides& given : overrides) {
        if (given.ecs_properties_override) {
            return invalid_argument(
                "ecsPropertiesOverride cannot be used with a job definition that has "
                "containerProperties; use containerOverrides");
        }
        if (given.container_overrides) BATCHD_TRY(merge(container, *given.container_overrides));
    }
    BATCHD_TRY(validate_environment(container.environment));
    BATCHD_TRY(validate_requirements(container, platform));
    BATCHD_TRY(substitute_parameters(container.command, parameters));
    return resources_of(container);
}

Result<Resources> resolve(EcsTaskProperties& task, std::span<const FormOverrides> overrides,
                          const Parameters& parameters, Platform platform) {
    for (const FormOverrides& given : overrides) {
        if (given.container_overrides) {
            return invalid_argument(
                "containerOverrides cannot be used with a job definition that has ecsProperties; "
                "use ecsPropertiesOverride");
        }
        if (given.ecs_properties_override) BATCHD_TRY(merge(task, *given.ecs_properties_override));
    }
    for (auto& container : task.containers) {
        BATCHD_TRY(validate_environment(container.environment));
        BATCHD_TRY(substitute_parameters(container.command, parameters));
    }
    BATCHD_TRY(validate_requirements(task, platform));
    return resources_of(task);
}

}  // namespace

Result<ResolvedContainers> resolve_containers(ContainerForm& form,
                                              std::span<const FormOverrides> overrides,
                                              const Parameters& parameters, Platform platform) {
    const ContainerForm defined = form;
    const auto resources = form.container
                               ? resolve(*form.container, overrides, parameters, platform)
                               : resolve(form.ecs_properties->task_properties.front(), overrides,
                                         parameters, platform);
    if (!resources) return std::unexpected(resources.error());
    return ResolvedContainers{.resources = *resources,
                              .override_characters = override_characters(defined, form, overrides)};
}

}  // namespace batchd::model
