// From the [[webhooks]] of the configuration to the webhooks of the engine.
#pragma once

#include "batchd/engine/engine.hpp"

#include <vector>

namespace batchd::daemon {

/// Hands the engine, whose thread has not begun, what makes its configured webhooks those of the
/// configuration. `stored` are all that it has. What the engine refuses is logged.
void apply_webhooks(engine::Engine& engine, const std::vector<model::Webhook>& webhooks,
                    const std::vector<model::WebhookRow>& stored);

}  // namespace batchd::daemon
