// What a job's overrides would be for ECS.
#pragma once

#include "batchd/model/job.hpp"

#include <cstddef>

namespace batchd::model {

/// Characters of the `overrides` that AWS Batch would hand to ECS's RunTask, as JSON: the command
/// as it is run if the request or a parameter changes it, and what containerOverrides adds to the
/// definition.
std::size_t override_characters(const SubmitJobRequest& request, const JobDefinition& definition,
                                const ContainerProperties& resolved);

}  // namespace batchd::model
