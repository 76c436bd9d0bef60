#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace batchd::model {
namespace {

/// Without "." and "..", double slashes and a slash at the end.
std::string normal_path(const std::string& path) {
    std::string normal = std::filesystem::path(path).lexically_normal().string();
    if (normal.size() > 1 && normal.ends_with('/')) normal.pop_back();
    return normal;
}

bool is_in_or_below(const std::string& path, const std::string& parent) {
    if (parent.empty() || !path.starts_with(parent)) return false;
    return path.size() == parent.size() || parent.ends_with('/') || path[parent.size()] == '/';
}

Result<> validate_host(const std::string& field, HostVolume& host, const ContainerPolicy& policy) {
    if (!is_given(host.source_path)) {
        host.source_path.reset();
        return {};
    }
    BATCHD_TRY(expect_absolute(field, *host.source_path));
    const std::string path = normal_path(*host.source_path);
    const bool allowed = std::ranges::any_of(
        policy.allowed_host_paths,
        [&](const std::string& parent) { return is_in_or_below(path, normal_path(parent)); });
    if (!allowed) {
        return invalid_argument(
            fmt::format("{} {} is refused by the operator: it is not in or below one of "
                        "containers.allowed_host_paths",
                        field, quote(*host.source_path)));
    }
    host.source_path = path;
    return {};
}

/// fs- and hexadecimal digits
bool is_file_system_id(std::string_view id) {
    return id.size() > 3 && id.size() <= 128 && id.starts_with("fs-") &&
           id.find_first_not_of("0123456789abcdef", 3) == std::string_view::npos;
}

Result<> validate_efs_authorization(const EfsVolumeConfiguration& efs,
                                    EfsAuthorizationConfig& authorization) {
    BATCHD_TRY(expect_enumerated("efsVolumeConfiguration.authorizationConfig.iam",
                                 authorization.iam, {"ENABLED", "DISABLED"}));
    const bool encrypted = efs.transit_encryption == "ENABLED";
    if (is_given(authorization.access_point_id)) {
        if (!encrypted) {
            return invalid_argument(
                "EFS IAM access point requires TransitEncryption to be enabled.");
        }
        if (is_given(efs.root_directory) && *efs.root_directory != "/") {
            return invalid_argument(
                "When using an EFS access point, the root directory must either be set to \"/\" "
                "or omitted");
        }
    }
    if (authorization.iam == "ENABLED" && !encrypted) {
        return invalid_argument("EFS IAM authorization requires TransitEncryption to be enabled.");
    }
    return {};
}

Result<> validate_efs(EfsVolumeConfiguration& efs) {
    if (!is_file_system_id(efs.file_system_id)) {
        return invalid_argument(
            fmt::format("EFS configuration fileSystemId is not valid: {}.", efs.file_system_id));
    }
    BATCHD_TRY(expect_enumerated("efsVolumeConfiguration.transitEncryption", efs.transit_encryption,
                                 {"ENABLED", "DISABLED"}));
    const std::int32_t port = efs.transit_encryption_port.value_or(2049);
    if (port < 1 || port > 65535) {
        return invalid_argument("TransitEncryptionPort must be a valid port number.");
    }
    if (!efs.authorization_config) return {};
    return validate_efs_authorization(efs, *efs.authorization_config);
}

/// Letters, digits, - and _, up to 255 characters.
bool is_volume_name(std::string_view name) {
    return !name.empty() && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-';
    });
}

Result<> validate_volume(const std::string& field, Volume& volume, const ContainerPolicy& policy) {
    const std::string name = volume.name.value_or("");
    if (!is_volume_name(name)) {
        return invalid_argument(
            fmt::format("{}.name {} must match [A-Za-z0-9_-]{{1,255}}", field, quote(name)));
    }
    const int kinds = static_cast<int>(volume.host.has_value()) +
                      static_cast<int>(volume.efs_volume_configuration.has_value()) +
                      static_cast<int>(volume.s3files_volume_configuration.has_value());
    if (kinds > 1) {
        return invalid_argument(
            "When the volume parameter is specified, only one volume configuration type should "
            "be used.");
    }
    const auto& s3files = volume.s3files_volume_configuration;
    if (s3files && s3files->file_system_arn.empty()) {
        return invalid_argument(field + ".s3filesVolumeConfiguration.fileSystemArn is required");
    }
    if (volume.efs_volume_configuration) return validate_efs(*volume.efs_volume_configuration);
    if (volume.host) return validate_host(field + ".host.sourcePath", *volume.host, policy);
    return {};
}

Result<> validate_mount_points(const std::vector<MountPoint>& mounts,
                               const std::set<std::string>& volumes) {
    std::set<std::string> paths;
    for (std::size_t i = 0; i < mounts.size(); ++i) {
        const std::string field = element("mountPoints", i);
        const std::string path = mounts[i].container_path.value_or("");
        const std::string volume = mounts[i].source_volume.value_or("");
        if (!volumes.contains(volume)) {
            return invalid_argument(fmt::format("{}.sourceVolume {} must be the name of a volume",
                                                field, quote(volume)));
        }
        BATCHD_TRY(expect_absolute(field + ".containerPath", path));
        if (path.find_first_not_of('/') == std::string::npos) {
            return invalid_argument(field + ".containerPath '" + path +
                                    "' is the container's own root, which no volume can replace");
        }
        if (!paths.insert(normal_path(path)).second) {
            return invalid_argument(fmt::format(
                "{}.containerPath {} is the path of another mount point", field, quote(path)));
        }
    }
    return {};
}

}  // namespace

Result<> validate_storage(ContainerProperties& container, const ContainerPolicy& policy) {
    std::set<std::string> names;
    for (std::size_t i = 0; i < container.volumes.size(); ++i) {
        Volume& volume = container.volumes[i];
        const std::string field = element("volumes", i);
        BATCHD_TRY(validate_volume(field, volume, policy));
        if (!names.insert(*volume.name).second) {
            return invalid_argument(fmt::format("{}.name {} is the name of another volume", field,
                                                quote(*volume.name)));
        }
    }
    return validate_mount_points(container.mount_points, names);
}

}  // namespace batchd::model
