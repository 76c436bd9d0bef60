#include "daemon/configured_webhooks.hpp"

#include "batchd/base/log.hpp"

#include <algorithm>

namespace batchd::daemon {
namespace {

void execute(engine::Engine& engine, core::Event event, const std::string& name) {
    engine.execute(std::move(event), [name](const Result<core::Reply>& reply) {
        if (!reply) {
            log::error("webhook {} of the configuration: {}", name, reply.error().message);
        }
    });
}

}  // namespace

void apply_webhooks(engine::Engine& engine, const std::vector<model::Webhook>& webhooks,
                    const std::vector<model::WebhookRow>& stored) {
    for (const auto& row : stored) {
        const std::string& name = row.document.name;
        if (!row.is_configured || std::ranges::count(webhooks, name, &model::Webhook::name) > 0) {
            continue;
        }
        execute(engine, core::DeleteWebhook{.name = name, .is_configured = true}, name);
    }
    for (const auto& webhook : webhooks) {
        execute(engine, core::PutWebhook{.document = webhook, .is_configured = true}, webhook.name);
    }
}

}  // namespace batchd::daemon
