#include "batchd/model/job.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::kAccepted;
using T = EcsTaskProperties;
using Texts = std::vector<std::string>;

const std::string kArn = "arn:aws:batch:us-east-1:123456789012:job-definition/d:3";

TaskContainerProperties a_container(const std::string& name) {
    TaskContainerProperties container;
    container.name = name;
    container.image = "busybox";
    container.resource_requirements = {{"VCPU", "1"}, {"MEMORY", "128"}};
    return container;
}

/// `main`, and `side`, which is not essential.
T a_task() {
    T task;
    task.containers = {a_container("main"), a_container("side")};
    task.containers[1].essential = false;
    return task;
}

T a_fargate_task() {
    T task = a_task();
    task.execution_role_arn = "arn:aws:iam::123456789012:role/execution";
    for (auto& container : task.containers) {
        container.resource_requirements = {{"VCPU", "0.125"}, {"MEMORY", "256"}};
    }
    return task;
}

JobDefinition definition_of(const T& task) {
    JobDefinition definition;
    definition.job_definition_name = "d";
    definition.type = "container";
    definition.ecs_properties.emplace().task_properties = {task};
    return definition;
}

void expect_task_rules(const std::vector<testing::Rule<T>>& rules,
                       const ContainerPolicy& policy = {}) {
    testing::expect_rules(a_task(), rules, [&](const T& task) {
        JobDefinition definition = definition_of(task);
        return validate(definition, policy);
    });
}

auto depends(const std::string& name, std::optional<std::string> condition) {
    return [=](T& task) { task.containers[0].depends_on = {{name, condition}}; };
}

TEST(Task, HasOneToTenContainersWithNamesOfTheirOwn) {
    const std::string count = "Number of containers must be between 1 and 10";
    const auto containers = [](int n) {
        return [n](T& task) {
            task.containers.clear();
            for (int i = 0; i < n; ++i) task.containers.push_back(a_container(std::to_string(i)));
        };
    };
    expect_task_rules({
        {"good", [](T&) {}, kAccepted},
        {"none", containers(0), count},
        {"one", containers(1), kAccepted},
        {"ten", containers(10), kAccepted},
        {"eleven", containers(11), count},
        {"same name", [](T& t) { t.containers[1].name = "main"; },
         "Container names must be unique"},
        {"one without a name", [](T& t) { t.containers[1].name.reset(); }, kAccepted},
        {"two without a name",
         [](T& t) {
             t.containers[0].name.reset();
             t.containers[1].name = "";
         },
         "Container names must be unique"},
        {"name with a slash", [](T& t) { t.containers[0].name = "a/b"; },
         "containers[0].name 'a/b' must match [A-Za-z0-9_-]{1,255}"},
        {"none essential", [](T& t) { t.containers[0].essential = false; },
         "At least one container must be set as essential"},
        {"essential unless given", [](T& t) { t.containers[1].essential.reset(); }, kAccepted},
    });
}

TEST(Task, OrdersItsContainers) {
    const auto essential = [](const std::string& condition) {
        return "The container target of a dependency can not have condition " + condition +
               " if the target is essential";
    };
    const auto not_valid = [](const std::string& condition) {
        return "TaskContainer dependency " + condition +
               " is not valid. Valid values are: [START, COMPLETE, SUCCESS]";
    };
    expect_task_rules({
        {"START", depends("side", "START"), kAccepted},
        {"COMPLETE", depends("side", "COMPLETE"), kAccepted},
        {"SUCCESS", depends("side", "success"), kAccepted},
        {"HEALTHY", depends("side", "HEALTHY"), not_valid("HEALTHY")},
        {"no condition", depends("side", std::nullopt), not_valid("")},
        {"unknown", depends("other", "START"),
         "containerName other must reference a defined container."},
        {"START of an essential one",
         [](T& t) { t.containers[1].depends_on = {{"main", "START"}}; }, kAccepted},
        {"COMPLETE of an essential one",
         [](T& t) { t.containers[1].depends_on = {{"main", "COMPLETE"}}; }, essential("COMPLETE")},
        {"SUCCESS of an essential one",
         [](T& t) { t.containers[1].depends_on = {{"main", "SUCCESS"}}; }, essential("SUCCESS")},
        {"of itself", depends("main", "START"),
         "container 'main' depends on itself, directly or through others"},
        {"in a circle",
         [](T& t) {
             t.containers[0].depends_on = {{"side", "START"}};
             t.containers[1].depends_on = {{"main", "START"}};
         },
         "container 'main' depends on itself, directly or through others"},
        {"alone",
         [](T& t) {
             t.containers.pop_back();
             t.containers[0].depends_on = {{"main", "START"}};
         },
         "Container dependency can not be used in a single-container job."},
    });
}

TEST(Task, SharesNamespacesAsItsOperatorAllows) {
    const auto ipc = [](const std::string& mode) { return [mode](T& t) { t.ipc_mode = mode; }; };
    const auto pid = [](const std::string& mode) { return [mode](T& t) { t.pid_mode = mode; }; };
    expect_task_rules({
        {"ipc task", ipc("task"), kAccepted},
        {"ipc none", ipc("none"), kAccepted},
        {"ipc unknown", ipc("pod"),
         "ipcMode pod is not valid. Valid values are: [host, task, none]"},
        {"ipc host", ipc("host"),
         "ipcMode 'host' is refused by the operator: containers.allow_privileged is false"},
        {"pid task", pid("task"), kAccepted},
        {"pid none", pid("none"), "pidMode none is not valid. Valid values are: [host, task]"},
        {"pid host", pid("host"),
         "pidMode 'host' is refused by the operator: containers.allow_privileged is false"},
    });
    expect_task_rules({{"ipc host", ipc("host"), kAccepted}, {"pid host", pid("host"), kAccepted}},
                      {.allow_privileged = true, .allowed_host_paths{}, .allowed_devices{}});
}

TEST(Task, AppliesTheRulesOfSingleContainersToEach) {
    expect_task_rules({
        {"no image", [](T& t) { t.containers[1].image.reset(); },
         "containerProperties.image is required"},
        {"no vCPU", [](T& t) { t.containers[1].resource_requirements = {{"MEMORY", "128"}}; },
         "vCPU is required."},
        {"too little memory",
         [](T& t) { t.containers[1].resource_requirements = {{"VCPU", "1"}, {"MEMORY", "3"}}; },
         "Memory must be at least 4 Mib, got 3 Mib."},
        {"reserved name", [](T& t) { t.containers[1].environment = {{"AWS_BATCH_X", "1"}}; },
         "environment[0].name 'AWS_BATCH_X' must not start with AWS_BATCH, which is reserved"},
        {"secret without a role", [](T& t) { t.containers[1].secrets = {{"A", "arn:a"}}; },
         "executionRoleArn cannot be empty when using secrets or secretOptions"},
        {"secret with the task's role",
         [](T& t) {
             t.containers[1].secrets = {{"A", "arn:a"}};
             t.execution_role_arn = "arn:role";
         },
         kAccepted},
        {"mount of the task's volume",
         [](T& t) {
             t.volumes = {{.name = "v", .host{}, .efs_volume_configuration{}}};
             t.containers[1].mount_points = {
                 {.container_path = "/v", .read_only{}, .source_volume = "v"}};
         },
         kAccepted},
        {"mount of no volume",
         [](T& t) {
             t.containers[1].mount_points = {
                 {.container_path = "/v", .read_only{}, .source_volume = "v"}};
         },
         "mountPoints[0].sourceVolume 'v' must be the name of a volume"},
        {"privileged", [](T& t) { t.containers[1].privileged = true; },
         "privileged 'true' is refused by the operator: containers.allow_privileged is false"},
        {"startTimeout", [](T& t) { t.containers[1].start_timeout = 1; },
         "startTimeout '1' must be at least 2"},
        {"stopTimeout", [](T& t) { t.containers[1].stop_timeout = 1; },
         "stopTimeout '1' must be at least 2"},
        {"timeouts",
         [](T& t) {
             t.containers[1].start_timeout = 2;
             t.containers[1].stop_timeout = 3600;
         },
         kAccepted},
        {"network on EC2", [](T& t) { t.network_configuration.emplace(); },
         "networkConfiguration not applicable for EC2."},
        {"platform version on EC2", [](T& t) { t.platform_version = "LATEST"; },
         "fargatePlatformConfiguration not applicable for EC2."},
        {"firelens of an unknown type",
         [](T& t) { t.containers[1].firelens_configuration = {.type = "x", .options{}}; },
         "firelensConfiguration.type 'x' must be fluentd or fluentbit"},
        {"firelens without root",
         [](T& t) {
             t.containers[1].firelens_configuration = {.type = "fluentbit", .options{}};
             for (auto& container : t.containers) container.user = "1000";
         },
         "When a firelensConfiguration object is specified, at least one container has to run as "
         "root"},
        {"firelens with root",
         [](T& t) {
             t.containers[1].firelens_configuration = {.type = "fluentbit", .options{}};
             t.containers[0].user = "1000";
             t.containers[1].user = "0:0";
         },
         kAccepted},
    });
}

TEST(Task, FollowsTheRulesOfFargate) {
    testing::expect_rules(
        a_fargate_task(),
        std::vector<testing::Rule<T>>{
            {"the sum is a size", [](T&) {}, kAccepted},
            {"the sum is none",
             [](T& t) { t.containers[0].resource_requirements[1].value = "300"; },
             "Fargate resource requirements (0.25 vCPU, 556 MiB) not valid."},
            {"no role", [](T& t) { t.execution_role_arn.reset(); },
             "executionRoleArn is required for Fargate jobs."},
            {"long stopTimeout", [](T& t) { t.containers[0].stop_timeout = 121; },
             "stopTimeout '121' must be between 2 and 120"},
            {"ulimits", [](T& t) { t.containers[0].ulimits = {{"nofile", 2, 1}}; },
             "ulimits is not applicable for Fargate."},
            {"ipc", [](T& t) { t.ipc_mode = "task"; }, "ipcMode is not applicable for Fargate."},
            {"pid", [](T& t) { t.pid_mode = "task"; }, kAccepted},
            {"storage", [](T& t) { t.ephemeral_storage = {.size_in_gi_b = 20}; },
             "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB"},
        },
        [](const T& task) {
            JobDefinition definition = definition_of(task);
            definition.platform_capabilities = {"FARGATE"};
            return validate(definition, {});
        });
    JobDefinition definition = definition_of(a_fargate_task());
    definition.platform_capabilities = {"FARGATE"};
    ASSERT_TRUE(validate(definition, {}));
    EXPECT_EQ(definition.ecs_properties->task_properties[0].platform_version, "LATEST");
}

TEST(Task, IsOneAndExcludesContainerProperties) {
    JobDefinition both = definition_of(a_task());
    both.container_properties.emplace();
    EXPECT_EQ(validate(both, {}).error().message,
              "Cannot use both ECS containerProperties and ecsProperties");
    JobDefinition two = definition_of(a_task());
    two.ecs_properties->task_properties.push_back(a_task());
    EXPECT_EQ(validate(two, {}).error().message,
              "ecsProperties.taskProperties must have 1 entry, got 2");
}

/// What the check makes normal is what is kept.
TEST(Task, KeepsWhatItsCheckMadeNormal) {
    T task = a_task();
    task.containers[1].name.reset();
    task.containers[0].resource_requirements[0].type = "vcpu";
    task.containers[0].environment = {{"EMPTY", ""}, {"A", "b"}};
    task.containers[0].depends_on = {{"default", "complete"}};
    task.volumes = {{.name = "v",
                     .host = HostVolume{.source_path = "/data/./x/"},
                     .efs_volume_configuration{}}};
    JobDefinition definition = definition_of(task);
    ASSERT_TRUE(
        validate(definition,
                 {.allow_privileged = false, .allowed_host_paths = {"/data"}, .allowed_devices{}}));
    const T& kept = definition.ecs_properties->task_properties[0];
    EXPECT_EQ(kept.containers[0].resource_requirements[0].type, "VCPU");
    ASSERT_EQ(kept.containers[0].environment.size(), 1U);
    EXPECT_EQ(kept.containers[0].depends_on[0].condition, "COMPLETE");
    EXPECT_EQ(kept.containers[1].name, "default");
    EXPECT_EQ(kept.volumes[0].host->source_path, "/data/x");
}

SubmitJobRequest a_request() {
    SubmitJobRequest request;
    request.job_name = "j";
    request.job_queue = "q";
    request.job_definition = "d";
    return request;
}

TaskContainerOverrides& override_of(SubmitJobRequest& request, const std::string& name) {
    if (!request.ecs_properties_override) {
        request.ecs_properties_override.emplace().task_properties.emplace_back();
    }
    auto& added = request.ecs_properties_override->task_properties[0].containers.emplace_back();
    added.name = name;
    return added;
}

T resolved(const SubmitJobRequest& request, const T& task) {
    const auto job = resolve(request, definition_of(task), kArn, Limits{});
    EXPECT_TRUE(job) << job.error().message;
    return job ? task_of(job->spec, {}) : T{};
}

TEST(TaskOverrides, AreMergedByTheNameOfTheContainer) {
    T task = a_task();
    task.containers[0].command = {"old"};
    task.containers[1].command = {"stays"};
    task.containers[0].environment = {{"A", "1"}, {"B", "2"}};
    SubmitJobRequest request = a_request();
    auto& main = override_of(request, "main");
    main.command = Texts{"new"};
    main.environment = {{"B", "3"}, {"C", "4"}};
    override_of(request, "side").resource_requirements = {{"memory", "512"}};

    const T merged = resolved(request, task);
    EXPECT_EQ(merged.containers[0].command, Texts{"new"});
    EXPECT_EQ(merged.containers[1].command, Texts{"stays"});
    ASSERT_EQ(merged.containers[0].environment.size(), 3U);
    EXPECT_EQ(merged.containers[0].environment[1].value, "3");
    EXPECT_EQ(merged.containers[0].environment[2].value, "4");
    EXPECT_EQ(resources_of(merged), (Resources{vcpus(2), MiB{640}, 0}));
    const auto job = resolve(request, definition_of(task), kArn, Limits{});
    EXPECT_EQ(job->traits.shape.resources, (Resources{vcpus(2), MiB{640}, 0})) << "the sum";
    EXPECT_FALSE(job->spec.container);
}

TEST(TaskOverrides, FollowTheRules) {
    using R = SubmitJobRequest;
    const auto check = [](const R& request) -> Result<> {
        BATCHD_TRY(resolve(request, definition_of(a_task()), kArn, Limits{}));
        return {};
    };
    testing::expect_rules(
        a_request(),
        std::vector<testing::Rule<R>>{
            {"unknown name", [](R& r) { override_of(r, "other"); },
             "ecsPropertiesOverride: name 'other' must reference a defined container"},
            {"empty argument", [](R& r) { override_of(r, "side").command = Texts{"a", ""}; },
             "containerOverrides.command[1] '' must not be empty"},
            {"reserved variable",
             [](R& r) { override_of(r, "side").environment = {{"AWS_BATCH_X", "1"}}; },
             "environment[0].name 'AWS_BATCH_X' must not start with AWS_BATCH, which is reserved"},
            {"too little memory",
             [](R& r) { override_of(r, "side").resource_requirements = {{"MEMORY", "3"}}; },
             "Memory must be at least 4 Mib, got 3 Mib."},
            {"two tasks",
             [](R& r) {
                 override_of(r, "side");
                 r.ecs_properties_override->task_properties.emplace_back();
             },
             "ecsPropertiesOverride.taskProperties must have 1 entry, got 2"},
            {"parameter without a value",
             [](R& r) { override_of(r, "side").command = Texts{"Ref::x"}; },
             "Unable to substitute value. No parameter found for reference x"},
            {"those of the other form", [](R& r) { r.container_overrides.emplace(); },
             "containerOverrides cannot be used with a job definition that has ecsProperties; use "
             "ecsPropertiesOverride"},
        },
        check);
}

TEST(TaskOverrides, ParametersAreSubstitutedInEveryCommand) {
    T task = a_task();
    task.containers[0].command = {"run", "Ref::what"};
    task.containers[1].command = {"--x=Ref::what"};
    SubmitJobRequest request = a_request();
    request.parameters["what"] = "this";
    const T merged = resolved(request, task);
    EXPECT_EQ(merged.containers[0].command, (Texts{"run", "this"}));
    EXPECT_EQ(merged.containers[1].command, Texts{"--x=this"});
}

TEST(Task, OfContainerPropertiesHasOneContainer) {
    ContainerProperties container;
    container.image = "busybox";
    container.vcpus = 2;
    container.memory = 256;
    container.resource_requirements = {{"VCPU", "1"}};
    container.volumes.emplace_back().name = "v";
    const T task = task_of(container);
    ASSERT_EQ(task.containers.size(), 1U);
    EXPECT_EQ(task.containers[0].name, "default");
    EXPECT_EQ(task.containers[0].image, "busybox");
    EXPECT_EQ(task.volumes.size(), 1U);
    EXPECT_EQ(resources_of(task), (Resources{vcpus(1), MiB{256}, 0}));
}

TEST(LogNames, NameContainerAndTask) {
    const AttemptId id{.job = *parse_job_id("01234567-89ab-7cde-8f01-23456789abcd"), .number = 1};
    auto container = a_container("side");
    EXPECT_EQ(log_names(kArn, container, id).stream, "d/side/" + task_id(id));
    EXPECT_EQ(log_names(kArn, container, id).group, "/aws/batch/job");
    container.log_configuration = {
        .log_driver = "awslogs",
        .options = {{"awslogs-group", "g"}, {"awslogs-stream-prefix", "p"}},
        .secret_options{}};
    EXPECT_EQ(log_names(kArn, container, id).stream, "p/side/" + task_id(id));
    EXPECT_EQ(log_names(kArn, container, id).group, "g");
    EXPECT_EQ(log_names(kArn, task_of(ContainerProperties{}).containers[0], id).stream,
              "d/default/" + task_id(id));
}

}  // namespace
}  // namespace batchd::model
