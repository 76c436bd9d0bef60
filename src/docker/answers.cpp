#include "batchd/docker/answers.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace batchd::docker {
namespace {

using Json = nlohmann::json;

Result<Json> parse_object(std::string_view text) {
    auto value = Json::parse(text, nullptr, false);
    if (value.is_object()) return value;
    return fail(ErrorKind::Internal,
                "not what an Engine answers: " + std::string(text.substr(0, 200)));
}

const Json& member(const Json& object, const char* name) {
    static const Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(name);
    return found == object.end() ? null : *found;
}

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : std::string{};
}

std::int64_t number_of(const Json& value) {
    return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

bool flag_of(const Json& value) { return value.is_boolean() && value.get<bool>(); }

std::optional<Timestamp> time_of(const Json& value) {
    const auto ns = parse_time_ns(text_of(value));
    if (!ns) return std::nullopt;
    return from_epoch_ms(*ns / 1'000'000);
}

/// Of a container or a volume.
std::string host_of(const Json& value) {
    return text_of(member(member(value, "Labels"), "batchd.host"));
}

ContainerSummary summary_of(const Json& value) {
    ContainerSummary summary{.id = text_of(member(value, "Id")),
                             .name{},
                             .state = text_of(member(value, "State")),
                             .host = host_of(value)};
    const Json& names = member(value, "Names");
    if (names.is_array() && !names.empty()) summary.name = text_of(names.front());
    if (summary.name.starts_with('/')) summary.name.erase(0, 1);
    return summary;
}

/// In the one network that batchd gives a container; the default bridge has a place of its own.
std::string address_in(const Json& settings) {
    std::string address = text_of(member(settings, "IPAddress"));
    for (const Json& network : member(settings, "Networks")) {
        if (address.empty()) address = text_of(member(network, "IPAddress"));
    }
    return address;
}

std::vector<std::string> texts_of(const Json& list) {
    std::vector<std::string> texts;
    for (const Json& text : list) texts.push_back(text_of(text));
    return texts;
}

bool is_gpu(const Json& resource) {
    std::string kind = text_of(member(resource, "Kind"));
    std::ranges::transform(kind, kind.begin(), [](unsigned char c) { return std::toupper(c); });
    return kind == "GPU" || kind == "NVIDIA-GPU";
}

std::vector<std::string> gpus_of(const Json& generic_resources) {
    constexpr std::int64_t kMost = 1024;
    std::vector<std::string> ids;
    const auto add = [&](std::string id) {
        if (!id.empty() && std::ranges::find(ids, id) == ids.end()) ids.push_back(std::move(id));
    };
    for (const Json& resource : generic_resources) {
        const Json& named = member(resource, "NamedResourceSpec");
        if (is_gpu(named)) add(text_of(member(named, "Value")));
        const Json& counted = member(resource, "DiscreteResourceSpec");
        if (!is_gpu(counted)) continue;
        const std::int64_t count = std::min(number_of(member(counted, "Value")), kMost);
        for (std::int64_t i = 0; i < count; ++i) add(std::to_string(i));
    }
    return ids;
}

/// The statistics of cgroup v1 have `total_` names beside those without, which leave out
/// sub-groups, and the maximum.
std::int64_t memory_of(const Json& memory) {
    const std::int64_t most = number_of(member(memory, "max_usage"));
    if (most > 0) return most;
    const std::int64_t usage = number_of(member(memory, "usage"));
    const Json& details = member(memory, "stats");
    const Json& total = member(details, "total_inactive_file");
    const std::int64_t cache =
        number_of(total.is_null() ? member(details, "inactive_file") : total);
    return cache < usage ? usage - cache : usage;
}

ErrorKind kind_of(int status) {
    switch (status) {
        case 400:
            return ErrorKind::InvalidArgument;
        case 404:
            return ErrorKind::NotFound;
        case 409:
            return ErrorKind::Conflict;
        case 429:
            return ErrorKind::Throttled;
        case 502:
        case 503:
        case 504:
            return ErrorKind::Unavailable;
        default:
            return ErrorKind::Internal;
    }
}

}  // namespace

Result<EngineInfo> parse_info(std::string_view text) {
    auto value = parse_object(text);
    if (!value) return std::unexpected(std::move(value).error());
    EngineInfo info{.cpus = number_of(member(*value, "NCPU")),
                    .memory_bytes = number_of(member(*value, "MemTotal")),
                    .log_drivers{},
                    .server_version = text_of(member(*value, "ServerVersion")),
                    .live_restore = flag_of(member(*value, "LiveRestoreEnabled")),
                    .gpus = gpus_of(member(*value, "GenericResources")),
                    .architecture = text_of(member(*value, "Architecture"))};
    for (const Json& driver : member(member(*value, "Plugins"), "Log")) {
        info.log_drivers.push_back(text_of(driver));
    }
    for (const auto& runtime : member(*value, "Runtimes").items()) {
        info.runtimes.push_back(runtime.key());
    }
    for (const Json& option : member(*value, "SecurityOptions")) {
        info.has_selinux = info.has_selinux || text_of(option).starts_with("name=selinux");
    }
    return info;
}

Result<ContainerState> parse_inspect(std::string_view text) {
    auto value = parse_object(text);
    if (!value) return std::unexpected(std::move(value).error());
    const Json& state = member(*value, "State");
    return ContainerState{
        .id = text_of(member(*value, "Id")),
        .image_id = text_of(member(*value, "Image")),
        .status = text_of(member(state, "Status")),
        .oom_killed = flag_of(member(state, "OOMKilled")),
        .exit_code = static_cast<std::int32_t>(number_of(member(state, "ExitCode"))),
        .error = text_of(member(state, "Error")),
        .started_at = time_of(member(state, "StartedAt")),
        .finished_at = time_of(member(state, "FinishedAt")),
        .address = address_in(member(*value, "NetworkSettings"))};
}

Result<std::vector<ContainerSummary>> parse_list(std::string_view text) {
    const auto value = Json::parse(text, nullptr, false);
    if (!value.is_array()) {
        return fail(ErrorKind::Internal,
                    "not a list of containers: " + std::string(text.substr(0, 200)));
    }
    std::vector<ContainerSummary> list;
    list.reserve(value.size());
    for (const Json& container : value) list.push_back(summary_of(container));
    return list;
}

Result<std::vector<VolumeSummary>> parse_volumes(std::string_view text) {
    const auto value = parse_object(text);
    if (!value) return std::unexpected(value.error());
    std::vector<VolumeSummary> list;
    for (const Json& volume : member(*value, "Volumes")) {
        list.push_back({.name = text_of(member(volume, "Name")), .host = host_of(volume)});
    }
    return list;
}

Result<std::string> parse_volume_path(std::string_view text) {
    const auto value = parse_object(text);
    if (!value) return std::unexpected(value.error());
    std::string path = text_of(member(*value, "Mountpoint"));
    if (path.empty()) return fail(ErrorKind::NotFound, "the volume has no path");
    return path;
}

Result<ImageConfig> parse_image(std::string_view text) {
    const auto value = parse_object(text);
    if (!value) return std::unexpected(value.error());
    const Json& config = member(*value, "Config");
    return ImageConfig{.entrypoint = texts_of(member(config, "Entrypoint")),
                       .command = texts_of(member(config, "Cmd")),
                       .stop_signal = text_of(member(config, "StopSignal"))};
}

Result<Event> parse_event(std::string_view line) {
    auto value = parse_object(line);
    if (!value) return std::unexpected(std::move(value).error());
    const Json& actor = member(*value, "Actor");
    const Json& attributes = member(actor, "Attributes");
    Event event{.action = text_of(member(*value, "Action")),
                .container_id = text_of(member(actor, "ID")),
                .name = text_of(member(attributes, "name")),
                .exit_code{},
                .time_ns = number_of(member(*value, "timeNano"))};
    const std::string code = text_of(member(attributes, "exitCode"));
    std::int32_t number = 0;
    const auto read = std::from_chars(code.data(), code.data() + code.size(), number);
    if (read.ec == std::errc{} && read.ptr == code.data() + code.size()) event.exit_code = number;
    return event;
}

Result<ContainerStats> parse_stats(std::string_view text) {
    const auto value = parse_object(text);
    if (!value) return std::unexpected(value.error());
    const ContainerStats stats{
        .memory_bytes = memory_of(member(*value, "memory_stats")),
        .cpu_ns =
            number_of(member(member(member(*value, "cpu_stats"), "cpu_usage"), "total_usage"))};
    if (stats.memory_bytes == 0 && stats.cpu_ns == 0) {
        return fail(ErrorKind::NotFound, "the container does not run");
    }
    return stats;
}

Result<std::string> parse_created(std::string_view text) {
    auto value = parse_object(text);
    if (!value) return std::unexpected(std::move(value).error());
    std::string id = text_of(member(*value, "Id"));
    if (id.empty()) return fail(ErrorKind::Internal, "the create answer has no Id");
    return id;
}

std::optional<std::string> pull_error(std::string_view line) {
    const auto value = Json::parse(line, nullptr, false);
    const std::string detail = text_of(member(member(value, "errorDetail"), "message"));
    if (!detail.empty()) return detail;
    const std::string error = text_of(member(value, "error"));
    return error.empty() ? std::nullopt : std::optional(error);
}

Error engine_error(int status, std::string_view body) {
    const auto value = Json::parse(body, nullptr, false);
    std::string message = text_of(member(value, "message"));
    if (message.empty()) {
        message = "HTTP status " + std::to_string(status);
        const std::string_view line = body.substr(0, std::min<std::size_t>(body.find('\n'), 200));
        if (!line.empty()) message += ": " + std::string(line);
    }
    return Error{.kind = kind_of(status), .message = std::move(message), .context{}};
}

}  // namespace batchd::docker
