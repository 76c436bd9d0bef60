"""Multi-node parallel jobs in real containers: the main node first, its end is the job's."""

import unittest

from support.case import SystemTest
from support.engine import IMAGE
from support.waiting import eventually

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
# The nodes of a job meet in one network: the main one listens, the others tell it who they are.
SERVER = ("nc -l -p 5000 > /tmp/a; cat /tmp/a; "
          "echo main=$AWS_BATCH_JOB_NODE_INDEX of $AWS_BATCH_JOB_NUM_NODES "
          "address=[$AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS]")
CLIENT = ("until echo node $AWS_BATCH_JOB_NODE_INDEX main $AWS_BATCH_JOB_MAIN_NODE_INDEX "
          "id $AWS_BATCH_JOB_ID | nc $AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS 5000; "
          "do sleep 0.05; done; " + HOLD)


class Multinode(SystemTest):
    settings = {"docker.vcpus": 6, "docker.memory_mib": 1000}

    @staticmethod
    def container(command, vcpus="1"):
        return {"image": IMAGE, "command": ["sh", "-c", command], "resourceRequirements": [
            {"type": "VCPU", "value": vcpus}, {"type": "MEMORY", "value": "32"}]}

    def define_nodes(self, ranges, nodes, main=0, **more):
        """`ranges`: target nodes to a command, or to a whole container."""
        return self.batch.register_job_definition(
            jobDefinitionName=self.unique("nodes"), type="multinode", nodeProperties={
                "numNodes": nodes, "mainNode": main, "nodeRangeProperties": [
                    {"targetNodes": target,
                     "container": self.container(what) if isinstance(what, str) else what}
                    for target, what in ranges.items()]}, **more)["jobDefinitionArn"]

    def nodes(self, job, status):
        found = self.batch.list_jobs(multiNodeJobId=job, jobStatus=status)["jobSummaryList"]
        return [item["jobId"] for item in found]

    def test_nodes_reach_the_main_one_and_are_stopped_when_it_ends(self):
        job = self.submit(self.define_nodes({"0": CLIENT, "1": SERVER}, 2, main=1))
        ended = self.wait_for(job, "SUCCEEDED")
        self.assertEqual({"numNodes": 2, "mainNode": 1},
                         {name: ended["nodeProperties"][name] for name in ("numNodes",
                                                                           "mainNode")})
        self.assertEqual([0], [attempt["container"]["exitCode"] for attempt in ended["attempts"]])
        self.assertEqual("Essential container in task exited", ended["statusReason"])
        output = self.output(f"{job}%231")
        self.assertIn(f"node 0 main 1 id {job}#0", output)
        self.assertIn("main=1 of 2 address=[]", output)
        node = self.describe(f"{job}#0")
        self.assertEqual({"nodeIndex": 0, "isMainNode": False}, node["nodeDetails"])
        self.assertEqual("The main node of the job has ended.", node["statusReason"])
        self.assertEqual("127.0.0.1",
                         node["container"]["networkInterfaces"][0]["privateIpv4Address"])
        self.assertIn(CLIENT, node["container"]["command"])
        self.assertNotIn("nodeProperties", node)

    def test_listing_and_the_other_nodes_end(self):
        job = self.submit(self.define_nodes({"0": HOLD, "1:": "exit 3"}, 3))
        eventually(lambda: len(self.nodes(job, "FAILED")) == 2, 30)
        self.assertEqual([f"{job}#0"], self.nodes(job, "RUNNING"))
        self.assertEqual("RUNNING", self.describe(job)["status"])
        listed = self.batch.list_jobs(multiNodeJobId=job, jobStatus="FAILED", maxResults=1)
        first = listed["jobSummaryList"][0]
        self.assertEqual({"numNodes": 3, "nodeIndex": 1, "isMainNode": False},
                         first["nodeProperties"])
        self.assertEqual(3, first["container"]["exitCode"])
        listed = self.batch.list_jobs(multiNodeJobId=job, jobStatus="FAILED", maxResults=1,
                                      nextToken=listed["nextToken"])
        self.assertEqual(f"{job}#2", listed["jobSummaryList"][0]["jobId"])
        whole = [item for item in self.batch.list_jobs(jobQueue="default")["jobSummaryList"]
                 if item["jobId"] == job]
        self.assertEqual([{"numNodes": 3}], [item["nodeProperties"] for item in whole])
        self.batch.terminate_job(jobId=job, reason="enough")
        self.assertEqual("enough", self.wait_for(job, "FAILED")["statusReason"])
        self.assertEqual([], self.batch.describe_jobs(jobs=[f"{job}#3"])["jobs"])

    def test_each_range_takes_its_consumables(self):
        resource = self.unique("licenses")
        arn = self.batch.create_consumable_resource(
            consumableResourceName=resource, totalQuantity=3)["consumableResourceArn"]
        takes = {"consumableResourceProperties": {"consumableResourceList": [
            {"consumableResource": resource, "quantity": 1}]}}
        by_arn = {"consumableResourceProperties": {"consumableResourceList": [
            {"consumableResource": arn, "quantity": 2}]}}
        definition = self.batch.register_job_definition(
            jobDefinitionName=self.unique("nodes"), type="multinode", nodeProperties={
                "numNodes": 4, "mainNode": 0, "nodeRangeProperties": [
                    {"targetNodes": "0", "container": self.container(HOLD), **takes},
                    {"targetNodes": "1:", "container": self.container(HOLD), **by_arn}]}
        )["jobDefinitionArn"]
        job = self.submit(definition, nodeOverrides={"nodePropertyOverrides": [
            {"targetNodes": "2", "containerOverrides": {
                "environment": [{"name": "A", "value": "b"}]}}]})
        self.wait_for(job, "RUNNING")
        state = self.batch.describe_consumable_resource(consumableResource=resource)
        self.assertEqual(3, state["inUseQuantity"])
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")

    def test_the_list_shows_how_the_main_node_ended(self):
        job = self.submit(self.define_nodes({"0": "true", "1": "exit 7"}, 2, main=1))
        self.wait_for(job, "FAILED")
        listed = self.batch.list_jobs(jobQueue="default", jobStatus="FAILED")["jobSummaryList"]
        self.assertEqual([7], [item["container"]["exitCode"] for item in listed
                               if item["jobId"] == job])

    def test_refused_overrides(self):
        definition = self.define_nodes({"0:": "true"}, 2)
        for text, overrides in (
                ("Number of nodes must be between 1 and 1000.", {"numNodes": 1001}),
                ("targetNodes '5:9' goes beyond the last node, 1",
                 {"nodePropertyOverrides": [{"targetNodes": "5:9"}]})):
            with self.assertRaisesRegex(self.batch.exceptions.ClientException, text):
                self.submit(definition, nodeOverrides=overrides)

    def test_it_waits_until_all_nodes_fit(self):
        blocker = self.run_command(HOLD)
        self.wait_for(blocker, "RUNNING")
        job = self.submit(self.define_nodes({"0:": self.container("true", "2")}, 3))
        reason = eventually(lambda: self.describe(job).get("statusReason"), 10)
        self.assertIn("on 3 nodes at once", reason)
        self.assertEqual("RUNNABLE", self.describe(f"{job}#2")["status"])
        self.batch.terminate_job(jobId=blocker, reason="done")
        self.wait_for(job, "SUCCEEDED")

    def test_a_failed_main_node_is_retried_with_all_nodes(self):
        main = "[ $AWS_BATCH_JOB_ATTEMPT = 2 ]"
        job = self.submit(self.define_nodes({"0": main, "1": HOLD}, 2),
                          retryStrategy={"attempts": 3})
        ended = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(2, len(ended["attempts"]))
        self.assertEqual(2, len(self.describe(f"{job}#1")["attempts"]))

    def test_overrides_of_nodes(self):
        definition = self.define_nodes({"0": "echo main $COLOUR", "1:": "echo node"}, 2)
        job = self.submit(definition, nodeOverrides={"numNodes": 3, "nodePropertyOverrides": [
            {"targetNodes": "0:1", "containerOverrides": {
                "environment": [{"name": "COLOUR", "value": "red"}],
                "command": ["sh", "-c", "echo over $COLOUR; sleep 0.2"]}}]})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("over red\n", self.output(f"{job}%230"))
        ranges = self.describe(job)["nodeProperties"]["nodeRangeProperties"]
        self.assertEqual(["0", "1", "2"], [item["targetNodes"] for item in ranges])

    def test_a_killed_daemon_finds_the_nodes_again(self):
        job = self.submit(self.define_nodes({"0": HOLD, "1:": HOLD}, 3))
        eventually(lambda: len(self.nodes(job, "RUNNING")) == 3, 30)
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(3, len(self.nodes(job, "RUNNING")))
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")
        self.assertEqual([[0]] * 3, [[attempt["container"]["exitCode"] for attempt in
                                      self.describe(f"{job}#{i}")["attempts"]]
                                     for i in range(3)])

    def test_what_is_refused(self):
        def refused(text, properties, **more):
            self.assert_refused(text, self.batch.register_job_definition, jobDefinitionName="n",
                                type="multinode", nodeProperties=properties, **more)

        def properties(nodes, *targets, main=0):
            return {"numNodes": nodes, "mainNode": main, "nodeRangeProperties": [
                {"targetNodes": target, "container": self.container("true")}
                for target in targets]}

        self.assert_refused("Node properties of multinode job is required.",
                            self.batch.register_job_definition, jobDefinitionName="n",
                            type="multinode")
        refused("Number of nodes must be between 1 and 1000.", properties(0, "0"))
        refused("Number of nodes must be between 1 and 1000.", properties(1001, "0:"))
        refused("Main node index is out of range", properties(2, "0:", main=2))
        refused("targetNodes should contain only digits.", properties(2, "0:x"))
        refused("Maximum allowed size of node range properties is 5",
                properties(6, "0", "1", "2", "3", "4", "5"))
        refused("node 1 of 3 is in no range", properties(3, "0", "2"))
        refused("goes beyond the last node", properties(2, "0:2"))
        refused("Must specify container for node range 0:", {
            "numNodes": 1, "mainNode": 0, "nodeRangeProperties": [{"targetNodes": "0:"}]})
        refused("Fargate does not support MNP jobs", properties(1, "0"),
                platformCapabilities=["FARGATE"])
        closed = self.define_nodes({"0:1": "true"}, 2)
        opened = self.define_nodes({"0": "true", "1:": "true"}, 2)
        submit = {"jobName": "x", "jobQueue": "default"}
        self.assert_refused("open upper boundary", self.batch.submit_job, jobDefinition=closed,
                            nodeOverrides={"numNodes": 3}, **submit)
        self.assert_refused("leaves out nodes", self.batch.submit_job, jobDefinition=opened,
                            nodeOverrides={"numNodes": 1}, **submit)
        self.assert_refused("use nodeOverrides", self.batch.submit_job, jobDefinition=opened,
                            containerOverrides={"command": ["true"]}, **submit)
        self.assert_refused("arrayProperties cannot be used", self.batch.submit_job,
                            jobDefinition=opened, arrayProperties={"size": 2}, **submit)
        self.assert_refused("nodeOverrides are for multi-node job definitions",
                            self.batch.submit_job, jobDefinition=self.define("true"),
                            nodeOverrides={"numNodes": 2}, **submit)


if __name__ == "__main__":
    unittest.main()
