"""Multi-node job definitions."""

from . import Rules
from .definitions import MEMORY, VCPU

CONTAINER = {"image": "i", "resourceRequirements": [VCPU, MEMORY]}


def nodes(*ranges, number=2, main=0, **container):
    return {"nodeProperties": {"numNodes": number, "mainNode": main, "nodeRangeProperties": [
        {"targetNodes": targets, "container": {**CONTAINER, **container}} for targets in ranges]}}


VALID = {"jobDefinitionName": "refused", "type": "multinode", **nodes("0:")}
TASK = {"taskProperties": [{"containers": [{"name": "main", **CONTAINER}]}]}


def with_range(**members):
    return {"nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [
        {"targetNodes": "0:", **members}]}}


RULES = [
    Rules("RegisterJobDefinition", VALID, [
        ("Node properties of multinode job is required.", {"nodeProperties": None}),
        ("Number of nodes must be between 1 and 1000.", nodes("0:", number=0)),
        ("Number of nodes must be between 1 and 1000.", nodes("0:", number=1001)),
        ("Main node index is out of range, must be less than numNodes.", nodes("0:", main=2)),
        ("Maximum allowed size of node range properties is 5",
         nodes(*(str(i) for i in range(6)), number=6)),
        ("targetNodes should contain only digits.", nodes("0:x")),
        ("Must specify container for node range 0:", with_range()),
        ("NodeRangeProperties can not use both ecsProperties and container fields",
         with_range(container=CONTAINER, ecsProperties=TASK)),
        ("Using instanceTypes with nodeRangeProperty is only allowed for ecsProperties jobs.",
         with_range(container=CONTAINER, instanceTypes=["m5.large"])),
        ("targetNodes", nodes("0:0")), ("targetNodes", nodes("0:2")),
        ("Fargate does not support MNP jobs", {"platformCapabilities": ["FARGATE"]}),
    ]),
]
