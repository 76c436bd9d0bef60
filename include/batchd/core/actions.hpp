// What core wants done outside, after the step's changes are durable.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/job.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace batchd::core {

/// Run the attempt's container. The job's spec is in the store, under `seq`.
struct StartContainer {
    std::int64_t seq = 0;
    model::AttemptId id;
    std::string host;
    std::string queue;        ///< name
    std::string environment;  ///< name
    model::Resources resources;
    std::vector<std::string> gpus;  ///< ids
    std::int32_t array_size = 0;    ///< of the array whose child the job is; 0 for other jobs
    std::int32_t num_nodes = 0;     ///< of the multi-node job whose node it is; 0 for other jobs
    std::int32_t main_node = 0;
    std::string main_address;  ///< for nodes other than the main one
    std::string main_host;     ///< likewise
};

struct StopContainer {
    model::AttemptId id;
    Seconds grace{};
};

/// The attempt's end is durable: its container may go. One that runs all the same is killed.
struct ForgetContainer {
    model::AttemptId id;
};

/// The host is there, or what it is has changed: its Engine is to be connected to.
struct ConnectHost {
    model::Host host;
};

/// The host is no more: nothing of it matters. Comes after the actions for its attempts.
struct DisconnectHost {
    std::string name;
};

/// Launch instances of one type in one zone. The token makes repetitions harmless.
struct LaunchInstances {
    std::int64_t decision = 0;  ///< id; the answer names it
    std::string environment;    ///< name
    std::string token;          ///< at most 64 characters, the same after a restart
    std::string type;
    std::string zone;  ///< the subnet
    bool is_spot = false;
    std::int64_t count = 0;
    std::vector<std::string> other_types;  ///< what a fleet may launch instead
};

struct TerminateInstances {
    std::string environment;  ///< name
    std::vector<std::string> ids;
};

using Action = std::variant<StartContainer, StopContainer, ForgetContainer, ConnectHost,
                            DisconnectHost, LaunchInstances, TerminateInstances>;

}  // namespace batchd::core
