"""Compute environments, job queues and tags: their lives and AWS's refusals."""

import unittest

from support.case import SystemTest

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Resources(SystemTest):
    """Words for the tests below."""

    def create_environment(self, name, **more):
        return self.batch.create_compute_environment(
            computeEnvironmentName=name, **{"type": "UNMANAGED", "serviceRole": "batch", **more})

    def create_managed(self, name, max_vcpus):
        return self.create_environment(name, type="MANAGED", computeResources={
            "type": "EC2", "minvCpus": 0, "maxvCpus": max_vcpus, "instanceTypes": ["optimal"],
            "subnets": ["subnet-1"], "securityGroupIds": ["sg-1"],
            "instanceRole": "ecsInstanceRole"})

    def create_queue(self, name, *environments, priority=1, **more):
        return self.batch.create_job_queue(
            jobQueueName=name, priority=priority, computeEnvironmentOrder=[
                {"order": i, "computeEnvironment": environment}
                for i, environment in enumerate(environments, 1)], **more)

    def environment(self, name):
        found = self.batch.describe_compute_environments(computeEnvironments=[name])
        return next(iter(found["computeEnvironments"]), None)

    def create_queue_of(self, environments, name="refused"):
        return self.create_queue(name, *environments)

    def queue(self, name):
        found = self.batch.describe_job_queues(jobQueues=[name])
        return next(iter(found["jobQueues"]), None)


class Environments(Resources):
    def test_the_first_start_makes_local_and_default(self):
        environment, queue = self.environment("local"), self.queue("default")
        self.assertEqual(("UNMANAGED", "ENABLED", "VALID", "ComputeEnvironment Healthy"),
                         tuple(environment[m] for m in ("type", "state", "status",
                                                        "statusReason")))
        self.assertEqual(("ENABLED", "VALID", "JobQueue Healthy"),
                         tuple(queue[member] for member in ("state", "status", "statusReason")))
        self.assertEqual([environment["computeEnvironmentArn"]],
                         [e["computeEnvironment"] for e in queue["computeEnvironmentOrder"]])

    def test_a_life(self):
        name = self.unique("environment")
        arn = self.create_environment(name, tags={"a": "b"})["computeEnvironmentArn"]
        self.assertEqual(f"arn:aws:batch:us-east-1:123456789012:compute-environment/{name}", arn)
        created = self.environment(arn)
        self.assertEqual(("VALID", {"a": "b"}, "ECS"),
                         (created["status"], created["tags"],
                          created["containerOrchestrationType"]))
        self.assertIn("already exists", self.refusal(name))
        self.assert_refused("DISABLED", self.batch.delete_compute_environment,
                            computeEnvironment=name)
        self.batch.update_compute_environment(computeEnvironment=arn, state="DISABLED")
        self.assertEqual("DISABLED", self.environment(name)["state"])
        self.batch.delete_compute_environment(computeEnvironment=name)
        self.assertIn((self.environment(name) or {}).get("status"), (None, "DELETED"))
        self.create_environment(name)

    def refusal(self, name):
        with self.assertRaises(self.batch.exceptions.ClientException) as caught:
            self.create_environment(name)
        return caught.exception.response["Error"]["Message"]

    def test_an_environment_of_a_queue_is_not_deleted(self):
        name, queue = self.unique("environment"), self.unique("queue")
        self.create_environment(name)
        self.create_queue(queue, name)
        self.batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
        self.assert_refused("Cannot delete, found existing JobQueue relationship",
                            self.batch.delete_compute_environment, computeEnvironment=name)
        self.batch.update_job_queue(jobQueue=queue, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=queue)
        self.batch.delete_compute_environment(computeEnvironment=name)

    def test_refusals_have_aws_texts(self):
        def refused(text, **more):
            self.assert_refused(text, self.batch.create_compute_environment,
                                computeEnvironmentName="refused", **more)

        ec2 = {"type": "EC2", "minvCpus": 0, "maxvCpus": 4, "instanceTypes": ["optimal"],
               "subnets": ["s"], "securityGroupIds": ["g"], "instanceRole": "r"}
        refused("must be created in ENABLED state", type="UNMANAGED", state="DISABLED")
        refused("maxvCpus should be greater than or equal to minvCpus.", type="MANAGED",
                computeResources={**ec2, "minvCpus": 5})
        refused("Instance role is required.", type="MANAGED",
                computeResources={k: v for k, v in ec2.items() if k != "instanceRole"})
        refused("unmanagedvCpus is not applicable for managed Compute Environments",
                type="MANAGED", computeResources=ec2, unmanagedvCpus=3)
        self.assert_refused("does not exist", self.batch.update_compute_environment,
                            computeEnvironment="nowhere", state="DISABLED")
        self.assert_refused("does not exist", self.batch.delete_compute_environment,
                            computeEnvironment="nowhere")
        self.assertIsNone(self.environment("nowhere"))
        name = self.unique("fargate")
        self.create_environment(name, type="MANAGED", computeResources={
            "type": "FARGATE", "maxvCpus": 4, "subnets": ["s"], "securityGroupIds": ["g"]})
        self.assert_refused("computeResources.type", self.batch.update_compute_environment,
                            computeEnvironment=name, computeResources=ec2)

    def test_environments_come_page_by_page(self):
        names = {self.unique("page") for _ in range(5)}
        for name in names:
            self.create_environment(name)
        pages = list(self.batch.get_paginator("describe_compute_environments").paginate(
            PaginationConfig={"PageSize": 2}))
        found = [e["computeEnvironmentName"] for page in pages
                 for e in page["computeEnvironments"]]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(names, set(found))
        self.assertTrue(all(len(page["computeEnvironments"]) <= 2 for page in pages))

    def test_a_managed_environment_is_bounded_by_its_limit(self):
        name, queue = self.unique("managed"), self.unique("queue")
        self.create_managed(name, max_vcpus=2)
        self.create_queue(queue, name)
        hold = self.define(HOLD)
        running = [self.submit(hold, queue=queue) for _ in range(2)]
        for job in running:
            self.wait_for(job, "RUNNING")
        third = self.submit(self.define("true"), queue=queue)
        detail = self.wait_for(third, "RUNNABLE")
        self.assertIn("maxvCpus 2", detail["statusReason"])
        self.wait_for(self.submit(self.define("true")), "SUCCEEDED")  # the host has room
        self.assertEqual("RUNNABLE", self.describe(third)["status"])
        self.batch.terminate_job(jobId=running[0], reason="make room")
        self.wait_for(third, "SUCCEEDED")
        self.batch.terminate_job(jobId=running[1], reason="done")
        self.assertIn("provider local", self.environment(name)["statusReason"])

    def test_a_larger_limit_lets_waiting_jobs_run(self):
        name, queue = self.unique("managed"), self.unique("queue")
        self.create_managed(name, max_vcpus=1)
        self.create_queue(queue, name)
        job = self.submit(self.define("true", vcpus="2"), queue=queue)
        self.assertTrue(self.wait_for(job, "RUNNABLE")["statusReason"].startswith(
            "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - "))
        self.batch.update_compute_environment(computeEnvironment=name,
                                              computeResources={"maxvCpus": 2})
        self.wait_for(job, "SUCCEEDED")

    def test_a_disabled_environment_takes_no_new_jobs(self):
        name, queue = self.unique("environment"), self.unique("queue")
        self.create_environment(name)
        self.create_queue(queue, name)
        self.batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
        job = self.submit(self.define("true"), queue=queue)
        self.assertIn("ACTION_REQUIRED", self.wait_for(job, "RUNNABLE")["statusReason"])
        self.batch.update_compute_environment(computeEnvironment=name, state="ENABLED")
        self.wait_for(job, "SUCCEEDED")

    def test_a_job_that_no_host_can_hold_says_so(self):
        job = self.submit(self.define("true", vcpus="100"))
        detail = self.wait_for(job, "RUNNABLE")
        self.assertTrue(detail["statusReason"].startswith(
            "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - "), detail["statusReason"])
        self.batch.cancel_job(jobId=job, reason="too large")


class Queues(Resources):
    def test_a_life(self):
        name = self.unique("queue")
        arn = self.create_queue(name, "local", priority=7, tags={"a": "b"})["jobQueueArn"]
        created = self.queue(arn)
        self.assertEqual((7, "ENABLED", "VALID", {"a": "b"}),
                         tuple(created[m] for m in ("priority", "state", "status", "tags")))
        self.assert_refused("already exists", self.create_queue_of, environments=["local"],
                            name=name)
        self.batch.update_job_queue(jobQueue=name, priority=9)
        self.assertEqual((9, "ENABLED"), (self.queue(name)["priority"], self.queue(name)["state"]))
        self.assert_refused("DISABLED", self.batch.delete_job_queue, jobQueue=name)
        self.batch.update_job_queue(jobQueue=arn, state="DISABLED")
        self.assert_refused("DISABLED", self.batch.submit_job, jobName="x", jobQueue=name,
                            jobDefinition=self.define("true"))
        self.assertIn(f'queue="{name}"', self.curl("/metrics").body.decode())
        self.batch.delete_job_queue(jobQueue=name)
        self.assertIn((self.queue(name) or {}).get("status"), (None, "DELETED"))
        self.assertNotIn(f'queue="{name}"', self.curl("/metrics").body.decode())
        self.create_queue(name, "local")

    def test_jobs_find_their_queue_by_name_and_arn(self):
        name = self.unique("queue")
        arn = self.create_queue(name, "local")["jobQueueArn"]
        definition = self.define("true")
        for reference in (name, arn):
            job = self.submit(definition, queue=reference)
            self.assertEqual(arn, self.wait_for(job, "SUCCEEDED")["jobQueue"])
        self.assert_refused("JobQueue nowhere not found.", self.batch.submit_job, jobName="x",
                            jobQueue="nowhere", jobDefinition=definition)

    def test_deleting_a_queue_ends_its_jobs(self):
        name = self.unique("queue")
        self.create_queue(name, "local")
        running = self.submit(self.define(HOLD), queue=name)
        self.wait_for(running, "RUNNING")
        pending = self.submit(self.define("true"), queue=name, after=[running])
        self.batch.update_job_queue(jobQueue=name, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=name)
        for job in (running, pending):
            self.wait_for(job, "FAILED")

    def test_a_higher_priority_goes_first(self):
        low, high = self.unique("low"), self.unique("high")
        environment = self.unique("managed")
        self.create_managed(environment, max_vcpus=2)
        self.create_queue(low, environment, priority=1)
        self.create_queue(high, environment, priority=10)
        holder = self.submit(self.define(HOLD, vcpus="2"), queue=low)
        self.wait_for(holder, "RUNNING")
        brief = self.define("sleep 0.1", vcpus="2")
        late = [self.submit(brief, queue=low) for _ in range(3)]
        early = [self.submit(brief, queue=high) for _ in range(3)]
        self.batch.terminate_job(jobId=holder, reason="make room")
        ends = [self.wait_for(job, "SUCCEEDED")["startedAt"] for job in early]
        starts = [self.wait_for(job, "SUCCEEDED")["startedAt"] for job in late]
        self.assertLessEqual(max(ends), min(starts))

    def test_refusals_have_aws_texts(self):
        self.assert_refused("Compute Environments must be created and valid before attaching",
                            self.create_queue_of, environments=["nowhere"])
        self.assert_refused("Duplicate ComputeEnvironments within order list.",
                            self.create_queue_of, environments=["local", "local"])
        self.assert_refused("Only 3 environments are allowed in job queue request.",
                            self.create_queue_of, environments=["a", "b", "c", "d"])
        self.assert_refused("Job Queue name should match a valid pattern.",
                            self.create_queue_of, environments=["local"], name="no spaces")
        self.assert_refused("does not exist", self.batch.update_job_queue, jobQueue="nowhere",
                            priority=1)
        self.assert_refused("does not exist", self.batch.delete_job_queue, jobQueue="nowhere")
        self.assertIsNone(self.queue("nowhere"))


class Tags(Resources):
    def assert_tags(self, expected, arn):
        self.assertEqual(expected,
                         self.batch.list_tags_for_resource(resourceArn=arn)["tags"])

    def test_every_resource_carries_tags(self):
        job = self.submit(self.define("true"), tags={"first": "1"})
        arns = {"job": self.describe(job)["jobArn"],
                "definition": self.define("true", tags={"first": "1"}),
                "queue": self.create_queue(self.unique("queue"), "local",
                                           tags={"first": "1"})["jobQueueArn"],
                "environment": self.create_environment(
                    self.unique("environment"), tags={"first": "1"})["computeEnvironmentArn"]}
        for kind, arn in arns.items():
            with self.subTest(kind):
                self.batch.tag_resource(resourceArn=arn, tags={"second": "", "third": "a b"})
                self.assert_tags({"first": "1", "second": "", "third": "a b"}, arn)
                self.batch.untag_resource(resourceArn=arn, tagKeys=["first", "third", "absent"])
                self.assert_tags({"second": ""}, arn)
        self.assertEqual({"second": ""}, self.describe(job)["tags"])

    def test_tags_by_curl_with_a_plain_arn(self):
        arn = self.define("true", tags={"a": "b"})
        self.assertEqual({"tags": {"a": "b"}}, self.curl(f"/v1/tags/{arn}").json())

    def test_refusals(self):
        arn = self.define("true")
        self.assert_refused("Tags can only contain", self.batch.tag_resource, resourceArn=arn,
                            tags={"a": "<"})
        self.assert_refused("aws:", self.batch.tag_resource, resourceArn=arn,
                            tags={"aws:x": "1"})
        self.batch.tag_resource(resourceArn=arn, tags={str(i): "" for i in range(50)})
        self.assert_refused("50", self.batch.tag_resource, resourceArn=arn, tags={"more": ""})
        nowhere = "arn:aws:batch:us-east-1:123456789012:job-queue/nowhere"
        self.assert_refused("nowhere", self.batch.list_tags_for_resource, resourceArn=nowhere)
        self.assert_refused("has no revision", self.batch.tag_resource,
                            resourceArn=arn.rsplit(":", 1)[0], tags={"a": "b"})


if __name__ == "__main__":
    unittest.main()
