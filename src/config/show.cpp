// The table of keys as people read it: a TOML file and the rows of docs/configuration.md.
#include "batchd/config/config.hpp"
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
    std::string operator()(Member<std::vector<std::string>> member) const {
        std::string list;
        for (const std::string& item : member(config)) {
            list += (list.empty() ? "" : ", ") + toml_string(item);
        }
        return "[" + list + "]";
    }
};

struct TypeName {
    std::string operator()(Member<bool>) const { return "boolean"; }
    std::string operator()(Member<std::int64_t>) const { return "integer"; }
    std::string operator()(Member<Seconds>) const { return "integer"; }
    std::string operator()(Member<MiB>) const { return "integer"; }
    std::string operator()(Member<std::string>) const { return "string"; }
    std::string operator()(Member<SchedulerOrder>) const { return "string"; }
    std::string operator()(Member<std::vector<std::string>>) const { return "list of strings"; }
};

struct RuleWords {
    std::string operator()(std::monostate) const { return "true or false"; }
    std::string operator()(Range range) const {
        return fmt::format("{} to {}", range.min, range.max);
    }
    std::string operator()(TextRule rule) const { return std::string(rule.words); }
};

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
    for (const RegistryKey& key : registry_keys()) {
        docs.push_back({.name = fmt::format("{}[].{}", kRegistries, key.name),
                        .type = "string",
                        .default_value = {},
                        .rule = "must be given",
                        .meaning = std::string(key.meaning),
                        .environment = {}});
    }
    return docs;
}

}  // namespace batchd::config
