"""Job queues and scheduling policies."""

from . import Rules

QUEUE = {"jobQueueName": "refused", "priority": 1,
         "computeEnvironmentOrder": [{"order": 1, "computeEnvironment": "local"}]}
POLICY = {"name": "refused"}
ARN = "arn:aws:batch:us-east-1:123456789012:"
NOT_VALID = "Compute Environments must be created and valid before attaching them to a job queue"
LIMIT = {"reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "state": "RUNNABLE",
         "maxTimeSeconds": 600, "action": "CANCEL"}


def order(*names, numbers=range(1, 9)):
    return {"computeEnvironmentOrder": [{"order": number, "computeEnvironment": name}
                                        for number, name in zip(numbers, names)]}


def limits(*actions):
    return {"jobStateTimeLimitActions": [{**LIMIT, **action} for action in actions]}


def shares(*identifiers, **more):
    return {"fairsharePolicy": {"shareDistribution": [
        {"shareIdentifier": identifier, **more} for identifier in identifiers]}}


QUEUE_ROWS = [
    (NOT_VALID, order("nowhere")),
    ("Only 3 environments are allowed in job queue request.", order("a", "b", "c", "d")),
    ("Duplicate ComputeEnvironments within order list.", order("local", "local")),
    ("Duplicate ComputeEnvironment order values.", order("local", "scaled", numbers=(1, 1))),
    ("Fargate and EC2 compute environments can not be mixed.", order("scaled", "fargate")),
    ("Invalid job action. Valid job actions: [CANCEL]", limits({"action": "TERMINATE"})),
    ("Duplicate job state limit actions are not allowed.", limits({}, {"maxTimeSeconds": 700})),
    ("maxTimeSeconds", limits({"maxTimeSeconds": 599})),
    ("maxTimeSeconds", limits({"maxTimeSeconds": 86401})),
    ("state", limits({"state": "RUNNING"})),
    ("reason", limits({"reason": "BOREDOM"})),
    ("priority", {"priority": -1}),
    ("state", {"state": "PAUSED"}),
]

RULES = [
    Rules("CreateJobQueue", QUEUE, [
        *QUEUE_ROWS,
        ("computeEnvironmentOrder", {"computeEnvironmentOrder": None}),
        ("nowhere not found.",
         {"schedulingPolicyArn": ARN + "scheduling-policy/nowhere"}),
        ("Only scheduling policy Arn can be allowed.", {"schedulingPolicyArn": "policy"}),
        ("Only scheduling policy Arn can be allowed.",
         {"schedulingPolicyArn": ARN + "job-queue/default"}),
        ("Quota Management feature is only supported for SageMaker Training job queues.",
         {"schedulingPolicyArn": ARN + "scheduling-policy/quota"}),
        ("The jobQueueType provided is ECS_FARGATE, which is incompatible with the provided "
         "computeEnvironmentOrder.", {"jobQueueType": "ECS_FARGATE"}),
        ("Job Queue name should match a valid pattern.", {"jobQueueName": "no spaces"}),
        ("Job Queue name should match a valid pattern.", {"jobQueueName": "x" * 129}),
        ("Object already exists", {"jobQueueName": "default"}),
    ]),
    Rules("UpdateJobQueue", {"jobQueue": "default"}, [
        *QUEUE_ROWS, ("does not exist", {"jobQueue": "nowhere"}),
        ("schedulingPolicyArn", {"schedulingPolicyArn": ARN + "scheduling-policy/fair"}),
    ]),
    Rules("DeleteSchedulingPolicy", {"arn": ARN + "scheduling-policy/fair"}, [
        ("used by job queue", {}),
        ("does not exist", {"arn": ARN + "scheduling-policy/nowhere"}),
        ("does not exist", {"arn": "fair"}),
    ]),
    # validation_test makes the policies `fair`, which a queue uses, and `quota`.
    Rules("UpdateSchedulingPolicy", {"arn": ARN + "scheduling-policy/fair"}, [
        ("cannot change to the other kind",
         {"quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}),
        ("Weight factor should be between 0.0001 and 999.9999.", shares("a", weightFactor=1000)),
    ]),
    Rules("DeleteJobQueue", {"jobQueue": "default"}, [
        ("DISABLED", {}), ("does not exist", {"jobQueue": "nowhere"}),
    ]),
    Rules("CreateSchedulingPolicy", POLICY, [
        ("A scheduling policy can have either fairsharePolicy or quotaSharePolicy",
         {"fairsharePolicy": {}, "quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}),
        ("Weight factor should be between 0.0001 and 999.9999.",
         shares("red", weightFactor=0.00009)),
        ("Weight factor should be between 0.0001 and 999.9999.", shares("red", weightFactor=1000)),
        ("ShareIdentifier name should match a valid pattern.", shares("no spaces")),
        ("ShareIdentifier name should match a valid pattern.", shares("a*b")),
        ("ShareIdentifier name should match a valid pattern.", shares("x" * 256)),
        ("Cannot have two or more identical shareIdentifiers.", shares("red", "red")),
        ("ShareDistribution size cannot be greater than 500.",
         shares(*(f"share{i}x" for i in range(501)))),
        ("matches another share identifier", shares("red*", "red1")),
        ("Scheduling policy name should match a valid pattern.", {"name": "no spaces"}),
        ("computeReservation", {"fairsharePolicy": {"computeReservation": 100}}),
        ("computeReservation", {"fairsharePolicy": {"computeReservation": -1}}),
        ("shareDecaySeconds", {"fairsharePolicy": {"shareDecaySeconds": 604801}}),
        ("Idle resource assignment strategy must be one of [FIFO].",
         {"quotaSharePolicy": {"idleResourceAssignmentStrategy": "LIFO"}}),
    ]),
    Rules("DescribeSchedulingPolicies", {"arns": []}, [
        ("100", {"arns": [f"arn:aws:batch:us-east-1:123456789012:scheduling-policy/{i}"
                          for i in range(101)]}),
    ]),
]
