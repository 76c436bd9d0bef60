#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace batchd::model {
namespace {

/// A member that must be absent, and whether it is there.
struct Unwanted {
    std::string_view member;
    bool is_there = false;
};

Result<> refuse(std::initializer_list<Unwanted> members, std::string_view why) {
    for (const auto& [member, is_there] : members) {
        if (is_there) return invalid_argument(fmt::format("{}{}", member, why));
    }
    return {};
}

bool has_efs(const ContainerProperties& container) {
    return std::ranges::any_of(container.volumes, [](const Volume& volume) {
        return volume.efs_volume_configuration.has_value();
    });
}

/// Fargate's platform version, LATEST if none was asked for.
Result<> validate_version(ContainerProperties& container) {
    if (!container.fargate_platform_configuration) {
        container.fargate_platform_configuration.emplace();
    }
    auto& version = container.fargate_platform_configuration->platform_version;
    if (!is_given(version)) version = "LATEST";
    BATCHD_TRY(expect_enumerated("fargatePlatformConfiguration.platformVersion", version,
                                 {"LATEST", "1.4.0", "1.3.0"}));
    if (*version == "1.3.0" && has_efs(container)) {
        return invalid_argument(fmt::format(
            "EFS is supported for Fargate platform versions 1.4.0 or later, provided {}",
            *version));
    }
    return {};
}

Result<> validate_ephemeral_storage(const ContainerProperties& container) {
    if (!container.ephemeral_storage) return {};
    const std::int32_t size = container.ephemeral_storage->size_in_gi_b;
    if (size >= 21 && size <= 200) return {};
    return invalid_argument(
        "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB");
}

Result<> validate_log_driver(const ContainerProperties& container) {
    if (!container.log_configuration) return {};
    const std::string& driver = container.log_configuration->log_driver;
    if (driver == "awslogs" || driver == "splunk" || driver == "awsfirelens") return {};
    return invalid_argument(fmt::format("Log driver for Fargate is not valid: {}", driver));
}

Result<> refuse_host_features(const ContainerProperties& container) {
    BATCHD_TRY(refuse({{"ulimits", !container.ulimits.empty()},
                       {"privileged", container.privileged.value_or(false)},
                       {"instanceType", is_given(container.instance_type)}},
                      " is not applicable for Fargate."));
    for (const Volume& volume : container.volumes) {
        if (volume.host && is_given(volume.host->source_path)) {
            return invalid_argument("host.sourcePath should not be set for volumes in Fargate.");
        }
    }
    if (!container.linux_parameters) return {};
    const LinuxParameters& linux_parameters = *container.linux_parameters;
    return refuse(
        {{"linuxParameter.devices", !linux_parameters.devices.empty()},
         {"linuxParameter.sharedMemorySize", linux_parameters.shared_memory_size.has_value()},
         {"linuxParameter.tmpfs", !linux_parameters.tmpfs.empty()},
         {"linuxParameter.maxSwap", linux_parameters.max_swap.has_value()},
         {"linuxParameter.swappiness", linux_parameters.swappiness.has_value()}},
        " is not allowed for Fargate.");
}

Result<> validate_fargate(ContainerProperties& container) {
    if (!is_given(container.execution_role_arn)) {
        return invalid_argument("executionRoleArn is required for Fargate jobs.");
    }
    BATCHD_TRY(refuse_host_features(container));
    BATCHD_TRY(validate_log_driver(container));
    BATCHD_TRY(validate_version(container));
    BATCHD_TRY(validate_ephemeral_storage(container));
    if (!container.network_configuration) return {};
    return expect_enumerated("networkConfiguration.assignPublicIp",
                             container.network_configuration->assign_public_ip,
                             {"ENABLED", "DISABLED"});
}

Result<> validate_ec2(const ContainerProperties& container) {
    return refuse(
        {{"networkConfiguration", container.network_configuration.has_value()},
         {"fargatePlatformConfiguration", container.fargate_platform_configuration.has_value()},
         {"ephemeralStorage", container.ephemeral_storage.has_value()}},
        " not applicable for EC2.");
}

Result<> validate_runtime_platform(RuntimePlatform& platform) {
    BATCHD_TRY(expect_enumerated("runtimePlatform.cpuArchitecture", platform.cpu_architecture,
                                 {"X86_64", "ARM64"}));
    BATCHD_TRY(expect_enumerated("runtimePlatform.operatingSystemFamily",
                                 platform.operating_system_family,
                                 {"LINUX", "WINDOWS_SERVER_2019_CORE", "WINDOWS_SERVER_2019_FULL",
                                  "WINDOWS_SERVER_2022_CORE", "WINDOWS_SERVER_2022_FULL"}));
    const bool is_windows =
        platform.operating_system_family && platform.operating_system_family != "LINUX";
    if (is_windows && platform.cpu_architecture.value_or("X86_64") != "X86_64") {
        return invalid_argument("Windows supported only by X86_64 cpuArchitecture");
    }
    return {};
}

}  // namespace

Result<> validate_platform(ContainerProperties& container, Platform platform) {
    if (container.runtime_platform) {
        BATCHD_TRY(validate_runtime_platform(*container.runtime_platform));
    }
    return platform == Platform::Fargate ? validate_fargate(container) : validate_ec2(container);
}

}  // namespace batchd::model
