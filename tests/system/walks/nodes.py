"""Multi-node jobs."""

from .jobs import HOLD, ended

NODES = {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [
    {"targetNodes": "0:", "container": {**HOLD, "command": ["true"]}}]}


def walk_nodes(aws):
    name = aws.unique("nodes")
    definition = aws("RegisterJobDefinition", jobDefinitionName=name, type="multinode",
                     nodeProperties=NODES)["jobDefinitionArn"]
    aws("DescribeJobDefinitions", jobDefinitionName=name)
    job = aws("SubmitJob", jobName="nodes", jobQueue="default", jobDefinition=definition,
              nodeOverrides={"numNodes": 2, "nodePropertyOverrides": [
                  {"targetNodes": "0:", "containerOverrides": {"command": ["true"]}}]})["jobId"]
    assert ended(aws, job)["status"] == "SUCCEEDED"
    node, = aws("DescribeJobs", jobs=[f"{job}#1"])["jobs"]
    assert node["nodeDetails"] == {"nodeIndex": 1, "isMainNode": False}, node
    aws("ListJobs", multiNodeJobId=job, jobStatus="SUCCEEDED")
    aws("ListJobs", jobQueue="default", jobStatus="SUCCEEDED")
