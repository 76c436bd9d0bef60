"""Requests at the edge of what clients send. EDGE_CASES.md lists these and where the others are."""

import concurrent.futures
import json
import unittest
import urllib.parse

from support.case import SystemTest
from support.raw import RawBatch

ACCOUNT = "arn:aws:batch:us-east-1:123456789012:"
NEVER = {"vcpus": "1000"}  # such a job stays RUNNABLE


class Requests(SystemTest):
    def raw(self, operation, /, **parameters):
        """The answer to a request that boto3 may not let through."""
        raw = RawBatch(self.daemon.endpoint)
        self.addCleanup(raw.close)
        answer = raw.call(operation, parameters)
        self.assertEqual(200, answer.status, answer.body)
        return answer.json()


class EmptyMembers(Requests):
    """Clients send members that are empty for those that they do not set."""

    def test_in_submit_job(self):
        job = self.raw("SubmitJob", jobName="x", jobQueue="default",
                       jobDefinition=self.define("true"), arrayProperties={}, dependsOn=[],
                       parameters={}, tags={}, containerOverrides={
                           "command": [], "environment": [], "resourceRequirements": []})["jobId"]
        self.assertNotIn("arrayProperties", self.wait_for(job, "SUCCEEDED"))

    def test_overrides_of_another_form(self):
        job = self.submit(self.define("true"), nodeOverrides={}, ecsPropertiesOverride={},
                          eksPropertiesOverride={})
        self.wait_for(job, "SUCCEEDED")

    def test_in_resources(self):
        queue = self.unique("queue")
        self.raw("CreateJobQueue", jobQueueName=queue, priority=1, schedulingPolicyArn="",
                 computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
        self.raw("UpdateJobQueue", jobQueue=queue, schedulingPolicyArn="")
        self.raw("UpdateComputeEnvironment", computeEnvironment="local", computeResources={})
        resource = self.unique("resource")
        self.raw("CreateConsumableResource", consumableResourceName=resource, totalQuantity=1)
        self.raw("UpdateConsumableResource", consumableResource=resource, operation="SET",
                 quantity=2, clientToken="")

    def test_in_register_job_definition(self):
        definition = self.define("true", parameters={}, tags={}, container={
            "volumes": [], "mountPoints": [], "environment": [], "ulimits": [], "secrets": [],
            "linuxParameters": {"devices": [], "tmpfs": []}})
        self.wait_for(self.submit(definition), "SUCCEEDED")

    def test_in_descriptions_and_lists(self):
        for operation, parameters in (
                ("DescribeJobQueues", {"jobQueues": [], "nextToken": ""}),
                ("DescribeComputeEnvironments", {"computeEnvironments": [], "nextToken": ""}),
                ("DescribeJobDefinitions", {"jobDefinitions": [], "nextToken": ""}),
                ("ListJobs", {"jobQueue": "default", "filters": [], "nextToken": ""}),
                ("DescribeJobDefinitions", {"jobDefinitionName": "", "status": ""}),
                ("ListJobs", {"jobQueue": "default", "arrayJobId": "", "multiNodeJobId": "",
                              "jobStatus": ""}),
                ("DescribeJobs", {"jobs": []})):
            with self.subTest(operation):
                self.raw(operation, **parameters)

    def test_an_empty_body_is_an_empty_request(self):
        answer = self.curl("/v1/describejobqueues", data=b"")
        self.assertEqual("default", answer.json()["jobQueues"][0]["jobQueueName"])

    def test_an_update_of_no_compute_resources_changes_nothing(self):
        name = self.unique("managed")
        self.raw("CreateComputeEnvironment", computeEnvironmentName=name, type="MANAGED",
                 computeResources={"type": "EC2", "minvCpus": 0, "maxvCpus": 4, "subnets": ["s"],
                                   "instanceTypes": ["optimal"], "securityGroupIds": ["g"],
                                   "instanceRole": "r"})
        before = self.raw("DescribeComputeEnvironments", computeEnvironments=[name])
        self.raw("UpdateComputeEnvironment", computeEnvironment=name, computeResources={})
        self.assertEqual(before, self.raw("DescribeComputeEnvironments",
                                          computeEnvironments=[name]))


class Ids(Requests):
    def described(self, *ids):
        return [job["jobId"] for job in self.raw("DescribeJobs", jobs=ids)["jobs"]]

    def test_an_id_that_is_given_twice(self):
        first, second = (self.submit(self.define("true", **NEVER)) for _ in range(2))
        self.assertEqual([second, first], list(dict.fromkeys(
            self.described(second, first, second))))

    def test_children_and_nodes_that_are_none(self):
        single = self.submit(self.define("true", **NEVER))
        array = self.submit(self.define("true", **NEVER), arrayProperties={"size": 2})
        self.assertEqual([f"{array}:1"], self.described(
            f"{array}:2", f"{array}:1", f"{array}#0", f"{single}:0", f"{single}#0", f"{array}:-1",
            f"{array}:", f"{array}:99999999999999999999", single.upper()))

    def test_a_job_ends_by_its_arn(self):
        for operation in ("CancelJob", "TerminateJob"):
            job = self.submit(self.define("true", **NEVER))
            self.raw(operation, jobId=f"{ACCOUNT}job/{job}", reason="by ARN")
            self.assertEqual("by ARN", self.wait_for(job, "FAILED")["statusReason"])

    def test_a_foreign_account_or_region_is_not_found(self):
        own = f"{ACCOUNT}job-queue/default"
        self.assertEqual(1, len(self.raw("DescribeJobQueues", jobQueues=[own])["jobQueues"]))
        for other in (own.replace("123456789012", "210987654321"),
                      own.replace("us-east-1", "eu-west-1"), own.replace("aws:batch", "aws:ecs")):
            self.assertEqual([], self.raw("DescribeJobQueues", jobQueues=[other])["jobQueues"])


class References(Requests):
    """Whatever takes a name takes the ARN as well."""

    def test_of_queues_and_environments(self):
        name = self.unique("both")
        environment = self.raw("CreateComputeEnvironment", computeEnvironmentName=name,
                               type="UNMANAGED", serviceRole="r")["computeEnvironmentArn"]
        for reference in (name, environment):
            queue = self.unique("queue")
            arn = self.raw("CreateJobQueue", jobQueueName=queue, priority=1,
                           computeEnvironmentOrder=[{"order": 1, "computeEnvironment": reference}]
                           )["jobQueueArn"]
            for used in (queue, arn):
                found, = self.raw("DescribeJobQueues", jobQueues=[used])["jobQueues"]
                self.assertEqual(environment,
                                 found["computeEnvironmentOrder"][0]["computeEnvironment"])
                self.raw("UpdateJobQueue", jobQueue=used, priority=2)
                self.raw("ListJobs", jobQueue=used)
                self.raw("GetJobQueueSnapshot", jobQueue=used)
            self.raw("UpdateJobQueue", jobQueue=queue, state="DISABLED")
            self.raw("DeleteJobQueue", jobQueue=queue if reference == name else arn)
        for used in (name, environment):
            self.assertEqual(1, len(self.raw("DescribeComputeEnvironments",
                                             computeEnvironments=[used])["computeEnvironments"]))
            self.raw("UpdateComputeEnvironment", computeEnvironment=used, state="DISABLED")
        self.raw("DeleteComputeEnvironment", computeEnvironment=environment)

    def test_of_definitions_in_descriptions(self):
        name = self.unique("definition")
        arns = [self.define("true", name=name) for _ in range(2)]
        foreign = arns[0].replace(":batch:", ":batch:xx-").replace("/", "/other-")
        for references, expected in (
                ([f"{name}:2"], arns[1:]), ([arns[1]], arns[1:]),
                ([name], arns[::-1]), ([arns[0].rpartition(":")[0]], arns[::-1]),
                ([foreign], []), ([foreign, arns[0]], arns[:1])):
            found = self.raw("DescribeJobDefinitions", jobDefinitions=references)
            self.assertEqual(expected, [d["jobDefinitionArn"] for d in found["jobDefinitions"]],
                             references)
        self.raw("DeregisterJobDefinition", jobDefinition=f"{name}:2")
        self.raw("DeregisterJobDefinition", jobDefinition=arns[0])

    def test_every_queue_and_environment_has_a_status_reason(self):
        for operation, member in (("DescribeJobQueues", "jobQueues"),
                                  ("DescribeComputeEnvironments", "computeEnvironments")):
            for item in self.raw(operation)[member]:
                self.assertTrue(item["statusReason"], item)


class Revisions(Requests):
    def test_registered_at_once_they_share_no_number(self):
        name = self.unique("raced")
        body = json.dumps({"jobDefinitionName": name, "type": "container", "containerProperties": {
            "image": "i", "vcpus": 1, "memory": 32}}).encode()
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.curl("/v1/registerjobdefinition", data=body),
                                    range(32)))
        self.assertEqual(list(range(1, 33)),
                         sorted(answer.json()["revision"] for answer in answers))


class Tags(Requests):
    def test_the_arn_in_the_path_in_every_encoding(self):
        arn = self.define("true", tags={"a": "b"})
        for path in (arn, urllib.parse.quote(arn, safe="/"), urllib.parse.quote(arn, safe=":"),
                     urllib.parse.quote(arn, safe=""), urllib.parse.quote(arn, safe="").lower()):
            self.assertEqual({"tags": {"a": "b"}}, self.curl(f"/v1/tags/{path}").json(), path)

    def test_a_key_that_is_taken_away_twice(self):
        arn = self.define("true", tags={"a": "1", "b c": "2", "d": "3"})
        answer = self.curl(f"/v1/tags/{arn}?tagKeys=a&tagKeys=b%20c&tagKeys=a", "-X", "DELETE")
        self.assertEqual((200, {}), (answer.status, answer.json()))
        self.assertEqual({"d": "3"}, self.raw("ListTagsForResource", resourceArn=arn)["tags"])

    def test_children_of_arrays_have_none(self):
        array = self.submit(self.define("true", **NEVER), arrayProperties={"size": 2})
        self.assert_refused(f"{array}:0", self.batch.tag_resource,
                            resourceArn=f"{ACCOUNT}job/{array}:0", tags={"a": "b"})

    def test_tags_of_a_definition_belong_to_its_revision(self):
        name = self.unique("tagged")
        first, second = (self.define("true", name=name, tags=tags) for tags in ({"a": "1"}, {}))
        self.assertEqual({"a": "1"}, self.raw("ListTagsForResource", resourceArn=first)["tags"])
        self.assertEqual({}, self.raw("ListTagsForResource", resourceArn=second)["tags"])


if __name__ == "__main__":
    unittest.main()
