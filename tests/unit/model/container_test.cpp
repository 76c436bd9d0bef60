#include "unit/model/definitions.hpp"
#include "unit/model/rule_table.hpp"

namespace batchd::model {
namespace {

using testing::a_definition;
using testing::a_fargate_definition;
using testing::kAccepted;
using C = ContainerProperties;
using Texts = std::vector<std::string>;

/// `good` is a definition whose container the rows change.
void expect_container_rules(const JobDefinition& good, const std::vector<testing::Rule<C>>& rules,
                            const ContainerPolicy& policy = {}) {
    testing::expect_rules(*good.container_properties, rules, [&](const C& container) {
        JobDefinition definition = good;
        definition.container_properties = container;
        return validate(definition, policy);
    });
}

testing::Rule<C> requires_resources(const std::string& vcpu, const std::string& memory,
                                    const std::string& error) {
    return {vcpu + " vCPU and " + memory + " MiB",
            [=](C& c) { c.resource_requirements = {{"VCPU", vcpu}, {"MEMORY", memory}}; }, error};
}

TEST(Container, NeedsAnImage) {
    expect_container_rules(
        a_definition(),
        {
            {"good", [](C&) {}, kAccepted},
            {"none", [](C& c) { c.image.reset(); }, "containerProperties.image is required"},
            {"empty", [](C& c) { c.image = ""; }, "containerProperties.image is required"},
            {"longest", [](C& c) { c.image = std::string(255, 'i'); }, kAccepted},
            {"too long", [](C& c) { c.image = std::string(256, 'i'); },
             "containerProperties.image '" + std::string(80, 'i') +
                 "...' must have at most 255 characters"},
        });
}

TEST(Container, StatesItsRequirementsOnEc2) {
    const auto not_numeric = [](const std::string& value, const std::string& type) {
        return "Value " + value + " for type " + type +
               " in resourceRequirement is not valid. Please provide a numeric value.";
    };
    const auto gpu = [](const std::string& value) {
        return [value](C& c) { c.resource_requirements.push_back({"GPU", value}); };
    };
    expect_container_rules(
        a_definition(),
        {
            requires_resources("1", "4", kAccepted),
            requires_resources("192", "2147483647", kAccepted),
            requires_resources("2.0", "512", kAccepted),
            requires_resources("0", "512", "vCPU must be at least 1, got 0."),
            requires_resources("0.25", "512", "vCPU must be at least 1, got 0.25."),
            requires_resources("1.5", "512",
                               "VCPU '1.5' in resourceRequirement must be a whole number on EC2"),
            requires_resources("1", "3", "Memory must be at least 4 Mib, got 3 Mib."),
            requires_resources("x", "512", not_numeric("x", "VCPU")),
            requires_resources("-1", "512", not_numeric("-1", "VCPU")),
            requires_resources("1e3", "512", not_numeric("1e3", "VCPU")),
            requires_resources("1.", "512", not_numeric("1.", "VCPU")),
            requires_resources(".5", "512", not_numeric(".5", "VCPU")),
            requires_resources("0.0001", "512", not_numeric("0.0001", "VCPU")),
            requires_resources("", "512", not_numeric("", "VCPU")),
            requires_resources("1", "512.5", not_numeric("512.5", "MEMORY")),
            requires_resources("1", "2147483648", not_numeric("2147483648", "MEMORY")),
            requires_resources("1", "99999999999999999999",
                               not_numeric("99999999999999999999", "MEMORY")),
            {"GPU", gpu("2"), kAccepted},
            {"GPU not numeric", gpu("two"), not_numeric("two", "GPU")},
            {"no vCPU", [](C& c) { c.resource_requirements = {{"MEMORY", "512"}}; },
             "vCPU is required."},
            {"no memory", [](C& c) { c.resource_requirements = {{"VCPU", "1"}}; },
             "Memory is required."},
            {"unknown type", [](C& c) { c.resource_requirements.push_back({"DISK", "1"}); },
             "resourceRequirements[2].type 'DISK' must be one of GPU, MEMORY, VCPU"},
            {"duplicate type", [](C& c) { c.resource_requirements.push_back({"vcpu", "1"}); },
             "Cannot provide duplicates in resourceRequirements."},
        });
}

TEST(Container, MayStateItsRequirementsByTheDeprecatedMembers) {
    JobDefinition good = a_definition();
    good.container_properties->resource_requirements.clear();
    good.container_properties->vcpus = 1;
    good.container_properties->memory = 4;
    expect_container_rules(
        good,
        {
            {"least", [](C&) {}, kAccepted},
            {"no vcpus", [](C& c) { c.vcpus.reset(); }, "vCPU is required."},
            {"no memory", [](C& c) { c.memory.reset(); }, "Memory is required."},
            {"vcpus 0", [](C& c) { c.vcpus = 0; }, "vCPU must be at least 1, got 0."},
            {"vcpus -1", [](C& c) { c.vcpus = -1; }, "vCPU must be at least 1, got -1."},
            {"memory 3", [](C& c) { c.memory = 3; }, "Memory must be at least 4 Mib, got 3 Mib."},
        });
}

TEST(Container, HasASizeThatFargateOffers) {
    const auto size_error = [](const std::string& size) {
        return "Fargate resource requirements (" + size + ") not valid.";
    };
    expect_container_rules(
        a_fargate_definition(),
        {
            requires_resources("0.25", "512", kAccepted),
            requires_resources("0.25", "1024", kAccepted),
            requires_resources("0.25", "2048", kAccepted),
            requires_resources("0.25", "1536", size_error("0.25 vCPU, 1536 MiB")),
            requires_resources("0.25", "3072", size_error("0.25 vCPU, 3072 MiB")),
            requires_resources("0.5", "1024", kAccepted),
            requires_resources("0.5", "4096", kAccepted),
            requires_resources("0.5", "512", size_error("0.5 vCPU, 512 MiB")),
            requires_resources("1", "2048", kAccepted),
            requires_resources("1.0", "8192", kAccepted),
            requires_resources("1", "9216", size_error("1 vCPU, 9216 MiB")),
            requires_resources("2", "4096", kAccepted),
            requires_resources("2", "16384", kAccepted),
            requires_resources("2", "4097", size_error("2 vCPU, 4097 MiB")),
            requires_resources("4", "8192", kAccepted),
            requires_resources("4", "30720", kAccepted),
            requires_resources("4", "31744", size_error("4 vCPU, 31744 MiB")),
            requires_resources("8", "16384", kAccepted),
            requires_resources("8", "61440", kAccepted),
            requires_resources("8", "17408", size_error("8 vCPU, 17408 MiB")),
            requires_resources("16", "32768", kAccepted),
            requires_resources("16", "122880", kAccepted),
            requires_resources("16", "36864", size_error("16 vCPU, 36864 MiB")),
            requires_resources("3", "8192", size_error("3 vCPU, 8192 MiB")),
            requires_resources("32", "122880", size_error("32 vCPU, 122880 MiB")),
            {"GPU", [](C& c) { c.resource_requirements.push_back({"GPU", "1"}); },
             "GPU is not applicable for Fargate."},
        });
}

TEST(Container, OnFargateHasNoHost) {
    const auto linux_error = [](const std::string& member) {
        return "linuxParameter." + member + " is not allowed for Fargate.";
    };
    expect_container_rules(
        a_fargate_definition(),
        {
            {"no execution role", [](C& c) { c.execution_role_arn.reset(); },
             "executionRoleArn is required for Fargate jobs."},
            {"ulimits", [](C& c) { c.ulimits = {{"nofile", 1, 1}}; },
             "ulimits is not applicable for Fargate."},
            {"privileged", [](C& c) { c.privileged = true; },
             "privileged is not applicable for Fargate."},
            {"not privileged", [](C& c) { c.privileged = false; }, kAccepted},
            {"instance type", [](C& c) { c.instance_type = "m5.large"; },
             "instanceType is not applicable for Fargate."},
            {"init", [](C& c) { c.linux_parameters.emplace().init_process_enabled = true; },
             kAccepted},
            {"devices", [](C& c) { c.linux_parameters.emplace().devices.resize(1); },
             linux_error("devices")},
            {"shm", [](C& c) { c.linux_parameters.emplace().shared_memory_size = 1; },
             linux_error("sharedMemorySize")},
            {"tmpfs", [](C& c) { c.linux_parameters.emplace().tmpfs.resize(1); },
             linux_error("tmpfs")},
            {"swap", [](C& c) { c.linux_parameters.emplace().max_swap = 1; },
             linux_error("maxSwap")},
            {"swappiness", [](C& c) { c.linux_parameters.emplace().swappiness = 1; },
             linux_error("swappiness")},
            {"log driver", [](C& c) { c.log_configuration.emplace().log_driver = "syslog"; },
             "Log driver for Fargate is not valid: syslog"},
            {"awslogs", [](C& c) { c.log_configuration.emplace().log_driver = "awslogs"; },
             kAccepted},
            {"empty host", [](C& c) { c.volumes = {{"v", HostVolume{}, {}}}; }, kAccepted},
            {"host path", [](C& c) { c.volumes = {{"v", HostVolume{"/data"}, {}}}; },
             "host.sourcePath should not be set for volumes in Fargate."},
        });
}

TEST(Container, HasThePlatformMembersOfFargate) {
    const std::string storage_error =
        "Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB";
    const auto version = [](std::string text) {
        return [text](C& c) { c.fargate_platform_configuration.emplace().platform_version = text; };
    };
    expect_container_rules(
        a_fargate_definition(),
        {
            {"20 GiB", [](C& c) { c.ephemeral_storage = {20}; }, storage_error},
            {"21 GiB", [](C& c) { c.ephemeral_storage = {21}; }, kAccepted},
            {"200 GiB", [](C& c) { c.ephemeral_storage = {200}; }, kAccepted},
            {"201 GiB", [](C& c) { c.ephemeral_storage = {201}; }, storage_error},
            {"version", version("1.4.0"), kAccepted},
            {"latest", version("latest"), kAccepted},
            {"unknown version", version("2.0"),
             "fargatePlatformConfiguration.platformVersion '2.0' must be one of LATEST, 1.4.0, "
             "1.3.0"},
            {"old version without EFS", version("1.3.0"), kAccepted},
            {"old version with EFS",
             [&](C& c) {
                 version("1.3.0")(c);
                 c.volumes.emplace_back().name = "v";
                 c.volumes[0].efs_volume_configuration.emplace().file_system_id = "fs-01";
             },
             "EFS is supported for Fargate platform versions 1.4.0 or later, provided 1.3.0"},
            {"public IP",
             [](C& c) { c.network_configuration.emplace().assign_public_ip = "enabled"; },
             kAccepted},
            {"bad public IP",
             [](C& c) { c.network_configuration.emplace().assign_public_ip = "yes"; },
             "networkConfiguration.assignPublicIp 'yes' must be one of ENABLED, DISABLED"},
        });
}

TEST(Container, OnEc2HasNothingOfFargate) {
    expect_container_rules(
        a_definition(), {
                            {"network", [](C& c) { c.network_configuration.emplace(); },
                             "networkConfiguration not applicable for EC2."},
                            {"platform", [](C& c) { c.fargate_platform_configuration.emplace(); },
                             "fargatePlatformConfiguration not applicable for EC2."},
                            {"storage", [](C& c) { c.ephemeral_storage = {30}; },
                             "ephemeralStorage not applicable for EC2."},
                        });
}

TEST(Container, RunsOnAKnownArchitecture) {
    const auto platform = [](std::string family, std::string cpu) {
        return [=](C& c) { c.runtime_platform = RuntimePlatform{family, cpu}; };
    };
    expect_container_rules(
        a_definition(),
        {
            {"Linux", platform("LINUX", "ARM64"), kAccepted},
            {"Windows", platform("WINDOWS_SERVER_2022_CORE", "X86_64"), kAccepted},
            {"Windows on ARM", platform("WINDOWS_SERVER_2022_CORE", "ARM64"),
             "Windows supported only by X86_64 cpuArchitecture"},
            {"unknown CPU", platform("LINUX", "MIPS"),
             "runtimePlatform.cpuArchitecture 'MIPS' must be one of X86_64, ARM64"},
            {"unknown family", platform("BSD", "X86_64"),
             "runtimePlatform.operatingSystemFamily 'BSD' must be one of LINUX, "
             "WINDOWS_SERVER_2019_CORE, WINDOWS_SERVER_2019_FULL, WINDOWS_SERVER_2022_CORE, "
             "WINDOWS_SERVER_2022_FULL"},
        });
}

TEST(Container, NamesItsEnvironment) {
    const auto variable = [](std::string name, std::string value) {
        return [=](C& c) { c.environment = {{name, value}}; };
    };
    expect_container_rules(
        a_definition(),
        {
            {"variable", variable("A", "1"), kAccepted},
            {"empty value", variable("A", ""), kAccepted},
            {"no name", variable("", "1"), "Environment variable name is required."},
            {"reserved name", variable("AWS_BATCH_JOB_ID", "1"),
             "environment[0].name 'AWS_BATCH_JOB_ID' must not start with AWS_BATCH, which is "
             "reserved"},
            {"neighbour of a reserved name", variable("AWS_REGION", "1"), kAccepted},
            {"equals sign", variable("A=B", "1"), "environment[0].name 'A=B' must not contain '='"},
        });
}

TEST(Container, RunsAsAUser) {
    const std::string regex =
        " does not match regex ^([a-z0-9_][a-z0-9_-]{0,30})(:([a-z0-9_][a-z0-9_-]{0,30}))?$";
    const auto user = [](std::string text) { return [text](C& c) { c.user = text; }; };
    const auto bad = [&](const std::string& text) -> testing::Rule<C> {
        return {"bad user " + text, user(text), "User '" + text + "'" + regex};
    };
    expect_container_rules(a_definition(), {
                                               {"name", user("nobody"), kAccepted},
                                               {"ids", user("1000:1000"), kAccepted},
                                               {"group", user("_a-b:staff"), kAccepted},
                                               {"longest", user(std::string(31, 'u')), kAccepted},
                                               bad(std::string(32, 'u')),
                                               bad(""),
                                               bad("Root"),
                                               bad("-a"),
                                               bad("a:"),
                                               bad(":a"),
                                               bad("a:b:c"),
                                               bad("a b"),
                                           });
}

TEST(Container, HasUlimits) {
    using Limit = std::optional<std::int32_t>;
    const auto ulimit = [](std::string name, Limit hard, Limit soft) {
        return [=](C& c) { c.ulimits = {{name, hard, soft}}; };
    };
    expect_container_rules(
        a_definition(),
        {
            {"equal", ulimit("nofile", 1024, 1024), kAccepted},
            {"unlimited", ulimit("stack", -1, -1), kAccepted},
            {"soft below unlimited", ulimit("core", -1, 5), kAccepted},
            {"soft above hard", ulimit("nofile", 1024, 1025),
             "ulimits[0].softLimit '1025' must not be above hardLimit '1024'"},
            {"soft unlimited", ulimit("nofile", 1024, -1),
             "ulimits[0].softLimit '-1' must not be above hardLimit '1024'"},
            {"soft -2", ulimit("nofile", 1, -2), "ulimits[0].softLimit '-2' must be at least -1"},
            {"hard -2", ulimit("nofile", -2, 1), "ulimits[0].hardLimit '-2' must be at least -1"},
            {"no soft one", ulimit("nofile", 1, {}), "ulimits[0].softLimit is required"},
            {"no hard one", ulimit("nofile", {}, 1), "ulimits[0].hardLimit is required"},
            {"unknown name", ulimit("files", 1, 1),
             "ulimits[0].name 'files' must be one of core, cpu, data, fsize, locks, memlock, "
             "msgqueue, nice, nofile, nproc, rss, rtprio, rttime, sigpending, stack"},
        });
}

TEST(Container, LogsAndHasSecrets) {
    const std::string role_error =
        "executionRoleArn cannot be empty when using secrets or secretOptions";
    const auto secret = [](std::string name, std::string from) {
        return [=](C& c) {
            c.execution_role_arn = "role";
            c.secrets = {{name, from}};
        };
    };
    expect_container_rules(
        a_definition(),
        {
            {"log driver", [](C& c) { c.log_configuration.emplace().log_driver = "json-file"; },
             kAccepted},
            {"unknown log driver", [](C& c) { c.log_configuration.emplace().log_driver = "x"; },
             "logConfiguration.logDriver 'x' must be one of awsfirelens, awslogs, fluentd, gelf, "
             "journald, json-file, splunk, syslog"},
            {"secret", secret("TOKEN", "arn:x"), kAccepted},
            {"secret without name", secret("", "arn:x"), "secrets[0].name is required"},
            {"reserved name", secret("AWS_BATCH_JOB_ID", "arn:x"),
             "secrets[0].name 'AWS_BATCH_JOB_ID' must not start with AWS_BATCH, which is reserved"},
            {"name with =", secret("A=B", "arn:x"), "secrets[0].name 'A=B' must not contain '='"},
            {"secret without source", secret("TOKEN", ""), "secrets[0].valueFrom is required"},
            {"secret without role", [](C& c) { c.secrets = {{"TOKEN", "arn:x"}}; }, role_error},
            {"secret option without role",
             [](C& c) {
                 c.log_configuration.emplace().log_driver = "splunk";
                 c.log_configuration->secret_options = {{"splunk-token", "arn:x"}};
             },
             role_error},
        });
}

}  // namespace
}  // namespace batchd::model
