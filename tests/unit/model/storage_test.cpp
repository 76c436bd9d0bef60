// Volumes, mount points, devices and the operator's policy on them.
#include "unit/model/definitions.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::a_definition;
using testing::kAccepted;
using C = ContainerProperties;
using Texts = std::vector<std::string>;

void expect_storage_rules(const ContainerPolicy& policy,
                          const std::vector<testing::Rule<C>>& rules) {
    const JobDefinition good = a_definition();
    testing::expect_rules(*good.container_properties, rules, [&](const C& container) {
        JobDefinition definition = good;
        definition.container_properties = container;
        return validate(definition, policy);
    });
}

std::function<void(C&)> mounts_host_path(const std::string& path) {
    return [path](C& c) { c.volumes = {{"v", HostVolume{path}, {}}}; };
}

std::string refused_path(const std::string& path) {
    return "volumes[0].host.sourcePath '" + path +
           "' is refused by the operator: it is not in or below one of "
           "containers.allowed_host_paths";
}

TEST(Policy, RefusesEverythingByDefault) {
    expect_storage_rules(
        {},
        {
            {"privileged", [](C& c) { c.privileged = true; },
             "privileged 'true' is refused by the operator: containers.allow_privileged is false"},
            {"not privileged", [](C& c) { c.privileged = false; }, kAccepted},
            {"host path", mounts_host_path("/data"), refused_path("/data")},
            {"the root", mounts_host_path("/"), refused_path("/")},
            {"volume of its own", mounts_host_path(""), kAccepted},
            {"device",
             [](C& c) {
                 c.linux_parameters.emplace().devices.emplace_back().host_path = "/dev/kvm";
             },
             "linuxParameters.devices[0].hostPath '/dev/kvm' is refused by the operator: it is "
             "not one of containers.allowed_devices"},
        });
}

TEST(Policy, AllowsPrivilegedContainers) {
    ContainerPolicy policy;
    policy.allow_privileged = true;
    expect_storage_rules(policy, {{"privileged", [](C& c) { c.privileged = true; }, kAccepted}});
}

TEST(Policy, AllowsPathsAndWhatLiesBelowThem) {
    ContainerPolicy policy;
    policy.allowed_host_paths = {"/data", "/scratch/"};
    const auto good = [](const std::string& path) -> testing::Rule<C> {
        return {path, mounts_host_path(path), kAccepted};
    };
    const auto bad = [](const std::string& path) -> testing::Rule<C> {
        return {path, mounts_host_path(path), refused_path(path)};
    };
    expect_storage_rules(policy, {
                                     good("/data"),
                                     good("/data/"),
                                     good("/data/in/put"),
                                     good("//data/./in//put"),
                                     good("/data/x/../y"),
                                     good("/scratch"),
                                     good("/scratch/a"),
                                     bad("/"),
                                     bad("/dat"),
                                     bad("/database"),
                                     bad("/data/.."),
                                     bad("/data/../etc"),
                                     bad("/data/x/../../etc"),
                                     bad("/data/../../data2"),
                                     bad("/etc"),
                                     {"relative", mounts_host_path("data"),
                                      "volumes[0].host.sourcePath 'data' must be an absolute path"},
                                 });
}

TEST(Policy, AllowsTheWholeHost) {
    ContainerPolicy policy;
    policy.allowed_host_paths = {"/"};
    expect_storage_rules(policy, {{"/etc", mounts_host_path("/etc"), kAccepted}});
}

TEST(Policy, AllowsNothingByAnEmptyPath) {
    ContainerPolicy policy;
    policy.allowed_host_paths = {""};
    expect_storage_rules(policy, {{"/etc", mounts_host_path("/etc"), refused_path("/etc")}});
}

TEST(HostPath, IsKeptInItsNormalForm) {
    ContainerPolicy policy;
    policy.allowed_host_paths = {"/data"};
    JobDefinition definition = a_definition();
    auto& volumes = definition.container_properties->volumes;
    volumes = {{"a", HostVolume{"/data//x/../y/"}, {}}, {"b", HostVolume{""}, {}}};
    ASSERT_TRUE(validate(definition, policy));
    EXPECT_EQ(volumes[0].host->source_path, "/data/y");
    EXPECT_FALSE(volumes[1].host->source_path);
}

TEST(Devices, AreAllowedByTheirExactPath) {
    ContainerPolicy policy;
    policy.allowed_devices = {"/dev/kvm"};
    const auto device = [](std::string host, std::string inside, Texts permissions) {
        return [=](C& c) { c.linux_parameters.emplace().devices = {{host, inside, permissions}}; };
    };
    const std::string refused =
        " is refused by the operator: it is not one of containers.allowed_devices";
    expect_storage_rules(
        policy,
        {
            {"allowed", device("/dev/kvm", "/dev/kvm", {"read", "WRITE", "MKNOD"}), kAccepted},
            {"another", device("/dev/kv", "/dev/kvm", {}),
             "linuxParameters.devices[0].hostPath '/dev/kv'" + refused},
            {"detour", device("/dev/kvm/../sda", "/dev/kvm", {}),
             "linuxParameters.devices[0].hostPath '/dev/kvm/../sda'" + refused},
            {"permission", device("/dev/kvm", "/dev/kvm", {"EXEC"}),
             "Invalid permission: EXEC for device /dev/kvm"},
            {"relative", device("/dev/kvm", "kvm", {}),
             "linuxParameters.devices[0].containerPath 'kvm' must be an absolute path"},
        });
}

TEST(Volumes, FollowTheRulesOfAws) {
    const auto volume = [](std::optional<std::string> name) {
        return [name](C& c) { c.volumes.emplace_back().name = name; };
    };
    expect_storage_rules(
        {},
        {
            {"named", volume("azAZ09_-"), kAccepted},
            {"longest", volume(std::string(255, 'v')), kAccepted},
            {"too long", volume(std::string(256, 'v')),
             "volumes[0].name '" + std::string(80, 'v') + "...' must match [A-Za-z0-9_-]{1,255}"},
            {"nameless", volume(std::nullopt),
             "volumes[0].name '' must match [A-Za-z0-9_-]{1,255}"},
            {"bad name", volume("a/b"), "volumes[0].name 'a/b' must match [A-Za-z0-9_-]{1,255}"},
            {"two of one name", [](C& c) { c.volumes = {{"v", {}, {}}, {"v", {}, {}}}; },
             "volumes[1].name 'v' is the name of another volume"},
            {"two configurations",
             [](C& c) { c.volumes = {{"v", HostVolume{}, EfsVolumeConfiguration{}}}; },
             "When the volume parameter is specified, only one volume configuration type should "
             "be used."},
            {"S3 Files",
             [](C& c) {
                 auto& added = c.volumes.emplace_back();
                 added.name = "v";
                 added.s3files_volume_configuration.emplace().file_system_arn = "arn";
             },
             kAccepted},
            {"S3 Files without a file system",
             [](C& c) {
                 auto& added = c.volumes.emplace_back();
                 added.name = "v";
                 added.s3files_volume_configuration.emplace();
             },
             "volumes[0].s3filesVolumeConfiguration.fileSystemArn is required"},
        });
}

TEST(MountPoints, NameAVolume) {
    const auto mount = [](std::optional<std::string> path, std::optional<std::string> volume) {
        return [=](C& c) {
            c.volumes = {{"v", {}, {}}};
            c.mount_points = {{path, {}, volume}};
        };
    };
    expect_storage_rules(
        {},
        {
            {"good", mount("/in", "v"), kAccepted},
            {"unknown volume", mount("/in", "w"),
             "mountPoints[0].sourceVolume 'w' must be the name of a volume"},
            {"no volume", mount("/in", {}),
             "mountPoints[0].sourceVolume '' must be the name of a volume"},
            {"no path", mount({}, "v"), "mountPoints[0].containerPath '' must be an absolute path"},
            {"relative path", mount("in", "v"),
             "mountPoints[0].containerPath 'in' must be an absolute path"},
            {"one volume at two paths",
             [&](C& c) {
                 mount("/a", "v")(c);
                 c.mount_points.push_back({"/b", {}, "v"});
             },
             kAccepted},
            {"one path twice",
             [&](C& c) {
                 mount("/a", "v")(c);
                 c.mount_points.push_back({"/a/", {}, "v"});
             },
             "mountPoints[1].containerPath '/a/' is the path of another mount point"},
        });
}

TEST(Efs, FollowsTheRulesOfAws) {
    using E = EfsVolumeConfiguration;
    const auto efs = [](std::function<void(E&)> change) {
        return [change](C& c) {
            c.volumes.emplace_back().name = "v";
            auto& configuration = c.volumes[0].efs_volume_configuration.emplace();
            configuration.file_system_id = "fs-0123456789abcdef0";
            change(configuration);
        };
    };
    const auto authorize = [](E& e, std::string point, std::string iam, std::string encryption) {
        e.authorization_config.emplace();
        if (!point.empty()) e.authorization_config->access_point_id = point;
        if (!iam.empty()) e.authorization_config->iam = iam;
        if (!encryption.empty()) e.transit_encryption = encryption;
    };
    expect_storage_rules(
        {},
        {
            {"good", efs([](E&) {}), kAccepted},
            {"id", efs([](E& e) { e.file_system_id = "vol-1"; }),
             "EFS configuration fileSystemId is not valid: vol-1."},
            {"id without digits", efs([](E& e) { e.file_system_id = "fs-"; }),
             "EFS configuration fileSystemId is not valid: fs-."},
            {"encryption", efs([](E& e) { e.transit_encryption = "on"; }),
             "efsVolumeConfiguration.transitEncryption 'on' must be one of ENABLED, DISABLED"},
            {"last port", efs([](E& e) { e.transit_encryption_port = 65535; }), kAccepted},
            {"port 65536", efs([](E& e) { e.transit_encryption_port = 65536; }),
             "TransitEncryptionPort must be a valid port number."},
            {"port 0", efs([](E& e) { e.transit_encryption_port = 0; }),
             "TransitEncryptionPort must be a valid port number."},
            {"access point", efs([&](E& e) { authorize(e, "fsap-1", "", "enabled"); }), kAccepted},
            {"access point in the clear", efs([&](E& e) { authorize(e, "fsap-1", "", ""); }),
             "EFS IAM access point requires TransitEncryption to be enabled."},
            {"access point with the root", efs([&](E& e) {
                 authorize(e, "fsap-1", "", "ENABLED");
                 e.root_directory = "/";
             }),
             kAccepted},
            {"access point with a directory", efs([&](E& e) {
                 authorize(e, "fsap-1", "", "ENABLED");
                 e.root_directory = "/x";
             }),
             "When using an EFS access point, the root directory must either be set to \"/\" or "
             "omitted"},
            {"IAM", efs([&](E& e) { authorize(e, "", "enabled", "ENABLED"); }), kAccepted},
            {"IAM in the clear", efs([&](E& e) { authorize(e, "", "enabled", ""); }),
             "EFS IAM authorization requires TransitEncryption to be enabled."},
            {"unknown IAM", efs([&](E& e) { authorize(e, "", "on", ""); }),
             "efsVolumeConfiguration.authorizationConfig.iam 'on' must be one of ENABLED, "
             "DISABLED"},
        });
}

TEST(LinuxParameters, FollowTheRulesOfAws) {
    using L = LinuxParameters;
    const auto parameters = [](std::function<void(L&)> change) {
        return [change](C& c) { change(c.linux_parameters.emplace()); };
    };
    const auto swap = [&](std::optional<std::int32_t> max, std::optional<std::int32_t> swappiness) {
        return parameters([=](L& l) {
            l.max_swap = max;
            l.swappiness = swappiness;
        });
    };
    expect_storage_rules(
        {}, {
                {"empty", parameters([](L&) {}), kAccepted},
                {"shm 1", parameters([](L& l) { l.shared_memory_size = 1; }), kAccepted},
                {"shm 0", parameters([](L& l) { l.shared_memory_size = 0; }),
                 "linuxParameters.sharedMemorySize '0' must be at least 1"},
                {"swap", swap(0, 0), kAccepted},
                {"swap without swappiness", swap(512, {}),
                 "When container specified swap memory, swappiness value is required."},
                {"negative swap", swap(-1, 60), "linuxParameters.maxSwap '-1' must be at least 0"},
                {"swappiness 100", swap(512, 100), kAccepted},
                {"swappiness 101", swap(512, 101),
                 "linuxParameters.swappiness '101' must be between 0 and 100"},
                {"swappiness -1", swap({}, -1),
                 "linuxParameters.swappiness '-1' must be between 0 and 100"},
            });
}

TEST(Tmpfs, FollowsTheRulesOfAws) {
    const auto tmpfs = [](std::string path, std::int32_t size, Texts options) {
        return [=](C& c) { c.linux_parameters.emplace().tmpfs = {{path, size, options}}; };
    };
    const std::string known =
        " must be one of defaults, ro, rw, suid, nosuid, dev, nodev, exec, noexec, sync, async, "
        "dirsync, remount, mand, nomand, atime, noatime, diratime, nodiratime, bind, rbind, "
        "unbindable, runbindable, private, rprivate, shared, rshared, slave, rslave, relatime, "
        "norelatime, strictatime, nostrictatime, mode, uid, gid, nr_inodes, nr_blocks, mpol, size";
    expect_storage_rules(
        {},
        {
            {"good", tmpfs("/tmp", 1, {"noexec", "mode=1777"}), kAccepted},
            {"no size", tmpfs("/tmp", 0, {}),
             "Size of a tmpfs is invalid. The size is required and must be a positive integer."},
            {"no path", tmpfs("", 1, {}),
             "linuxParameters.tmpfs[0].containerPath '' must be an absolute path"},
            {"unknown option", tmpfs("/tmp", 1, {"fast"}),
             "linuxParameters.tmpfs[0].mountOptions 'fast'" + known},
            {"two options in one", tmpfs("/tmp", 1, {"rw,fast"}),
             "linuxParameters.tmpfs[0].mountOptions 'rw,fast'" + known},
            {"smuggled option", tmpfs("/tmp", 1, {"mode=1,fast"}),
             "linuxParameters.tmpfs[0].mountOptions 'mode=1,fast'" + known},
        });
}

}  // namespace
}  // namespace batchd::model
