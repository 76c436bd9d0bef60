#include "batchd/config/config.hpp"
#include "config/item_keys.hpp"
#include "config/keys.hpp"
#include "config/nearest.hpp"
#include "config/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <set>
#include <toml++/toml.h>
#include <tuple>

namespace batchd::config {
namespace {

using model::Webhook;

Result<std::string> read_file(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return invalid_argument(path.string() + ": is a folder; a TOML file is needed");
    }
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        const int error = errno;
        return fail(error == ENOENT ? ErrorKind::NotFound : ErrorKind::Unavailable,
                    fmt::format("{}: {}", path.string(), std::strerror(error)));
    }
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) return fail(ErrorKind::Unavailable, path.string() + ": cannot be read");
    return text;
}

struct Place {
    std::string source;      ///< a file, a variable or a flag
    std::uint32_t line = 0;  ///< 0 where there are none

    std::string text() const { return line == 0 ? source : fmt::format("{}:{}", source, line); }
};

struct Problem {
    Place place;
    std::string text;
};

/// Applies one source after the other to a Config and collects what is wrong with them.
class Loader {
  public:
    void apply_file(const std::string& file, std::string_view text) {
        try {
            const toml::table root = toml::parse(text, file);
            for (const auto& [name, node] : root) apply_section(file, name.str(), node);
        } catch (const toml::parse_error& error) {
            problems_.push_back({{file, error.source().begin.line},
                                 fmt::format("not TOML: {}", error.description())});
        }
        // toml++ keeps tables sorted by name; people read from the top.
        std::ranges::sort(problems_, {}, [](const Problem& problem) {
            return std::tie(problem.place.line, problem.text);
        });
    }

    void apply_environment(const std::map<std::string, std::string>& environment) {
        std::vector<std::string> unknown;
        for (const auto& [variable, text] : environment) {
            const auto key = std::ranges::find(keys(), variable, &Key::environment);
            if (key != keys().end()) {
                apply(*key, {variable}, *parse_text(*key, text).get(kTextValue));
            } else if (is_meant_for_a_key(variable)) {
                unknown.push_back(variable);
            }
        }
        const std::string& secrets = config_.secrets.environment_prefix;  // known only now
        for (const std::string& variable : unknown) {
            if (!secrets.empty() && variable.starts_with(secrets)) continue;
            problems_.push_back(
                {{variable}, "no such key" + suggestion(variable, names(&Key::environment))});
        }
    }

    void apply_flag(const Override& flag) {
        const auto key = std::ranges::find(keys(), flag.key, &Key::full_name);
        BATCHD_CHECK(key != keys().end(), "a flag sets a key that is in the table");
        apply(*key, {flag.origin}, *parse_text(*key, flag.text).get(kTextValue));
    }

    Result<Config> finish() {
        apply_profile();
        check_relations();
        if (problems_.empty()) return std::move(config_);
        std::string lines;
        for (const Problem& problem : problems_) {
            lines += fmt::format("{}{}: {}", lines.empty() ? "" : "\n", problem.place.text(),
                                 problem.text);
        }
        return invalid_argument(std::move(lines));
    }

  private:
    static Place at(const std::string& file, const toml::node& node) {
        return {file, node.source().begin.line};
    }

    /// A variable without "__" belongs to a script, not to us.
    static bool is_meant_for_a_key(std::string_view variable) {
        return variable.starts_with("BATCHD_") && variable.contains("__");
    }

    static std::vector<std::string> names(std::string (Key::*name)() const) {
        std::vector<std::string> list;
        for (const Key& key : keys()) list.push_back((key.*name)());
        return list;
    }

    static std::vector<std::string> section_names() {
        std::vector<std::string> list{std::string(kRegistries), std::string(kHosts),
                                      std::string(kWebhooks)};
        for (const Key& key : keys()) list.emplace_back(key.section);
        return list;
    }

    void problem(Place place, std::string_view key, std::string_view text) {
        problems_.push_back({std::move(place), fmt::format("key '{}': {}", key, text)});
    }

    void apply_section(const std::string& file, std::string_view section, const toml::node& node) {
        if (section == kRegistries) return apply_registries(file, node);
        if (section == kHosts) return apply_hosts(file, node);
        if (section == kWebhooks) return apply_webhooks(file, node);
        const std::vector<std::string> sections = section_names();
        if (std::ranges::find(sections, section) == sections.end()) {
            return problem(at(file, node), section,
                           "no such section" + suggestion(section, sections));
        }
        if (!node.is_table()) {
            return problem(at(file, node), section, expected("a section of keys", node));
        }
        for (const auto& [name, value] : *node.as_table()) {
            const std::string full_name = fmt::format("{}.{}", section, name.str());
            const auto key = std::ranges::find(keys(), full_name, &Key::full_name);
            if (key != keys().end()) {
                apply(*key, at(file, value), value);
            } else {
                problem(at(file, value), full_name,
                        "no such key" + suggestion(full_name, names(&Key::full_name)));
            }
        }
    }

    void apply_registries(const std::string& file, const toml::node& node) {
        apply_items(file, node, kRegistries, registry_keys(), [this](Place where, Registry item) {
            expect_new(where, "registries[].server", config_.registries, item.server,
                       &Registry::server);
            config_.registries.push_back(std::move(item));
        });
    }

    void apply_hosts(const std::string& file, const toml::node& node) {
        apply_items(file, node, kHosts, host_keys(), [this](Place where, Host item) {
            host_places_.push_back(std::move(where));
            config_.hosts.push_back(std::move(item));
        });
    }

    void apply_webhooks(const std::string& file, const toml::node& node) {
        apply_items(file, node, kWebhooks, webhook_keys(), [this](Place where, Webhook item) {
            if (const auto valid = model::validate(item); !valid) {
                problem(where, kWebhooks, valid.error().message);
            }
            expect_new(where, "webhooks[].name", config_.webhooks, item.name, &Webhook::name);
            config_.webhooks.push_back(std::move(item));
        });
    }

    template <class Item>
    void expect_new(const Place& where, std::string_view key, const std::vector<Item>& items,
                    const std::string& name, std::string Item::* member) {
        if (std::ranges::count(items, name, member) > 0) {
            problem(where, key, fmt::format("'{}' is there twice", name));
        }
    }

    /// Hands each sound table of an array of tables to `keep`.
    template <class Item, class Keep>
    void apply_items(const std::string& file, const toml::node& node, std::string_view list,
                     std::span<const ItemKey<Item>> item_keys, Keep keep) {
        if (!node.is_array_of_tables()) {
            std::string required;
            for (const auto& key : item_keys) {
                if (key.is_required) required += fmt::format(" {},", key.name);
            }
            required.pop_back();
            return problem(at(file, node), list,
                           fmt::format("expected [[{}]] tables, each with{}", list, required));
        }
        for (const toml::node& table : *node.as_array()) {
            Item item;
            const Place where = at(file, table);
            if (read_item(where, file, *table.as_table(), list, item_keys, item)) {
                keep(where, std::move(item));
            }
        }
    }

    /// One table of an array of tables. False if something is wrong with it.
    template <class Item>
    bool read_item(const Place& where, const std::string& file, const toml::table& table,
                   std::string_view list, std::span<const ItemKey<Item>> item_keys, Item& item) {
        std::vector<std::string> known;
        const std::size_t problems_before = problems_.size();
        for (const auto& key : item_keys) {
            const std::string full_name = fmt::format("{}[].{}", list, key.name);
            known.push_back(full_name);
            const toml::node* value = table.get(key.name);
            if (value == nullptr) {
                if (key.is_required) problem(where, full_name, "must be given");
            } else if (!key.read(*value, item)) {
                problem(at(file, *value), full_name, fmt::format("must be {}", key.rule));
            }
        }
        for (const auto& [name, value] : table) {
            const std::string full_name = fmt::format("{}[].{}", list, name.str());
            if (std::ranges::find(known, full_name) != known.end()) continue;
            problem(at(file, value), full_name, "no such key" + suggestion(full_name, known));
        }
        return problems_.size() == problems_before;
    }

    void apply(const Key& key, const Place& where, const toml::node& node) {
        origins_[key.full_name()] = where;
        if (const auto assigned = assign(key, config_, node); !assigned) {
            problem(where, key.full_name(), assigned.error().message);
        }
    }

    /// Whichever source names the profile: a limit that any source sets wins.
    void apply_profile() {
        if (config_.limits.profile != "aws") return;
        Config aws;
        static_cast<model::Limits&>(aws.limits) = model::kAwsLimits;
        for (const Key& key : keys()) {
            if (key.section != kLimits || origins_.contains(key.full_name())) continue;
            if (const auto* member = std::get_if<Member<std::int64_t>>(&key.member)) {
                (*member)(config_) = (*member)(aws);
            }
        }
    }

    /// Rules that join two keys, or the items of a list. They blame the place that set the first
    /// one.
    void check_relations() {
        const auto listen = parse_listen(config_.http.listen);
        if (listen && !listen->loopback && !config_.http.allow_unauthenticated) {
            problem(origins_["http.listen"], "http.listen",
                    fmt::format("\"{}\" is not loopback, and whoever reaches the port can run "
                                "containers; set http.allow_unauthenticated = true if the network "
                                "keeps strangers out",
                                config_.http.listen));
        }
        std::error_code ignored;
        if (!config_.docker.cert_dir.empty() &&
            !std::filesystem::is_directory(config_.docker.cert_dir, ignored)) {
            problem(origins_["docker.cert_dir"], "docker.cert_dir",
                    fmt::format("\"{}\" is no folder", config_.docker.cert_dir));
        }
        if (!config_.docker.cert_dir.empty() && !config_.docker.host.starts_with("tcp://")) {
            problem(origins_["docker.cert_dir"], "docker.cert_dir",
                    fmt::format("has no use with docker.host = \"{}\": certificates are for tcp://",
                                config_.docker.host));
        }
        check_hosts();
        const auto& gpus = config_.docker.gpus;
        if (std::set<std::string>(gpus.begin(), gpus.end()).size() < gpus.size()) {
            problem(origins_["docker.gpus"], "docker.gpus", "names a GPU more than once");
        }
    }

    void check_hosts() {
        std::set<std::string> names;
        for (std::size_t i = 0; i < config_.hosts.size(); ++i) {
            Host& host = config_.hosts[i];
            const auto valid = model::validate(host.document, config_.docker.allow_plain_tcp);
            if (!valid) problem(host_places_[i], kHosts, valid.error().message);
            if (!names.insert(host.document.name).second) {
                problem(host_places_[i], "hosts[].name",
                        fmt::format("'{}' is there twice", host.document.name));
            }
        }
    }

    Config config_;
    std::vector<Place> host_places_;  ///< of config_.hosts
    std::vector<Problem> problems_;
    std::map<std::string, Place> origins_;  ///< where a key was set last, by its full name
};

}  // namespace

Result<Config> load(const Sources& sources) {
    Loader loader;
    if (sources.file) {
        const auto text = read_file(*sources.file);
        if (!text) return std::unexpected(text.error());
        loader.apply_file(sources.file->string(), *text);
    }
    loader.apply_environment(sources.environment);
    for (const Override& flag : sources.flags) loader.apply_flag(flag);
    return loader.finish();
}

}  // namespace batchd::config
