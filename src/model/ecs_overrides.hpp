// What a job's overrides would be for ECS.
#pragma once

#include "model/resolve_containers.hpp"

#include <cstddef>
#include <span>

namespace batchd::model {

/// Characters of the `overrides` that AWS Batch would hand to ECS's RunTask, as JSON: of each
/// container the command as it is run if the overrides or a parameter change it, and what the
/// overrides add to the definition.
std::size_t override_characters(const ContainerForm& defined, const ContainerForm& resolved,
                                std::span<const FormOverrides> overrides);

}  // namespace batchd::model
