// The running daemon: wiring, signals, and the phases init, run, interrupt, stop.
#pragma once

#include "batchd/base/result.hpp"
#include "batchd/config/config.hpp"
#include "batchd/ports/container_runtime.hpp"

#include <functional>
#include <memory>

namespace batchd::daemon {

/// Makes what carries out attempts in place of the Docker hosts. It may tell its news until it is
/// destroyed, which is when the engine has stopped.
using MakeRuntime =
    std::function<std::unique_ptr<ports::ContainerRuntime>(ports::RuntimeEvents& events)>;

/// Runs until SIGTERM or SIGINT, on the calling thread and its own. Prints "batchd listening on
/// http://ADDRESS:PORT" on stdout when requests are served. A second daemon on the same data folder
/// is refused (Conflict). On a signal new requests are refused, those in flight are finished, and
/// it returns within 5 seconds; containers go on, the next start adopts them. Without
/// `make_runtime` attempts run on Docker hosts, and on Fargate where there is AWS.
Result<> serve(const config::Config& config, const MakeRuntime& make_runtime = {});

/// The program: parses the command line and runs what it asks for. Returns the exit status: 0, 1
/// for a failure, 2 for a wrong command line or configuration.
int run(int argc, char** argv, const MakeRuntime& make_runtime = {});

}  // namespace batchd::daemon
