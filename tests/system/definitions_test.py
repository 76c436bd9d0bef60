"""Job definitions: revisions, references, what is echoed, and what the operator must allow."""

import concurrent.futures
import json
import os
import tempfile
import unittest

from support.case import SystemTest
from support.engine import IMAGE
from support.waiting import eventually


def properties(**more):
    return {"image": IMAGE, "command": ["true"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"},
                                     {"type": "MEMORY", "value": "32"}], **more}


class Revisions(SystemTest):
    def register(self, name, **more):
        return self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=properties(), **more)

    def described(self, **filters):
        answer = self.batch.describe_job_definitions(**filters)
        return answer["jobDefinitions"]

    def test_each_registration_is_a_new_revision(self):
        name = self.unique("revised")
        answers = [self.register(name) for _ in range(3)]
        self.assertEqual([1, 2, 3], [answer["revision"] for answer in answers])
        arn = f"arn:aws:batch:us-east-1:123456789012:job-definition/{name}:3"
        self.assertEqual((name, arn), (answers[2]["jobDefinitionName"],
                                       answers[2]["jobDefinitionArn"]))
        found = self.described(jobDefinitionName=name)
        self.assertEqual([3, 2, 1], [definition["revision"] for definition in found])
        self.assertEqual({"ACTIVE"}, {definition["status"] for definition in found})

    def test_deregistered_revisions_stay_visible_and_are_not_submitted(self):
        name = self.unique("retired")
        self.register(name)
        second = self.register(name)["jobDefinitionArn"]
        self.batch.deregister_job_definition(jobDefinition=second)
        self.batch.deregister_job_definition(jobDefinition=f"{name}:2")
        self.assertEqual([1], [d["revision"] for d in self.described(
            jobDefinitionName=name, status="ACTIVE")])
        self.assertEqual([2], [d["revision"] for d in self.described(
            jobDefinitionName=name, status="INACTIVE")])
        self.assert_refused("not found", self.batch.submit_job, jobName="x", jobQueue="default",
                            jobDefinition=second)
        self.assertTrue(self.describe(self.submit(name))["jobDefinition"].endswith(f"{name}:1"))
        self.assertEqual(3, self.register(name)["revision"])

    def test_a_definition_is_referred_to_in_every_way(self):
        name = self.unique("referred")
        first = self.register(name)["jobDefinitionArn"]
        second = self.register(name)["jobDefinitionArn"]
        for reference, expected in ((name, second), (f"{name}:1", first), (first, first),
                                    (second[:-2], second)):
            job = self.describe(self.submit(reference))
            self.assertEqual(expected, job["jobDefinition"], reference)

    def test_references_that_lead_nowhere(self):
        arn = "arn:aws:batch:us-east-1:123456789012:job-definition/nowhere:1"
        foreign = self.register(self.unique("foreign"))["jobDefinitionArn"].replace(
            "us-east-1", "eu-west-1")
        for reference, text in (
                ("nowhere", "JobDefinition name nowhere does not exist or is not in ACTIVE status"),
                (arn, f"JobDefinition {arn} not found."),
                (foreign, f"JobDefinition {foreign} not found."),
                ("nowhere:latest", "Provided name nowhere:latest is not supported pattern")):
            self.assert_refused(text, self.batch.submit_job, jobName="x", jobQueue="default",
                                jobDefinition=reference)

    def test_definitions_are_found_by_list_and_page(self):
        name = self.unique("listed")
        arns = [self.register(name)["jobDefinitionArn"] for _ in range(5)]
        found = self.described(jobDefinitions=[arns[1], f"{name}:4", "nowhere:1"])
        self.assertEqual({arns[1], arns[3]}, {d["jobDefinitionArn"] for d in found})
        pages = self.batch.get_paginator("describe_job_definitions").paginate(
            jobDefinitionName=name, PaginationConfig={"PageSize": 2})
        sizes = [len(page["jobDefinitions"]) for page in pages]
        self.assertEqual([2, 2, 1], sizes)

    def test_what_was_registered_is_echoed(self):
        name = self.unique("full")
        container = properties(
            environment=[{"name": "A", "value": "1"}], user="1000:1000",
            ulimits=[{"name": "nofile", "softLimit": 10, "hardLimit": 20}],
            volumes=[{"name": "scratch"}],
            mountPoints=[{"sourceVolume": "scratch", "containerPath": "/scratch",
                          "readOnly": False}],
            linuxParameters={"initProcessEnabled": False, "sharedMemorySize": 8},
            logConfiguration={"logDriver": "awslogs", "options": {"awslogs-group": "mine"}})
        more = {"parameters": {"x": "y"}, "timeout": {"attemptDurationSeconds": 100},
                "tags": {"team": "a"}, "propagateTags": True, "schedulingPriority": 5,
                "platformCapabilities": ["EC2"],
                "retryStrategy": {"attempts": 2, "evaluateOnExit": [
                    {"onExitCode": "1", "action": "EXIT"}]}}
        self.batch.register_job_definition(jobDefinitionName=name, type="container",
                                           containerProperties=container, **more)
        found, = self.described(jobDefinitionName=name)
        for member, value in more.items():
            if member == "retryStrategy":
                self.assertEqual(2, found[member]["attempts"])
            else:
                self.assertEqual(value, found[member], member)
        for member in ("image", "command", "environment", "user", "ulimits", "mountPoints",
                       "volumes", "resourceRequirements"):
            self.assertEqual(container[member], found["containerProperties"][member], member)
        self.assertEqual({"awslogs-group": "mine"},
                         found["containerProperties"]["logConfiguration"]["options"])

    def test_refusals_have_aws_texts(self):
        def refused(text, container=None, **more):
            if container is not None:
                more["containerProperties"] = container
            self.assert_refused(text, self.batch.register_job_definition,
                                jobDefinitionName="refused", type="container", **more)

        requirement = properties()["resourceRequirements"]
        refused("ECS ContainerProperties, ecsProperties, or eksProperties is required")
        refused("vCPU is required.", {"image": IMAGE, "resourceRequirements": requirement[1:]})
        refused("Memory must be at least 4 Mib, got 3 Mib.", {
            "image": IMAGE, "resourceRequirements": [requirement[0],
                                                     {"type": "MEMORY", "value": "3"}]})
        refused("Cannot provide duplicates in resourceRequirements.", {
            "image": IMAGE, "resourceRequirements": requirement * 2})
        refused("RetryAttempts must be provided with retry strategy.", properties(),
                retryStrategy={})
        refused("Evaluate on exit condition contains restricted characters.", properties(),
                retryStrategy={"attempts": 2,
                               "evaluateOnExit": [{"onReason": "*x", "action": "EXIT"}]})
        refused("attemptDurationSeconds", properties(), timeout={"attemptDurationSeconds": 59})
        refused("AWS_BATCH", properties(environment=[{"name": "AWS_BATCH_X", "value": "1"}]))


class Lenient(SystemTest):
    """Where the operator leaves AWS's rules for revisions."""

    settings = {"definitions.inactive_grace_seconds": 5, "definitions.dedupe_revisions": True,
                "retention.inactive_definitions": "1s"}

    def register(self, name, tags=None, **more):
        return self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=properties(**more),
            tags=tags or {})["revision"]

    def revisions(self, name):
        found = self.batch.describe_job_definitions(jobDefinitionName=name)["jobDefinitions"]
        return [definition["revision"] for definition in found]

    def is_refused(self, definition):
        try:
            self.submit(definition)
        except self.batch.exceptions.ClientException as error:
            self.assertIn("does not exist or is not in ACTIVE status",
                          error.response["Error"]["Message"])
            return True
        return False

    def test_the_same_registration_is_the_same_revision(self):
        name = self.unique("same")
        self.assertEqual(1, self.register(name, {"team": "a"}, user="1:1"))
        self.assertEqual(1, self.register(name, {"team": "a"}, user="1:1"))
        self.assertEqual(2, self.register(name, {"team": "b"}, user="1:1"), "other tags")
        self.assertEqual(3, self.register(name, {"team": "b"}, user="2:2"), "another user")
        self.assertEqual(4, self.register(name, {"team": "b"}, user="1:1"),
                         "revision 2 is not the newest")
        self.batch.tag_resource(resourceArn=self.arn(name, 4), tags={"team": "c"})
        self.assertEqual(5, self.register(name, {"team": "b"}, user="1:1"), "its tags changed")
        self.batch.deregister_job_definition(jobDefinition=f"{name}:5")
        self.assertEqual(4, self.register(name, {"team": "c"}, user="1:1"),
                         "the newest that is ACTIVE")
        self.daemon.kill()
        self.daemon.start()
        type(self).connect()
        self.assertEqual(4, self.register(name, {"team": "c"}, user="1:1"))

    def arn(self, name, revision):
        return f"arn:aws:batch:us-east-1:123456789012:job-definition/{name}:{revision}"

    def test_many_that_register_the_same_at_once_make_one_revision(self):
        name = self.unique("crowd")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            revisions = list(pool.map(lambda _: self.register(name), range(24)))
        self.assertEqual([1] * 24, revisions)

    def test_text_does_not_count_but_what_it_says(self):
        name = self.unique("text")
        for text in ('{"jobDefinitionName": "%s", "type": "container", "containerProperties":'
                     ' {"image": "a", "vcpus": 1, "memory": 32}}',
                     '{"containerProperties": {"memory": 32, "vcpus": 1, "image": "a",'
                     ' "command": []}, "type": "container", "jobDefinitionName": "%s"}'):
            answer = self.curl("/v1/registerjobdefinition", data=(text % name).encode())
            self.assertEqual(1, answer.json()["revision"], answer.text)

    def test_a_deregistered_revision_is_submitted_for_a_while(self):
        name = self.unique("graceful")
        self.register(name)
        self.batch.deregister_job_definition(jobDefinition=f"{name}:1")
        jobs = [self.submit(f"{name}:1"), self.submit(name), self.submit(self.arn(name, 1))]
        batch = self.curl("/api/v1/jobs:batch", data=json.dumps({"jobs": [
            {"jobName": "x", "jobQueue": "default", "jobDefinition": f"{name}:1"}]}).encode())
        jobs.append(batch.json()["jobs"][0]["jobId"])
        for job in jobs:
            self.assertEqual(self.arn(name, 1), self.wait_for(job, "SUCCEEDED")["jobDefinition"])
        eventually(lambda: self.is_refused(f"{name}:1"), 30, "its time is over")
        self.assertTrue(self.is_refused(name))

    def test_an_active_revision_stands_above_one_in_its_grace(self):
        name = self.unique("both")
        self.register(name, user="1:1")
        self.register(name, user="0:0")
        self.batch.deregister_job_definition(jobDefinition=f"{name}:2")
        self.assertEqual(self.arn(name, 1), self.describe(self.submit(name))["jobDefinition"])

    def test_an_inactive_revision_goes_when_no_live_job_needs_it(self):
        name = self.unique("short")
        for user in ("1:1", "0:0", "2:2"):
            self.register(name, user=user)
        waiting = self.submit(f"{name}:2", name="waiting", timeout={"attemptDurationSeconds": 60},
                              containerOverrides={"resourceRequirements": [
                                  {"type": "VCPU", "value": "1000"}]})
        for revision in (2, 3):
            self.batch.deregister_job_definition(jobDefinition=f"{name}:{revision}")
        eventually(lambda: self.revisions(name) == [2, 1], 30,
                   lambda: f"revision 3 goes: {self.revisions(name)}")
        self.batch.terminate_job(jobId=waiting, reason="enough")
        eventually(lambda: self.revisions(name) == [1], 30,
                   lambda: f"revision 2 goes: {self.revisions(name)}")
        self.batch.deregister_job_definition(jobDefinition=f"{name}:3")  # as if it were there
        self.daemon.kill()
        self.daemon.start()
        type(self).connect()
        self.assertEqual(4, self.register(name, user="3:3"))
        self.assertTrue(self.describe(waiting)["jobDefinition"].endswith(f"{name}:2"))


class NotAllowed(SystemTest):
    """Out of the box, jobs get no power over the host."""

    def assert_rule(self, rule, **more):
        self.assert_refused(rule, self.batch.register_job_definition, jobDefinitionName="powerful",
                            type="container", containerProperties=properties(**more))

    def test_privileged(self):
        self.assert_rule("containers.allow_privileged", privileged=True)

    def test_host_path(self):
        self.assert_rule("containers.allowed_host_paths",
                         volumes=[{"name": "root", "host": {"sourcePath": "/"}}])

    def test_device(self):
        self.assert_rule("containers.allowed_devices",
                         linuxParameters={"devices": [{"hostPath": "/dev/null"}]})


class Allowed(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="batchd.")
        cls.addClassCleanup(cls.shared.cleanup)
        cls.settings = {"containers.allow_privileged": True,
                        "containers.allowed_host_paths": [cls.shared.name],
                        "containers.allowed_devices": ["/dev/fuse", "/dev/null"]}
        super().setUpClass()

    def mounting(self, path, read_only=False):
        return {"volumes": [{"name": "shared", "host": {"sourcePath": path}}],
                "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared",
                                 "readOnly": read_only}]}

    def test_a_job_writes_to_an_allowed_path(self):
        job = self.submit(self.define("echo $AWS_BATCH_JOB_ID > /shared/id",
                                      container=self.mounting(self.shared.name)))
        self.wait_for(job, "SUCCEEDED")
        with open(os.path.join(self.shared.name, "id")) as written:
            self.assertEqual(job, written.read().strip())

    def test_a_read_only_mount_is_read_only(self):
        job = self.submit(self.define("echo x > /shared/never",
                                      container=self.mounting(self.shared.name, True)))
        self.wait_for(job, "FAILED")
        self.assertFalse(os.path.exists(os.path.join(self.shared.name, "never")))

    def test_paths_beside_and_above_stay_refused(self):
        for path in (self.shared.name + "x", os.path.dirname(self.shared.name),
                     self.shared.name + "/../other"):
            self.assert_refused("host", self.batch.register_job_definition,
                                jobDefinitionName="sly", type="container",
                                containerProperties=properties(**self.mounting(path)))

    def test_a_job_gets_an_allowed_device(self):
        job = self.submit(self.define("[ -c /dev/nothing ]", container={
            "linuxParameters": {"devices": [{"hostPath": "/dev/null",
                                             "containerPath": "/dev/nothing"}]}}))
        self.wait_for(job, "SUCCEEDED")

    def test_privileged_is_registered(self):
        # Not run: a machine that is itself a container may not be able to.
        definition = self.define("true", container={"privileged": True})
        found, = self.batch.describe_job_definitions(jobDefinitions=[definition])["jobDefinitions"]
        self.assertTrue(found["containerProperties"]["privileged"])


if __name__ == "__main__":
    unittest.main()
