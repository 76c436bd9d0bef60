"""Elastic capacity: MANAGED environments on EC2 and Spot, from nothing to nothing. moto writes the
instances down; support/machines.py lets each of them boot a real Docker Engine from its user data,
to which the daemon talks by mutual TLS."""

import json
import re
import unittest

from support.case import SystemTest
from support.daemon import Batchd
from support.engine import Engine
from support.machines import NETWORK, Machines
from support.moto import KEYS, REGION, Moto
from support.waiting import eventually

UNTIL_RETRIED = ("trap 'exit 1' TERM; while [ $AWS_BATCH_JOB_ATTEMPT = 1 ]; do sleep 0.05; done; "
                 "echo attempt $AWS_BATCH_JOB_ATTEMPT")
HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Elastic(SystemTest):

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto.shared()
        cls.moto.reset()
        cls.addClassCleanup(cls.moto.reset)
        cls.machines = Machines(cls.moto)
        cls.addClassCleanup(cls.machines.close)
        cls.make_network()
        cls.engine = Engine.shared()
        cls.daemon = Batchd(cls.engine.url, {
            "compute.provider": "aws", "compute.idle_seconds": 2,
            "compute.boot_timeout_seconds": 60, "aws.endpoint_url": cls.moto.url,
            "aws.region": REGION}, variables=KEYS)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()

    @classmethod
    def make_network(cls):
        ec2 = cls.moto.client("ec2")
        vpc = ec2.create_vpc(CidrBlock=NETWORK)["Vpc"]["VpcId"]
        cls.subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"127.10.{number}.0/24",
                              AvailabilityZone=f"{REGION}{zone}")["Subnet"]["SubnetId"]
            for number, zone in ((1, "a"), (2, "b"))]
        cls.group = ec2.create_security_group(GroupName="batch", Description="x",
                                              VpcId=vpc)["GroupId"]
        iam = cls.moto.client("iam")
        iam.create_instance_profile(InstanceProfileName="ecsInstanceRole")

    def tearDown(self):
        """Each test leaves nothing that costs."""
        for name in self.made:
            self.batch.update_job_queue(jobQueue=name, state="DISABLED")
            self.batch.delete_job_queue(jobQueue=name)
            self.batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
            eventually(lambda name=name: self.deleted(name), 30, f"{name} can be deleted")
        self.until_nothing_runs()

    def setUp(self):
        self.made = []

    def deleted(self, name):
        try:
            self.batch.delete_compute_environment(computeEnvironment=name)
        except self.batch.exceptions.ClientException:
            return False
        return True

    def until_nothing_runs(self):
        eventually(lambda: not self.machines.alive(), 60,
                   lambda: f"no instance runs: {self.machines.alive()}\n{self.daemon.log_tail()}")

    def resources(self, **more):
        return {"type": "EC2", "minvCpus": 0, "maxvCpus": 8, "instanceTypes": ["c5"],
                "allocationStrategy": "BEST_FIT_PROGRESSIVE", "subnets": self.subnets,
                "securityGroupIds": [self.group], "instanceRole": "ecsInstanceRole",
                "tags": {"team": "genomics"}, **more}

    def create(self, **more):
        """An environment and its queue of the same name, made by the stock aws CLI."""
        name = self.unique("elastic")
        self.aws("batch", "create-compute-environment", "--compute-environment-name", name,
                 "--type", "MANAGED", "--compute-resources", json.dumps(self.resources(**more)))
        self.aws("batch", "create-job-queue", "--job-queue-name", name, "--priority", "1",
                 "--compute-environment-order",
                 json.dumps([{"order": 1, "computeEnvironment": name}]))
        self.made.append(name)
        return name

    def environment(self, name):
        found = self.batch.describe_compute_environments(computeEnvironments=[name])
        return found["computeEnvironments"][0]

    def wait_for(self, job, *statuses, seconds=90):
        try:
            return super().wait_for(job, *statuses, seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.machines.log()}") from None

    def instance_of(self, job):
        return self.describe(job)["container"]["containerInstanceArn"].rpartition("/")[2]

    def hosts(self, name):
        return self.curl(f"/api/v1/compute-environments/{name}/hosts").json()["hosts"]

    def running_on(self, name):
        """The id of the instance on which an attempt runs."""
        return eventually(lambda: next((host["name"] for host in self.hosts(name)
                                        if host["runningAttempts"]), None), 60, "a host runs a job")


class FromNothingToNothing(Elastic):

    def test_jobs_start_instances_and_these_end(self):
        name = self.create()
        jobs = [self.submit(self.define("echo hello from $AWS_BATCH_CE_NAME", vcpus="2"),
                            queue=name) for _ in range(3)]
        for job in jobs:
            self.wait_for(job, "SUCCEEDED")
            self.assertIn(f"hello from {name}", self.output(job))
        launched = [(instance, {tag["Key"]: tag["Value"] for tag in instance["Tags"]})
                    for instance in self.machines.instances()]
        launched = [(instance, tags) for instance, tags in launched
                    if tags["batchd:environment"] == name]
        self.assertTrue(launched)
        for instance, tags in launched:
            self.assertEqual("genomics", tags["team"])
            self.assertIn(instance["SubnetId"], self.subnets)
        self.until_nothing_runs()
        decisions = self.curl(f"/api/v1/compute-environments/{name}/decisions").json()["decisions"]
        actions = [decision["action"] for decision in decisions]
        self.assertIn("LAUNCH", actions)
        self.assertIn("TERMINATE", actions)
        self.assertEqual(0, self.environment(name)["computeResources"]["desiredvCpus"])

    def test_a_reclaimed_instance_takes_its_attempt_with_it(self):
        name = self.create()
        job = self.submit(self.define(UNTIL_RETRIED, vcpus="2"), queue=name,
                          retryStrategy={"attempts": 3, "evaluateOnExit": [
                              {"onStatusReason": "Host EC2*", "action": "RETRY"},
                              {"onReason": "*", "action": "EXIT"}]})
        self.wait_for(job, "RUNNING")
        lost = self.running_on(name)
        self.machines.reclaim(lost)
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(f"Host EC2 (instance {lost}) terminated.",
                         detail["attempts"][0]["statusReason"])
        self.assertEqual(2, len(detail["attempts"]))
        self.assertIn("attempt 2", self.output(job))

    def test_an_instance_under_notice_gets_no_more_jobs(self):
        name = self.create(type="SPOT", allocationStrategy="SPOT_PRICE_CAPACITY_OPTIMIZED",
                           instanceTypes=["c5.large"])
        held = self.submit(self.define(HOLD), queue=name)
        self.wait_for(held, "RUNNING")
        leaving = self.running_on(name)
        self.machines.give_notice(leaving)
        eventually(lambda: any(host["name"] == leaving and host["state"] == "DRAINING"
                               for host in self.hosts(name)), 60,
                   lambda: "the host drains: " + self.daemon.log_tail() + self.machines.log())
        other = self.submit(self.define("true"), queue=name)
        self.wait_for(other, "SUCCEEDED")
        self.assertEqual("RUNNING", self.describe(held)["status"])
        self.assertGreater(len(self.machines.started), 1)
        self.batch.terminate_job(jobId=held, reason="enough")
        self.wait_for(held, "FAILED")

    def test_a_daemon_that_was_killed_finds_its_instances(self):
        name = self.create()
        job = self.submit(self.define(HOLD), queue=name)
        self.wait_for(job, "RUNNING")
        before = self.machines.alive()
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        later = self.submit(self.define("true"), queue=name)
        self.wait_for(later, "SUCCEEDED")
        self.assertEqual("RUNNING", self.describe(job)["status"])
        self.assertEqual(before, self.machines.alive())
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")

    def test_an_infrastructure_update_replaces_instances(self):
        name = self.create()
        held = self.submit(self.define(HOLD), queue=name)
        self.wait_for(held, "RUNNING")
        old = self.running_on(name)
        self.batch.update_compute_environment(
            computeEnvironment=name, computeResources={"instanceTypes": ["m5.large"]})
        self.assertEqual("UPDATING", self.environment(name)["status"])
        new = self.submit(self.define("true"), queue=name)
        self.wait_for(new, "SUCCEEDED")
        self.assertEqual("RUNNING", self.describe(held)["status"])
        self.batch.terminate_job(jobId=held, reason="enough")
        self.wait_for(held, "FAILED")
        eventually(lambda: self.environment(name)["status"] == "VALID", 60, "the update is over")
        self.assertNotIn(old, self.machines.alive())

    def test_minvcpus_are_kept_and_let_go(self):
        name = self.create(minvCpus=2)
        eventually(self.machines.alive, 30, "an instance runs without jobs")
        self.batch.update_compute_environment(computeEnvironment=name,
                                              computeResources={"minvCpus": 0})
        self.until_nothing_runs()


class Trouble(Elastic):

    def test_a_wrong_subnet_makes_the_environment_invalid_and_an_update_mends_it(self):
        name = self.create(subnets=["subnet-0123456789abcdef0"])
        job = self.submit(self.define("true"), queue=name)
        eventually(lambda: self.environment(name)["status"] == "INVALID", 30,
                   lambda: f"INVALID: {self.environment(name)} {self.daemon.log_tail()}")
        reason = self.environment(name)["statusReason"]
        self.assertTrue(reason.startswith("CLIENT_ERROR - InvalidSubnetID.NotFound"), reason)
        self.assertIn("subnet-0123456789abcdef0", reason)
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        self.assertIn("CE(s) associated with the job queue are invalid",
                      self.describe(job)["statusReason"])
        self.batch.update_compute_environment(computeEnvironment=name,
                                              computeResources={"subnets": self.subnets})
        self.wait_for(job, "SUCCEEDED")

    def test_an_instance_that_nobody_knows_is_ended(self):
        """As after the loss of the database, from a backup."""
        daemon = re.search(r", instance ([0-9a-f-]+)", self.daemon.log_tail(1_000_000)).group(1)
        made = self.moto.client("ec2").run_instances(
            ImageId="ami-12345678", InstanceType="c5.large", MinCount=1, MaxCount=1,
            SubnetId=self.subnets[0], TagSpecifications=[
                {"ResourceType": "instance", "Tags": [
                    {"Key": "batchd:instance", "Value": daemon},
                    {"Key": "batchd:launch", "Value": "x-1"}]}])
        orphan = made["Instances"][0]["InstanceId"]
        eventually(lambda: orphan not in self.machines.alive(), 60,
                   lambda: "the orphan ends: " + self.daemon.log_tail())


if __name__ == "__main__":
    unittest.main()
