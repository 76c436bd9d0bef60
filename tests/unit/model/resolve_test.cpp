#include "batchd/model/docker_rules.hpp"
#include "batchd/model/job.hpp"
#include "unit/model/definitions.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::a_definition;
using testing::a_fargate_definition;
using testing::kAccepted;
using R = SubmitJobRequest;
using Texts = std::vector<std::string>;

const std::string kArn = "arn:aws:batch:us-east-1:123456789012:job-definition/d:3";
const std::string kJob = "0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f50";  // one digit is missing

R a_request() {
    R request;
    request.job_name = "j";
    request.job_queue = "q";
    request.job_definition = "d";
    return request;
}

JobDependency after(const std::string& id, std::optional<std::string> type = std::nullopt) {
    return {.job_id = id, .type = std::move(type)};
}

ResolvedJob resolved(const R& request, const JobDefinition& definition) {
    auto job = resolve(request, definition, kArn, kAwsLimits);
    EXPECT_TRUE(job) << job.error().message;
    return job.value_or(ResolvedJob{});
}

void expect_request_rules(const JobDefinition& definition,
                          const std::vector<testing::Rule<R>>& rules) {
    testing::expect_rules(a_request(), rules, [&](const R& request) -> Result<> {
        BATCHD_TRY(resolve(request, definition, kArn, kAwsLimits));
        return {};
    });
}

void take(SubmitJobRequest& request, std::vector<JobConsumableResource> list) {
    request.consumable_resource_properties_override.emplace().consumable_resource_list =
        std::move(list);
}

TEST(SubmitJob, FollowsTheRulesOfAws) {
    const auto name_error = [](const std::string& name) {
        return "Job name should match valid pattern: jobName " + name +
               " must have 1 to 128 of [A-Za-z0-9_-], the first a letter or digit";
    };
    expect_request_rules(
        a_definition(),
        {
            {"good", [](R&) {}, kAccepted},
            {"no name", [](R& r) { r.job_name = ""; }, name_error("''")},
            {"name begins with a hyphen", [](R& r) { r.job_name = "-a"; }, name_error("'-a'")},
            {"longest name", [](R& r) { r.job_name = std::string(128, 'j'); }, kAccepted},
            {"name too long", [](R& r) { r.job_name = std::string(129, 'j'); },
             name_error("'" + std::string(80, 'j') + "...'")},
            {"share", [](R& r) { r.share_identifier = "team-1_a"; }, kAccepted},
            {"share with a space", [](R& r) { r.share_identifier = "a b"; },
             "shareIdentifier 'a b' must match [A-Za-z0-9_-]{1,255}"},
            {"empty share", [](R& r) { r.share_identifier = ""; }, kAccepted},
            {"priority", [](R& r) { r.scheduling_priority_override = 9999; }, kAccepted},
            {"priority too low", [](R& r) { r.scheduling_priority_override = -1; },
             "Scheduling priority must be between 0 and 9999."},
            {"priority too high", [](R& r) { r.scheduling_priority_override = 10'000; },
             "Scheduling priority must be between 0 and 9999."},
            {"consumable", [](R& r) { take(r, {{"licence", 1}}); }, kAccepted},
            {"consumable without name", [](R& r) { take(r, {{std::nullopt, 1}}); },
             "consumableResourcePropertiesOverride.consumableResourceList[0].consumableResource is "
             "required"},
            {"consumable without quantity", [](R& r) { take(r, {{"licence", std::nullopt}}); },
             "consumableResourcePropertiesOverride.consumableResourceList[0].quantity is required"},
            {"nothing of a consumable", [](R& r) { take(r, {{"licence", 0}}); },
             "consumableResourcePropertiesOverride.consumableResourceList[0].quantity '0' must be "
             "at least 1"},
            {"the same consumable twice", [](R& r) { take(r, {{"licence", 1}, {"licence", 2}}); },
             "Cannot have duplicate consumableResource in consumableResourceProperties"},
            {"six consumables",
             [](R& r) { take(r, {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}}); },
             "Each ConsumableResourceProperty can have at most 5 consumableResources"},
            {"a dependency on a node",
             [](R& r) {
                 r.depends_on = {{.job_id = "01234567-89ab-4def-8123-456789abcdef#1", .type = {}}};
             },
             "dependsOn[0].jobId '01234567-89ab-4def-8123-456789abcdef#1' is a node of a "
             "multi-node job; a job can depend on the whole job only"},
            {"more GPUs than could be counted",
             [](R& r) {
                 r.container_overrides.emplace().resource_requirements = {{"GPU", "100001"}};
             },
             "Value 100001 for type GPU in resourceRequirement must be at most 100000."},
            {"empty array properties", [](R& r) { r.array_properties.emplace(); }, kAccepted},
            {"array", [](R& r) { r.array_properties.emplace().size = 2; }, kAccepted},
            {"array of 1", [](R& r) { r.array_properties.emplace().size = 1; },
             "arrayProperties.size '1' must be between 2 and 10000"},
            {"array of 10,000", [](R& r) { r.array_properties.emplace().size = 10'000; },
             kAccepted},
            {"array of 10,001", [](R& r) { r.array_properties.emplace().size = 10'001; },
             "arrayProperties.size '10001' must be between 2 and 10000"},
            {"retries", [](R& r) { r.retry_strategy.emplace().attempts = 10; }, kAccepted},
            {"too many retries", [](R& r) { r.retry_strategy.emplace().attempts = 11; },
             "retryStrategy.attempts '11' must be between 1 and 10"},
            {"empty retries", [](R& r) { r.retry_strategy.emplace(); },
             "RetryAttempts must be provided with retry strategy."},
            {"timeout", [](R& r) { r.timeout.emplace().attempt_duration_seconds = 60; }, kAccepted},
            {"short timeout", [](R& r) { r.timeout.emplace().attempt_duration_seconds = 59; },
             "timeout.attemptDurationSeconds '59' must be at least 60"},
            {"tags", [](R& r) { r.tags = {{"team", "blue"}}; }, kAccepted},
            {"reserved tag", [](R& r) { r.tags = {{"aws:x", ""}}; },
             "tag key 'aws:x' must not begin with 'aws:', which is reserved"},
        });
}

TEST(SubmitJob, ChecksDependencies) {
    expect_request_rules(
        a_definition(),
        {
            {"one", [](R& r) { r.depends_on = {after(kJob + "1")}; }, kAccepted},
            {"20", [](R& r) { r.depends_on.assign(20, after(kJob + "1")); }, kAccepted},
            {"21", [](R& r) { r.depends_on.assign(21, after(kJob + "1")); },
             "dependsOn must have at most 20 entries, got 21"},
            {"empty type", [](R& r) { r.depends_on = {after(kJob + "1", "")}; }, kAccepted},
            {"N_TO_N", [](R& r) { r.depends_on = {after(kJob + "1", "n_to_n")}; }, kAccepted},
            {"a child", [](R& r) { r.depends_on = {after(kJob + "1:7")}; }, kAccepted},
            {"unknown type", [](R& r) { r.depends_on = {after(kJob + "1", "AFTER")}; },
             "dependsOn[0].type 'AFTER' must be one of AFTEROK, AFTERANY, AFTERNOTOK, AFTERSTART, "
             "AFTERCORR, N_TO_N, SEQUENTIAL, SEQUENTIAL_ANY"},
            {"success and failure",
             [](R& r) { r.depends_on = {after(kJob + "1", "AFTERNOTOK"), after(kJob + "1")}; },
             "dependsOn[1].type: job '" + kJob +
                 "1' cannot be waited for both AFTEROK and AFTERNOTOK"},
            {"success of one, failure of another",
             [](R& r) {
                 r.depends_on = {after(kJob + "1", "AFTERNOTOK"), after(kJob + "2", "AFTEROK")};
             },
             kAccepted},
            {"both sequences",
             [](R& r) {
                 r.array_properties.emplace().size = 2;
                 r.depends_on = {{{}, "SEQUENTIAL"}, {{}, "SEQUENTIAL_ANY"}};
             },
             "dependsOn[1].type cannot be SEQUENTIAL and SEQUENTIAL_ANY at once"},
            {"SEQUENTIAL_ANY without array", [](R& r) { r.depends_on = {{{}, "SEQUENTIAL_ANY"}}; },
             "dependsOn[0].type 'SEQUENTIAL_ANY' is for array jobs"},
            {"N_TO_N without id", [](R& r) { r.depends_on = {{{}, "N_TO_N"}}; },
             "dependsOn[0].jobId is required"},
            {"SEQUENTIAL",
             [](R& r) {
                 r.array_properties.emplace().size = 2;
                 r.depends_on = {after(kJob + "1"), {{}, "SEQUENTIAL"}};
             },
             kAccepted},
            {"SEQUENTIAL without array", [](R& r) { r.depends_on = {{{}, "SEQUENTIAL"}}; },
             "dependsOn[0].type 'SEQUENTIAL' is for array jobs"},
            {"SEQUENTIAL with id",
             [](R& r) {
                 r.array_properties.emplace().size = 2;
                 r.depends_on = {after(kJob + "1", "SEQUENTIAL")};
             },
             "dependsOn[0].jobId must be absent with type SEQUENTIAL, which orders the children of "
             "the array itself"},
            {"no id", [](R& r) { r.depends_on.emplace_back(); }, "dependsOn[0].jobId is required"},
            {"bad id", [](R& r) { r.depends_on = {after("x")}; },
             "jobId 'x' is not a job id: expected 36 characters such as "
             "01234567-89ab-7cde-8f01-23456789abcd, with :<index> for a child of an array"},
        });
}

TEST(SubmitJob, ChecksOverrides) {
    const std::string deprecated =
        "This value was submitted in a deprecated key and may conflict with the value provided by "
        "the job definition's resource requirements.";
    const auto overrides = [](std::function<void(ContainerOverrides&)> change) {
        return [change](R& r) { change(r.container_overrides.emplace()); };
    };
    using O = ContainerOverrides;
    expect_request_rules(
        a_definition(),
        {
            {"empty", overrides([](O&) {}), kAccepted},
            {"vcpus", overrides([](O& o) { o.vcpus = 2; }), deprecated},
            {"memory", overrides([](O& o) { o.memory = 512; }), deprecated},
            {"requirement", overrides([](O& o) { o.resource_requirements = {{"vcpu", "2"}}; }),
             kAccepted},
            {"requirement below the least",
             overrides([](O& o) { o.resource_requirements = {{"MEMORY", "3"}}; }),
             "Memory must be at least 4 Mib, got 3 Mib."},
            {"requirement twice",
             overrides([](O& o) { o.resource_requirements = {{"VCPU", "2"}, {"VCPU", "3"}}; }),
             "Cannot provide duplicates in resourceRequirements."},
            {"unknown requirement",
             overrides([](O& o) { o.resource_requirements = {{"DISK", "2"}}; }),
             "resourceRequirements[0].type 'DISK' must be one of GPU, MEMORY, VCPU"},
            {"command", overrides([](O& o) { o.command = Texts{"a", " "}; }), kAccepted},
            {"empty element", overrides([](O& o) { o.command = Texts{"a", ""}; }),
             "containerOverrides.command[1] '' must not be empty"},
            {"reserved variable", overrides([](O& o) { o.environment = {{"AWS_BATCH_X", "1"}}; }),
             "environment[0].name 'AWS_BATCH_X' must not start with AWS_BATCH, which is reserved"},
            {"nameless variable", overrides([](O& o) { o.environment = {{"", "1"}}; }),
             "Environment variable name is required."},
        });
}

TEST(SubmitJob, ChecksTheFargateSizeAfterTheMerge) {
    const auto memory = [](std::string mib) {
        return [mib](R& r) {
            r.container_overrides.emplace().resource_requirements = {{"MEMORY", mib}};
        };
    };
    expect_request_rules(a_fargate_definition(),
                         {
                             {"good", memory("2048"), kAccepted},
                             {"bad", memory("4096"),
                              "Fargate resource requirements (0.25 vCPU, 4096 MiB) not valid."},
                         });
}

TEST(SubmitJob, WhatTheDockerEngineCannotGiveIsForFargate) {
    JobDefinition with_efs = a_definition();
    with_efs.container_properties->volumes.emplace_back().name = "shared";
    with_efs.container_properties->volumes[0].efs_volume_configuration.emplace();
    EXPECT_TRUE(resolve(a_request(), with_efs, kArn, kAwsLimits)) << "Fargate can";
    const auto served = expect_served_by_docker(with_efs);
    ASSERT_FALSE(served);
    EXPECT_EQ(served.error().message,
              "volume shared: efsVolumeConfiguration cannot be mounted on the local Docker Engine");
    EXPECT_TRUE(expect_served_by_docker(a_definition()));
}

TEST(SubmitJob, TakesSecretsByReference) {
    JobDefinition definition = a_definition();
    auto& container = *definition.container_properties;
    container.secrets = {{"TOKEN", "arn:x"}};
    container.log_configuration.emplace().secret_options = {{"token", "arn:y"}};
    const auto job = resolve(a_request(), definition, kArn, kAwsLimits);
    ASSERT_TRUE(job) << job.error().message;
    ASSERT_EQ(job->spec.container->secrets.size(), 1U);
    EXPECT_EQ(job->spec.container->secrets[0].value_from, "arn:x");
    EXPECT_EQ(job->spec.container->log_configuration->secret_options[0].value_from, "arn:y");
}

TEST(Parameters, AreSubstitutedInTheCommand) {
    JobDefinition definition = a_definition();
    definition.parameters = {
        {"in", "a.txt"}, {"out", "b.txt"}, {"n-1_x", "7"}, {"again", "Ref::in"}};
    R request = a_request();
    request.parameters = {{"out", "c.txt"}, {"unused", "kept"}, {"empty", ""}};
    const struct {
        std::string element;
        std::string expected;
    } cases[] = {
        {"Ref::in", "a.txt"},
        {"Ref::out", "c.txt"},
        {"--in=Ref::in", "--in=a.txt"},
        {"Ref::in,Ref::out.gz", "a.txt,c.txt.gz"},
        {"Ref::n-1_x", "7"},
        {"[Ref::empty]", "[]"},
        {"Ref::again", "Ref::in"},
        {"Ref::", "Ref::"},
        {"Ref:: in", "Ref:: in"},
        {"ref::in", "ref::in"},
        {"", ""},
    };
    for (const auto& c : cases) {
        definition.container_properties->command = {"run", c.element};
        EXPECT_EQ(resolved(request, definition).spec.container->command,
                  (Texts{"run", c.expected}));
    }
    EXPECT_EQ(resolved(request, definition).spec.parameters, (StringMap{{"in", "a.txt"},
                                                                        {"out", "c.txt"},
                                                                        {"n-1_x", "7"},
                                                                        {"again", "Ref::in"},
                                                                        {"unused", "kept"},
                                                                        {"empty", ""}}));
}

TEST(Parameters, MustBeThereForEachReference) {
    JobDefinition definition = a_definition();
    definition.container_properties->command = {"Ref::x"};
    expect_request_rules(
        definition,
        {
            {"given", [](R& r) { r.parameters = {{"x", "1"}}; }, kAccepted},
            {"missing", [](R&) {},
             "Unable to substitute value. No parameter found for reference x"},
            {"longer name",
             [](R& r) {
                 r.parameters = {{"x", "1"}};
                 r.container_overrides.emplace().command = Texts{"Ref::x-y"};
             },
             "Unable to substitute value. No parameter found for reference x-y"},
            {"missing in the override",
             [](R& r) { r.container_overrides.emplace().command = Texts{"a", "--y=Ref::y"}; },
             "Unable to substitute value. No parameter found for reference y"},
        });
}

TEST(Parameters, DoNotBlowUpTheCommand) {
    JobDefinition definition = a_definition();
    auto& command = definition.container_properties->command;
    R request = a_request();
    request.parameters = {{"x", std::string(1024, 'x')}};

    command.assign(128, "Ref::x");
    EXPECT_TRUE(resolve(request, definition, kArn, kAwsLimits));

    const std::string error =
        "command must have at most 131072 bytes after its parameters are substituted";
    command.assign(129, "Ref::x");
    expect_request_rules(
        definition, {{"many elements", [&](R& r) { r.parameters = request.parameters; }, error}});
    command = {""};
    for (int i = 0; i < 129; ++i) command[0] += "Ref::x ";
    expect_request_rules(
        definition, {{"one element", [&](R& r) { r.parameters = request.parameters; }, error}});
}

TEST(Overrides, ReplaceTheCommandAndMergeTheRest) {
    JobDefinition definition = a_definition();
    auto& container = *definition.container_properties;
    container.command = {"old"};
    container.environment = {{"A", "1"}, {"B", "2"}, {"C", "3"}};
    R request = a_request();
    auto& overrides = request.container_overrides.emplace();
    overrides.command = Texts{"new", "command"};
    overrides.environment = {{"B", "two"}, {"D", "4"}, {"C", ""}};
    overrides.resource_requirements = {{"MEMORY", "1024"}, {"GPU", "1"}};
    overrides.instance_type = "m5.large";

    const auto job = resolved(request, definition);
    EXPECT_EQ(job.spec.container->command, (Texts{"new", "command"}));
    EXPECT_EQ(job.spec.container->instance_type, "m5.large");
    EXPECT_EQ(job.traits.shape.resources, (Resources{vcpus(1), MiB{1024}, 1}));
    const auto& environment = job.spec.container->environment;
    ASSERT_EQ(environment.size(), 3U) << "C was overridden by nothing";
    EXPECT_EQ(environment[0].value, "1");
    EXPECT_EQ(environment[1].value, "two");
    EXPECT_EQ(environment[2].name, "D");
}

TEST(Overrides, OfAnEmptyCommandKeepTheOldOne) {
    JobDefinition definition = a_definition();
    definition.container_properties->command = {"old"};
    R request = a_request();
    request.container_overrides.emplace().command = Texts{};
    EXPECT_EQ(resolved(request, definition).spec.container->command, Texts{"old"});
}

TEST(Overrides, MayUseDeprecatedMembersIfTheDefinitionDoes) {
    JobDefinition definition = a_definition();
    auto& container = *definition.container_properties;
    container.resource_requirements.clear();
    container.vcpus = 1;
    container.memory = 128;
    R request = a_request();
    request.container_overrides.emplace().vcpus = 2;
    request.container_overrides->resource_requirements = {{"MEMORY", "256"}};
    const auto job = resolved(request, definition);
    EXPECT_EQ(job.traits.shape.resources, (Resources{vcpus(2), MiB{256}, 0}));
    EXPECT_EQ(job.spec.container->vcpus, 2);
    EXPECT_FALSE(job.spec.container->memory) << "its requirement took its place";
}

TEST(ResolvedJob, TakesTheRestFromItsDefinition) {
    JobDefinition definition = a_fargate_definition();
    definition.scheduling_priority = 5;
    definition.propagate_tags = true;
    definition.timeout.emplace().attempt_duration_seconds = 90;
    definition.retry_strategy.emplace().attempts = 3;
    definition.retry_strategy->evaluate_on_exit = {{{}, "*", {}, "exit"}};
    const auto job = resolved(a_request(), definition);
    EXPECT_EQ(job.spec.job_definition, kArn);
    EXPECT_EQ(job.spec.container->image, "busybox");
    EXPECT_EQ(job.spec.propagate_tags, true);
    EXPECT_EQ(job.spec.scheduling_priority, 5);
    EXPECT_EQ(job.spec.platform_capabilities, Texts{"FARGATE"});
    EXPECT_EQ(job.spec.timeout->attempt_duration_seconds, 90);
    EXPECT_EQ(job.spec.retry_strategy->attempts, 3);

    EXPECT_TRUE(job.traits.shape.fargate);
    EXPECT_EQ(job.traits.shape.resources, (Resources{MilliVcpu{250}, MiB{512}, 0}));
    EXPECT_EQ(job.traits.scheduling_priority, 5);
    EXPECT_EQ(job.traits.attempts, 3);
    EXPECT_EQ(job.traits.timeout, Seconds{90});
    EXPECT_EQ(job.traits.retry_rules, definition.retry_strategy->evaluate_on_exit);
}

TEST(ResolvedJob, TakesWhatTheRequestGivesFirst) {
    JobDefinition definition = a_definition();
    definition.propagate_tags = true;
    definition.timeout.emplace().attempt_duration_seconds = 90;
    definition.retry_strategy.emplace().attempts = 3;
    definition.retry_strategy->evaluate_on_exit = {{{}, "*", {}, "exit"}};
    R request = a_request();
    request.propagate_tags = false;
    request.timeout.emplace().attempt_duration_seconds = 120;
    request.retry_strategy.emplace().attempts = 2;
    const auto job = resolved(request, definition);
    EXPECT_EQ(job.spec.propagate_tags, false);
    EXPECT_EQ(job.traits.timeout, Seconds{120});
    EXPECT_EQ(job.traits.attempts, 2);
    EXPECT_TRUE(job.traits.retry_rules.empty()) << "the whole strategy is replaced";
}

TEST(ResolvedJob, HasTheDefaultsOfAws) {
    R request = a_request();
    request.timeout.emplace();
    const auto job = resolved(request, a_definition());
    EXPECT_FALSE(job.traits.shape.fargate);
    EXPECT_EQ(job.traits.attempts, 1);
    EXPECT_EQ(job.traits.scheduling_priority, 0);
    EXPECT_FALSE(job.traits.timeout);
    EXPECT_FALSE(job.spec.timeout);
    EXPECT_TRUE(job.traits.depends_on.empty());
}

TEST(ResolvedJob, DependsOnEachJobOnce) {
    R request = a_request();
    request.depends_on = {after(kJob + "2"), after(kJob + "1"), after(kJob + "2")};
    const auto job = resolved(request, a_definition());
    EXPECT_EQ(job.traits.depends_on, (std::vector<Dependency>{{.id = *parse_job_id(kJob + "2")},
                                                              {.id = *parse_job_id(kJob + "1")}}));
    ASSERT_EQ(job.spec.depends_on.size(), 2U);
    EXPECT_EQ(job.spec.depends_on[0].job_id, kJob + "2");
    EXPECT_FALSE(job.spec.depends_on[0].type);
}

TEST(ResolvedJob, AnArrayKeepsItsSizeAndTheKindsOfItsDependencies) {
    R request = a_request();
    request.array_properties.emplace().size = 3;
    request.depends_on = {after(kJob + "1", "N_TO_N"), {{}, "SEQUENTIAL"}};
    const auto job = resolved(request, a_definition());
    EXPECT_EQ(job.traits.array_size, 3);
    EXPECT_EQ(job.traits.sequence, Sequence::AfterOk);
    ASSERT_EQ(job.traits.depends_on.size(), 1U);
    EXPECT_EQ(job.traits.depends_on[0].kind, Dependency::Kind::NToN);
    ASSERT_EQ(job.spec.depends_on.size(), 2U);
    EXPECT_EQ(job.spec.depends_on[0].type, "N_TO_N");
    EXPECT_EQ(job.spec.depends_on[1].type, "SEQUENTIAL");
    EXPECT_FALSE(job.spec.depends_on[1].job_id);
}

TEST(ResolvedJob, ShowsTheTypesOfItsDependenciesAsTheyWereGiven) {
    using enum Dependency::Kind;
    const std::vector<std::pair<std::string, Dependency::Kind>> kinds{
        {"", AfterOk},       {"AFTERANY", AfterAny},     {"AFTERNOTOK", AfterNotOk},
        {"AFTERCORR", NToN}, {"AFTERSTART", AfterStart}, {"AFTEROK", AfterOk}};
    R request = a_request();
    request.array_properties.emplace().size = 3;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        request.depends_on.push_back(after(kJob + std::to_string(i), kinds[i].first));
    }
    request.depends_on.push_back({{}, "SEQUENTIAL_ANY"});
    const auto job = resolved(request, a_definition());
    ASSERT_EQ(job.traits.depends_on.size(), kinds.size());
    ASSERT_EQ(job.spec.depends_on.size(), kinds.size() + 1);
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        EXPECT_EQ(job.traits.depends_on[i].kind, kinds[i].second) << kinds[i].first;
        EXPECT_EQ(job.spec.depends_on[i].type.value_or(""), kinds[i].first);
    }
    EXPECT_EQ(job.traits.sequence, Sequence::AfterAny);
    EXPECT_EQ(job.spec.depends_on.back().type, "SEQUENTIAL_ANY");
}

TEST(SubmitJob, NoQueueHasAnEksEnvironment) {
    JobDefinition definition = a_definition();
    definition.container_properties.reset();
    definition.eks_properties.emplace();
    expect_request_rules(definition, {{"any", [](R&) {},
                                       "jobDefinition '" + kArn +
                                           "' has eksProperties, but jobQueue 'q' has no EKS "
                                           "compute environment"}});
    expect_request_rules(
        a_definition(),
        {{"override", [](R& r) { r.eks_properties_override.emplace(); },
          "eksPropertiesOverride is for job definitions with eksProperties, which '" + kArn +
              "' has not"}});
}

TEST(SubmitJob, OverridesThatAreTooLongForEcsAreKnownBeforeTheDispatch) {
    const auto flaw_with = [](std::size_t length, Limits limits) {
        R request = a_request();
        request.container_overrides.emplace().environment.push_back(
            {.name = "A", .value = std::string(length, 'x')});
        const auto job = resolve(request, a_definition(), kArn, limits);
        EXPECT_TRUE(job) << job.error().message;
        return job->traits.flaw;
    };
    const std::string rest =
        R"({"containerOverrides":[{"environment":[{"name":"A","value":""}],"name":"default"}]})";
    EXPECT_EQ(flaw_with(8192 - rest.size(), kAwsLimits), DispatchFlaw::None);
    EXPECT_EQ(flaw_with(8193 - rest.size(), kAwsLimits), DispatchFlaw::OverridesTooLong);
    EXPECT_EQ(flaw_with(8193 - rest.size(), Limits{}), DispatchFlaw::None);
}

TEST(SubmitJob, AParameterCanMakeTheCommandTooLong) {
    JobDefinition definition = a_definition();
    definition.container_properties->command = {"Ref::text"};
    R request = a_request();
    request.parameters = {{"text", std::string(8192, 'x')}};
    const auto job = resolve(request, definition, kArn, kAwsLimits);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->traits.flaw, DispatchFlaw::OverridesTooLong);
    request.parameters = {{"text", "short"}};
    EXPECT_EQ(resolve(request, definition, kArn, kAwsLimits)->traits.flaw, DispatchFlaw::None);
}

}  // namespace
}  // namespace batchd::model
