"""Job definitions with two blocks of properties, or with none that fits."""

from . import Rules
from .definitions import EC2

POD = {"podProperties": {"containers": [{"image": "i"}]}}
TASK = {"taskProperties": [{"containers": [{"name": "main", "image": "i"}]}]}

RULES = [
    Rules("RegisterJobDefinition", EC2, [
        ("Cannot use both ECS containerProperties and ecsProperties", {"ecsProperties": TASK}),
        ("Cannot use both ECS containerProperties and eksProperties", {"eksProperties": POD}),
        ("Cannot use both ecsProperties and eksProperties",
         {"containerProperties": None, "ecsProperties": TASK, "eksProperties": POD}),
        ("containers", {"containerProperties": None, "eksProperties": {"podProperties": {}}}),
        ("podProperties", {"containerProperties": None, "eksProperties": {}}),
    ]),
]
