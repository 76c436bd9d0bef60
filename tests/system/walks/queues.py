"""Compute environments, job queues, scheduling policies."""

from support.waiting import eventually

from .jobs import HOLD, ended, register

EC2 = {"type": "EC2", "allocationStrategy": "BEST_FIT_PROGRESSIVE", "minvCpus": 0, "maxvCpus": 4,
       "desiredvCpus": 0, "instanceTypes": ["optimal"], "subnets": ["subnet-1"],
       "securityGroupIds": ["sg-1"], "ec2KeyPair": "key", "instanceRole": "ecsInstanceRole",
       "placementGroup": "near", "tags": {"made": "by batch"},
       "launchTemplate": {"launchTemplateName": "template", "version": "1", "overrides": [
           {"launchTemplateName": "other", "version": "2", "targetInstanceTypes": ["m5.large"]}]},
       "ec2Configuration": [{"imageType": "ECS_AL2023", "imageIdOverride": "ami-1"}],
       "scalingPolicy": {"minScaleDownDelayMinutes": 20}}


def walk_environments(aws):
    name = aws.unique("environment")
    arn = aws("CreateComputeEnvironment", computeEnvironmentName=name, type="MANAGED",
              state="ENABLED", computeResources=EC2, serviceRole="batch", context="kept",
              tags={"a": "b"})["computeEnvironmentArn"]
    valid(aws, name)
    aws("UpdateComputeEnvironment", computeEnvironment=arn, state="ENABLED",
        computeResources={"maxvCpus": 8, "instanceTypes": ["m5.large"]},
        updatePolicy={"terminateJobsOnUpdate": False, "jobExecutionTimeoutMinutes": 10})
    valid(aws, name)
    plain = aws.unique("environment")
    aws("CreateComputeEnvironment", computeEnvironmentName=plain, type="UNMANAGED",
        unmanagedvCpus=4, serviceRole="batch")
    aws("DescribeComputeEnvironments", computeEnvironments=[name, plain], maxResults=2)
    delete_environment(aws, name)


def walk_queues(aws):
    environment, name = aws.unique("environment"), aws.unique("queue")
    aws("CreateComputeEnvironment", computeEnvironmentName=environment, type="UNMANAGED",
        serviceRole="batch")
    valid(aws, environment)
    limits = [{"reason": "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT", "state": "RUNNABLE",
               "maxTimeSeconds": 600, "action": "CANCEL"}]
    arn = aws("CreateJobQueue", jobQueueName=name, state="ENABLED", priority=3,
              computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
              jobStateTimeLimitActions=limits, tags={"a": "b"})["jobQueueArn"]
    aws("DescribeJobQueues", jobQueues=[name], maxResults=1)
    aws("UpdateJobQueue", jobQueue=arn, state="ENABLED", priority=4,
        computeEnvironmentOrder=[{"order": 2, "computeEnvironment": environment}],
        jobStateTimeLimitActions=[])
    aws("GetJobQueueSnapshot", jobQueue=name)
    delete_queue(aws, name)
    delete_environment(aws, environment)


def walk_scheduling_policies(aws):
    share = {"shareIdentifier": "red", "weightFactor": 0.5}
    arn = aws("CreateSchedulingPolicy", name=aws.unique("policy"), tags={"a": "b"},
              fairsharePolicy={"shareDecaySeconds": 600, "computeReservation": 5,
                               "shareDistribution": [share]})["arn"]
    quota = aws("CreateSchedulingPolicy", name=aws.unique("policy"),
                quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"})["arn"]
    aws("DescribeSchedulingPolicies", arns=[arn, quota])
    aws("ListSchedulingPolicies", maxResults=1)
    aws("UpdateSchedulingPolicy", arn=arn, fairsharePolicy={"shareDistribution": [share]})
    aws("DeleteSchedulingPolicy", arn=arn)
    aws("DeleteSchedulingPolicy", arn=quota)


def walk_fair_share(aws):
    policy = aws("CreateSchedulingPolicy", name=aws.unique("policy"),
                 fairsharePolicy={"shareDistribution": [{"shareIdentifier": "red*"}]})["arn"]
    queue = aws.unique("queue")
    aws("CreateJobQueue", jobQueueName=queue, priority=1, schedulingPolicyArn=policy,
        computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
    aws("UpdateJobQueue", jobQueue=queue, schedulingPolicyArn=policy)
    aws("DescribeJobQueues", jobQueues=[queue])
    jobs = [aws("SubmitJob", jobName="shared", jobQueue=queue, shareIdentifier=share,
                schedulingPriorityOverride=7, jobDefinition=register(aws, container))["jobId"]
            for share, container in (
                ("red1", HOLD), ("blue", {**HOLD, "resourceRequirements": [
                    {"type": "VCPU", "value": "1000"}, {"type": "MEMORY", "value": "64"}]}))]
    front = aws("GetJobQueueSnapshot", jobQueue=queue)["frontOfQueue"]["jobs"]
    assert jobs[1] in str(front), front
    found = aws("ListJobs", jobQueue=queue, jobStatus="RUNNABLE",
                filters=[{"name": "SHARE_IDENTIFIER", "values": ["blue"]}])["jobSummaryList"]
    assert ["blue"] == [job["shareIdentifier"] for job in found], found
    for job in jobs:
        aws("TerminateJob", jobId=job, reason="seen")
        assert ended(aws, job)["schedulingPriority"] == 7
    delete_queue(aws, queue)


def valid(aws, environment):
    def status():
        found = aws("DescribeComputeEnvironments", computeEnvironments=[environment])
        return found["computeEnvironments"][0]["status"] == "VALID"
    eventually(status, 30, f"{environment} is VALID")


def delete_queue(aws, name):
    aws("UpdateJobQueue", jobQueue=name, state="DISABLED")
    aws("DeleteJobQueue", jobQueue=name)
    eventually(lambda: not aws("DescribeJobQueues", jobQueues=[name])["jobQueues"], 30,
               f"{name} is gone")


def delete_environment(aws, name):
    aws("UpdateComputeEnvironment", computeEnvironment=name, state="DISABLED")
    aws("DeleteComputeEnvironment", computeEnvironment=name)
    eventually(lambda: not aws("DescribeComputeEnvironments",
                               computeEnvironments=[name])["computeEnvironments"], 30,
               f"{name} is gone")
