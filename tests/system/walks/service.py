"""Service jobs and quota shares."""

import json

from support.waiting import eventually

from .queues import delete_queue

PAYLOAD = json.dumps({"TrainingJobName": "train"})
CAPACITY = [{"maxCapacity": 4, "capacityUnit": "NUM_INSTANCES"}]


def walk_service_jobs(aws):
    queue = service_queue(aws)
    aws("DescribeJobQueues", jobQueues=[queue])
    job = aws("SubmitServiceJob", jobName="training", jobQueue=queue,
              serviceRequestPayload=PAYLOAD, serviceJobType="SAGEMAKER_TRAINING",
              retryStrategy={"attempts": 2, "evaluateOnExit": [
                  {"action": "RETRY", "onStatusReason": "Internal*"}]},
              schedulingPriority=3, timeoutConfig={"attemptDurationSeconds": 3600},
              tags={"a": "b"}, clientToken=aws.unique("token"))["jobId"]
    detail = aws("DescribeServiceJob", jobId=job)
    assert detail["serviceRequestPayload"] == PAYLOAD, detail
    aws("ListServiceJobs", jobQueue=queue, jobStatus=detail["status"], maxResults=1)
    found = aws("ListServiceJobs", jobQueue=queue,
                filters=[{"name": "JOB_NAME", "values": ["train*"]}])["jobSummaryList"]
    assert [job] == [summary["jobId"] for summary in found], found
    aws("UpdateServiceJob", jobId=job, schedulingPriority=4)
    aws("TerminateServiceJob", jobId=job, reason="enough")
    eventually(lambda: aws("DescribeServiceJob", jobId=job)["status"] == "FAILED", 30,
               "the service job has ended")
    aws("ListServiceJobs", jobQueue=queue, jobStatus="FAILED")
    delete_queue(aws, queue)


def walk_quota_shares(aws):
    policy = aws("CreateSchedulingPolicy", name=aws.unique("policy"),
                 quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"})["arn"]
    queue = service_queue(aws, schedulingPolicyArn=policy)
    name = aws.unique("share")
    arn = aws("CreateQuotaShare", quotaShareName=name, jobQueue=queue, state="ENABLED",
              capacityLimits=CAPACITY, tags={"a": "b"},
              resourceSharingConfiguration={"strategy": "LEND_AND_BORROW", "borrowLimit": 50},
              preemptionConfiguration={"inSharePreemption": "ENABLED"})["quotaShareArn"]
    aws("DescribeQuotaShare", quotaShareArn=arn)
    shares = aws("ListQuotaShares", jobQueue=queue, maxResults=1)["quotaShares"]
    assert [arn] == [share["quotaShareArn"] for share in shares], shares
    aws("UpdateQuotaShare", quotaShareArn=arn, capacityLimits=CAPACITY,
        resourceSharingConfiguration={"strategy": "RESERVE"},
        preemptionConfiguration={"inSharePreemption": "DISABLED"}, state="ENABLED")
    job = aws("SubmitServiceJob", jobName="shared", jobQueue=queue, quotaShareName=name,
              serviceRequestPayload=PAYLOAD, serviceJobType="SAGEMAKER_TRAINING",
              preemptionConfiguration={"preemptionRetriesBeforeTermination": 1})["jobId"]
    assert aws("DescribeServiceJob", jobId=job)["quotaShareName"] == name
    aws("GetJobQueueSnapshot", jobQueue=queue)
    aws("TerminateServiceJob", jobId=job, reason="seen")
    aws("UpdateQuotaShare", quotaShareArn=arn, state="DISABLED")
    aws("DeleteQuotaShare", quotaShareArn=arn)
    delete_queue(aws, queue)


def service_queue(aws, **more):
    environment, queue = aws.unique("service"), aws.unique("queue")
    aws("CreateServiceEnvironment", serviceEnvironmentName=environment,
        serviceEnvironmentType="SAGEMAKER_TRAINING", capacityLimits=CAPACITY)
    aws("CreateJobQueue", jobQueueName=queue, priority=1, jobQueueType="SAGEMAKER_TRAINING",
        serviceEnvironmentOrder=[{"order": 1, "serviceEnvironment": environment}], **more)
    return queue
