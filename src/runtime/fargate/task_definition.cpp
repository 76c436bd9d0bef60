#include "runtime/fargate/task_definition.hpp"

#include "batchd/model/job_definition.hpp"
#include "batchd/model/json.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace batchd::runtime {
namespace {

using json::Json;

constexpr const char* kAwslogs = "awslogs";

/// ECS: the overrides of a RunTask, as JSON.
constexpr std::size_t kMostOverrides = 8192;

std::string cpu_units(MilliVcpu vcpu) { return std::to_string(vcpu.value * 1024 / 1000); }

void drop_empty(Json& value) {
    if (!value.is_structured()) return;
    for (auto entry = value.begin(); entry != value.end();) {
        drop_empty(*entry);
        const bool goes = value.is_object() && entry->is_structured() && entry->empty();
        entry = goes ? value.erase(entry) : std::next(entry);
    }
}

const std::string& name_of(const model::TaskContainerProperties& container) {
    static const std::string only = model::kOnlyContainer;
    return container.name ? *container.name : only;
}

/// What stands before container and task in the names of streams.
std::string stream_prefix(const ports::StartAttempt& start, std::size_t container) {
    const std::string& stream = start.logs[container].stream;
    const auto rest =
        fmt::format("/{}/{}", name_of(start.task.containers[container]), task_id(start.id));
    return stream.ends_with(rest) ? stream.substr(0, stream.size() - rest.size()) : stream;
}

/// Fargate demands all of these options of awslogs.
Json log_configuration(const ports::StartAttempt& start, std::size_t container,
                       const std::string& region) {
    const auto& wanted = start.task.containers[container].log_configuration;
    Json logging = wanted ? json::encode(*wanted) : Json{{"logDriver", kAwslogs}};
    if (logging["logDriver"] != kAwslogs) return logging;
    Json& options = logging["options"];
    const auto add = [&](const char* name, const std::string& value) {
        if (!options.contains(name)) options[name] = value;
    };
    add("awslogs-group", start.logs[container].group);
    add("awslogs-region", region);
    add("awslogs-stream-prefix", stream_prefix(start, container));
    return logging;
}

/// Without command and environment: those belong to the task.
Json container_definition(const ports::StartAttempt& start, std::size_t index,
                          const std::string& region) {
    const auto& container = start.task.containers[index];
    Json definition = json::encode(container);
    for (const char* own : {"command", "environment", "resourceRequirements"}) {
        definition.erase(own);
    }
    const bool is_alone = start.task.containers.size() == 1;
    const auto resources =
        is_alone ? start.resources
                 : model::resources_of(static_cast<const model::ContainerBase&>(container))
                       .value_or(model::Resources{});
    if (resources.vcpu.value > 0) definition["cpu"] = resources.vcpu.value * 1024 / 1000;
    if (resources.memory.value > 0) definition["memory"] = resources.memory.value;
    definition["name"] = name_of(container);
    definition["essential"] = model::is_essential(container);
    definition["logConfiguration"] = log_configuration(start, index, region);
    return definition;
}

Json definition_of(const ports::StartAttempt& start, const std::string& region) {
    Json definition = json::encode(start.task);
    for (const char* of_run_task :
         {"containers", "platformVersion", "networkConfiguration", "enableExecuteCommand"}) {
        definition.erase(of_run_task);
    }
    definition["requiresCompatibilities"] = {"FARGATE"};
    definition["networkMode"] = "awsvpc";
    definition["cpu"] = cpu_units(start.resources.vcpu);
    definition["memory"] = std::to_string(start.resources.memory.value);
    Json containers = Json::array();
    for (std::size_t i = 0; i < start.task.containers.size(); ++i) {
        containers.push_back(container_definition(start, i, region));
    }
    definition["containerDefinitions"] = std::move(containers);
    drop_empty(definition);
    return definition;
}

/// What every container of a job finds in its environment, beside its own.
Json batch_variables(const ports::StartAttempt& start) {
    Json list = Json::array();
    const auto add = [&](const char* name, const std::string& value) {
        list.push_back({{"name", name}, {"value", value}});
    };
    add("AWS_BATCH_JOB_ID", to_string(start.id.job));
    add("AWS_BATCH_JOB_ATTEMPT", std::to_string(start.id.number));
    if (start.id.job.is_child()) {
        add("AWS_BATCH_JOB_ARRAY_INDEX", std::to_string(start.id.job.index()));
        add("AWS_BATCH_JOB_ARRAY_SIZE", std::to_string(start.array_size));
    }
    add("AWS_BATCH_JQ_NAME", start.queue);
    add("AWS_BATCH_CE_NAME", start.compute_environment);
    return list;
}

enum class Place : std::uint8_t { Definition, Task };

/// The containers' commands and environments stand in the task if they fit there, so that many jobs
/// share a definition.
std::string overrides_of(const ports::StartAttempt& start, Place own) {
    Json list = Json::array();
    for (const auto& container : start.task.containers) {
        Json entry{{"name", name_of(container)}, {"environment", batch_variables(start)}};
        if (own == Place::Task) {
            for (const auto& variable : container.environment) {
                entry["environment"].push_back(json::encode(variable));
            }
            if (!container.command.empty()) entry["command"] = container.command;
        }
        list.push_back(std::move(entry));
    }
    return json::dump(Json{{"containerOverrides", std::move(list)}});
}

void add_commands(Json& definition, const ports::StartAttempt& start) {
    for (std::size_t i = 0; i < start.task.containers.size(); ++i) {
        const auto& container = start.task.containers[i];
        Json& entry = definition["containerDefinitions"][i];
        if (!container.command.empty()) entry["command"] = container.command;
        if (!container.environment.empty()) {
            entry["environment"] = json::encode(container.environment);
        }
    }
}

/// "batchd-" and 32 hexadecimal digits of the content's SHA-256.
std::string family_of(const std::string& content) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::string family = "batchd-";
    for (std::size_t i = 0; i < digest.size() / 2; ++i) family += fmt::format("{:02x}", digest[i]);
    return family;
}

}  // namespace

TaskPlan plan_task(const ports::StartAttempt& start, const std::string& region) {
    Json definition = definition_of(start, region);
    std::string overrides = overrides_of(start, Place::Task);
    if (overrides.size() > kMostOverrides) {
        overrides = overrides_of(start, Place::Definition);
        add_commands(definition, start);
    }
    const std::string family = family_of(json::dump(definition));
    definition["family"] = family;
    const auto& network = start.task.network_configuration;
    return {.definition = json::dump(definition),
            .request = {.task_definition = family,
                        .is_spot = start.fargate->is_spot,
                        .subnets = start.fargate->subnets,
                        .security_groups = start.fargate->security_groups,
                        .assign_public_ip = network && network->assign_public_ip == "ENABLED",
                        .platform_version = start.task.platform_version.value_or(""),
                        .client_token = task_id(start.id),
                        .group = task_group(start.id),
                        .enable_execute_command = start.task.enable_execute_command.value_or(false),
                        .overrides = std::move(overrides),
                        .tags = start.fargate->tags}};
}

std::string task_group(const model::AttemptId& id) { return "batchd-" + task_id(id); }

std::optional<LogStream> log_stream(const ports::StartAttempt& start, std::size_t container,
                                    const std::string& task_arn) {
    const auto& properties = start.task.containers[container];
    LogStream stream{
        .group = start.logs[container].group,
        .name = fmt::format("{}/{}/{}", stream_prefix(start, container), name_of(properties),
                            task_arn.substr(task_arn.rfind('/') + 1)),
        .region = {}};
    if (!properties.log_configuration) return stream;
    if (properties.log_configuration->log_driver != kAwslogs) return std::nullopt;
    const auto& options = properties.log_configuration->options;
    if (const auto region = options.find("awslogs-region"); region != options.end()) {
        stream.region = region->second;
    }
    return stream;
}

}  // namespace batchd::runtime
