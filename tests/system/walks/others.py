"""Consumable resources and service environments."""

from .jobs import HOLD, ended, register


def walk_consumable_resources(aws):
    name = aws.unique("licence")
    arn = aws("CreateConsumableResource", consumableResourceName=name, totalQuantity=5,
              resourceType="REPLENISHABLE", tags={"a": "b"})["consumableResourceArn"]
    aws("DescribeConsumableResource", consumableResource=arn)
    aws("UpdateConsumableResource", consumableResource=name, operation="ADD", quantity=2,
        clientToken=aws.unique("token"))
    aws("ListConsumableResources", maxResults=1,
        filters=[{"name": "CONSUMABLE_RESOURCE_NAME", "values": [name]}])
    aws("DeleteConsumableResource", consumableResource=name)


def walk_jobs_that_consume(aws):
    name = aws.unique("licence")
    aws("CreateConsumableResource", consumableResourceName=name, totalQuantity=2,
        resourceType="NON_REPLENISHABLE")
    needs = {"consumableResourceList": [{"consumableResource": name, "quantity": 2}]}
    definition = register(aws, HOLD, consumableResourceProperties=needs)
    aws("DescribeJobDefinitions", jobDefinitions=[definition])
    job = aws("SubmitJob", jobName="consuming", jobQueue="default", jobDefinition=definition,
              consumableResourcePropertiesOverride=needs)["jobId"]
    aws("ListConsumableResources")
    listed = aws("ListJobsByConsumableResource", consumableResource=name, maxResults=1,
                 filters=[{"name": "JOB_NAME", "values": ["consuming"]}])["jobs"]
    assert [2] == [entry["quantity"] for entry in listed], listed
    aws("TerminateJob", jobId=job, reason="seen")
    assert "consumableResourceProperties" in ended(aws, job)


def walk_service_environments(aws):
    name = aws.unique("service")
    limits = [{"maxCapacity": 3, "capacityUnit": "NUM_INSTANCES"}]
    arn = aws("CreateServiceEnvironment", serviceEnvironmentName=name, state="ENABLED",
              serviceEnvironmentType="SAGEMAKER_TRAINING", capacityLimits=limits,
              tags={"a": "b"})["serviceEnvironmentArn"]
    aws("DescribeServiceEnvironments", serviceEnvironments=[name], maxResults=1)
    aws("UpdateServiceEnvironment", serviceEnvironment=arn, state="DISABLED",
        capacityLimits=limits)
    aws("DeleteServiceEnvironment", serviceEnvironment=name)
