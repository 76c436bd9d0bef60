// What all parts of the runtime share.
#pragma once

#include "batchd/base/log.hpp"
#include "batchd/runtime/docker_runtime.hpp"
#include "runtime/coroutines.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <set>
#include <string>

namespace batchd::runtime {

/// Outlives the coroutines: each host holds it.
struct Context : std::enable_shared_from_this<Context> {
    Context(boost::asio::any_io_executor strand_executor, boost::asio::any_io_executor all_threads,
            DockerOptions docker_options, DockerPorts used_ports)
        : strand(std::move(strand_executor)),
          threads(std::move(all_threads)),
          secret_threads(std::move(used_ports.secret_threads)),
          options(std::move(docker_options)),
          events(used_ports.events),
          logs(used_ports.logs),
          secrets(used_ports.secrets),
          registry_logins(used_ports.registry_logins),
          clock(used_ports.clock),
          coroutines(strand) {}

    boost::asio::any_io_executor strand;          ///< everything runs here
    boost::asio::any_io_executor threads;         ///< except what blocks on the disk
    boost::asio::any_io_executor secret_threads;  ///< and what waits for secrets and logins
    DockerOptions options;
    ports::RuntimeEvents& events;
    ports::LogSink& logs;
    ports::SecretSource& secrets;
    ports::RegistryLogins& registry_logins;
    const Clock& clock;
    DockerCounters counters;
    bool stopping = false;             ///< coroutines end, nothing is reported any more
    std::set<std::string> host_names;  ///< of all hosts that are connected, or should be
    Coroutines coroutines;

    /// Runs `work` on the strand. It must keep alive what it uses.
    void spawn(boost::asio::awaitable<void> work) {
        coroutines.spawn(std::move(work), shared_from_this());
    }
};

}  // namespace batchd::runtime
