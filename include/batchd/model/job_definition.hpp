// Job definitions: what RegisterJobDefinition keeps.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"
#include "batchd/model/eks.hpp"
#include "batchd/model/job_options.hpp"
#include "batchd/model/resources.hpp"
#include "batchd/model/task.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace batchd::model {

/// One rule of retryStrategy.evaluateOnExit; a condition that is absent is not asked.
struct EvaluateOnExit {
    std::optional<std::string> on_status_reason;
    std::optional<std::string> on_reason;
    std::optional<std::string> on_exit_code;
    std::string action;  ///< RETRY or EXIT, in any case

    friend bool operator==(const EvaluateOnExit&, const EvaluateOnExit&) = default;
};
BOOST_DESCRIBE_STRUCT(EvaluateOnExit, (), (on_status_reason, on_reason, on_exit_code, action))

struct RetryStrategy {
    std::optional<std::int32_t> attempts;
    std::vector<EvaluateOnExit> evaluate_on_exit;
};
BOOST_DESCRIBE_STRUCT(RetryStrategy, (), (attempts, evaluate_on_exit))

struct JobTimeout {
    std::optional<std::int32_t> attempt_duration_seconds;
};
BOOST_DESCRIBE_STRUCT(JobTimeout, (), (attempt_duration_seconds))

/// Units of a consumable resource that each job takes while it runs; for each child of an array.
struct JobConsumableResource {
    std::optional<std::string> consumable_resource;  ///< name or ARN
    std::optional<std::int64_t> quantity;
};
BOOST_DESCRIBE_STRUCT(JobConsumableResource, (), (consumable_resource, quantity))

struct ConsumableResourceProperties {
    std::vector<JobConsumableResource> consumable_resource_list;
};
BOOST_DESCRIBE_STRUCT(ConsumableResourceProperties, (), (consumable_resource_list))

/// What the nodes with these indexes run: "2:5", ":5", "2:" or "3"; a range inside of another one
/// goes before it.
struct NodeRangeProperty {
    std::string target_nodes;
    std::optional<ContainerProperties> container;  ///< either this
    std::optional<EcsProperties> ecs_properties;   ///< or this
    std::optional<EksProperties> eks_properties;   ///< or this, which no queue can run
    std::optional<std::vector<std::string>> instance_types;
    std::optional<ConsumableResourceProperties> consumable_resource_properties;
};
BOOST_DESCRIBE_STRUCT(NodeRangeProperty, (),
                      (target_nodes, container, ecs_properties, eks_properties, instance_types,
                       consumable_resource_properties))

struct NodeProperties {
    std::optional<std::int32_t> num_nodes;
    std::optional<std::int32_t> main_node;
    std::vector<NodeRangeProperty> node_range_properties;
};
BOOST_DESCRIBE_STRUCT(NodeProperties, (), (num_nodes, main_node, node_range_properties))

struct JobDefinition {
    std::string job_definition_name;
    std::string type;  ///< container or multinode
    StringMap parameters;
    std::optional<std::int32_t> scheduling_priority;
    std::optional<ContainerProperties> container_properties;  ///< either this
    std::optional<EcsProperties> ecs_properties;              ///< or this
    std::optional<NodeProperties> node_properties;            ///< or this, if it is multinode
    std::optional<EksProperties> eks_properties;              ///< or this, which no queue can run
    std::optional<RetryStrategy> retry_strategy;
    std::optional<bool> propagate_tags;
    std::optional<JobTimeout> timeout;
    std::vector<std::string> platform_capabilities;  ///< EC2 or FARGATE
    std::optional<ConsumableResourceProperties> consumable_resource_properties;
    std::optional<JobOptions> options;  ///< members of their own on the wire
};
BOOST_DESCRIBE_STRUCT(JobDefinition, (),
                      (job_definition_name, type, parameters, scheduling_priority,
                       container_properties, ecs_properties, node_properties, eks_properties,
                       retry_strategy, propagate_tags, timeout, platform_capabilities,
                       consumable_resource_properties, options))

/// Which dangerous properties the operator allows; everything is refused by default. Paths are
/// compared as texts: a job that may write below an allowed path can leave a symbolic link there
/// which leads a later job out of it. Whoever mounts a path has to resolve it on the host first.
struct ContainerPolicy {
    bool allow_privileged = false;
    std::vector<std::string> allowed_host_paths;  ///< a path allows what lies below it, too
    std::vector<std::string> allowed_devices;     ///< device paths of the host
};

/// Checks a definition by AWS's rules and with AWS's texts, and by the operator's policy; makes
/// enumerated values upper case (`type` lower case, retry actions stay), drops environment entries
/// without a value and adds what AWS adds. InvalidArgument names the rule; the definition may be
/// changed in part then.
Result<> validate(JobDefinition& definition, const ContainerPolicy& policy);
Result<> validate(const RetryStrategy& strategy);
Result<> validate(const JobTimeout& timeout);
/// `field` is the member that holds them.
Result<> validate(const ConsumableResourceProperties& properties, std::string_view field);

/// vCPU, memory and GPUs that a container asks for, from resourceRequirements or the deprecated
/// vcpus and memory; a requirement wins over its deprecated form. InvalidArgument if vCPU or memory
/// is missing or not a number.
Result<Resources> resources_of(const ContainerProperties& container);
/// From resourceRequirements alone.
Result<Resources> resources_of(const ContainerBase& container);
/// The sum over the containers.
Result<Resources> resources_of(const EcsTaskProperties& task);

/// Whether a rule's pattern matches: literal text, case-sensitive, with an optional `*` at the end
/// (AWS: EvaluateOnExit).
bool matches_exit_pattern(const std::string& pattern, const std::string& text);

}  // namespace batchd::model
