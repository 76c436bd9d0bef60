// The table of keys as people read it: a TOML file and the rows of docs/configuration.md.
#include "batchd/config/config.hpp"
#include "config/item_keys.hpp"
#include "config/keys.hpp"

#include <fmt/format.h>

#include <sstream>
#include <toml++/toml.h>

namespace batchd::config {
namespace {

std::string toml_string(std::string_view text) {
    std::ostringstream out;
    toml::array array{std::string(text)};  // toml++ escapes strings inside a value only
    out << toml::toml_formatter(array, toml::format_flags::none);
    std::string list = out.str();  // [ "text" ]
    return list.substr(2, list.size() - 4);
}

std::string toml_list(const std::vector<std::string>& items) {
    std::string list;
    for (const std::string& item : items) list += (list.empty() ? "" : ", ") + toml_string(item);
    return "[" + list + "]";
}

std::string host_table(const Host& host) {
    const model::Host& document = host.document;
    std::string text = fmt::format("\n[[{}]]\nenvironment = {}\nname = {}\nurl = {}\n", kHosts,
                                   toml_string(host.environment), toml_string(document.name),
                                   toml_string(document.url));
    if (document.certificate_directory) {
        text += fmt::format("cert_dir = {}\n", toml_string(*document.certificate_directory));
    }
    if (document.tls_server_name) {
        text += fmt::format("tls_server_name = {}\n", toml_string(*document.tls_server_name));
    }
    if (document.vcpus) text += fmt::format("vcpus = {}\n", *document.vcpus);
    if (document.memory_mi_b) text += fmt::format("memory_mib = {}\n", *document.memory_mi_b);
    if (document.gpus) text += fmt::format("gpus = {}\n", toml_list(*document.gpus));
    if (document.labels.empty()) return text;
    std::string labels;
    for (const auto& [key, value] : document.labels) {
        labels += fmt::format("{}{} = {}", labels.empty() ? "" : ", ", toml_string(key),
                              toml_string(value));
    }
    return text + fmt::format("labels = {{ {} }}\n", labels);
}

std::string webhook_table(const model::Webhook& webhook) {
    std::string text = fmt::format("\n[[{}]]\nname = {}\nurl = {}\n", kWebhooks,
                                   toml_string(webhook.name), toml_string(webhook.url));
    if (!webhook.queues.empty()) text += fmt::format("queues = {}\n", toml_list(webhook.queues));
    if (!webhook.statuses.empty()) {
        text += fmt::format("statuses = {}\n", toml_list(webhook.statuses));
    }
    if (webhook.secret) text += "secret = \"********\"\n";
    return text;
}

struct ToToml {
    Config& config;

    std::string operator()(Member<bool> member) const { return member(config) ? "true" : "false"; }
    std::string operator()(Member<std::int64_t> member) const {
        return std::to_string(member(config));
    }
    std::string operator()(Member<Seconds> member) const {
        return std::to_string(member(config).count());
    }
    std::string operator()(Member<MiB> member) const {
        return std::to_string(member(config).value);
    }
    std::string operator()(Member<std::string> member) const { return toml_string(member(config)); }
    std::string operator()(Member<SchedulerOrder> member) const {
        return toml_string(to_string(member(config)));
    }
    std::string operator()(Member<ComputeProvider> member) const {
        return toml_string(to_string(member(config)));
    }
    std::string operator()(Member<std::vector<std::string>> member) const {
        return toml_list(member(config));
    }
};

struct TypeName {
    std::string operator()(Member<bool>) const { return "boolean"; }
    std::string operator()(Member<std::int64_t>) const { return "integer"; }
    std::string operator()(Member<Seconds>) const { return "integer"; }
    std::string operator()(Member<MiB>) const { return "integer"; }
    std::string operator()(Member<std::string>) const { return "string"; }
    std::string operator()(Member<SchedulerOrder>) const { return "string"; }
    std::string operator()(Member<ComputeProvider>) const { return "string"; }
    std::string operator()(Member<std::vector<std::string>>) const { return "list of strings"; }
};

struct RuleWords {
    std::string operator()(std::monostate) const { return "true or false"; }
    std::string operator()(Range range) const {
        return fmt::format("{} to {}", range.min, range.max);
    }
    std::string operator()(TextRule rule) const { return std::string(rule.words); }
};

/// Of a key in an array of tables.
KeyDoc item_doc(std::string_view list, const auto& key) {
    return {.name = fmt::format("{}[].{}", list, key.name),
            .type = std::string(key.type),
            .default_value = {},
            .rule = std::string(key.is_required ? "must be given: " : "") + std::string(key.rule),
            .meaning = std::string(key.meaning),
            .environment = {}};
}

}  // namespace

std::string to_toml(const Config& config) {
    Config copy = config;  // members are found in a mutable one
    std::string text;
    std::string_view section;
    for (const Key& key : keys()) {
        if (key.section != section) {
            section = key.section;
            text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", section);
        }
        text += fmt::format("{} = {}\n", key.name, std::visit(ToToml{copy}, key.member));
    }
    for (const Registry& registry : config.registries) {
        text +=
            fmt::format("\n[[{}]]\nserver = {}\nusername = {}\npassword = \"********\"\n",
                        kRegistries, toml_string(registry.server), toml_string(registry.username));
    }
    for (const Host& host : config.hosts) text += host_table(host);
    for (const model::Webhook& webhook : config.webhooks) text += webhook_table(webhook);
    return text;
}

std::vector<KeyDoc> documentation() {
    Config defaults;
    std::vector<KeyDoc> docs;
    for (const Key& key : keys()) {
        docs.push_back({.name = key.full_name(),
                        .type = std::visit(TypeName{}, key.member),
                        .default_value = std::visit(ToToml{defaults}, key.member),
                        .rule = std::visit(RuleWords{}, key.rule),
                        .meaning = std::string(key.meaning),
                        .environment = key.environment()});
    }
    const auto add_items = [&](std::string_view list, const auto& item_keys) {
        for (const auto& key : item_keys) docs.push_back(item_doc(list, key));
    };
    add_items(kRegistries, registry_keys());
    add_items(kHosts, host_keys());
    add_items(kWebhooks, webhook_keys());
    return docs;
}

}  // namespace batchd::config
