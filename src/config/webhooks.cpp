#include "config/webhooks.hpp"

#include <array>

namespace batchd::config {
namespace {

bool read_text(const toml::node& value, std::string& out) {
    const auto* text = value.as_string();
    if (text == nullptr || text->get().empty()) return false;
    out = text->get();
    return true;
}

bool read_list(const toml::node& value, std::vector<std::string>& out) {
    const auto* list = value.as_array();
    if (list == nullptr) return false;
    for (const toml::node& item : *list) {
        if (!read_text(item, out.emplace_back())) return false;
    }
    return true;
}

}  // namespace

std::span<const WebhookKey> webhook_keys() {
    using model::Webhook;
    static const auto table = std::to_array<WebhookKey>({
        {"name", "string", true, "a text that is not empty", "What the webhook is called.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.name); }},
        {"url", "string", true, "an http:// or https:// url", "Where events are sent by POST.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.url); }},
        {"queues", "list of strings", false, "a list of names of job queues",
         "Only events of these queues and their jobs; absent: all events.",
         +[](const toml::node& v, Webhook& w) { return read_list(v, w.queues); }},
        {"statuses", "list of strings", false, "a list of statuses of jobs such as FAILED",
         "Only events of jobs that come to one of these; absent: all events.",
         +[](const toml::node& v, Webhook& w) { return read_list(v, w.statuses); }},
        {"secret", "string", false, "a text that is not empty",
         "Signs what is sent; never shown or logged.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.secret.emplace()); }},
    });
    return table;
}

}  // namespace batchd::config
