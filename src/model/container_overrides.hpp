#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job.hpp"

namespace batchd::model {

/// Lays a job's overrides over its definition's container: command and instance type are replaced,
/// environment is merged by name, requirements by type. An empty command overrides nothing, as in
/// ECS. InvalidArgument with AWS's text where the overrides contradict the definition. The result
/// still has to be validated.
Result<> merge(ContainerProperties& container, ContainerOverrides overrides);

/// The same for the containers of a task, by name.
Result<> merge(EcsTaskProperties& task, EcsPropertiesOverride overrides);

}  // namespace batchd::model
