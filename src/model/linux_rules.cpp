#include "model/container_rules.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace batchd::model {
namespace {

Result<> validate_device(const std::string& field, Device& device, const ContainerPolicy& policy) {
    if (device.container_path) {
        BATCHD_TRY(expect_absolute(field + ".containerPath", *device.container_path));
    }
    if (device.permissions) {
        for (std::string& permission : *device.permissions) {
            std::string upper = to_upper(permission);
            if (upper != "READ" && upper != "WRITE" && upper != "MKNOD") {
                return invalid_argument(fmt::format("Invalid permission: {} for device {}",
                                                    permission, device.host_path));
            }
            permission = std::move(upper);
        }
    }
    const auto& allowed = policy.allowed_devices;
    if (std::ranges::find(allowed, device.host_path) != allowed.end()) return {};
    return invalid_argument(
        fmt::format("{}.hostPath {} is refused by the operator: it is not one of "
                    "containers.allowed_devices",
                    field, quote(device.host_path)));
}

/// The options that ECS knows.
constexpr auto kTmpfsOptions = std::to_array<std::string_view>({
    "defaults",   "ro",          "rw",         "suid",        "nosuid",        "dev",     "nodev",
    "exec",       "noexec",      "sync",       "async",       "dirsync",       "remount", "mand",
    "nomand",     "atime",       "noatime",    "diratime",    "nodiratime",    "bind",    "rbind",
    "unbindable", "runbindable", "private",    "rprivate",    "shared",        "rshared", "slave",
    "rslave",     "relatime",    "norelatime", "strictatime", "nostrictatime", "mode",    "uid",
    "gid",        "nr_inodes",   "nr_blocks",  "mpol",        "size",
});

/// A comma would smuggle in an option that is not in the list.
bool is_tmpfs_option(std::string_view option) {
    return contains(kTmpfsOptions, option.substr(0, option.find('='))) &&
           option.find(',') == std::string_view::npos;
}

Result<> validate_tmpfs(const std::string& field, const Tmpfs& tmpfs) {
    BATCHD_TRY(expect_absolute(field + ".containerPath", tmpfs.container_path));
    if (tmpfs.size < 1) {
        return invalid_argument(
            "Size of a tmpfs is invalid. The size is required and must be a positive integer.");
    }
    if (!tmpfs.mount_options) return {};
    for (const std::string_view option : *tmpfs.mount_options) {
        if (!is_tmpfs_option(option)) {
            return invalid_argument(fmt::format("{}.mountOptions {} must be one of {}", field,
                                                quote(option), join(kTmpfsOptions)));
        }
    }
    return {};
}

Result<> validate_memory(const LinuxParameters& parameters) {
    BATCHD_TRY(expect_at_least("linuxParameters.sharedMemorySize",
                               parameters.shared_memory_size.value_or(1), 1));
    BATCHD_TRY(expect_at_least("linuxParameters.maxSwap", parameters.max_swap.value_or(0), 0));
    if (parameters.max_swap && !parameters.swappiness) {
        return invalid_argument(
            "When container specified swap memory, swappiness value is required.");
    }
    return expect_between("linuxParameters.swappiness", parameters.swappiness.value_or(0), 0, 100);
}

}  // namespace

Result<> validate_linux_parameters(LinuxParameters& parameters, const ContainerPolicy& policy) {
    for (std::size_t i = 0; i < parameters.devices.size(); ++i) {
        BATCHD_TRY(
            validate_device(element("linuxParameters.devices", i), parameters.devices[i], policy));
    }
    for (std::size_t i = 0; i < parameters.tmpfs.size(); ++i) {
        BATCHD_TRY(validate_tmpfs(element("linuxParameters.tmpfs", i), parameters.tmpfs[i]));
    }
    return validate_memory(parameters);
}

}  // namespace batchd::model
