// Carries out attempts on Docker hosts.
//
// Each host has one connection loop, one stream of events; the end of a container is not
// polled for, only what it uses is looked at, ever more rarely. Each attempt is one coroutine.
// Everything runs on one strand of the io_context, which any number of threads may run.
#pragma once

#include "batchd/net/endpoint.hpp"
#include "batchd/ports/container_runtime.hpp"
#include "batchd/ports/log_sink.hpp"
#include "batchd/ports/registry_logins.hpp"
#include "batchd/ports/secret_source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace batchd::runtime {

struct DockerHost {
    std::string name;
    std::string url;  ///< unix:///path or tcp://host:port
    net::Tls tls{};
    /// What jobs may use, where it differs from what the Engine says.
    std::optional<MilliVcpu> vcpu{};
    std::optional<MiB> memory{};
    std::vector<std::string> gpus{};  ///< ids, each once; empty: those that the Engine tells of
};

struct DockerOptions {
    std::vector<DockerHost> hosts;  ///< the local ones: connected to as long as the runtime lives
    /// Marks the containers of this daemon; it must stay the same over restarts, and differ from
    /// that of other daemons on the same Engine.
    std::string instance;
    std::string network_mode = "bridge";
    /// With network mode none: namespaces are made by the OCI runtime, not the Engine.
    bool lean_networks = true;
    std::string
        runtime{};  ///< the OCI runtime, where an Engine has it; empty: the Engine's default
    std::map<std::string, ports::RegistryLogin> registries;  ///< by host; "docker.io" is Docker Hub
    std::size_t concurrent_starts = 4;                       ///< per host
    Seconds stats_every{10};  ///< how often at least is looked at what a container uses; 0: never
    Seconds reconcile_every{30};  ///< how often the containers that exist are listed
};

/// What the runtime works with. The references must outlive the io_context's last run.
struct DockerPorts {
    ports::RuntimeEvents& events;
    ports::LogSink& logs;
    ports::SecretSource& secrets;
    ports::RegistryLogins& registry_logins;       ///< asked where the options have no login
    boost::asio::any_io_executor secret_threads;  ///< where both are asked: they may block
    const Clock& clock;
};

/// Counted since the start; any thread reads them.
struct DockerCounters {
    std::atomic<std::uint64_t> containers_started{0};
    std::atomic<std::uint64_t> start_failures{0};
    std::atomic<std::uint64_t> pulls{0};
};

class DockerRuntime final : public ports::ContainerRuntime {
  public:
    /// Begins to connect to the local hosts.
    DockerRuntime(boost::asio::io_context& io, DockerOptions options, DockerPorts used_ports);
    /// Call shutdown first if `io` still runs.
    ~DockerRuntime() override;

    // Any thread; each returns at once. No container is removed as nobody's before adopt().
    void start(ports::StartAttempt attempt) override;
    void stop(model::AttemptId id, Seconds grace) override;
    void forget(model::AttemptId id) override;
    void connect(model::Host host) override;
    void disconnect(std::string name) override;
    void adopt(std::vector<model::Host> hosts, std::vector<Adopt> attempts) override;

    /// Stops to follow everything and flushes the logs; containers go on, and no event follows.
    /// Takes two seconds at most. Any executor.
    boost::asio::awaitable<void> shutdown();

    const DockerCounters& counters() const;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace batchd::runtime
