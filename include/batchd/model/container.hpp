// containerProperties and its parts, member for member as AWS Batch names them (API 2016-08-10).
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::model {

using StringMap = std::map<std::string, std::string>;

struct KeyValue {
    std::string name;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (name, value))

/// type is VCPU, MEMORY (MiB) or GPU; value is a decimal number as text.
struct ResourceRequirement {
    std::string type;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(ResourceRequirement, (), (type, value))

struct Secret {
    std::string name;
    std::string value_from;
};
BOOST_DESCRIBE_STRUCT(Secret, (), (name, value_from))

struct Ulimit {
    std::string name;
    std::optional<std::int32_t> hard_limit;  ///< required, as is the soft one
    std::optional<std::int32_t> soft_limit;
};
BOOST_DESCRIBE_STRUCT(Ulimit, (), (name, hard_limit, soft_limit))

struct MountPoint {
    std::optional<std::string> container_path;
    std::optional<bool> read_only;
    std::optional<std::string> source_volume;
};
BOOST_DESCRIBE_STRUCT(MountPoint, (), (container_path, read_only, source_volume))

struct HostVolume {
    std::optional<std::string> source_path;
};
BOOST_DESCRIBE_STRUCT(HostVolume, (), (source_path))

struct EfsAuthorizationConfig {
    std::optional<std::string> access_point_id;
    std::optional<std::string> iam;
};
BOOST_DESCRIBE_STRUCT(EfsAuthorizationConfig, (), (access_point_id, iam))

struct EfsVolumeConfiguration {
    std::string file_system_id;
    std::optional<std::string> root_directory;
    std::optional<std::string> transit_encryption;
    std::optional<std::int32_t> transit_encryption_port;
    std::optional<EfsAuthorizationConfig> authorization_config;
};
BOOST_DESCRIBE_STRUCT(EfsVolumeConfiguration, (),
                      (file_system_id, root_directory, transit_encryption, transit_encryption_port,
                       authorization_config))

struct S3FilesVolumeConfiguration {
    std::string file_system_arn;
    std::optional<std::string> root_directory;
    std::optional<std::int32_t> transit_encryption_port;
    std::optional<std::string> access_point_arn;
};
BOOST_DESCRIBE_STRUCT(S3FilesVolumeConfiguration, (),
                      (file_system_arn, root_directory, transit_encryption_port, access_point_arn))

struct Volume {
    std::optional<std::string> name;
    std::optional<HostVolume> host;
    std::optional<EfsVolumeConfiguration> efs_volume_configuration;
    std::optional<S3FilesVolumeConfiguration> s3files_volume_configuration{};
};
BOOST_DESCRIBE_STRUCT(Volume, (),
                      (name, host, efs_volume_configuration, s3files_volume_configuration))

struct Device {
    std::string host_path;
    std::optional<std::string> container_path;
    std::optional<std::vector<std::string>> permissions;  ///< READ, WRITE, MKNOD
};
BOOST_DESCRIBE_STRUCT(Device, (), (host_path, container_path, permissions))

struct Tmpfs {
    std::string container_path;
    std::int32_t size = 0;  ///< MiB
    std::optional<std::vector<std::string>> mount_options;
};
BOOST_DESCRIBE_STRUCT(Tmpfs, (), (container_path, size, mount_options))

struct LinuxParameters {
    std::vector<Device> devices;
    std::optional<bool> init_process_enabled;
    std::optional<std::int32_t> shared_memory_size;  ///< MiB
    std::vector<Tmpfs> tmpfs;
    std::optional<std::int32_t> max_swap;  ///< MiB
    std::optional<std::int32_t> swappiness;
};
BOOST_DESCRIBE_STRUCT(LinuxParameters, (),
                      (devices, init_process_enabled, shared_memory_size, tmpfs, max_swap,
                       swappiness))

struct LogConfiguration {
    std::string log_driver;
    StringMap options;
    std::vector<Secret> secret_options;
};
BOOST_DESCRIBE_STRUCT(LogConfiguration, (), (log_driver, options, secret_options))

struct NetworkConfiguration {
    std::optional<std::string> assign_public_ip;
};
BOOST_DESCRIBE_STRUCT(NetworkConfiguration, (), (assign_public_ip))

struct FargatePlatformConfiguration {
    std::optional<std::string> platform_version;
};
BOOST_DESCRIBE_STRUCT(FargatePlatformConfiguration, (), (platform_version))

struct EphemeralStorage {
    std::int32_t size_in_gi_b = 0;
};
BOOST_DESCRIBE_STRUCT(EphemeralStorage, (), (size_in_gi_b))

struct RuntimePlatform {
    std::optional<std::string> operating_system_family;
    std::optional<std::string> cpu_architecture;
};
BOOST_DESCRIBE_STRUCT(RuntimePlatform, (), (operating_system_family, cpu_architecture))

struct RepositoryCredentials {
    std::string credentials_parameter;
};
BOOST_DESCRIBE_STRUCT(RepositoryCredentials, (), (credentials_parameter))

/// What every container has, whether it is alone in its job or one of several.
struct ContainerBase {
    std::optional<std::string> image;
    std::vector<std::string> command;
    std::vector<KeyValue> environment;
    std::vector<MountPoint> mount_points;
    std::optional<bool> readonly_root_filesystem;
    std::optional<bool> privileged;
    std::vector<Ulimit> ulimits;
    std::optional<std::string> user;
    std::vector<ResourceRequirement> resource_requirements;
    std::optional<LinuxParameters> linux_parameters;
    std::optional<LogConfiguration> log_configuration;
    std::vector<Secret> secrets;
    std::optional<RepositoryCredentials> repository_credentials;
};
BOOST_DESCRIBE_STRUCT(ContainerBase, (),
                      (image, command, environment, mount_points, readonly_root_filesystem,
                       privileged, ulimits, user, resource_requirements, linux_parameters,
                       log_configuration, secrets, repository_credentials))

struct ContainerProperties : ContainerBase {
    std::optional<std::int32_t> vcpus;   ///< deprecated form of a VCPU requirement
    std::optional<std::int32_t> memory;  ///< deprecated form of a MEMORY requirement, MiB
    std::optional<std::string> job_role_arn;
    std::optional<std::string> execution_role_arn;
    std::vector<Volume> volumes;
    std::optional<std::string> instance_type;
    std::optional<NetworkConfiguration> network_configuration;
    std::optional<FargatePlatformConfiguration> fargate_platform_configuration;
    std::optional<bool> enable_execute_command;
    std::optional<EphemeralStorage> ephemeral_storage;
    std::optional<RuntimePlatform> runtime_platform;
};
BOOST_DESCRIBE_STRUCT(ContainerProperties, (ContainerBase),
                      (vcpus, memory, job_role_arn, execution_role_arn, volumes, instance_type,
                       network_configuration, fargate_platform_configuration,
                       enable_execute_command, ephemeral_storage, runtime_platform))

}  // namespace batchd::model
