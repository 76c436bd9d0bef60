"""Jobs of several containers."""

from support.engine import IMAGE

from .jobs import SIZE, ended

CONTAINERS = [
    {"name": "main", "image": IMAGE, "command": ["true"], "essential": True,
     "resourceRequirements": SIZE, "environment": [{"name": "A", "value": "1"}], "user": "0",
     "readonlyRootFilesystem": False, "privileged": False,
     "dependsOn": [{"containerName": "side", "condition": "SUCCESS"}],
     "mountPoints": [{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}],
     "ulimits": [{"name": "nofile", "softLimit": 100, "hardLimit": 200}],
     "linuxParameters": {"initProcessEnabled": True},
     "logConfiguration": {"logDriver": "awslogs", "options": {}}},
    {"name": "side", "image": IMAGE, "command": ["true"], "essential": False,
     "resourceRequirements": SIZE}]
TASK = {"containers": CONTAINERS, "volumes": [{"name": "scratch"}]}


def walk_tasks(aws):
    name = aws.unique("task")
    definition = aws("RegisterJobDefinition", jobDefinitionName=name, type="container",
                     ecsProperties={"taskProperties": [TASK]})["jobDefinitionArn"]
    aws("DescribeJobDefinitions", jobDefinitionName=name)
    job = aws("SubmitJob", jobName="task", jobQueue="default", jobDefinition=definition,
              ecsPropertiesOverride={"taskProperties": [{"containers": [
                  {"name": "main", "command": ["sh", "-c", "exit 0"],
                   "environment": [{"name": "B", "value": "2"}],
                   "resourceRequirements": SIZE}]}]})["jobId"]
    task, = ended(aws, job)["ecsProperties"]["taskProperties"]
    assert [0, 0] == [container.get("exitCode") for container in task["containers"]], task

