// What carries out attempts: the engine says what shall run, the runtime tells what happened.
#pragma once

#include "batchd/base/time.hpp"
#include "batchd/model/host.hpp"
#include "batchd/model/job.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace batchd::ports {

/// What the compute environment says of a task of Amazon ECS on Fargate.
struct FargatePlacement {
    bool is_spot = false;
    std::vector<std::string> subnets;
    std::vector<std::string> security_groups;
    std::map<std::string, std::string> tags;  ///< those that the task inherits from its job
};

/// Everything that the start of an attempt's containers needs. The intent is durable before the
/// engine hands it over.
struct StartAttempt {
    model::AttemptId id;
    std::string host;
    std::string job_name;
    std::string queue;                ///< name, for AWS_BATCH_JQ_NAME
    std::string compute_environment;  ///< name, for AWS_BATCH_CE_NAME
    model::Resources resources;       ///< of all containers
    std::vector<std::string> gpus;    ///< ids: as many as that says, for no other attempt
    std::int32_t array_size = 0;      ///< if the job is a child of an array
    /// Such a child may run in a container that others of its array ran in before.
    bool warm_slots = false;
    std::int32_t num_nodes = 0;  ///< if the job is a node of a multi-node job
    std::int32_t main_node = 0;
    std::string main_address;                 ///< of the main node; empty for that itself
    std::string main_host;                    ///< on which the main node runs
    model::EcsTaskProperties task;            ///< resolved: commands without Ref::
    std::vector<model::LogNames> logs;        ///< of its containers
    std::optional<FargatePlacement> fargate;  ///< set: no Docker host, but Fargate runs it
};

using model::AttemptOutcome;

/// Where the runtime's news go; the engine implements it. Any thread; never blocks.
class RuntimeEvents {
  public:
    virtual ~RuntimeEvents() = default;
    /// The host's Engine answers. `capacity` is what jobs may use of it in all, beside its GPUs,
    /// whose ids `gpus` lists, each once. Sent again when any of it changes.
    virtual void host_up(std::string host, model::Resources capacity,
                         std::vector<std::string> gpus) = 0;
    /// The host's Engine does not answer; `reason` is for people. Attempts there go on.
    virtual void host_down(std::string host, std::string reason) = 0;
    /// The host was told that it will be taken away, as a Spot instance is; those that run there
    /// have until `at`, if that is known.
    virtual void host_leaving(std::string host, std::optional<Timestamp> at) = 0;
    /// The attempt runs: all its containers were started, those before them have ended as they
    /// should. Comes before attempt_ended, for each attempt whose container was really started;
    /// the id is that of the first essential one.
    /// `address`: of a node of a multi-node job, where other nodes reach it; else empty.
    virtual void attempt_started(model::AttemptId id, std::string container_id,
                                 Timestamp started_at, std::string address) = 0;
    virtual void attempt_ended(model::AttemptId id, AttemptOutcome outcome) = 0;
};

/// Every call returns at once; what happens is told through RuntimeEvents. Called by the engine's
/// thread. Calls are idempotent: repeating one after a crash does no harm.
class ContainerRuntime {
  public:
    virtual ~ContainerRuntime() = default;

    /// Pulls images that are missing, creates and starts the containers, in the order of their
    /// dependencies.
    virtual void start(StartAttempt attempt) = 0;

    /// SIGTERM, after `grace`, or the container's own stopTimeout, SIGKILL. Before the container
    /// runs: gives up the start. Either way attempt_ended follows. Unknown attempts are ignored.
    virtual void stop(model::AttemptId id, Seconds grace) = 0;

    /// The outcome is durable: the container and what belongs to it may go. An attempt that has not
    /// ended is killed, and nothing more is told of it.
    virtual void forget(model::AttemptId id) = 0;

    /// Begins to connect to a host beside the local ones. A host of that name that is known takes
    /// over what has changed; with another url or certificate directory it is as if it had been
    /// disconnected first.
    virtual void connect(model::Host host) = 0;

    /// The host is no more: what still runs there is killed, as far as it can be reached, and
    /// nothing more is told of it. Unknown names are ignored.
    virtual void disconnect(std::string name) = 0;

    /// The hosts and the attempts that should exist, after a start of the daemon or after the
    /// engine had to rebuild its state; called once before any other call. Hosts beside the local
    /// ones that are not in the list are disconnected, the others connected. For each attempt the
    /// runtime looks at what is really there and tells its present state again (started, ended); an
    /// attempt whose container was never created is started now. Containers of this daemon that
    /// belong to none of them are removed.
    struct Adopt {
        StartAttempt attempt;
        bool was_running = false;  ///< the engine knows that it ran: a missing container is lost
        std::optional<Seconds> stop_with_grace;  ///< set if it was being stopped
    };
    virtual void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) = 0;
};

}  // namespace batchd::ports
