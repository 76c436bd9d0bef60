#include "batchd/model/names.hpp"
#include "model/container_rules.hpp"
#include "model/node_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

namespace batchd::model {
namespace {

Result<> validate_type(JobDefinition& definition) {
    const std::string type = to_lower(definition.type);
    if (type != "container" && type != "multinode") {
        return invalid_argument(
            fmt::format("type {} must be container or multinode", quote(definition.type)));
    }
    definition.type = type;
    return {};
}

Result<> validate_capabilities(std::vector<std::string>& capabilities) {
    if (capabilities.size() > 1) return invalid_argument("Exactly 1 capability must be provided.");
    for (std::string& capability : capabilities) {
        std::string upper = to_upper(capability);
        if (upper != "EC2" && upper != "FARGATE" && upper != "MANAGED_INSTANCES") {
            return invalid_argument(
                fmt::format("Capability {} is not valid. Valid capabilities: [FARGATE, EC2, "
                            "MANAGED_INSTANCES]",
                            capability));
        }
        capability = std::move(upper);
    }
    return {};
}

/// A definition says in one of AWS's forms what runs.
Result<> expect_one_form(const JobDefinition& definition) {
    if (definition.type == "multinode") {
        if (!definition.node_properties) {
            return invalid_argument("Node properties of multinode job is required.");
        }
        if (definition.container_properties || definition.ecs_properties ||
            definition.eks_properties) {
            return invalid_argument(
                "type 'multinode': containerProperties, ecsProperties and eksProperties belong "
                "into nodeProperties.nodeRangeProperties");
        }
        return {};
    }
    if (definition.node_properties) {
        return invalid_argument("nodeProperties: the type must be multinode, not 'container'");
    }
    if (definition.container_properties && definition.ecs_properties) {
        return invalid_argument("Cannot use both ECS containerProperties and ecsProperties");
    }
    if (definition.container_properties && definition.eks_properties) {
        return invalid_argument("Cannot use both ECS containerProperties and eksProperties");
    }
    if (definition.ecs_properties && definition.eks_properties) {
        return invalid_argument("Cannot use both ecsProperties and eksProperties");
    }
    if (!definition.container_properties && !definition.ecs_properties &&
        !definition.eks_properties) {
        return invalid_argument(
            "ECS ContainerProperties, ecsProperties, or eksProperties is required when creating "
            "a job definition");
    }
    return {};
}

}  // namespace

Result<> validate(JobDefinition& definition, const ContainerPolicy& policy) {
    BATCHD_TRY(expect_resource_name("jobDefinitionName", definition.job_definition_name));
    BATCHD_TRY(validate_type(definition));
    BATCHD_TRY(expect_one_form(definition));
    BATCHD_TRY(validate_capabilities(definition.platform_capabilities));
    BATCHD_TRY(expect_scheduling_priority(definition.scheduling_priority));
    if (definition.retry_strategy) BATCHD_TRY(validate(*definition.retry_strategy));
    if (definition.timeout) BATCHD_TRY(validate(*definition.timeout));
    if (definition.consumable_resource_properties) {
        BATCHD_TRY(
            validate(*definition.consumable_resource_properties, "consumableResourceProperties"));
    }
    if (definition.eks_properties) return validate(*definition.eks_properties);
    const Platform platform = platform_of(definition.platform_capabilities);
    if (definition.node_properties) {
        return validate_nodes(*definition.node_properties, platform, policy);
    }
    if (definition.ecs_properties) {
        return validate_task(*definition.ecs_properties, platform, policy);
    }
    BATCHD_TRY(validate_container(*definition.container_properties, platform, policy));
    return validate_requirements(*definition.container_properties, platform);
}

}  // namespace batchd::model
