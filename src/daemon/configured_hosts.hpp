// From the [[hosts]] of the configuration to the hosts of the engine.
#pragma once

#include "batchd/config/config.hpp"
#include "batchd/engine/engine.hpp"

#include <vector>

namespace batchd::daemon {

/// Hands the engine, whose machine has started, what makes its configured hosts those of the
/// configuration: environments and hosts that are missing are made, hosts that are in it no more
/// drain and go. What the engine refuses is logged; the daemon serves without it.
void apply_hosts(engine::Engine& engine, const std::vector<config::Host>& hosts, Timestamp now);

}  // namespace batchd::daemon
