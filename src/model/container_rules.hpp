// The rules for containerProperties, by subject. A definition is checked by all of them; a job that
// overrides parts of its definition has those parts checked again after the merge.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/job_definition.hpp"

namespace batchd::model {

enum class Platform : std::uint8_t { Ec2, Fargate };

/// EC2 unless the one capability is FARGATE.
Platform platform_of(const std::vector<std::string>& capabilities);

/// Everything below but the requirements, and what belongs to no subject: image, user, ulimits,
/// secrets, logging.
Result<> validate_container(ContainerProperties& container, Platform platform,
                            const ContainerPolicy& policy);

/// Names; entries with an empty value are dropped, as AWS drops them.
Result<> validate_environment(std::vector<KeyValue>& environment);

/// Amounts, and their combination on Fargate. Makes the types upper case.
Result<> validate_requirements(ContainerProperties& container, Platform platform);
/// Of each container on EC2; on Fargate their sum has to be a size that it offers.
Result<> validate_requirements(EcsTaskProperties& task, Platform platform);
/// The types and their uniqueness, for requirements that come alone.
Result<> validate_requirement_types(std::vector<ResourceRequirement>& requirements);

/// Volumes and mount points. An empty host.sourcePath becomes absent, as both mean the same; any
/// other becomes its normal form, so that what is mounted is what was checked.
Result<> validate_storage(ContainerProperties& container, const ContainerPolicy& policy);

Result<> validate_linux_parameters(LinuxParameters& parameters, const ContainerPolicy& policy);

/// Members that one platform has and the other has not. Adds Fargate's platform version.
Result<> validate_platform(ContainerProperties& container, Platform platform);

/// The one task: its containers by the rules of single ones, how they depend on each other, and
/// what they share. A container without a name gets kOnlyContainer.
Result<> validate_task(EcsProperties& properties, Platform platform, const ContainerPolicy& policy);

}  // namespace batchd::model
