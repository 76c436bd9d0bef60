#include "cli/run_body.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace batchd::cli {
namespace {

using Json = nlohmann::json;

std::expected<Json, std::string> environment_of(const std::vector<std::string>& list) {
    Json environment = Json::object();
    for (const std::string& entry : list) {
        const auto equals = entry.find('=');
        const std::string name = entry.substr(0, equals);
        if (name.empty())
            return std::unexpected("--env '" + entry + "' must be NAME=VALUE or NAME");
        if (equals != std::string::npos) {
            environment[name] = entry.substr(equals + 1);
        } else if (const char* value = std::getenv(name.c_str())) {
            environment[name] = value;
        } else {
            return std::unexpected("--env " + name + ": there is no variable " + name);
        }
    }
    return environment;
}

std::expected<Json, std::string> tags_of(const std::vector<std::string>& list) {
    Json tags = Json::object();
    for (const std::string& entry : list) {
        const auto equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) {
            return std::unexpected("--tag '" + entry + "' must be NAME=VALUE");
        }
        tags[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return tags;
}

}  // namespace

std::expected<Json, std::string> run_body(const RunOptions& options) {
    Json body{{"image", options.image}};
    const auto add_text = [&](const char* member, const std::string& value) {
        if (!value.empty()) body[member] = value;
    };
    const auto add_number = [&](const char* member, const std::optional<std::int64_t>& value) {
        if (value) body[member] = *value;
    };
    add_text("queue", options.queue);
    add_text("name", options.name);
    add_number("vcpus", options.vcpus);
    add_number("memory", options.memory);
    add_number("gpus", options.gpus);
    add_number("attempts", options.attempts);
    add_number("timeoutSeconds", options.timeout);
    add_number("arraySize", options.array_size);
    if (!options.command.empty()) body["command"] = options.command;
    if (!options.depends_on.empty()) body["dependsOn"] = options.depends_on;
    auto environment = environment_of(options.environment);
    if (!environment) return environment;
    if (!environment->empty()) body["environment"] = *std::move(environment);
    auto tags = tags_of(options.tags);
    if (!tags) return tags;
    if (!tags->empty()) body["tags"] = *std::move(tags);
    return body;
}

}  // namespace batchd::cli
