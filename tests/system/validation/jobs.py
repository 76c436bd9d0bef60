"""Jobs."""

from . import Rules
from .definitions import RETRIES, consumables

# validation_test registers `simple`, `referring` (Ref::x) and `fargate`, and makes the queues
# `disabled`, `of-ec2`, `of-fargate` and `of-shares`.
JOB = {"jobName": "refused", "jobQueue": "default", "jobDefinition": "simple"}
UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"
NAME = "Job name should match valid pattern"
PARAMETER = "Unable to substitute value. No parameter found for reference x"
PATTERN = "Provided name simple:latest is not supported pattern[a-zA-Z_0-9-]{1,128}"
DEPRECATED = "This value was submitted in a deprecated key and may conflict"
ARN = "arn:aws:batch:us-east-1:123456789012:job-definition/nowhere:1"


def override(**members):
    return {"containerOverrides": members}


RULES = [
    Rules("SubmitJob", JOB, [
        *RETRIES,
        ("JobQueue nowhere not found.", {"jobQueue": "nowhere"}),
        ("DISABLED", {"jobQueue": "disabled"}),
        ("JobDefinition name nowhere does not exist or is not in ACTIVE status",
         {"jobDefinition": "nowhere"}),
        (f"JobDefinition {ARN} not found.", {"jobDefinition": ARN}),
        (PATTERN, {"jobDefinition": "simple:latest"}),
        *((NAME, {"jobName": name}) for name in ("-dash", "white space", "x" * 129, "ü")),
        (PARAMETER, {"jobDefinition": "referring"}),
        (PARAMETER, override(command=["echo", "Ref::x"])),
        (DEPRECATED, override(vcpus=2)),
        (DEPRECATED, override(memory=64)),
        ("can not run Jobs with capability FARGATE.",
         {"jobDefinition": "fargate", "jobQueue": "of-ec2"}),
        ("can not run Jobs with capability EC2.", {"jobQueue": "of-fargate"}),
        ("Fargate resource requirements (0.25 vCPU, 8192 MiB) not valid.",
         {"jobDefinition": "fargate", "jobQueue": "of-fargate",
          **override(resourceRequirements=[{"type": "MEMORY", "value": "8192"}])}),
        ("Memory must be at least 4 Mib",
         override(resourceRequirements=[{"type": "MEMORY", "value": "3"}])),
        ("command", override(command=[""])),
        ("30720", {"parameters": {f"p{i}": "x" * 1000 for i in range(31)}}),
        ("size", {"arrayProperties": {"size": 1}}),
        ("size", {"arrayProperties": {"size": 10001}}),
        ("dependsOn must have at most 20 entries, got 21",
         {"dependsOn": [{"jobId": UNKNOWN}] * 21}),
        ("is a node of a multi-node job", {"dependsOn": [{"jobId": UNKNOWN + "#1"}]}),
        (UNKNOWN, {"dependsOn": [{"jobId": UNKNOWN}]}),
        ("nonsense", {"dependsOn": [{"jobId": "nonsense"}]}),
        ("SEQUENTIAL", {"dependsOn": [{"type": "SEQUENTIAL"}]}),
        ("dependsOn[0].type 'AFTERALL' must be one of AFTEROK, AFTERANY",
         {"dependsOn": [{"jobId": UNKNOWN, "type": "AFTERALL"}]}),
        ("Scheduling priority must be between 0 and 9999.",
         {"schedulingPriorityOverride": -1}),
        ("Scheduling priority must be between 0 and 9999.",
         {"schedulingPriorityOverride": 10000}),
        ("Job with shareIdentifier or schedulingPriority can onlybe submitted to job queue with "
         "fair share scheduling policy.", {"shareIdentifier": "red"}),
        ("fair share scheduling policy.", {"schedulingPriorityOverride": 1}),
        ("shareIdentifier is required", {"jobQueue": "of-shares"}),
        ("shareIdentifier", {"jobQueue": "of-shares", "shareIdentifier": "no spaces"}),
        *consumables("consumableResourcePropertiesOverride"),
        ("AWS_BATCH", override(environment=[{"name": "AWS_BATCH_X", "value": "1"}])),
    ]),
    Rules("DescribeJobs", {"jobs": []}, [
        ("Maximum number of jobs supported is 100", {"jobs": [UNKNOWN] * 101})]),
    Rules("ListJobs", {"jobQueue": "default"}, [
        ("exactly one of", {"jobQueue": None}),
        ("exactly one of", {"arrayJobId": UNKNOWN}),
        ("exactly one of", {"jobQueue": None, "arrayJobId": UNKNOWN, "multiNodeJobId": UNKNOWN}),
        ("nowhere", {"jobQueue": "nowhere"}),
        ("jobStatus", {"jobStatus": "DANCING"}),
        ("oken", {"nextToken": "made up"}),
        ("maxResults", {"maxResults": 0}),
        ("maxResults", {"maxResults": 1001}),
        ("maxResults", {"maxResults": 101, "filters": [{"name": "JOB_NAME", "values": ["a"]}]}),
        ("COLOUR", {"filters": [{"name": "COLOUR", "values": ["red"]}]}),
        ("milliseconds", {"filters": [{"name": "AFTER_CREATED_AT", "values": ["yesterday"]}]}),
    ]),
    *(Rules(operation, {"jobId": UNKNOWN, "reason": "r"}, [
        ("reason", {"reason": None}), ("reason", {"reason": "x" * 1025}),
        ("jobId", {"jobId": None}),
    ]) for operation in ("CancelJob", "TerminateJob")),
    Rules("GetJobQueueSnapshot", {"jobQueue": "nowhere"}, [("nowhere", {})]),
]
