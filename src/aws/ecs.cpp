#include "batchd/aws/ecs.hpp"

#include "aws/json_reading.hpp"

#include <algorithm>

namespace batchd::aws {
namespace {

Call ecs(const char* operation) { return {.service = kEcs, .operation = operation}; }

json::Json tag_list(const std::map<std::string, std::string>& tags) {
    json::Json list = json::Json::array();
    for (const auto& [key, value] : tags) list.push_back({{"key", key}, {"value", value}});
    return list;
}

TaskContainer read_container(const json::Json& object) {
    TaskContainer container{.name = text(object, "name"),
                            .last_status = text(object, "lastStatus"),
                            .reason = text(object, "reason"),
                            .image_digest = text(object, "imageDigest")};
    if (const auto code = integer(object, "exitCode")) {
        container.exit_code = static_cast<int>(*code);
    }
    return container;
}

std::string private_ip(const json::Json& task) {
    for (const auto& attachment : member(task, "attachments")) {
        for (const auto& detail : member(attachment, "details")) {
            if (text(detail, "name") == "privateIPv4Address") return text(detail, "value");
        }
    }
    return {};
}

Task read_task(const json::Json& object) {
    Task task{.arn = text(object, "taskArn"),
              .definition_arn = text(object, "taskDefinitionArn"),
              .last_status = text(object, "lastStatus"),
              .desired_status = text(object, "desiredStatus"),
              .stop_code = text(object, "stopCode"),
              .stopped_reason = text(object, "stoppedReason"),
              .started_by = text(object, "startedBy"),
              .group = text(object, "group"),
              .private_ip = private_ip(object),
              .availability_zone = text(object, "availabilityZone"),
              .created = epoch_seconds(object, "createdAt"),
              .started = epoch_seconds(object, "startedAt"),
              .stopped = epoch_seconds(object, "stoppedAt")};
    for (const auto& container : member(object, "containers")) {
        task.containers.push_back(read_container(container));
    }
    for (const auto& tag : member(object, "tags")) task.tags[text(tag, "key")] = text(tag, "value");
    return task;
}

TaskFailure read_failure(const json::Json& object) {
    return {.arn = text(object, "arn"),
            .reason = text(object, "reason"),
            .detail = text(object, "detail")};
}

json::Json run_task_body(const RunTask& request) {
    json::Json network{{"subnets", request.subnets},
                       {"assignPublicIp", request.assign_public_ip ? "ENABLED" : "DISABLED"}};
    if (!request.security_groups.empty()) network["securityGroups"] = request.security_groups;
    json::Json body{{"cluster", request.cluster},
                    {"taskDefinition", request.task_definition},
                    {"count", 1},
                    {"networkConfiguration", {{"awsvpcConfiguration", network}}}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) body[name] = value;
    };
    add("clientToken", request.client_token);
    add("startedBy", request.started_by);
    add("group", request.group);
    add("platformVersion", request.platform_version);
    if (request.enable_execute_command) body["enableExecuteCommand"] = true;
    if (request.is_spot) {
        json::Json provider{{"capacityProvider", "FARGATE_SPOT"}, {"weight", 1}};
        body["capacityProviderStrategy"] = json::Json::array({std::move(provider)});
    } else {
        body["launchType"] = "FARGATE";
    }
    if (!request.tags.empty()) body["tags"] = tag_list(request.tags);
    return body;
}

std::unexpected<ApiError> not_started(const TaskFailure& failure) {
    const std::string& why = failure.detail.empty() ? failure.reason : failure.detail;
    const bool is_capacity =
        failure.reason.starts_with("RESOURCE:") || failure.reason.starts_with("Capacity");
    return std::unexpected(
        ApiError{.code = failure.reason,
                 .message = why == failure.reason ? std::string() : why,
                 .status = 200,
                 .error_class = is_capacity ? ErrorClass::Capacity : ErrorClass::Other});
}

}  // namespace

Outcome<std::string> create_cluster(Client& client, const std::string& name,
                                    const std::map<std::string, std::string>& tags) {
    json::Json body{{"clusterName", name}, {"capacityProviders", {"FARGATE", "FARGATE_SPOT"}}};
    if (!tags.empty()) body["tags"] = tag_list(tags);
    const auto answer = client.call_json(ecs("CreateCluster"), body);
    if (!answer) return std::unexpected(answer.error());
    std::string arn = text(member(*answer, "cluster"), "clusterArn");
    if (arn.empty()) return malformed("CreateCluster", "an ARN");
    return arn;
}

Outcome<std::string> register_task_definition(Client& client, const nlohmann::json& definition) {
    const auto answer = client.call_json(ecs("RegisterTaskDefinition"), definition);
    if (!answer) return std::unexpected(answer.error());
    std::string arn = text(member(*answer, "taskDefinition"), "taskDefinitionArn");
    if (arn.empty()) return malformed("RegisterTaskDefinition", "an ARN");
    return arn;
}

Outcome<> deregister_task_definition(Client& client, const std::string& arn) {
    const auto answer =
        client.call_json(ecs("DeregisterTaskDefinition"), {{"taskDefinition", arn}});
    if (!answer) return std::unexpected(answer.error());
    return {};
}

Outcome<Task> run_task(Client& client, const RunTask& request) {
    json::Json body = run_task_body(request);
    if (!request.overrides.empty()) {
        auto overrides = json::parse(request.overrides);
        BATCHD_CHECK(overrides, "overrides are made by us");
        body["overrides"] = *std::move(overrides);
    }
    const auto answer = client.call_json(ecs("RunTask"), body);
    if (!answer) return std::unexpected(answer.error());
    const auto& tasks = member(*answer, "tasks");
    if (tasks.is_array() && !tasks.empty()) return read_task(tasks.front());
    const auto& failures = member(*answer, "failures");
    if (failures.is_array() && !failures.empty())
        return not_started(read_failure(failures.front()));
    return malformed("RunTask", "a task or a failure");
}

Outcome<Tasks> describe_tasks(Client& client, const std::string& cluster,
                              const std::vector<std::string>& arns) {
    constexpr std::size_t kArnsPerCall = 100;
    Tasks all;
    for (std::size_t at = 0; at < arns.size(); at += kArnsPerCall) {
        const std::vector<std::string> some(
            arns.begin() + static_cast<std::ptrdiff_t>(at),
            arns.begin() + static_cast<std::ptrdiff_t>(std::min(at + kArnsPerCall, arns.size())));
        const auto answer = client.call_json(
            ecs("DescribeTasks"),
            {{"cluster", cluster}, {"tasks", some}, {"include", json::Json::array({"TAGS"})}});
        if (!answer) return std::unexpected(answer.error());
        for (const auto& task : member(*answer, "tasks")) all.found.push_back(read_task(task));
        for (const auto& failure : member(*answer, "failures")) {
            all.failures.push_back(read_failure(failure));
        }
    }
    return all;
}

Outcome<std::vector<std::string>> list_tasks(Client& client, const std::string& cluster,
                                             const std::string& started_by,
                                             const std::string& desired_status) {
    std::vector<std::string> arns;
    std::string token;
    for (;;) {
        json::Json body{{"cluster", cluster},
                        {"startedBy", started_by},
                        {"desiredStatus", desired_status},
                        {"maxResults", 100}};
        if (!token.empty()) body["nextToken"] = token;
        const auto answer = client.call_json(ecs("ListTasks"), body);
        if (!answer) return std::unexpected(answer.error());
        for (const auto& arn : member(*answer, "taskArns")) {
            if (arn.is_string()) arns.push_back(arn.get<std::string>());
        }
        std::string next = text(*answer, "nextToken");
        if (next.empty()) return arns;
        if (next == token) return malformed("ListTasks", "a new nextToken");
        token = std::move(next);
    }
}

Outcome<> stop_task(Client& client, const std::string& cluster, const std::string& arn,
                    const std::string& reason) {
    const auto answer = client.call_json(ecs("StopTask"),
                                         {{"cluster", cluster}, {"task", arn}, {"reason", reason}});
    const bool is_gone = !answer && answer.error().code == "InvalidParameterException" &&
                         answer.error().message.contains("not found");
    if (answer || is_gone) return {};
    return std::unexpected(answer.error());
}

}  // namespace batchd::aws
