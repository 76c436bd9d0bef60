#include "api/native/run_request.hpp"

#include "api/batch/submit_job.hpp"
#include "batchd/model/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

namespace batchd::api::native {
namespace {

using json::Json;

constexpr const char* kName = "batchd-run";
constexpr std::int64_t kDefaultVcpus = 1;
constexpr std::int64_t kDefaultMemory = 512;  // MiB
constexpr std::int64_t kLeastMemory = 4;      // MiB
constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
constexpr std::string_view kExample =
    "an image is all that is needed: curl -d image=alpine -d 'cmd=echo hi' URL/api/v1/run";

// In a form a list repeats its key, and an entry of a map is KEY=VALUE.
constexpr auto kMaps = std::to_array<std::string_view>({"environment", "tags", "parameters"});
constexpr std::string_view kList = "dependsOn";

/// Members of SubmitJob that have no place here: there is no definition to name or override.
constexpr auto kForeign =
    std::to_array<std::string_view>({"jobDefinition", "containerOverrides", "ecsPropertiesOverride",
                                     "eksPropertiesOverride", "nodeOverrides"});

Result<> add_form_pair(Json& body, const std::string& key, const std::string& value) {
    if (std::ranges::find(kMaps, key) != kMaps.end()) {
        const auto equals = value.find('=');
        if (equals == std::string::npos || equals == 0) {
            return invalid_argument(fmt::format("{} '{}' must be NAME=VALUE", key, value));
        }
        body[key][value.substr(0, equals)] = value.substr(equals + 1);
    } else if (key == kList) {
        body[key].push_back(value);
    } else if (body.contains(key)) {
        return invalid_argument(fmt::format("{} '{}' is given twice", key, value));
    } else {
        body[key] = value;
    }
    return {};
}

/// A body that begins with '{' is JSON whatever its type: curl -d calls everything a form.
Result<Json> read_body(const http::Request& request) {
    const auto type = request.headers.find("Content-Type").value_or("");
    const bool is_form = type.starts_with("application/x-www-form-urlencoded");
    if (!is_form || request.body.starts_with('{')) {
        auto body = json::parse(request.body.empty() ? "{}" : request.body);
        if (body && !body->is_object()) {
            return invalid_argument("the request body must be an object, got " +
                                    json::excerpt(*body));
        }
        return body;
    }
    const auto pairs = http::parse_query(request.body);
    if (!pairs) return invalid_argument("the form has a malformed %-escape");
    Json body = Json::object();
    for (const auto& [key, value] : *pairs) BATCHD_TRY(add_form_pair(body, key, value));
    return body;
}

/// Takes the member out of the body; null if it is absent.
Json take(Json& body, const char* member) {
    const auto found = body.find(member);
    if (found == body.end()) return nullptr;
    Json value = std::move(*found);
    body.erase(found);
    return value;
}

/// A number, in a form as digits.
Result<std::int64_t> to_number(std::string_view member, const Json& value, std::int64_t fallback,
                               std::int64_t low) {
    if (value.is_null()) return fallback;
    std::int64_t number = low - 1;
    if (value.is_number_integer()) {
        number = value.get<std::int64_t>();
    } else if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size()) number = low - 1;
    }
    if (number >= low && number <= kMost) return number;
    return invalid_argument(fmt::format("{} {} must be a whole number from {} to {}", member,
                                        json::excerpt(value), low, kMost));
}

/// A text runs in a shell, a list as it is.
Result<std::optional<std::vector<std::string>>> take_command(Json& body) {
    const Json cmd = take(body, "cmd");
    const Json command = take(body, "command");
    if (!cmd.is_null() && !command.is_null()) {
        return invalid_argument("cmd and command are the same; give one of them");
    }
    const Json& given = cmd.is_null() ? command : cmd;
    if (given.is_null()) return std::nullopt;
    if (given.is_string())
        return std::vector<std::string>{"/bin/sh", "-c", given.get<std::string>()};
    auto list = json::decode<std::vector<std::string>>(given);
    if (list) return *std::move(list);
    return invalid_argument("command must be a text or a list of texts, got " +
                            json::excerpt(given));
}

/// {"NAME": "value"}, or AWS's list of {"name", "value"}.
Result<std::vector<model::KeyValue>> take_environment(Json& body) {
    const Json given = take(body, "environment");
    if (given.is_null()) return std::vector<model::KeyValue>{};
    if (given.is_array()) return json::decode<std::vector<model::KeyValue>>(given);
    const auto map = json::decode<model::StringMap>(given);
    if (!map) {
        return invalid_argument(
            "environment must be an object of texts or a list of {name, value}, got " +
            json::excerpt(given));
    }
    std::vector<model::KeyValue> list;
    for (const auto& [name, value] : *map) list.push_back({.name = name, .value = value});
    return list;
}

Result<model::ContainerProperties> take_container(Json& body) {
    model::ContainerProperties container;
    const Json image = take(body, "image");
    if (!image.is_string() || image.get_ref<const std::string&>().empty()) {
        return invalid_argument(image.is_null() ? "image is required"
                                                : "image must be a text that is not empty, got " +
                                                      json::excerpt(image));
    }
    container.image = image.get<std::string>();
    auto command = take_command(body);
    if (!command) return std::unexpected(std::move(command).error());
    if (*command) container.command = **std::move(command);
    auto environment = take_environment(body);
    if (!environment) return std::unexpected(std::move(environment).error());
    container.environment = *std::move(environment);
    const auto need = [&](const char* member, const char* type, std::int64_t fallback,
                          std::int64_t low) -> Result<> {
        const auto number = to_number(member, take(body, member), fallback, low);
        if (!number) return std::unexpected(number.error());
        if (*number > 0) {
            container.resource_requirements.push_back(
                {.type = type, .value = std::to_string(*number)});
        }
        return {};
    };
    BATCHD_TRY(need("vcpus", "VCPU", kDefaultVcpus, 1));
    BATCHD_TRY(need("memory", "MEMORY", kDefaultMemory, kLeastMemory));
    BATCHD_TRY(need("gpus", "GPU", 0, 0));
    return container;
}

/// "alpine" of "docker.io/library/alpine:3@sha256:...", as far as a job may be called so.
std::string name_after(std::string_view image) {
    image = image.substr(0, image.find('@'));
    image = image.substr(image.rfind('/') + 1);
    std::string name(image.substr(0, image.find(':')).substr(0, 128));
    const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
    for (char& c : name) {
        if (!is_plain(static_cast<unsigned char>(c)) && c != '-' && c != '_') c = '-';
    }
    return !name.empty() && is_plain(static_cast<unsigned char>(name.front())) ? name : "run";
}

/// Members with a shorter form than SubmitJob's take that.
Result<> lengthen(Json& body) {
    const auto number = [&](const char* member, const char* object, const char* field) -> Result<> {
        const Json value = take(body, member);
        if (value.is_null()) return {};
        const auto taken = to_number(member, value, 0, 1);
        if (!taken) return std::unexpected(taken.error());
        if (body.contains(object) && !body[object].is_object()) {
            return invalid_argument(
                fmt::format("{} must be an object, got {}", object, json::excerpt(body[object])));
        }
        body[object][field] = *taken;
        return {};
    };
    BATCHD_TRY(number("timeoutSeconds", "timeout", "attemptDurationSeconds"));
    BATCHD_TRY(number("attempts", "retryStrategy", "attempts"));
    BATCHD_TRY(number("arraySize", "arrayProperties", "size"));
    if (auto found = body.find("dependsOn"); found != body.end()) {
        if (found->is_string()) *found = Json::array({*found});
        if (!found->is_array()) return {};  // for the decoder to refuse
        for (Json& entry : *found) {
            if (entry.is_string()) entry = Json{{"jobId", entry}};
        }
    }
    return {};
}

Result<model::SubmitJobRequest> read_submit(Json& body, const std::string& image) {
    Json name = take(body, "name");
    Json queue = take(body, "queue");
    body["jobName"] = name.is_null() ? Json(name_after(image)) : std::move(name);
    body["jobQueue"] = queue.is_null() ? Json("default") : std::move(queue);
    BATCHD_TRY(lengthen(body));
    if (body.value("hold", Json()) == "true") body["hold"] = true;  // of a form
    auto submit = batch::decode_submission(body);
    if (submit) submit->job_definition = kName;
    return submit;
}

/// Empty if all are known.
std::string unknown_member(const Json& body) {
    const auto& known = json::members_of<model::SubmitJobRequest>().all();
    for (auto member = body.begin(); member != body.end(); ++member) {
        const bool is_foreign = std::ranges::find(kForeign, member.key()) != kForeign.end();
        const auto found = std::ranges::find(known, member.key(), &json::Member::name);
        if (is_foreign || found == known.end()) return member.key();
    }
    return {};
}

}  // namespace

std::expected<RunRequest, RunRefusal> parse_run(const http::Request& request) {
    auto body = read_body(request);
    if (!body) return std::unexpected(RunRefusal{body.error(), std::string(kExample)});
    const bool has_image = body->contains("image");
    auto container = take_container(*body);
    if (!container) {
        return std::unexpected(
            RunRefusal{container.error(), has_image ? std::string{} : std::string(kExample)});
    }
    auto submit = read_submit(*body, *container->image);
    if (!submit) return std::unexpected(RunRefusal{submit.error(), {}});
    if (const auto member = unknown_member(*body); !member.empty()) {
        auto refused = invalid_argument(
            fmt::format("{} {} is not known here", member, json::excerpt((*body)[member])));
        return std::unexpected(RunRefusal{
            refused.error(),
            "there are image, cmd, vcpus, memory, gpus, environment, queue, name, tags, "
            "timeoutSeconds, attempts, dependsOn, arraySize, and what SubmitJob has besides"});
    }
    RunRequest run;
    run.definition.job_definition_name = kName;
    run.definition.type = "container";
    run.definition.container_properties = *std::move(container);
    run.submit = *std::move(submit);
    return run;
}

}  // namespace batchd::api::native
