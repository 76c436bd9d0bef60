"""Consumable resources and service environments."""

from . import Rules

SERVICE = {"serviceEnvironmentName": "refused", "serviceEnvironmentType": "SAGEMAKER_TRAINING",
           "capacityLimits": [{"maxCapacity": 1, "capacityUnit": "NUM_INSTANCES"}]}


def capacity(*limits):
    return {"capacityLimits": [{"maxCapacity": most, "capacityUnit": unit}
                               for most, unit in limits]}


RULES = [
    Rules("CreateConsumableResource", {"consumableResourceName": "refused"}, [
        ("totalQuantity cannot be a negative number.", {"totalQuantity": -1}),
        ("resourceType", {"resourceType": "TAPE"}),
        ("consumableResourceName", {"consumableResourceName": "no spaces"}),
        ("already exists", {"consumableResourceName": "licence"}),
    ]),
    # validation_test makes `licence`, of which there are 3.
    Rules("UpdateConsumableResource", {"consumableResource": "licence", "operation": "SET",
                                       "quantity": 1}, [
        ("does not exist", {"consumableResource": "nowhere"}),
        ("operation", {"operation": "HALVE"}),
        ("negative", {"quantity": -1}),
        ("totalQuantity cannot be a negative number.", {"operation": "REMOVE", "quantity": 4}),
    ]),
    Rules("DescribeConsumableResource", {"consumableResource": "nowhere"}, [
        ("does not exist", {})]),
    Rules("DeleteConsumableResource", {"consumableResource": "nowhere"}, [("does not exist", {})]),
    Rules("ListConsumableResources", {}, [
        ("CONSUMABLE_RESOURCE_NAME", {"filters": [{"name": "COLOUR", "values": ["red"]}]}),
        ("maxResults", {"maxResults": 0}), ("maxResults", {"maxResults": 101}),
        ("oken", {"nextToken": "made up"}),
    ]),
    Rules("CreateServiceEnvironment", SERVICE, [
        ("Capacitylimits are required.", {"capacityLimits": []}),
        ("Number of capacity limits exceeds 5.",
         capacity(*((1, f"ml.m{i}.large") for i in range(6)))),
        ("Max capacity must be more than 0.", capacity((0, "NUM_INSTANCES"))),
        ("is unknown capacity unit", capacity((1, "m5.large"))),
        ("Capacity units must specify either number of instances OR instance type",
         capacity((1, "NUM_INSTANCES"), (1, "ml.m5.large"))),
        ("serviceEnvironmentType", {"serviceEnvironmentType": "CLOUD"}),
        ("serviceEnvironmentName", {"serviceEnvironmentName": "no spaces"}),
    ]),
    Rules("UpdateServiceEnvironment", {"serviceEnvironment": "nowhere"}, [("does not exist", {})]),
    Rules("DeleteServiceEnvironment", {"serviceEnvironment": "nowhere"}, [("does not exist", {})]),
]
