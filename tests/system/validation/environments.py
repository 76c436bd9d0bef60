"""Compute environments."""

from . import Rules

EC2 = {"computeEnvironmentName": "refused", "type": "MANAGED", "computeResources": {
    "type": "EC2", "minvCpus": 0, "maxvCpus": 4, "instanceTypes": ["optimal"], "subnets": ["s"],
    "securityGroupIds": ["g"], "instanceRole": "r"}}
FARGATE = {"computeEnvironmentName": "refused", "type": "MANAGED", "computeResources": {
    "type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]}}
ONE_OF_TEMPLATES = ("One of LaunchTemplateId and LaunchTemplateName or LaunchTemplate.overrides "
                    "should be provided")
ARM = "arm-based instance type cannot be used with other instance types"


def resources(**changes):
    return {f"computeResources.{member}": value for member, value in changes.items()}


RULES = [
    Rules("CreateComputeEnvironment", EC2, [
        ("Compute Environment must be created in ENABLED state.", {"state": "DISABLED"}),
        ("computeEnvironmentName", {"computeEnvironmentName": "no spaces"}),
        ("computeEnvironmentName", {"computeEnvironmentName": "x" * 129}),
        ("Object already exists", {"computeEnvironmentName": "local"}),
        ("computeResources", {"computeResources": None}),
        ("type", {"type": "HYBRID"}),
        ("Instance role is required.", resources(instanceRole=None)),
        ("Resource minvCpus is required.", resources(minvCpus=None)),
        ("Resource instanceTypes are required.", resources(instanceTypes=None)),
        ("Resource instanceTypes are required.", resources(instanceTypes=[])),
        ("minvCpus should be greater than or equal to 0.", resources(minvCpus=-1)),
        ("maxvCpus should be greater than or equal to minvCpus.", resources(minvCpus=5)),
        ("desiredvCpus should be between minvCpus and maxvCpus.", resources(desiredvCpus=5)),
        ("Bid percentage must be between 0 to 100.", resources(bidPercentage=101)),
        ("Bid percentage must be between 0 to 100.", resources(bidPercentage=-1)),
        ("Security group ids are required.", resources(securityGroupIds=None)),
        ("compute resource spotIamFleetRole is required.", resources(type="SPOT")),
        ("compute resource spotIamFleetRole is required.",
         resources(type="SPOT", allocationStrategy="BEST_FIT")),
        (ARM, resources(instanceTypes=["m7g.large", "m7i.large"])),
        (ARM, resources(instanceTypes=["c6g", "optimal"])),
        (ONE_OF_TEMPLATES, resources(launchTemplate={"version": "1"})),
        (ONE_OF_TEMPLATES, resources(launchTemplate={"launchTemplateId": "lt-1",
                                                     "launchTemplateName": "t"})),
        ("LaunchTemplate.overrides.targetInstanceTypes[] is required",
         resources(launchTemplate={"launchTemplateId": "lt-1",
                                   "overrides": [{"launchTemplateId": "lt-2"}]})),
        ("Invalid imageType in ComputeResources.ec2Configuration",
         resources(ec2Configuration=[{"imageType": "BSD"}])),
        ("Amazon Linux 2 is end-of-life.", resources(ec2Configuration=[{"imageType": "ECS_AL2"}])),
        ("unmanagedvCpus is not applicable for managed Compute Environments",
         {"unmanagedvCpus": 3}),
        ("allocationStrategy", resources(allocationStrategy="SPOT_CAPACITY_OPTIMIZED")),
        ("tags", {"tags": {f"key{i}": "" for i in range(51)}}),
    ]),
    Rules("CreateComputeEnvironment", FARGATE, [
        *((f"{member} is not applicable for Fargate.", resources(**{member: value}))
          for member, value in {
              "desiredvCpus": 1, "tags": {"a": "b"}, "instanceTypes": ["optimal"],
              "allocationStrategy": "BEST_FIT", "minvCpus": 1, "imageId": "ami-1",
              "ec2KeyPair": "key", "instanceRole": "r", "placementGroup": "p",
              "bidPercentage": 50, "spotIamFleetRole": "f",
              "launchTemplate": {"launchTemplateId": "lt-1"},
              "ec2Configuration": [{"imageType": "ECS_AL2023"}]}.items()),
        ("Fargate supports a maximum of 16 subnets.",
         resources(subnets=[f"s{i}" for i in range(17)])),
        ("Fargate supports a maximum of 5 security groups.",
         resources(securityGroupIds=[f"g{i}" for i in range(6)])),
        ("Security group ids are required.", resources(securityGroupIds=[])),
        ("subnets", resources(subnets=None)),
    ]),
    # validation_test makes the environment `scaled`, whose desiredvCpus are 2.
    Rules("UpdateComputeEnvironment", {"computeEnvironment": "scaled"}, [
        ("does not exist", {"computeEnvironment": "nowhere"}),
        ("does not exist", {"computeEnvironment": "arn:aws:batch:us-east-1:210987654321:"
                                                  "compute-environment/scaled"}),
        ("Manually scaling down compute environment is not supported.",
         resources(desiredvCpus=1)),
        ("maxvCpus should be greater than or equal to minvCpus.", resources(minvCpus=9)),
        ("unmanagedvCpus is not applicable for managed Compute Environments",
         {"unmanagedvCpus": 3}),
    ]),
    Rules("DeleteComputeEnvironment", {"computeEnvironment": "scaled"}, [
        ("does not exist", {"computeEnvironment": "nowhere"}),
        ("DISABLED", {}),
        ("Cannot delete, found existing JobQueue relationship", {"computeEnvironment": "in-use"}),
    ]),
]
