// An attempt in ECS's words.
#include "runtime/fargate/task_definition.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace batchd::runtime {
namespace {

using Json = nlohmann::json;

constexpr const char* kTaskArn = "arn:aws:ecs:eu-west-1:1:task/c/0123";

ports::StartAttempt an_attempt() {
    ports::StartAttempt start;
    start.id.job.uuid.bytes[15] = 7;
    start.id.number = 1;
    start.queue = "q";
    start.compute_environment = "f";
    start.resources = {.vcpu = MilliVcpu{250}, .memory = MiB{512}};
    start.fargate = ports::FargatePlacement{
        .is_spot = false, .subnets = {"subnet-1"}, .security_groups = {"sg-1"}, .tags = {}};
    model::ContainerProperties container;
    container.image = "busybox";
    container.command = {"echo", "hi"};
    container.environment = {{.name = "A", .value = "b"}};
    container.job_role_arn = "arn:aws:iam::1:role/job";
    container.execution_role_arn = "arn:aws:iam::1:role/exec";
    container.network_configuration = {.assign_public_ip = "ENABLED"};
    container.fargate_platform_configuration = {.platform_version = "1.4.0"};
    container.ephemeral_storage = {.size_in_gi_b = 30};
    container.runtime_platform = {.operating_system_family = "LINUX", .cpu_architecture = "ARM64"};
    container.secrets = {{.name = "S", .value_from = "arn:aws:secretsmanager:r:1:secret:s"}};
    container.volumes = {
        {.name = "v",
         .host{},
         .efs_volume_configuration = model::EfsVolumeConfiguration{.file_system_id = "fs-1",
                                                                   .root_directory{},
                                                                   .transit_encryption{},
                                                                   .transit_encryption_port{},
                                                                   .authorization_config{}}}};
    container.mount_points = {{.container_path = "/m", .read_only = true, .source_volume = "v"}};
    start.task = model::task_of(std::move(container));
    start.logs = {{.group = "/aws/batch/job", .stream = "d/default/" + task_id(start.id)}};
    return start;
}

Json definition_of(const TaskPlan& plan) { return Json::parse(plan.definition); }

Json overrides_of(const TaskPlan& plan) {
    return Json::parse(plan.request.overrides)["containerOverrides"];
}

TEST(TaskDefinition, HoldsWhatJobsShare) {
    const auto definition = definition_of(plan_task(an_attempt(), "eu-west-1"));
    const Json expected = Json::parse(R"({
        "requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc",
        "cpu": "256", "memory": "512",
        "taskRoleArn": "arn:aws:iam::1:role/job", "executionRoleArn": "arn:aws:iam::1:role/exec",
        "ephemeralStorage": {"sizeInGiB": 30},
        "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
        "volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}],
        "containerDefinitions": [{
            "name": "default", "image": "busybox", "essential": true, "cpu": 256, "memory": 512,
            "mountPoints": [{"containerPath": "/m", "readOnly": true, "sourceVolume": "v"}],
            "secrets": [{"name": "S", "valueFrom": "arn:aws:secretsmanager:r:1:secret:s"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {
                "awslogs-group": "/aws/batch/job", "awslogs-region": "eu-west-1",
                "awslogs-stream-prefix": "d"}}}]})");
    auto without_family = definition;
    without_family.erase("family");
    EXPECT_EQ(without_family, expected);
}

TEST(TaskDefinition, TheTaskHoldsWhatIsItsOwn) {
    const auto start = an_attempt();
    const auto plan = plan_task(start, "eu-west-1");
    const auto& request = plan.request;
    EXPECT_EQ(request.task_definition, definition_of(plan)["family"].get<std::string>());
    EXPECT_EQ(request.client_token, task_id(start.id));
    EXPECT_LE(request.client_token.size(), 64U);
    EXPECT_EQ(request.group, task_group(start.id));
    EXPECT_EQ(request.subnets, std::vector<std::string>{"subnet-1"});
    EXPECT_EQ(request.security_groups, std::vector<std::string>{"sg-1"});
    EXPECT_TRUE(request.assign_public_ip);
    EXPECT_EQ(request.platform_version, "1.4.0");
    const auto overrides = overrides_of(plan);
    ASSERT_EQ(overrides.size(), 1U);
    EXPECT_EQ(overrides[0]["command"], Json({"echo", "hi"}));
    const auto& environment = overrides[0]["environment"];
    const auto has = [&](const std::string& name, const std::string& value) {
        return std::ranges::find(environment, Json{{"name", name}, {"value", value}}) !=
               environment.end();
    };
    EXPECT_TRUE(has("A", "b"));
    EXPECT_TRUE(has("AWS_BATCH_JOB_ID", to_string(start.id.job)));
    EXPECT_TRUE(has("AWS_BATCH_JOB_ATTEMPT", "1"));
    EXPECT_TRUE(has("AWS_BATCH_JQ_NAME", "q"));
    EXPECT_TRUE(has("AWS_BATCH_CE_NAME", "f"));
}

TEST(TaskDefinition, JobsThatDifferInCommandAndEnvironmentShareOne) {
    auto start = an_attempt();
    const auto first = plan_task(start, "r");
    start.id.number = 2;
    start.logs[0].stream = "d/default/" + task_id(start.id);
    start.task.containers[0].command = {"other"};
    start.task.containers[0].environment.clear();
    EXPECT_EQ(plan_task(start, "r").definition, first.definition);
    start.task.containers[0].image = "alpine";
    EXPECT_NE(plan_task(start, "r").request.task_definition, first.request.task_definition);
}

TEST(TaskDefinition, WhatIsTooLongForATaskStandsInTheDefinition) {
    auto start = an_attempt();
    start.task.containers[0].environment.push_back({.name = "L", .value = std::string(9000, 'x')});
    const auto plan = plan_task(start, "r");
    EXPECT_LE(plan.request.overrides.size(), 8192U);
    EXPECT_FALSE(overrides_of(plan)[0].contains("command"));
    const auto container = definition_of(plan)["containerDefinitions"][0];
    EXPECT_EQ(container["command"], Json({"echo", "hi"}));
    EXPECT_EQ(container["environment"].size(), 2U);
}

TEST(TaskDefinition, SeveralContainersKeepTheirOrderAndSizes) {
    auto start = an_attempt();
    auto side = start.task.containers[0];
    side.name = "side";
    side.essential = false;
    side.depends_on = {{.container_name = "default", .condition = "START"}};
    side.resource_requirements = {{.type = "VCPU", .value = "0.25"},
                                  {.type = "MEMORY", .value = "256"}};
    start.task.containers.push_back(side);
    start.logs.push_back({.group = "g", .stream = "d/side/" + task_id(start.id)});
    const auto containers = definition_of(plan_task(start, "r"))["containerDefinitions"];
    ASSERT_EQ(containers.size(), 2U);
    EXPECT_EQ(containers[1]["essential"], false);
    EXPECT_EQ(containers[1]["memory"], 256);
    EXPECT_EQ(containers[1]["cpu"], 256);
    EXPECT_EQ(containers[1]["dependsOn"],
              Json::parse(R"([{"containerName": "default", "condition": "START"}])"));
}

TEST(TaskDefinition, LogsAreFoundByTheTasksOwnId) {
    auto start = an_attempt();
    const auto stream = log_stream(start, 0, kTaskArn);
    ASSERT_TRUE(stream);
    EXPECT_EQ(stream->group, "/aws/batch/job");
    EXPECT_EQ(stream->name, "d/default/0123");
    start.task.containers[0].log_configuration =
        model::LogConfiguration{.log_driver = "splunk", .options{}, .secret_options{}};
    EXPECT_FALSE(log_stream(start, 0, kTaskArn));
}

TEST(TaskDefinition, AJobsOwnLogOptionsStand) {
    auto start = an_attempt();
    start.task.containers[0].log_configuration =
        model::LogConfiguration{.log_driver = "awslogs",
                                .options = {{"awslogs-group", "mine"}, {"awslogs-region", "x-1"}},
                                .secret_options{}};
    start.logs[0].group = "mine";
    const auto options = definition_of(
        plan_task(start, "r"))["containerDefinitions"][0]["logConfiguration"]["options"];
    EXPECT_EQ(options["awslogs-group"], "mine");
    EXPECT_EQ(options["awslogs-region"], "x-1");
    EXPECT_EQ(options["awslogs-stream-prefix"], "d");
    EXPECT_EQ(log_stream(start, 0, kTaskArn)->region, "x-1");
}

}  // namespace
}  // namespace batchd::runtime
