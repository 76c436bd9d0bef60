"""Job definitions, jobs, tags."""

from support.engine import IMAGE
from support.waiting import eventually

SIZE = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
RULES = {"attempts": 2, "evaluateOnExit": [{"onExitCode": "3", "onReason": "*",
                                            "onStatusReason": "*", "action": "RETRY"}]}
RICH = {"image": IMAGE, "command": ["sh", "-c", "exit Ref::code"], "resourceRequirements": SIZE,
        "environment": [{"name": "A", "value": "1"}], "user": "0", "privileged": False,
        "readonlyRootFilesystem": False, "jobRoleArn": "arn:aws:iam::123456789012:role/job",
        "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
        "volumes": [{"name": "scratch"}],
        "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch",
                         "readOnly": False}],
        "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
        "linuxParameters": {"initProcessEnabled": True, "sharedMemorySize": 16,
                            "tmpfs": [{"containerPath": "/fast", "size": 4,
                                       "mountOptions": ["rw"]}]},
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "walk"},
                             "secretOptions": []}}
HOLD = {"image": IMAGE, "command": ["sleep", "1000"], "resourceRequirements": SIZE}
FARGATE = {"image": IMAGE, "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
           "resourceRequirements": [{"type": "VCPU", "value": "0.25"},
                                    {"type": "MEMORY", "value": "512"}],
           "secrets": [{"name": "TOKEN", "valueFrom": "token"}],
           "networkConfiguration": {"assignPublicIp": "ENABLED"},
           "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
           "ephemeralStorage": {"sizeInGiB": 30},
           "repositoryCredentials": {"credentialsParameter": "pull"},
           "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}}


def walk_definitions(aws):
    name = aws.unique("definition")
    arn = aws("RegisterJobDefinition", jobDefinitionName=name, type="container",
              parameters={"code": "0"}, schedulingPriority=1, containerProperties=RICH,
              retryStrategy=RULES, propagateTags=True, timeout={"attemptDurationSeconds": 60},
              tags={"a": "b"}, platformCapabilities=["EC2"])["jobDefinitionArn"]
    aws("RegisterJobDefinition", jobDefinitionName=name, type="container",
        containerProperties=FARGATE, platformCapabilities=["FARGATE"])
    aws("DescribeJobDefinitions", jobDefinitionName=name, status="ACTIVE", maxResults=10)
    aws("DescribeJobDefinitions", jobDefinitions=[arn])
    aws("DeregisterJobDefinition", jobDefinition=arn)
    aws("DescribeJobDefinitions", jobDefinitions=[f"{name}:1"])


def walk_jobs(aws):
    definition = register(aws, RICH, parameters={"code": "0"}, retryStrategy=RULES,
                          schedulingPriority=2)
    first = aws("SubmitJob", jobName="first", jobQueue="default", jobDefinition=definition,
                parameters={"code": "3"}, propagateTags=False, tags={"a": "b"},
                retryStrategy=RULES, timeout={"attemptDurationSeconds": 60},
                containerOverrides={"environment": [{"name": "B", "value": "2"}],
                                    "resourceRequirements": SIZE,
                                    "command": ["sh", "-c", "exit Ref::code"]})["jobId"]
    expect(ended(aws, first), attempts=2, exit_code=3)
    array = aws("SubmitJob", jobName="array", jobQueue="default", jobDefinition=definition,
                arrayProperties={"size": 2})["jobId"]
    pending = aws("SubmitJob", jobName="pending", jobQueue="default", jobDefinition=definition,
                  dependsOn=[{"jobId": array}])["jobId"]
    for job in (f"{array}:1", pending):
        expect(ended(aws, job), attempts=1, exit_code=0)
    aws("ListJobs", jobQueue="default", jobStatus="SUCCEEDED", maxResults=2)
    aws("ListJobs", arrayJobId=array, jobStatus="SUCCEEDED")
    aws("ListJobs", jobQueue="default", filters=[{"name": "JOB_NAME", "values": ["pen*"]}])


def walk_ends_of_jobs(aws):
    definition = register(aws, HOLD)
    running, waiting = (aws("SubmitJob", jobName="endless", jobQueue="default",
                            jobDefinition=definition, dependsOn=after)["jobId"]
                        for after in ([], []))
    aws("TerminateJob", jobId=running, reason="enough")
    aws("CancelJob", jobId=waiting, reason="enough")
    aws("TerminateJob", jobId=waiting, reason="enough")
    for job in (running, waiting):
        ended(aws, job)
    aws("ListJobs", jobQueue="default", jobStatus="FAILED")


def walk_tags(aws):
    arn = register(aws, RICH)
    aws("TagResource", resourceArn=arn, tags={"a": "b", "c": ""})
    aws("UntagResource", resourceArn=arn, tagKeys=["a", "x y"])
    assert aws("ListTagsForResource", resourceArn=arn)["tags"] == {"c": ""}


def register(aws, container, **more):
    return aws("RegisterJobDefinition", jobDefinitionName=aws.unique("definition"),
               type="container", containerProperties=container, **more)["jobDefinitionArn"]


def expect(job, attempts, exit_code):
    """The answers of a job that never ran would prove little."""
    assert (attempts, exit_code) == (len(job["attempts"]), job["container"].get("exitCode")), job


def ended(aws, job):
    def detail():
        found, = aws("DescribeJobs", jobs=[job])["jobs"]
        return found if found["status"] in ("SUCCEEDED", "FAILED") else None
    return eventually(detail, 60, f"{job} has ended")
