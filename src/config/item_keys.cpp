#include "config/item_keys.hpp"

#include <array>
#include <limits>

namespace batchd::config {
namespace {

using model::Webhook;

constexpr std::string_view kText = "a text that is not empty";

bool read_text(const toml::node& value, std::string& out) {
    const auto* text = value.as_string();
    if (text == nullptr || text->get().empty()) return false;
    out = text->get();
    return true;
}

template <class Number>
bool read_number(const toml::node& value, std::optional<Number>& out) {
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < 0 || *number > std::numeric_limits<Number>::max()) return false;
    out = static_cast<Number>(*number);
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

bool read_labels(const toml::node& value, model::StringMap& out) {
    const auto* table = value.as_table();
    if (table == nullptr) return false;
    for (const auto& [key, item] : *table) {
        const auto* text = item.as_string();
        if (text == nullptr) return false;
        out.emplace(key.str(), text->get());
    }
    return true;
}

}  // namespace

std::span<const ItemKey<Registry>> registry_keys() {
    static const auto table = std::to_array<ItemKey<Registry>>({
        {"server", "string", true, kText, "The registry as it stands in image names.",
         +[](const toml::node& v, Registry& r) { return read_text(v, r.server); }},
        {"username", "string", true, kText, "The user that pulls.",
         +[](const toml::node& v, Registry& r) { return read_text(v, r.username); }},
        {"password", "string", true, kText, "The user's password or token; never shown or logged.",
         +[](const toml::node& v, Registry& r) { return read_text(v, r.password); }},
    });
    return table;
}

std::span<const ItemKey<Host>> host_keys() {
    static const auto table = std::to_array<ItemKey<Host>>({
        {"environment", "string", true, kText,
         "The UNMANAGED compute environment that the host belongs to; made if there is none.",
         +[](const toml::node& v, Host& h) { return read_text(v, h.environment); }},
        {"name", "string", true, kText,
         "What the host is called; no other host of the daemon has the name.",
         +[](const toml::node& v, Host& h) { return read_text(v, h.document.name); }},
        {"url", "string", true, "unix:///path/of/the/socket or tcp://host:port",
         "The host's Docker Engine.",
         +[](const toml::node& v, Host& h) { return read_text(v, h.document.url); }},
        {"cert_dir", "string", false, "the absolute path of a folder",
         "The folder with ca.pem, cert.pem and key.pem for TLS to a tcp:// host.",
         +[](const toml::node& v, Host& h) {
             return read_text(v, h.document.certificate_directory.emplace());
         }},
        {"tls_server_name", "string", false, kText,
         "For which the Engine's certificate is, where that is not the url's host.",
         +[](const toml::node& v, Host& h) {
             return read_text(v, h.document.tls_server_name.emplace());
         }},
        {"vcpus", "integer", false, "1 to 100000",
         "vCPUs that jobs may use in all; absent: what the Engine reports.",
         +[](const toml::node& v, Host& h) { return read_number(v, h.document.vcpus); }},
        {"memory_mib", "integer", false, "1 to 1073741824",
         "Memory in MiB that jobs may use in all; absent: what the Engine reports.",
         +[](const toml::node& v, Host& h) { return read_number(v, h.document.memory_mi_b); }},
        {"gpus", "list of strings", false, "a list of GPUs' UUIDs (GPU-... or MIG-...) or indexes",
         "GPUs that jobs may use, each once; absent: those that the Engine reports.",
         +[](const toml::node& v, Host& h) { return read_list(v, h.document.gpus.emplace()); }},
        {"labels", "table of strings", false, "a table of strings", "Kept and shown.",
         +[](const toml::node& v, Host& h) { return read_labels(v, h.document.labels); }},
    });
    return table;
}

std::span<const ItemKey<Webhook>> webhook_keys() {
    static const auto table = std::to_array<ItemKey<Webhook>>({
        {"name", "string", true, kText, "What the webhook is called.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.name); }},
        {"url", "string", true, "an http:// or https:// url", "Where events are sent by POST.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.url); }},
        {"queues", "list of strings", false, "a list of names of job queues",
         "Only events of these queues and their jobs; absent: all events.",
         +[](const toml::node& v, Webhook& w) { return read_list(v, w.queues); }},
        {"statuses", "list of strings", false, "a list of statuses of jobs such as FAILED",
         "Only events of jobs that come to one of these; absent: all events.",
         +[](const toml::node& v, Webhook& w) { return read_list(v, w.statuses); }},
        {"secret", "string", false, kText, "Signs what is sent; never shown or logged.",
         +[](const toml::node& v, Webhook& w) { return read_text(v, w.secret.emplace()); }},
    });
    return table;
}

}  // namespace batchd::config
