// Definitions that are good, for tests to change.
#pragma once

#include "batchd/model/job_definition.hpp"

namespace batchd::model::testing {

inline JobDefinition a_definition() {
    JobDefinition definition;
    definition.job_definition_name = "d";
    definition.type = "container";
    auto& container = definition.container_properties.emplace();
    container.image = "busybox";
    container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "512"}};
    return definition;
}

inline JobDefinition a_fargate_definition() {
    JobDefinition definition = a_definition();
    definition.platform_capabilities = {"FARGATE"};
    auto& container = *definition.container_properties;
    container.resource_requirements = {{"VCPU", "0.25"}, {"MEMORY", "512"}};
    container.execution_role_arn = "arn:aws:iam::123456789012:role/execution";
    return definition;
}

}  // namespace batchd::model::testing
