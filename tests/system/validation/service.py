"""Queues of service jobs, service jobs, quota shares."""

import json

from . import Rules

# validation_test makes the service environment `service`.
ORDER = [{"order": 1, "serviceEnvironment": "service"}]
QUEUE = {"jobQueueName": "refused", "priority": 1, "jobQueueType": "SAGEMAKER_TRAINING",
         "serviceEnvironmentOrder": ORDER}
JOB = {"jobName": "refused", "jobQueue": "of-service", "serviceJobType": "SAGEMAKER_TRAINING",
       "serviceRequestPayload": json.dumps({"TrainingJobName": "x"})}
COMPUTE = [{"order": 1, "computeEnvironment": "local"}]
LIMIT = {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE",
         "maxTimeSeconds": 600, "action": "CANCEL"}

RULES = [
    Rules("CreateJobQueue", QUEUE, [
        ("The jobQueueType provided is ECS, which is incompatible with the provided "
         "serviceEnvironmentOrder.", {"jobQueueType": "ECS"}),
        ("Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder.",
         {"serviceEnvironmentOrder": None}),
        ("Job queue can only have 1 service environment.",
         {"serviceEnvironmentOrder": [*ORDER, {"order": 2, "serviceEnvironment": "other"}]}),
        ("Service environments must be created and valid before attaching them to a job queue.",
         {"serviceEnvironmentOrder": [{"order": 1, "serviceEnvironment": "nowhere"}]}),
        ("The jobQueueType provided is SAGEMAKER_TRAINING, which is incompatible with the provided "
         "computeEnvironmentOrder.", {"computeEnvironmentOrder": COMPUTE}),
        ("computeEnvironmentOrder and serviceEnvironmentOrder exclude each other",
         {"computeEnvironmentOrder": COMPUTE, "jobQueueType": None}),
        ("Invalid job action. Valid job actions: [TERMINATE]",
         {"jobStateTimeLimitActions": [LIMIT]}),
    ]),
    Rules("SubmitServiceJob", JOB, [
        ("JobQueue nowhere not found.", {"jobQueue": "nowhere"}),
        ("Job name should match valid pattern", {"jobName": "no spaces"}),
        ("serviceJobType", {"serviceJobType": "DANCE"}),
        ("attempts", {"retryStrategy": {"attempts": 0}}),
        ("attempts", {"retryStrategy": {"attempts": 11}}),
        ("priority must be between 0 and 9999.", {"schedulingPriority": 10000}),
        ("JobQueue default takes jobs (SubmitJob) only", {"jobQueue": "default"}),
    ]),
    Rules("TerminateServiceJob", {"jobId": "01234567-89ab-4def-8123-456789abcdef", "reason": "r"}, [
        ("reason", {"reason": None}), ("jobId", {"jobId": None}),
    ]),
    Rules("DescribeServiceJob", {"jobId": "01234567-89ab-4def-8123-456789abcdef"}, [
        ("01234567-89ab-4def-8123-456789abcdef", {})]),
    Rules("ListQuotaShares", {"jobQueue": "nowhere"}, [("nowhere", {})]),
]
