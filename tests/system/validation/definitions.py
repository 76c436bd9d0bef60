"""Job definitions with containerProperties."""

from . import Rules

VCPU, MEMORY = {"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "32"}
EC2 = {"jobDefinitionName": "refused", "type": "container", "containerProperties": {
    "image": "i", "command": ["c"], "resourceRequirements": [VCPU, MEMORY]}}
FARGATE = {"jobDefinitionName": "refused", "type": "container", "platformCapabilities": ["FARGATE"],
           "containerProperties": {
               "image": "i", "executionRoleArn": "arn:aws:iam::123456789012:role/r",
               "resourceRequirements": [{"type": "VCPU", "value": "0.25"},
                                        {"type": "MEMORY", "value": "512"}]}}
RESTRICTED = "Evaluate on exit condition contains restricted characters."
NO_CONDITION = "EvaluateOnExit should contain at least one of onExitCode, onReason or onStatusReason"
USER = "' does not match regex"
IAM_OR_ROOT = 'When using an EFS access point, the root directory must either be set to "/" or omitted'


def container(**changes):
    return {f"containerProperties.{member}": value for member, value in changes.items()}


def size(*requirements):
    return container(resourceRequirements=[{"type": kind, "value": value}
                                           for kind, value in requirements])


def linux(**parameters):
    return container(linuxParameters=parameters)


def volume(**more):
    return container(volumes=[{"name": "v", **more}])


def efs(**configuration):
    return volume(efsVolumeConfiguration={"fileSystemId": "fs-01234567", **configuration})


def rules(*evaluate, attempts=2):
    return {"retryStrategy": {"attempts": attempts, "evaluateOnExit": [
        {"action": "RETRY", **rule} for rule in evaluate]}}


def consumables(member):
    """The rows of a member that lists what a job consumes."""
    def listed(*names, **more):
        return {member: {"consumableResourceList": [
            {"consumableResource": name, "quantity": 1, **more} for name in names]}}

    return [
        ("Each ConsumableResourceProperty can have at most 5 consumableResources",
         listed(*"abcdef")),
        ("Cannot have duplicate consumableResource in consumableResourceProperties",
         listed("a", "a")),
        ("quantity", listed("a", quantity=0)),
        ("quantity", listed("a", quantity=None)),
        ("consumableResource", {member: {"consumableResourceList": [{"quantity": 1}]}}),
    ]


RETRIES = [
    ("RetryAttempts must be provided with retry strategy.", {"retryStrategy": {}}),
    ("RetryAttempts must be provided with retry strategy.",
     {"retryStrategy": {"evaluateOnExit": [{"onReason": "*", "action": "EXIT"}]}}),
    ("attempts", {"retryStrategy": {"attempts": 0}}),
    ("attempts", {"retryStrategy": {"attempts": 11}}),
    ("Up to 5 evaluateOnExit condition can be specified.", rules(*[{"onReason": "a"}] * 6)),
    (NO_CONDITION, rules({})),
    ("Evaluate on exit condition cannot exceed 512 characters.", rules({"onReason": "a" * 513})),
    (RESTRICTED, rules({"onReason": "*x"})),
    (RESTRICTED, rules({"onStatusReason": "1*2"})),
    (RESTRICTED, rules({"onExitCode": "1*2"})),
    (RESTRICTED, rules({"onExitCode": "one"})),
    ("action", rules({"onReason": "a", "action": "WAIT"})),
    ("attemptDurationSeconds", {"timeout": {"attemptDurationSeconds": 59}}),
    ("tags", {"tags": {f"key{i}": "" for i in range(51)}}),
    ("Tags can only contain", {"tags": {"a": "<"}}),
    ("aws:", {"tags": {"aws:a": "b"}}),
]

RULES = [
    Rules("RegisterJobDefinition", EC2, [
        *RETRIES, *consumables("consumableResourceProperties"),
        ("ECS ContainerProperties, ecsProperties, or eksProperties is required when creating a job "
         "definition", {"containerProperties": None}),
        ("jobDefinitionName", {"jobDefinitionName": "no spaces"}),
        ("type", {"type": "single"}),
        ("24576", {"parameters": {f"p{i}": "x" * 1000 for i in range(25)}}),
        ("image", container(image=None)),
        ("image", container(image="x" * 256)),
        ("vCPU is required.", size(("MEMORY", "32"))),
        ("vCPU must be at least 1, got 0", size(("VCPU", "0"), ("MEMORY", "32"))),
        ("Memory must be at least 4 Mib, got 3 Mib.", size(("VCPU", "1"), ("MEMORY", "3"))),
        ("Cannot provide duplicates in resourceRequirements.",
         size(("VCPU", "1"), ("MEMORY", "32"), ("VCPU", "1"))),
        ("Value one for type GPU in resourceRequirement is not valid. Please provide a numeric "
         "value.", size(("VCPU", "1"), ("MEMORY", "32"), ("GPU", "one"))),
        ("Exactly 1 capability must be provided.", {"platformCapabilities": ["EC2", "FARGATE"]}),
        ("Capability MOON is not valid. Valid capabilities:", {"platformCapabilities": ["MOON"]}),
        ("Scheduling priority must be between 0 and 9999.", {"schedulingPriority": -1}),
        ("Scheduling priority must be between 0 and 9999.", {"schedulingPriority": 10000}),
        ("Environment variable name is required.", container(environment=[{"value": "x"}])),
        ("AWS_BATCH", container(environment=[{"name": "AWS_BATCH_X", "value": "1"}])),
        ("executionRoleArn cannot be empty when using secrets or secretOptions",
         container(secrets=[{"name": "A", "valueFrom": "b"}])),
        ("executionRoleArn cannot be empty when using secrets or secretOptions",
         container(logConfiguration={"logDriver": "awslogs",
                                     "secretOptions": [{"name": "A", "valueFrom": "b"}]})),
        ("User 'no spaces" + USER, container(user="no spaces")),
        ("When container specified swap memory, swappiness value is required.", linux(maxSwap=10)),
        ("Size of a tmpfs is invalid. The size is required and must be a positive integer.",
         linux(tmpfs=[{"containerPath": "/a", "size": 0}])),
        ("Invalid permission: DANCE for device /dev/x",
         linux(devices=[{"hostPath": "/dev/x", "permissions": ["DANCE"]}])),
        ("When the volume parameter is specified, only one volume configuration type should be used.",
         volume(host={"sourcePath": "/a"}, efsVolumeConfiguration={"fileSystemId": "fs-01234567"})),
        ("EFS configuration fileSystemId is not valid: disk", efs(fileSystemId="disk")),
        ("EFS IAM access point requires TransitEncryption to be enabled.",
         efs(authorizationConfig={"accessPointId": "fsap-1"})),
        ("EFS IAM authorization requires TransitEncryption to be enabled.",
         efs(authorizationConfig={"iam": "ENABLED"})),
        (IAM_OR_ROOT, efs(rootDirectory="/a", transitEncryption="ENABLED",
                          authorizationConfig={"accessPointId": "fsap-1"})),
        ("TransitEncryptionPort must be a valid port number.",
         efs(transitEncryption="ENABLED", transitEncryptionPort=65536)),
        ("networkConfiguration not applicable for EC2.",
         container(networkConfiguration={"assignPublicIp": "ENABLED"})),
        ("fargatePlatformConfiguration not applicable for EC2.",
         container(fargatePlatformConfiguration={"platformVersion": "1.4.0"})),
        ("Windows supported only by X86_64 cpuArchitecture",
         container(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE",
                                    "cpuArchitecture": "ARM64"})),
        ("ulimits[0].name", container(ulimits=[{"name": "mood", "softLimit": 1, "hardLimit": 1}])),
        ("logDriver", container(logConfiguration={"logDriver": "pigeon"})),
    ]),
    Rules("RegisterJobDefinition", FARGATE, [
        ("executionRoleArn is required for Fargate jobs.", container(executionRoleArn=None)),
        ("Fargate resource requirements (3 vCPU, 512 MiB) not valid.",
         size(("VCPU", "3"), ("MEMORY", "512"))),
        ("GPU is not applicable for Fargate.",
         size(("VCPU", "0.25"), ("MEMORY", "512"), ("GPU", "1"))),
        ("ulimits is not applicable for Fargate.",
         container(ulimits=[{"name": "core", "softLimit": 1, "hardLimit": 1}])),
        *((f"linuxParameter.{member} is not allowed for Fargate.", linux(**{member: value}))
          for member, value in {"devices": [{"hostPath": "/dev/x"}], "sharedMemorySize": 16,
                                "tmpfs": [{"containerPath": "/a", "size": 1}], "maxSwap": 1,
                                "swappiness": 1}.items()),
        ("Log driver for Fargate is not valid: syslog",
         container(logConfiguration={"logDriver": "syslog"})),
        ("host.sourcePath should not be set for volumes in Fargate.",
         volume(host={"sourcePath": "/a"})),
        *(("Ephemeral storage for Fargate tasks can be only between range 21 GiB to 200 GiB",
           container(ephemeralStorage={"sizeInGiB": gib})) for gib in (20, 201)),
        ("EFS is supported for Fargate platform versions 1.4.0 or later, provided 1.3.0",
         {**efs(), **container(fargatePlatformConfiguration={"platformVersion": "1.3.0"})}),
        ("rivileged", container(privileged=True)),
    ]),
    Rules("DeregisterJobDefinition", {"jobDefinition": "bare"}, [("has no revision", {})]),
    Rules("DescribeJobDefinitions", {}, [
        ("100", {"jobDefinitions": [f"a:{i}" for i in range(1, 102)]}),
        ("maxResults", {"maxResults": 0}), ("maxResults", {"maxResults": 101}),
        ("oken", {"nextToken": "made up"}),
    ]),
]
