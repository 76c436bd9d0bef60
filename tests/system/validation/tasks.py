"""Job definitions with ecsProperties."""

from . import Rules
from .definitions import MEMORY, VCPU

SIZE = [VCPU, MEMORY]


def container(name="main", **more):
    return {"name": name, "image": "i", "resourceRequirements": SIZE, **more}


def waits_for(name, condition):
    return {"dependsOn": [{"containerName": name, "condition": condition}]}


def task(*containers, **more):
    return {"ecsProperties": {"taskProperties": [{"containers": [*containers], **more}]}}


VALID = {"jobDefinitionName": "refused", "type": "container", **task(container())}
FIRELENS = {"firelensConfiguration": {"type": "fluentbit"}}

RULES = [
    Rules("RegisterJobDefinition", VALID, [
        ("Number of containers must be between 1 and 10", task()),
        ("Number of containers must be between 1 and 10",
         task(*(container(f"c{i}") for i in range(11)))),
        ("Container names must be unique", task(container(), container())),
        ("At least one container must be set as essential",
         task(container(essential=False), container("side", essential=False))),
        ("Container dependency can not be used in a single-container job.",
         task(container(**waits_for("main", "START")))),
        ("containerName nobody must reference a defined container.",
         task(container(**waits_for("nobody", "START")), container("side"))),
        ("TaskContainer dependency HEALTHY is not valid. Valid values are: [START, COMPLETE, "
         "SUCCESS]", task(container(**waits_for("side", "HEALTHY")), container("side"))),
        *((f"The container target of a dependency can not have condition {condition} if the target "
           "is essential", task(container(**waits_for("side", condition)), container("side")))
          for condition in ("COMPLETE", "SUCCESS")),
        ("ipcMode ship is not valid. Valid values are: [host, task, none]",
         task(container(), ipcMode="ship")),
        ("pidMode ship is not valid. Valid values are: [host, task]",
         task(container(), pidMode="ship")),
        ("When a firelensConfiguration object is specified, at least one container has to run as "
         "root", task(container(user="1000"), container("log", user="1000", **FIRELENS))),
        ("taskProperties", {"ecsProperties": {"taskProperties": []}}),
        ("taskProperties", {"ecsProperties": {"taskProperties": [
            {"containers": [container()]}] * 2}}),
    ]),
]
