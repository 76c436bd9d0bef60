// What a container is created with: AWS Batch's properties of containers in the Engine's words.
// Pure; any thread.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/ports/container_runtime.hpp"

#include <string>
#include <vector>

namespace batchd::docker {

struct CreateOptions {
    std::string network_mode = "bridge";
    std::string instance;                  ///< of the daemon, for the label batchd.instance
    std::vector<std::string> log_drivers;  ///< that the host's Engine has
    std::size_t container = 0;             ///< which of the attempt's
    std::string sandbox{};  ///< id of the container whose namespaces the task shares; if needed
    bool host_has_gpus = false;  ///< which jobs may ask for
    /// On the Engine's host, where may_be_lean: the container's network is made by the OCI runtime
    /// alone, and this is its /etc/hosts. Empty: the Engine makes both.
    std::string hosts_file{};
    std::string agent_file{};  ///< for slot_body: on the Engine's host
    std::string runtime{};     ///< the OCI runtime's name; empty: the Engine's default
};

/// The values of a container's secrets. They are in no document that is kept or shown.
struct SecretValues {
    std::vector<model::KeyValue> environment;  ///< of `secrets`
    std::vector<model::KeyValue> log_options;  ///< of `secretOptions`
};

inline constexpr std::string_view kInstanceLabel = "batchd.instance";
inline constexpr std::string_view kHostLabel = "batchd.host";  ///< the name that batchd gives it

/// "batchd-<task id>": who repeats the creation after a crash finds the first container.
std::string container_name(const model::AttemptId& id);
/// The same for an only container, "batchd-<task id>-<name>" for one of several.
std::string container_name(const ports::StartAttempt& attempt, std::size_t container);
/// What the names of a task's containers and volumes begin with; `name` is one of them.
std::string_view task_prefix(std::string_view name);

/// Whether the attempt's containers share namespaces that none of them can hold: one that has the
/// name container_name(id), made by sandbox_body, must outlive them.
bool needs_sandbox(const ports::StartAttempt& attempt, std::string_view network_mode);

/// The JSON body for that one, of the image in docker/pause_image.hpp.
std::string sandbox_body(const ports::StartAttempt& attempt, const CreateOptions& options);

/// Whether the attempt's network is a namespace of its own with nothing but a loopback, for which
/// the Engine's part (it starts itself twice for each) can be left out: options.hosts_file.
bool may_be_lean(const ports::StartAttempt& attempt, std::string_view network_mode);

/// The volume whose file kHostsFile is every lean container's /etc/hosts and kAgentFile the first
/// process of slots, and the JSON body for the container that makes it, of the image in
/// docker/pause_image.hpp: it need not be started.
std::string hosts_volume(std::string_view instance);
std::string hosts_body(const std::string& host, std::string_view instance);
inline constexpr std::string_view kHostsFile = "hosts";
inline constexpr std::string_view kAgentFile = "agent";

/// Named volumes that live as long as the attempt: those without a path on the host.
std::vector<std::string> task_volumes(const ports::StartAttempt& attempt);

/// The JSON body of POST /containers/create. InvalidArgument, in the words of an Engine, for what
/// cannot be carried out: a log driver that the host does not have, EFS volumes, mount points
/// without a volume.
///
/// On a host with GPUs NVIDIA_VISIBLE_DEVICES names those of the container, or is `void`: an image
/// or a job that says `all` would get those of other jobs from the NVIDIA runtime. The containers
/// of a task have theirs in their order.
///
/// A variable that is there twice is the secret's rather than the job's, and batchd's own rather
/// than either's.
///
/// The output of jobs is kept by batchd, so the drivers json-file, local, journald and awslogs all
/// become json-file, which can always be read back.
Result<std::string> create_body(const ports::StartAttempt& attempt, const SecretValues& secrets,
                                const CreateOptions& options);

/// "batchd-<task id>-slot": of the attempt for which the slot is made.
std::string slot_name(const model::AttemptId& id);

/// The same for the container of a slot (StartAttempt::warm_slots): the agent runs in it, and
/// nothing in it is of one attempt alone but the labels, which name the one that it is made for.
Result<std::string> slot_body(const ports::StartAttempt& attempt, const CreateOptions& options);

/// The environment of the attempt's container, as create_body has it: NAME=VALUE.
Result<std::vector<std::string>> environment_of(const ports::StartAttempt& attempt,
                                                const SecretValues& secrets,
                                                const CreateOptions& options);

}  // namespace batchd::docker
