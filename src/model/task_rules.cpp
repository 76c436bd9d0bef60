// The rules for ecsProperties: those of single containers for each, and those between them.
#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace batchd::model {
namespace {

constexpr std::size_t kMaxContainers = 10;
constexpr std::int32_t kLeastTimeout = 2;
constexpr std::int32_t kLongestFargateTimeout = 120;

/// The container as if it were alone, with what the task holds for all.
ContainerProperties alone(const EcsTaskProperties& task, const TaskContainerProperties& container) {
    ContainerProperties properties;
    static_cast<ContainerBase&>(properties) = container;
    properties.execution_role_arn = task.execution_role_arn;
    properties.job_role_arn = task.task_role_arn;
    properties.volumes = task.volumes;
    properties.network_configuration = task.network_configuration;
    if (task.platform_version) {
        properties.fargate_platform_configuration = {.platform_version = task.platform_version};
    }
    properties.ephemeral_storage = task.ephemeral_storage;
    properties.runtime_platform = task.runtime_platform;
    return properties;
}

/// What the check of a single container has made normal.
void take_back(ContainerProperties properties, EcsTaskProperties& task,
               TaskContainerProperties& container) {
    task.volumes = std::move(properties.volumes);
    task.network_configuration = std::move(properties.network_configuration);
    task.runtime_platform = std::move(properties.runtime_platform);
    if (properties.fargate_platform_configuration) {
        task.platform_version = properties.fargate_platform_configuration->platform_version;
    }
    static_cast<ContainerBase&>(container) = std::move(properties);
}

/// Letters, digits, - and _, up to 255 characters, as ECS names containers.
bool is_container_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    });
}

Result<> validate_names(std::vector<TaskContainerProperties>& containers) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < containers.size(); ++i) {
        auto& name = containers[i].name;
        if (!is_given(name)) name = kOnlyContainer;
        if (!is_container_name(*name)) {
            return invalid_argument(fmt::format("{}.name {} must match [A-Za-z0-9_-]{{1,255}}",
                                                element("containers", i), quote(*name)));
        }
        if (!names.insert(*name).second) return invalid_argument("Container names must be unique");
    }
    return {};
}

/// Lower case, unlike other enumerated values.
Result<> validate_mode(std::string_view field, std::optional<std::string>& mode, Names allowed) {
    if (!is_given(mode)) {
        mode.reset();
        return {};
    }
    std::string lower = to_lower(*mode);
    if (!contains(allowed, lower)) {
        return invalid_argument(
            fmt::format("{} {} is not valid. Valid values are: [{}]", field, *mode, join(allowed)));
    }
    mode = std::move(lower);
    return {};
}

Result<> validate_modes(EcsTaskProperties& task, Platform platform, const ContainerPolicy& policy) {
    BATCHD_TRY(validate_mode("ipcMode", task.ipc_mode, {"host", "task", "none"}));
    BATCHD_TRY(validate_mode("pidMode", task.pid_mode, {"host", "task"}));
    if (platform == Platform::Fargate) {
        if (task.ipc_mode) return invalid_argument("ipcMode is not applicable for Fargate.");
        if (task.pid_mode == "host") {
            return invalid_argument("pidMode host is not applicable for Fargate.");
        }
    }
    if ((task.ipc_mode == "host" || task.pid_mode == "host") && !policy.allow_privileged) {
        return invalid_argument(fmt::format(
            "{} 'host' is refused by the operator: containers.allow_privileged is false",
            task.ipc_mode == "host" ? "ipcMode" : "pidMode"));
    }
    return {};
}

Result<> validate_timeout(std::string_view field, const std::optional<std::int32_t>& seconds,
                          Platform platform) {
    if (!seconds) return {};
    if (platform == Platform::Ec2) return expect_at_least(field, *seconds, kLeastTimeout);
    return expect_between(field, *seconds, kLeastTimeout, kLongestFargateTimeout);
}

Result<> validate_dependency(const EcsTaskProperties& task, TaskContainerDependency& dependency) {
    const std::string name = dependency.container_name.value_or("");
    const auto target = find_container(task, name);
    if (!target) {
        return invalid_argument(
            fmt::format("containerName {} must reference a defined container.", name));
    }
    std::string condition = to_upper(dependency.condition.value_or(""));
    if (condition != "START" && condition != "COMPLETE" && condition != "SUCCESS") {
        return invalid_argument(fmt::format(
            "TaskContainer dependency {} is not valid. Valid values are: [START, COMPLETE, "
            "SUCCESS]",
            dependency.condition.value_or("")));
    }
    if (condition != "START" && is_essential(task.containers[*target])) {
        return invalid_argument(
            fmt::format("The container target of a dependency can not have condition {} if the "
                        "target is essential",
                        condition));
    }
    dependency.condition = std::move(condition);
    return {};
}

/// Takes away containers that depend on none of those left, until none is.
Result<> expect_no_circle(const EcsTaskProperties& task) {
    std::set<std::string_view> left;
    for (const auto& container : task.containers) left.insert(*container.name);
    const auto is_free = [&](const TaskContainerProperties& container) {
        return left.contains(*container.name) &&
               std::ranges::none_of(container.depends_on, [&](const auto& dependency) {
                   return left.contains(*dependency.container_name);
               });
    };
    for (auto next = std::ranges::find_if(task.containers, is_free); next != task.containers.end();
         next = std::ranges::find_if(task.containers, is_free)) {
        left.erase(*next->name);
    }
    if (left.empty()) return {};
    return invalid_argument(fmt::format(
        "container {} depends on itself, directly or through others", quote(*left.begin())));
}

Result<> validate_dependencies(EcsTaskProperties& task) {
    for (auto& container : task.containers) {
        if (container.depends_on.empty()) continue;
        if (task.containers.size() == 1) {
            return invalid_argument(
                "Container dependency can not be used in a single-container job.");
        }
        for (auto& dependency : container.depends_on) {
            BATCHD_TRY(validate_dependency(task, dependency));
        }
    }
    return expect_no_circle(task);
}

bool runs_as_root(const TaskContainerProperties& container) {
    const std::string user = container.user.value_or("root");
    const std::string_view name = std::string_view(user).substr(0, user.find(':'));
    return name == "root" || name == "0";
}

Result<> validate_firelens(const EcsTaskProperties& task) {
    bool is_used = false;
    for (const auto& container : task.containers) {
        if (!container.firelens_configuration) continue;
        is_used = true;
        const std::string& type = container.firelens_configuration->type;
        if (type != "fluentd" && type != "fluentbit") {
            return invalid_argument(fmt::format(
                "firelensConfiguration.type {} must be fluentd or fluentbit", quote(type)));
        }
    }
    if (!is_used || std::ranges::any_of(task.containers, runs_as_root)) return {};
    return invalid_argument(
        "When a firelensConfiguration object is specified, at least one container has to run as "
        "root");
}

Result<> validate_containers(EcsTaskProperties& task, Platform platform,
                             const ContainerPolicy& policy) {
    for (auto& container : task.containers) {
        ContainerProperties properties = alone(task, container);
        BATCHD_TRY(validate_container(properties, platform, policy));
        take_back(std::move(properties), task, container);
        BATCHD_TRY(validate_timeout("startTimeout", container.start_timeout, platform));
        BATCHD_TRY(validate_timeout("stopTimeout", container.stop_timeout, platform));
    }
    return validate_requirements(task, platform);
}

}  // namespace

Result<> validate_structure(EcsTaskProperties& task) {
    if (task.containers.empty() || task.containers.size() > kMaxContainers) {
        return invalid_argument("Number of containers must be between 1 and 10");
    }
    BATCHD_TRY(validate_names(task.containers));
    if (std::ranges::none_of(task.containers, is_essential)) {
        return invalid_argument("At least one container must be set as essential");
    }
    return validate_dependencies(task);
}

Result<> validate_task(EcsProperties& properties, Platform platform,
                       const ContainerPolicy& policy) {
    if (properties.task_properties.size() != 1) {
        return invalid_argument(
            fmt::format("ecsProperties.taskProperties must have 1 entry, got {}",
                        properties.task_properties.size()));
    }
    EcsTaskProperties& task = properties.task_properties.front();
    BATCHD_TRY(validate_structure(task));
    BATCHD_TRY(validate_modes(task, platform, policy));
    BATCHD_TRY(validate_firelens(task));
    return validate_containers(task, platform, policy);
}

}  // namespace batchd::model
