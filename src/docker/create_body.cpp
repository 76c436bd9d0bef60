#include "batchd/docker/create_body.hpp"

#include "batchd/docker/pause_image.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>
#include <utility>

namespace batchd::docker {
namespace {

using Json = nlohmann::json;
using model::TaskContainerProperties;
using ports::StartAttempt;

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kEngineMinimumMiB = 6;  // Batch allows 4; the Engine refuses below 6
constexpr int kStopTimeoutSeconds = 30;
constexpr const char* kHostsPath = "/etc/hosts";
constexpr const char* kAgentPath = "/.batchd-agent";

std::string joined(std::span<const std::string> list) {
    std::string text;
    for (const auto& item : list) text += (text.empty() ? "" : ",") + item;
    return text;
}

/// Later ones win. None is there twice: what a program sees then is its own choice.
std::vector<std::string> variables_of(const StartAttempt& attempt, const SecretValues& secrets,
                                      const CreateOptions& options,
                                      std::span<const std::string> gpus) {
    const auto& container = attempt.task.containers[options.container];
    std::vector<model::KeyValue> variables;
    const auto add = [&](const std::string& name, const std::string& value) {
        std::erase_if(variables, [&](const model::KeyValue& v) { return v.name == name; });
        variables.push_back({.name = name, .value = value});
    };
    for (const auto& entry : container.environment) add(entry.name, entry.value);
    for (const auto& entry : secrets.environment) add(entry.name, entry.value);
    add("AWS_EXECUTION_ENV", "AWS_ECS_EC2");
    add("AWS_BATCH_JOB_ID", to_string(attempt.id.job));
    add("AWS_BATCH_JOB_ATTEMPT", std::to_string(attempt.id.number));
    if (attempt.id.job.is_child()) {
        add("AWS_BATCH_JOB_ARRAY_INDEX", std::to_string(attempt.id.job.index()));
        add("AWS_BATCH_JOB_ARRAY_SIZE", std::to_string(attempt.array_size));
    }
    if (attempt.id.job.is_node()) {
        add("AWS_BATCH_JOB_NUM_NODES", std::to_string(attempt.num_nodes));
        add("AWS_BATCH_JOB_NODE_INDEX", std::to_string(attempt.id.job.index()));
        add("AWS_BATCH_JOB_MAIN_NODE_INDEX", std::to_string(attempt.main_node));
        if (attempt.id.job.index() != attempt.main_node) {
            add("AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS", attempt.main_address);
        }
    }
    add("AWS_BATCH_JQ_NAME", attempt.queue);
    add("AWS_BATCH_CE_NAME", attempt.compute_environment);
    if (!gpus.empty()) {
        add("NVIDIA_VISIBLE_DEVICES", joined(gpus));
    } else if (options.host_has_gpus) {
        add("NVIDIA_VISIBLE_DEVICES", "void");
    }
    std::vector<std::string> list;
    for (const auto& variable : variables) list.push_back(variable.name + "=" + variable.value);
    return list;
}

bool is_on_host(const model::Volume& volume) {
    return volume.host && volume.host->source_path && !volume.host->source_path->empty();
}

std::string volume_name(const model::AttemptId& id, const model::Volume& volume) {
    return container_name(id) + "-" + volume.name.value_or("");
}

Json volume_mount(const StartAttempt& attempt, const CreateOptions& options,
                  const model::Volume& volume, const model::MountPoint& point) {
    return {{"Type", "volume"},
            {"Source", volume_name(attempt.id, volume)},
            {"Target", *point.container_path},
            {"ReadOnly", point.read_only.value_or(false)},
            {"VolumeOptions",
             {{"Labels", {{kInstanceLabel, options.instance}, {kHostLabel, attempt.host}}}}}};
}

/// Binds rather than Mounts for paths of the host: they make a missing directory, as ECS does.
Result<> add_mount(const StartAttempt& attempt, const CreateOptions& options,
                   const model::MountPoint& point, Json& host_config) {
    const auto& volumes = attempt.task.volumes;
    const auto volume = std::ranges::find_if(
        volumes, [&](const model::Volume& v) { return v.name == point.source_volume; });
    if (volume == volumes.end() || !point.container_path) {
        return invalid_argument("mount point '" + point.container_path.value_or("") +
                                "' names no volume of the job: '" +
                                point.source_volume.value_or("") + "'");
    }
    if (volume->efs_volume_configuration || volume->s3files_volume_configuration) {
        return invalid_argument("volume '" + volume->name.value_or("") +
                                "' is on EFS or S3, which this host cannot mount");
    }
    if (!is_on_host(*volume)) {
        host_config["Mounts"].push_back(volume_mount(attempt, options, *volume, point));
        return {};
    }
    const std::string& source = *volume->host->source_path;
    if (source.contains(':') || point.container_path->contains(':')) {
        return invalid_argument("volume path '" + source + "' or '" + *point.container_path +
                                "' contains a colon");
    }
    host_config["Binds"].push_back(source + ":" + *point.container_path +
                                   (point.read_only.value_or(false) ? ":ro" : ""));
    return {};
}

std::string cgroup_permissions(const model::Device& device) {
    if (!device.permissions || device.permissions->empty()) return "rwm";
    std::string letters;
    for (const auto& permission : *device.permissions) {
        if (permission == "READ") letters += 'r';
        if (permission == "WRITE") letters += 'w';
        if (permission == "MKNOD") letters += 'm';
    }
    return letters;
}

void add_linux_parameters(const model::LinuxParameters& linux_parameters, std::int64_t memory_mib,
                          Json& host_config) {
    for (const auto& device : linux_parameters.devices) {
        host_config["Devices"].push_back(
            {{"PathOnHost", device.host_path},
             {"PathInContainer", device.container_path.value_or(device.host_path)},
             {"CgroupPermissions", cgroup_permissions(device)}});
    }
    for (const auto& tmpfs : linux_parameters.tmpfs) {
        std::string mount = "size=" + std::to_string(tmpfs.size) + "m";
        for (const auto& option : tmpfs.mount_options.value_or(std::vector<std::string>{})) {
            mount += "," + option;
        }
        host_config["Tmpfs"][tmpfs.container_path] = mount;
    }
    if (linux_parameters.init_process_enabled) {
        host_config["Init"] = *linux_parameters.init_process_enabled;
    }
    if (linux_parameters.shared_memory_size) {
        host_config["ShmSize"] = *linux_parameters.shared_memory_size * kMiB;
    }
    if (linux_parameters.max_swap) {
        host_config["MemorySwap"] = (memory_mib + *linux_parameters.max_swap) * kMiB;
        // AWS ignores swappiness without maxSwap.
        if (linux_parameters.swappiness) {
            host_config["MemorySwappiness"] = *linux_parameters.swappiness;
        }
    }
}

bool contains(const auto& list, std::string_view value) {
    return std::ranges::find(list, value) != std::ranges::end(list);
}

Result<Json> log_config(const TaskContainerProperties& container, const SecretValues& secrets,
                        const CreateOptions& options) {
    if (model::is_log_kept(container)) {
        return Json{{"Type", "json-file"}, {"Config", Json::object()}};
    }
    const auto& wanted = *container.log_configuration;
    if (!contains(options.log_drivers, wanted.log_driver)) {
        return invalid_argument("logger: no log driver named '" + wanted.log_driver +
                                "' is registered");
    }
    Json config = wanted.options;
    for (const auto& option : secrets.log_options) config[option.name] = option.value;
    return Json{{"Type", wanted.log_driver}, {"Config", std::move(config)}};
}

void add_ulimits(const TaskContainerProperties& container, Json& host_config) {
    for (const auto& limit : container.ulimits) {
        host_config["Ulimits"].push_back(
            {{"Name", limit.name}, {"Soft", *limit.soft_limit}, {"Hard", *limit.hard_limit}});
    }
}

void add_gpus(std::span<const std::string> gpus, Json& host_config) {
    if (gpus.empty()) return;
    host_config["DeviceRequests"] = Json::array(
        {{{"Driver", "nvidia"}, {"DeviceIDs", gpus}, {"Capabilities", Json::array({{"gpu"}})}}});
}

/// Without a network of their own, the nodes of a job meet in the main one's namespace, which holds
/// nothing but a loopback.
std::string network_of(const StartAttempt& attempt, const CreateOptions& options) {
    const bool joins_main = options.network_mode == "none" && attempt.num_nodes > 0 &&
                            attempt.id.job.index() != attempt.main_node &&
                            attempt.host == attempt.main_host;
    if (!joins_main) return options.network_mode;
    return "container:" +
           container_name(model::AttemptId{.job = attempt.id.job.whole().node(attempt.main_node),
                                           .number = attempt.id.number});
}

/// A mode of a namespace, or that of the container which holds it for the whole task.
std::string shared(const std::string& mode, const std::string& sandbox) {
    return mode == "host" || sandbox.empty() ? mode : "container:" + sandbox;
}

void add_namespaces(const StartAttempt& attempt, const CreateOptions& options, Json& host_config) {
    const auto& ipc = attempt.task.ipc_mode;
    const auto& pid = attempt.task.pid_mode;
    host_config["NetworkMode"] = shared(network_of(attempt, options), options.sandbox);
    if (ipc == "host" || ipc == "none") host_config["IpcMode"] = ipc == "host" ? *ipc : "private";
    if (pid == "host") host_config["PidMode"] = *pid;
    if (options.sandbox.empty()) return;
    if (ipc == "task") host_config["IpcMode"] = shared(*ipc, options.sandbox);
    if (pid == "task") host_config["PidMode"] = shared(*pid, options.sandbox);
}

/// Read-only, since many containers have the same file. Mounts rather than Binds: they make no
/// folder where the file is missing.
void add_file(const std::string& source, const char* target, Json& body) {
    body["HostConfig"]["Mounts"].push_back(
        {{"Type", "bind"}, {"Source", source}, {"Target", target}, {"ReadOnly", true}});
}

void make_lean(const std::string& hosts_file, Json& body) {
    body["NetworkDisabled"] = true;
    add_file(hosts_file, kHostsPath, body);
}

/// An only container has what its job has.
Result<model::Resources> resources_of(const StartAttempt& attempt, std::size_t container) {
    const auto& containers = attempt.task.containers;
    return containers.size() == 1 ? attempt.resources : model::resources_of(containers[container]);
}

/// A container's part of the attempt's GPUs.
Result<std::span<const std::string>> gpus_of(const StartAttempt& attempt, std::size_t container) {
    std::size_t before = 0;
    std::size_t own = 0;
    for (std::size_t i = 0; i <= container; ++i) {
        const auto resources = resources_of(attempt, i);
        if (!resources) return std::unexpected(resources.error());
        before += std::exchange(own, static_cast<std::size_t>(resources->gpus));
    }
    if (before + own > attempt.gpus.size()) {
        return fail(ErrorKind::Internal, "the attempt has fewer GPUs than its containers ask for");
    }
    return std::span(attempt.gpus).subspan(before, own);
}

Result<Json> host_config_of(const StartAttempt& attempt, const SecretValues& secrets,
                            const CreateOptions& options, std::span<const std::string> gpus) {
    const auto& container = attempt.task.containers[options.container];
    const auto resources = resources_of(attempt, options.container);
    if (!resources) return std::unexpected(resources.error());
    const std::int64_t memory_mib = std::max(resources->memory.value, kEngineMinimumMiB);
    const bool privileged = container.privileged.value_or(false);
    Json config{{"CpuShares", std::max<std::int64_t>(2, resources->vcpu.value * 1024 / 1000)},
                {"Memory", memory_mib * kMiB},
                {"Privileged", privileged},
                {"ReadonlyRootfs", container.readonly_root_filesystem.value_or(false)},
                {"RestartPolicy", {{"Name", "no"}}},
                {"AutoRemove", false}};
    add_namespaces(attempt, options, config);
    if (!options.runtime.empty()) config["Runtime"] = options.runtime;
    if (!privileged) config["SecurityOpt"] = Json::array({"no-new-privileges"});
    auto logs = log_config(container, secrets, options);
    if (!logs) return std::unexpected(std::move(logs).error());
    config["LogConfig"] = std::move(*logs);
    add_ulimits(container, config);
    add_gpus(gpus, config);
    if (container.linux_parameters) {
        add_linux_parameters(*container.linux_parameters, memory_mib, config);
    }
    for (const auto& point : container.mount_points) {
        BATCHD_TRY(add_mount(attempt, options, point, config));
    }
    return config;
}

Json labels_of(const StartAttempt& attempt, const CreateOptions& options) {
    return {{kInstanceLabel, options.instance},
            {kHostLabel, attempt.host},
            {"batchd.job", to_string(attempt.id.job)},
            {"batchd.attempt", std::to_string(attempt.id.number)},
            {"batchd.task", model::task_id(attempt.id)}};
}

Result<Json> body_of(const StartAttempt& attempt, const SecretValues& secrets,
                     const CreateOptions& options) {
    const auto& container = attempt.task.containers[options.container];
    const auto gpus = gpus_of(attempt, options.container);
    if (!gpus) return std::unexpected(gpus.error());
    auto host_config = host_config_of(attempt, secrets, options, *gpus);
    if (!host_config) return std::unexpected(std::move(host_config).error());
    Json body{{"Image", container.image.value_or("")},
              {"Env", variables_of(attempt, secrets, options, *gpus)},
              {"StopTimeout", container.stop_timeout.value_or(kStopTimeoutSeconds)},
              {"Labels", labels_of(attempt, options)},
              {"HostConfig", std::move(*host_config)}};
    if (!container.command.empty()) body["Cmd"] = container.command;
    if (container.user) body["User"] = *container.user;
    if (!options.hosts_file.empty()) make_lean(options.hosts_file, body);
    if (attempt.task.containers.size() > 1) {
        body["Labels"]["batchd.container"] = container.name.value_or("");
    }
    return body;
}

std::string to_text(const Json& body) {
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string container_name(const model::AttemptId& id) { return "batchd-" + model::task_id(id); }

std::string container_name(const StartAttempt& attempt, std::size_t container) {
    const auto& containers = attempt.task.containers;
    if (containers.size() == 1) return container_name(attempt.id);
    return container_name(attempt.id) + "-" + containers[container].name.value_or("");
}

std::string_view task_prefix(std::string_view name) {
    return name.substr(0, container_name(model::AttemptId{}).size());
}

bool needs_sandbox(const StartAttempt& attempt, std::string_view network_mode) {
    if (attempt.task.containers.size() == 1) return false;
    return network_mode != "host" || attempt.task.ipc_mode == "task" ||
           attempt.task.pid_mode == "task";
}

std::string sandbox_body(const StartAttempt& attempt, const CreateOptions& options) {
    Json host_config{{"NetworkMode", network_of(attempt, options)},
                     {"ReadonlyRootfs", true},
                     {"LogConfig", {{"Type", "none"}}},
                     {"SecurityOpt", Json::array({"no-new-privileges"})}};
    if (attempt.task.ipc_mode == "task") host_config["IpcMode"] = "shareable";
    return to_text({{"Image", kPauseImage},
                    {"Cmd", Json::array({"/pause"})},
                    {"Labels", labels_of(attempt, options)},
                    {"HostConfig", std::move(host_config)}});
}

bool may_be_lean(const StartAttempt& attempt, std::string_view network_mode) {
    if (network_mode != "none" || attempt.num_nodes > 0) return false;
    if (attempt.task.containers.size() != 1) return false;
    const auto is_hosts = [](const model::MountPoint& point) {
        const std::filesystem::path path(point.container_path.value_or(""));
        return path.lexically_normal() == kHostsPath;
    };
    return std::ranges::none_of(attempt.task.containers[0].mount_points, is_hosts);
}

/// With the image's tag: a volume that is there keeps the files of an older daemon.
std::string hosts_volume(std::string_view instance) {
    return "batchd-hosts-" + std::string(instance) + "-" + std::string(kPauseTag);
}

/// The Engine copies what the image has at a new volume's place into it.
std::string hosts_body(const std::string& host, std::string_view instance) {
    const Json labels{{kInstanceLabel, instance}, {kHostLabel, host}};
    const Json mount{{"Type", "volume"},
                     {"Source", hosts_volume(instance)},
                     {"Target", kHostsFolder},
                     {"VolumeOptions", {{"Labels", labels}}}};
    return to_text({{"Image", kPauseImage},
                    {"Cmd", Json::array({"/pause"})},
                    {"Labels", labels},
                    {"HostConfig", {{"NetworkMode", "none"}, {"Mounts", Json::array({mount})}}}});
}

std::vector<std::string> task_volumes(const StartAttempt& attempt) {
    std::vector<std::string> names;
    const auto is_mounted_by = [](const TaskContainerProperties& container, const auto& volume) {
        return std::ranges::any_of(container.mount_points, [&](const model::MountPoint& point) {
            return point.source_volume == volume.name;
        });
    };
    for (const auto& volume : attempt.task.volumes) {
        const bool is_mounted = std::ranges::any_of(
            attempt.task.containers,
            [&](const auto& container) { return is_mounted_by(container, volume); });
        if (is_mounted && !is_on_host(volume) && !volume.efs_volume_configuration) {
            names.push_back(volume_name(attempt.id, volume));
        }
    }
    return names;
}

Result<std::string> create_body(const StartAttempt& attempt, const SecretValues& secrets,
                                const CreateOptions& options) {
    const auto body = body_of(attempt, secrets, options);
    if (!body) return std::unexpected(body.error());
    return to_text(*body);
}

std::string slot_name(const model::AttemptId& id) { return container_name(id) + "-slot"; }

/// The daemon reads what a slot writes as it comes. When the daemon goes, so does its end of the
/// slot's input, and with it the slot.
Result<std::string> slot_body(const StartAttempt& attempt, const CreateOptions& options) {
    auto body = body_of(attempt, {}, options);
    if (!body) return std::unexpected(std::move(body).error());
    body->erase("Cmd");
    (*body)["Entrypoint"] = Json::array({kAgentPath});
    // The OCI runtime reads this one; all others are of the attempts.
    (*body)["Env"] = Json::array();
    if (options.host_has_gpus) (*body)["Env"].push_back("NVIDIA_VISIBLE_DEVICES=void");
    for (const char* on : {"OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"})
        (*body)[on] = true;
    (*body)["HostConfig"]["LogConfig"] = {{"Type", "none"}};
    (*body)["HostConfig"]["Init"] = false;  // the agent reaps what is left
    add_file(options.agent_file, kAgentPath, *body);
    return to_text(*body);
}

Result<std::vector<std::string>> environment_of(const StartAttempt& attempt,
                                                const SecretValues& secrets,
                                                const CreateOptions& options) {
    const auto gpus = gpus_of(attempt, options.container);
    if (!gpus) return std::unexpected(gpus.error());
    return variables_of(attempt, secrets, options, *gpus);
}

}  // namespace batchd::docker
