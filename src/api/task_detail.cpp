#include "api/task_detail.hpp"

#include "batchd/base/json_text.hpp"
#include "batchd/model/json.hpp"

namespace batchd::api {
namespace {

using json::Json;

/// An attempt of one container tells of it as of itself.
model::ContainerResult result_of(const model::Attempt& attempt, std::size_t index) {
    if (index < attempt.containers.size()) return attempt.containers[index];
    if (index > 0) return {};
    return {.name{},
            .exit_code = attempt.exit_code,
            .reason = attempt.reason,
            .log_group{},
            .log_stream = attempt.log_stream};
}

void add_result(Json& container, const model::ContainerResult& result) {
    if (result.exit_code) container["exitCode"] = *result.exit_code;
    if (!result.reason.empty()) container["reason"] = result.reason;
    if (!result.log_stream.empty()) container["logStreamName"] = result.log_stream;
    container["networkInterfaces"] = Json::array();
}

/// Those that are known: a task on Fargate has no instance.
void add_place(Json& task, std::string_view container_instance_arn, std::string_view task_arn) {
    if (!container_instance_arn.empty()) task["containerInstanceArn"] = container_instance_arn;
    if (!task_arn.empty()) task["taskArn"] = task_arn;
}

}  // namespace

std::string_view ecs_properties(std::string_view spec) {
    std::string_view found;
    json::for_each_member(spec, [&](std::string_view name, std::string_view value) {
        if (name == "ecsProperties") found = value;
    });
    return found;
}

std::optional<model::EcsTaskProperties> task_in(std::string_view spec) {
    const auto text = ecs_properties(spec);
    if (text.empty()) return std::nullopt;
    auto properties = json::parse_as<model::EcsProperties>(text);
    if (!properties || properties->task_properties.empty()) return std::nullopt;
    return std::move(properties->task_properties.front());
}

std::vector<std::string> task_containers(std::string_view spec) {
    std::vector<std::string> names;
    if (const auto task = task_in(spec)) {
        for (const auto& container : task->containers) {
            names.push_back(container.name.value_or(""));
        }
    }
    return names;
}

void append_task(std::string& out, std::string_view stored, std::string_view container_instance_arn,
                 std::string_view task_arn, const model::Attempt& attempt) {
    Json properties = Json::parse(stored, nullptr, false);
    for (Json& task : properties["taskProperties"]) {
        add_place(task, container_instance_arn, task_arn);
        std::size_t index = 0;
        for (Json& container : task["containers"]) {
            add_result(container, result_of(attempt, index++));
        }
    }
    out += json::dump(properties);
}

void append_task_attempt(std::string& out, std::string_view container_instance_arn,
                         std::string_view task_arn, const std::vector<std::string>& containers,
                         const model::Attempt& attempt) {
    Json list = Json::array();
    for (std::size_t i = 0; i < containers.size(); ++i) {
        Json container{{"name", containers[i]}};
        add_result(container, result_of(attempt, i));
        list.push_back(std::move(container));
    }
    Json task{{"containers", std::move(list)}};
    add_place(task, container_instance_arn, task_arn);
    out += json::dump(Json::array({std::move(task)}));
}

}  // namespace batchd::api
