// The keys of a [[webhooks]] table.
#pragma once

#include "batchd/config/config.hpp"

#include <span>
#include <string_view>
#include <toml++/toml.h>

namespace batchd::config {

struct WebhookKey {
    std::string_view name;
    std::string_view type;
    bool is_required = false;
    std::string_view rule;  ///< follows "must be"
    std::string_view meaning;
    /// False if the value has another type; the rest is model::validate's.
    bool (*read)(const toml::node& value, model::Webhook& webhook);
};

inline constexpr std::string_view kWebhooks = "webhooks";

std::span<const WebhookKey> webhook_keys();

}  // namespace batchd::config
