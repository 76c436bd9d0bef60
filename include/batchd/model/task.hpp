// ecsProperties and its parts, member for member as AWS Batch names them, and the one shape that
// every job has inside: a task of 1 to 10 containers.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/model/container.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

struct TaskContainerDependency {
    std::optional<std::string> container_name;
    std::optional<std::string> condition;  ///< START, COMPLETE, SUCCESS
};
BOOST_DESCRIBE_STRUCT(TaskContainerDependency, (), (container_name, condition))

struct FirelensConfiguration {
    std::string type;  ///< fluentd or fluentbit
    StringMap options;
};
BOOST_DESCRIBE_STRUCT(FirelensConfiguration, (), (type, options))

struct TaskContainerProperties : ContainerBase {
    std::optional<std::string> name;
    std::vector<TaskContainerDependency> depends_on;
    std::optional<bool> essential;  ///< true unless given
    std::optional<FirelensConfiguration> firelens_configuration;
    std::optional<std::int32_t> start_timeout;  ///< seconds
    std::optional<std::int32_t> stop_timeout;   ///< seconds
};
BOOST_DESCRIBE_STRUCT(TaskContainerProperties, (ContainerBase),
                      (name, depends_on, essential, firelens_configuration, start_timeout,
                       stop_timeout))

struct EcsTaskProperties {
    std::vector<TaskContainerProperties> containers;
    std::optional<EphemeralStorage> ephemeral_storage;
    std::optional<std::string> execution_role_arn;
    std::optional<std::string> platform_version;
    std::optional<std::string> ipc_mode;  ///< host, task or none
    std::optional<std::string> task_role_arn;
    std::optional<std::string> pid_mode;  ///< host or task
    std::optional<NetworkConfiguration> network_configuration;
    std::optional<RuntimePlatform> runtime_platform;
    std::vector<Volume> volumes;
    std::optional<bool> enable_execute_command;
};
BOOST_DESCRIBE_STRUCT(EcsTaskProperties, (),
                      (containers, ephemeral_storage, execution_role_arn, platform_version,
                       ipc_mode, task_role_arn, pid_mode, network_configuration, runtime_platform,
                       volumes, enable_execute_command))

/// AWS: exactly one task.
struct EcsProperties {
    std::vector<EcsTaskProperties> task_properties;
};
BOOST_DESCRIBE_STRUCT(EcsProperties, (), (task_properties))

struct TaskContainerOverrides {
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> command;
    std::vector<KeyValue> environment;
    std::vector<ResourceRequirement> resource_requirements;
};
BOOST_DESCRIBE_STRUCT(TaskContainerOverrides, (),
                      (name, command, environment, resource_requirements))

struct TaskPropertiesOverride {
    std::vector<TaskContainerOverrides> containers;
};
BOOST_DESCRIBE_STRUCT(TaskPropertiesOverride, (), (containers))

struct EcsPropertiesOverride {
    std::vector<TaskPropertiesOverride> task_properties;
};
BOOST_DESCRIBE_STRUCT(EcsPropertiesOverride, (), (task_properties))

/// What AWS calls the container of a job with containerProperties, as its log stream shows.
inline constexpr const char* kOnlyContainer = "default";

/// containerProperties as a task of one container, named kOnlyContainer.
EcsTaskProperties task_of(ContainerProperties container);

constexpr bool is_essential(const TaskContainerProperties& container) {
    return container.essential.value_or(true);
}

/// Of the first essential container; 0 if there is none.
std::size_t first_essential(const EcsTaskProperties& task);

/// What must hold between the containers of a task before it can be carried out: their number and
/// names, that one is essential, that each one's turn comes. Makes names and conditions normal.
/// InvalidArgument with AWS's text.
Result<> validate_structure(EcsTaskProperties& task);

/// Whether batchd itself keeps the container's output: no log driver of another kind is asked for.
bool is_log_kept(const ContainerBase& container);

/// Whether such a task can run in a container that others ran in before (JobOptions::warm_slots).
/// InvalidArgument names what cannot.
Result<> expect_fit_for_slots(const EcsTaskProperties& task);

/// The index of the container of that name; nullopt if there is none.
std::optional<std::size_t> find_container(const EcsTaskProperties& task, std::string_view name);

}  // namespace batchd::model
