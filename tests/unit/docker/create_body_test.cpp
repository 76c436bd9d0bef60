#include "batchd/docker/create_body.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace batchd::docker {
namespace {

using Json = nlohmann::json;

class CreateBodyTest : public ::testing::Test {
  protected:
    CreateBodyTest() {
        attempt_.id = {.job = *model::parse_job_id("01234567-89ab-7cde-8f01-23456789abcd"),
                       .number = 2};
        attempt_.queue = "q";
        attempt_.compute_environment = "ce";
        attempt_.resources = {.vcpu = vcpus(2), .memory = MiB{512}};
        attempt_.task.containers.emplace_back().image = "busybox";
    }
    Json body() const {
        const auto text = create_body(attempt_, secrets_, options_);
        return text ? Json::parse(*text) : Json(text.error().message);
    }
    Json host() const { return body().at("HostConfig"); }
    /// Empty if it is not set.
    std::string variable(const std::string& name) const {
        std::string found;
        for (const std::string entry : body().at("Env")) {
            if (entry.starts_with(name + "=")) found += entry.substr(name.size() + 1);
        }
        return found;
    }
    std::string refusal() const {
        const auto text = create_body(attempt_, secrets_, options_);
        return text ? "" : text.error().message;
    }

    ports::StartAttempt attempt_;
    SecretValues secrets_;
    CreateOptions options_{.network_mode = "none", .instance = "me", .log_drivers = {"fluentd"}};
};

TEST_F(CreateBodyTest, PlainContainer) {
    attempt_.task.containers[0].command = {"echo", "hi"};
    attempt_.task.containers[0].user = "1000:1000";
    attempt_.task.containers[0].environment = {{.name = "A", .value = "b=c"}};
    const Json b = body();
    EXPECT_EQ(b["Image"], "busybox");
    EXPECT_EQ(b["Cmd"], Json({"echo", "hi"}));
    EXPECT_EQ(b["User"], "1000:1000");
    EXPECT_EQ(b["StopTimeout"], 30);
    EXPECT_EQ(b["Env"],
              Json({"A=b=c", "AWS_EXECUTION_ENV=AWS_ECS_EC2",
                    "AWS_BATCH_JOB_ID=01234567-89ab-7cde-8f01-23456789abcd",
                    "AWS_BATCH_JOB_ATTEMPT=2", "AWS_BATCH_JQ_NAME=q", "AWS_BATCH_CE_NAME=ce"}));
    EXPECT_EQ(b["Labels"]["batchd.instance"], "me");
    EXPECT_EQ(b["Labels"]["batchd.job"], "01234567-89ab-7cde-8f01-23456789abcd");
    EXPECT_EQ(b["Labels"]["batchd.attempt"], "2");
    EXPECT_EQ(b["Labels"]["batchd.task"], model::task_id(attempt_.id));
    const Json h = b["HostConfig"];
    EXPECT_EQ(h["CpuShares"], 2048);
    EXPECT_EQ(h["Memory"], 512 * 1024 * 1024);
    EXPECT_FALSE(h.contains("MemorySwap"));
    EXPECT_FALSE(h.contains("DeviceRequests"));
    EXPECT_EQ(h["NetworkMode"], "none");
    EXPECT_EQ(h["RestartPolicy"]["Name"], "no");
    EXPECT_EQ(h["AutoRemove"], false);
    EXPECT_EQ(h["Privileged"], false);
    EXPECT_EQ(h["ReadonlyRootfs"], false);
    EXPECT_EQ(h["SecurityOpt"], Json({"no-new-privileges"}));
    EXPECT_EQ(h["LogConfig"], Json({{"Type", "json-file"}, {"Config", Json::object()}}));
}

TEST_F(CreateBodyTest, ImageKeepsItsCommandAndUser) {
    EXPECT_FALSE(body().contains("Cmd"));
    EXPECT_FALSE(body().contains("User"));
}

TEST_F(CreateBodyTest, LimitsOfTheEngine) {
    attempt_.resources = {.vcpu = MilliVcpu{1}, .memory = MiB{4}};
    EXPECT_EQ(host()["Memory"], 6 * 1024 * 1024) << "the Engine takes no less";
    EXPECT_EQ(host()["CpuShares"], 2);
}

TEST_F(CreateBodyTest, PrivilegedMayGainPrivileges) {
    attempt_.task.containers[0].privileged = true;
    attempt_.task.containers[0].readonly_root_filesystem = true;
    EXPECT_EQ(host()["Privileged"], true);
    EXPECT_EQ(host()["ReadonlyRootfs"], true);
    EXPECT_FALSE(host().contains("SecurityOpt"));
}

TEST_F(CreateBodyTest, LinuxParameters) {
    attempt_.task.containers[0].ulimits = {{.name = "nofile", .hard_limit = 20, .soft_limit = 10}};
    attempt_.task.containers[0].linux_parameters = {
        .devices = {{.host_path = "/dev/a", .container_path = "/dev/b", .permissions = {{"READ"}}},
                    {.host_path = "/dev/c", .container_path{}, .permissions{}}},
        .init_process_enabled = true,
        .shared_memory_size = 32,
        .tmpfs = {{.container_path = "/t", .size = 8, .mount_options = {{"rw", "noexec"}}}},
        .max_swap = 100,
        .swappiness = 10};
    const Json h = host();
    EXPECT_EQ(h["Ulimits"], Json::array({{{"Name", "nofile"}, {"Soft", 10}, {"Hard", 20}}}));
    EXPECT_EQ(h["Devices"][0]["PathInContainer"], "/dev/b");
    EXPECT_EQ(h["Devices"][0]["CgroupPermissions"], "r");
    EXPECT_EQ(h["Devices"][1]["PathInContainer"], "/dev/c");
    EXPECT_EQ(h["Devices"][1]["CgroupPermissions"], "rwm");
    EXPECT_EQ(h["Init"], true);
    EXPECT_EQ(h["ShmSize"], 32 * 1024 * 1024);
    EXPECT_EQ(h["Tmpfs"]["/t"], "size=8m,rw,noexec");
    EXPECT_EQ(h["MemorySwap"], 612 * 1024 * 1024);
    EXPECT_EQ(h["MemorySwappiness"], 10);
}

TEST_F(CreateBodyTest, NoSwapAtAll) {
    attempt_.task.containers[0].linux_parameters.emplace().max_swap = 0;
    EXPECT_EQ(host()["MemorySwap"], host()["Memory"]);
}

TEST_F(CreateBodyTest, VolumesOfHostAndTask) {
    attempt_.task.volumes = {
        {.name = "h", .host = {{.source_path = "/srv"}}, .efs_volume_configuration{}},
        {.name = "t", .host{}, .efs_volume_configuration{}},
        {.name = "unused", .host{}, .efs_volume_configuration{}}};
    attempt_.task.containers[0].mount_points = {
        {.container_path = "/h", .read_only = true, .source_volume = "h"},
        {.container_path = "/t", .read_only{}, .source_volume = "t"}};
    const std::string volume = container_name(attempt_.id) + "-t";
    EXPECT_EQ(host()["Binds"], Json({"/srv:/h:ro"}));
    EXPECT_EQ(host()["Mounts"][0]["Source"], volume);
    EXPECT_EQ(host()["Mounts"][0]["Target"], "/t");
    EXPECT_EQ(task_volumes(attempt_), std::vector<std::string>{volume});
}

TEST_F(CreateBodyTest, LogDrivers) {
    auto& logs = attempt_.task.containers[0].log_configuration.emplace();
    for (const char* driver : {"awslogs", "json-file", "local", "journald", ""}) {
        logs = {.log_driver = driver, .options = {{"max-size", "1k"}}, .secret_options{}};
        EXPECT_EQ(host()["LogConfig"]["Type"], "json-file") << driver;
        EXPECT_EQ(host()["LogConfig"]["Config"], Json::object()) << "nothing may be rotated away";
    }
    logs = {.log_driver = "fluentd", .options = {{"tag", "x"}}, .secret_options{}};
    EXPECT_EQ(host()["LogConfig"], Json({{"Type", "fluentd"}, {"Config", {{"tag", "x"}}}}));
    secrets_.log_options = {{.name = "tag", .value = "y"}, {.name = "token", .value = "t"}};
    EXPECT_EQ(host()["LogConfig"]["Config"], Json({{"tag", "y"}, {"token", "t"}}));
    logs.log_driver = "splunk";
    EXPECT_TRUE(refusal().contains("'splunk'")) << refusal();
}

TEST_F(CreateBodyTest, SecretsStandBetweenTheJobsVariablesAndBatchs) {
    attempt_.task.containers[0].environment = {{.name = "TOKEN", .value = "plain"},
                                               {.name = "AWS_EXECUTION_ENV", .value = "mine"},
                                               {.name = "A", .value = "1"}};
    attempt_.task.containers[0].secrets = {{.name = "TOKEN", .value_from = "x"}};
    secrets_.environment = {{.name = "TOKEN", .value = "a=b c"},
                            {.name = "AWS_BATCH_JOB_ATTEMPT", .value = "99"},
                            {.name = "EMPTY", .value = ""}};
    EXPECT_EQ(body()["Env"],
              Json({"A=1", "TOKEN=a=b c", "EMPTY=", "AWS_EXECUTION_ENV=AWS_ECS_EC2",
                    "AWS_BATCH_JOB_ID=01234567-89ab-7cde-8f01-23456789abcd",
                    "AWS_BATCH_JOB_ATTEMPT=2", "AWS_BATCH_JQ_NAME=q", "AWS_BATCH_CE_NAME=ce"}));
}

TEST_F(CreateBodyTest, RefusesWhatItCannotCarryOut) {
    attempt_.task.containers[0].mount_points = {
        {.container_path = "/x", .read_only{}, .source_volume = "none"}};
    EXPECT_TRUE(refusal().contains("'none'")) << refusal();
    auto& volume = attempt_.task.volumes.emplace_back();
    volume.name = "none";
    volume.efs_volume_configuration.emplace().file_system_id = "fs-1";
    EXPECT_TRUE(refusal().contains("EFS")) << refusal();
    attempt_.task.volumes = {
        {.name = "none", .host = {{.source_path = "/a:b"}}, .efs_volume_configuration{}}};
    EXPECT_TRUE(refusal().contains("colon")) << refusal();
}

TEST_F(CreateBodyTest, InvalidUtf8DoesNotThrow) {
    attempt_.task.containers[0].environment = {{.name = "A", .value = "\xff"}};
    EXPECT_EQ(body()["Env"][0], "A=\xef\xbf\xbd");
}

/// One of several containers has its own share of the job, its own name, and what the task shares.
TEST_F(CreateBodyTest, OneOfSeveralContainers) {
    const std::string task = "batchd-" + model::task_id(attempt_.id);
    EXPECT_EQ(container_name(attempt_, 0), task);
    EXPECT_FALSE(needs_sandbox(attempt_, "none"));
    auto& first = attempt_.task.containers[0];
    first.name = "main";
    first.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "100"}};
    attempt_.task.containers.push_back(first);
    auto& second = attempt_.task.containers[1];
    second.name = "side";
    second.command = {"aside"};
    second.stop_timeout = 5;
    second.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "200"}};
    options_.container = 1;
    options_.sandbox = "abc";
    EXPECT_EQ(container_name(attempt_, 1), task + "-side");
    EXPECT_EQ(task_prefix(container_name(attempt_, 1)), task);
    EXPECT_TRUE(needs_sandbox(attempt_, "none"));
    EXPECT_FALSE(needs_sandbox(attempt_, "host"));
    EXPECT_EQ(body()["Cmd"], Json({"aside"}));
    EXPECT_EQ(body()["StopTimeout"], 5);
    EXPECT_EQ(body()["Labels"]["batchd.container"], "side");
    EXPECT_EQ(host()["Memory"], 200 * 1024 * 1024);
    EXPECT_EQ(host()["NetworkMode"], "container:abc");
    EXPECT_FALSE(host().contains("IpcMode"));
    EXPECT_FALSE(host().contains("PidMode"));
}

TEST_F(CreateBodyTest, GpusAreNamed) {
    attempt_.resources.gpus = 2;
    attempt_.gpus = {"GPU-a", "GPU-b"};
    EXPECT_EQ(host()["DeviceRequests"], Json::parse(R"([{"Driver": "nvidia",
        "DeviceIDs": ["GPU-a", "GPU-b"], "Capabilities": [["gpu"]]}])"));
    EXPECT_EQ(variable("NVIDIA_VISIBLE_DEVICES"), "GPU-a,GPU-b");
}

TEST_F(CreateBodyTest, OnAHostWithGpusNobodySeesThoseOfOthers) {
    attempt_.task.containers[0].environment = {{.name = "NVIDIA_VISIBLE_DEVICES", .value = "all"}};
    EXPECT_EQ(variable("NVIDIA_VISIBLE_DEVICES"), "all") << "there is none to see";
    options_.host_has_gpus = true;
    EXPECT_EQ(variable("NVIDIA_VISIBLE_DEVICES"), "void");
    EXPECT_FALSE(host().contains("DeviceRequests"));
    attempt_.resources.gpus = 1;
    attempt_.gpus = {"0"};
    EXPECT_EQ(variable("NVIDIA_VISIBLE_DEVICES"), "0");
}

TEST_F(CreateBodyTest, ContainersOfATaskHaveTheirGpusInTheirOrder) {
    const auto asks = [&](const char* name, const char* gpus) {
        auto& container = attempt_.task.containers.emplace_back();
        container.name = name;
        container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "100"}, {"GPU", gpus}};
    };
    attempt_.task.containers.clear();
    asks("first", "1");
    asks("second", "2");
    asks("third", "1");
    attempt_.task.containers[2].resource_requirements.pop_back();
    attempt_.resources.gpus = 3;
    attempt_.gpus = {"a", "b", "c"};
    options_.host_has_gpus = true;
    for (const char* expected : {"a", "b,c", "void"}) {
        EXPECT_EQ(variable("NVIDIA_VISIBLE_DEVICES"), expected);
        ++options_.container;
    }
    options_.container = 1;
    EXPECT_EQ(host()["DeviceRequests"][0]["DeviceIDs"], Json({"b", "c"}));
    attempt_.gpus.pop_back();
    EXPECT_TRUE(refusal().contains("fewer GPUs")) << refusal();
}

TEST_F(CreateBodyTest, NamespacesOfTheTask) {
    attempt_.task.containers.push_back(attempt_.task.containers[0]);
    for (auto& container : attempt_.task.containers) {
        container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "100"}};
    }
    options_.sandbox = "abc";
    attempt_.task.ipc_mode = "task";
    attempt_.task.pid_mode = "task";
    EXPECT_EQ(host()["IpcMode"], "container:abc");
    EXPECT_EQ(host()["PidMode"], "container:abc");
    EXPECT_TRUE(needs_sandbox(attempt_, "host"));
    const Json sandbox = Json::parse(sandbox_body(attempt_, options_));
    EXPECT_EQ(sandbox["HostConfig"]["IpcMode"], "shareable");
    EXPECT_EQ(sandbox["HostConfig"]["NetworkMode"], "none");
    EXPECT_EQ(sandbox["Labels"]["batchd.instance"], "me") << "else it would never be cleaned up";
    attempt_.task.ipc_mode = "host";
    attempt_.task.pid_mode = "host";
    EXPECT_EQ(host()["IpcMode"], "host");
    EXPECT_EQ(host()["PidMode"], "host");
    attempt_.task.ipc_mode = "none";
    EXPECT_EQ(host()["IpcMode"], "private");
    options_.network_mode = "host";
    EXPECT_EQ(host()["NetworkMode"], "host");
}

TEST_F(CreateBodyTest, LeanContainersHaveTheirHostsFromAFile) {
    EXPECT_FALSE(body().contains("NetworkDisabled"));
    options_.hosts_file = "/v/hosts";
    const Json b = body();
    EXPECT_EQ(b["NetworkDisabled"], true);
    EXPECT_EQ(b["HostConfig"]["Mounts"],
              Json::parse(R"([{"Type":"bind","Source":"/v/hosts","Target":"/etc/hosts",
                               "ReadOnly":true}])"));
}

TEST_F(CreateBodyTest, LeanIsForAnOnlyContainerWithNoNetwork) {
    EXPECT_TRUE(may_be_lean(attempt_, "none"));
    EXPECT_FALSE(may_be_lean(attempt_, "bridge"));
    auto node = attempt_;
    node.num_nodes = 2;
    EXPECT_FALSE(may_be_lean(node, "none"));
    auto task = attempt_;
    task.task.containers.push_back(task.task.containers[0]);
    EXPECT_FALSE(may_be_lean(task, "none"));
    attempt_.task.containers[0].mount_points = {
        {.container_path = "/etc//hosts", .read_only{}, .source_volume = "v"}};
    EXPECT_FALSE(may_be_lean(attempt_, "none"));
}

TEST_F(CreateBodyTest, ASlotHasNothingOfOneAttempt) {
    attempt_.task.containers[0].command = {"echo", "hi"};
    attempt_.task.containers[0].user = "1000";
    attempt_.task.containers[0].environment = {{.name = "A", .value = "b"}};
    options_.hosts_file = "/v/hosts";
    options_.agent_file = "/v/agent";
    options_.host_has_gpus = true;
    const Json b = Json::parse(slot_body(attempt_, options_).value_or("null"));
    EXPECT_FALSE(b.contains("Cmd"));
    EXPECT_EQ(b["Entrypoint"], Json({"/.batchd-agent"}));
    EXPECT_EQ(b["Env"], Json({"NVIDIA_VISIBLE_DEVICES=void"}));
    EXPECT_EQ(b["User"], "1000");
    EXPECT_EQ(b["OpenStdin"], true);
    EXPECT_EQ(b["StdinOnce"], true) << "the slot ends with its daemon";
    EXPECT_EQ(b["HostConfig"]["LogConfig"]["Type"], "none");
    EXPECT_EQ(b["HostConfig"]["Memory"], 512 * 1024 * 1024);
    EXPECT_EQ(b["HostConfig"]["Mounts"].size(), 2U);
    EXPECT_EQ(b["Labels"], body()["Labels"]);
    const auto environment = environment_of(attempt_, secrets_, options_);
    ASSERT_TRUE(environment);
    EXPECT_EQ(environment->front(), "A=b");
}

TEST_F(CreateBodyTest, AsksForTheRuntime) {
    EXPECT_FALSE(host().contains("Runtime"));
    options_.runtime = "crun";
    EXPECT_EQ(host()["Runtime"], "crun");
}

}  // namespace
}  // namespace batchd::docker
