// What a job runs: the containers of its definition with the job's overrides over them.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"
#include "model/container_rules.hpp"
#include "model/job_parameters.hpp"

#include <span>

namespace batchd::model {

/// One of the two forms in which AWS lets containers be defined.
struct ContainerForm {
    std::optional<ContainerProperties> container;
    std::optional<EcsProperties> ecs_properties;
};

struct FormOverrides {
    std::optional<ContainerOverrides> container_overrides;
    std::optional<EcsPropertiesOverride> ecs_properties_override;
};

struct ResolvedContainers {
    Resources resources;                  ///< of all containers
    std::size_t override_characters = 0;  ///< see ecs_overrides.hpp
};

/// Lays the overrides, which must be of the same form, over the containers one after the other,
/// puts parameters into their commands and tells what they ask for.
Result<ResolvedContainers> resolve_containers(ContainerForm& form,
                                              std::span<const FormOverrides> overrides,
                                              const Parameters& parameters, Platform platform);

}  // namespace batchd::model
