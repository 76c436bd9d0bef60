"""Elastic capacity: MANAGED environments on EC2 and Spot, from nothing to nothing. moto writes the
instances down; support/machines.py lets each of them boot a real Docker Engine from its user data,
to which the daemon talks by mutual TLS; support/aws_proxy.py lets calls fail."""

import base64
import json
import re
import unittest

from support.aws_proxy import AwsProxy
from support.case import SystemTest
from support.daemon import REPOSITORY, Batchd
from support.engine import Engine
from support.machines import NETWORK, Machines
from support.moto import KEYS, REGION, Moto
from support.waiting import eventually

UNTIL_RETRIED = ("trap 'exit 1' TERM; while [ $AWS_BATCH_JOB_ATTEMPT = 1 ]; do sleep 0.05; done; "
                 "echo attempt $AWS_BATCH_JOB_ATTEMPT")
NO_FLEET = b"""<CreateFleetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
  <requestId>r-1</requestId><fleetId>fleet-1</fleetId><errorSet><item>
    <errorCode>InsufficientInstanceCapacity</errorCode><errorMessage>none</errorMessage>
    <lifecycle>spot</lifecycle></item></errorSet></CreateFleetResponse>"""
HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


def allowed_actions():
    """What the policies of docs/compute.md allow."""
    text = (REPOSITORY / "docs/compute.md").read_text()
    statements = [statement for policy in re.findall(r"```json\n(.*?)```", text, re.DOTALL)
                  for statement in json.loads(policy)["Statement"]]
    return {action for statement in statements for action in (
        [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])}


class Elastic(SystemTest):
    more_settings = {}

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto.shared()
        cls.moto.reset()
        cls.addClassCleanup(cls.moto.reset)
        cls.machines = Machines(cls.moto)
        cls.addClassCleanup(cls.machines.close)
        cls.make_network()
        cls.aws_proxy = AwsProxy(cls.moto.url)
        cls.addClassCleanup(cls.aws_proxy.close)
        cls.engine = Engine.shared()
        cls.daemon = Batchd(cls.engine.url, {
            "compute.provider": "aws", "compute.idle_seconds": 2,
            "compute.boot_timeout_seconds": 60, "aws.endpoint_url": cls.aws_proxy.url,
            "aws.region": REGION, **cls.more_settings}, variables=KEYS)
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

    @classmethod
    def tearDownClass(cls):
        unknown = set(cls.aws_proxy.calls) - allowed_actions()
        if unknown:
            raise AssertionError(f"the policy of docs/compute.md does not allow {unknown}")

    def tearDown(self):
        """Each test leaves nothing that costs."""
        self.aws_proxy.heal()
        self.machines.breaks = False
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

    def instances_of(self, name):
        """All that were ever launched for the environment."""
        return [instance for instance in self.machines.instances()
                if {"Key": "batchd:environment", "Value": name} in instance["Tags"]]

    def decisions(self, name):
        path = f"/api/v1/compute-environments/{name}/decisions"
        return self.curl(path).json()["decisions"]

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
        self.assertTrue(self.instances_of(name))
        for instance in self.instances_of(name):
            self.assertIn({"Key": "team", "Value": "genomics"}, instance["Tags"])
            self.assertIn(instance["SubnetId"], self.subnets)
        self.until_nothing_runs()
        actions = [decision["action"] for decision in self.decisions(name)]
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

    def test_a_launch_template_brings_its_image_its_tags_and_its_user_data(self):
        own = ('MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="own"\n\n--own\n'
               'Content-Type: text/x-shellscript; charset="us-ascii"\n\n'
               '#!/bin/bash\ntouch "$MACHINE/own-script-ran"\n\n--own--\n')
        template = self.unique("template")
        self.moto.client("ec2").create_launch_template(
            LaunchTemplateName=template, LaunchTemplateData={
                "ImageId": "ami-12345678", "UserData": base64.b64encode(own.encode()).decode(),
                "TagSpecifications": [{"ResourceType": "instance", "Tags": [
                    {"Key": "from", "Value": "template"}]}]})
        name = self.create(launchTemplate={"launchTemplateName": template, "version": "$Latest"})
        job = self.submit(self.define("true"), queue=name)
        self.wait_for(job, "SUCCEEDED")
        instance, = self.instances_of(name)
        self.assertEqual("ami-12345678", instance["ImageId"])
        self.assertTrue((self.machines.folder / instance["InstanceId"] / "own-script-ran").exists())

    def test_a_launch_template_with_a_network_interface(self):
        template = self.unique("template")
        ec2 = self.moto.client("ec2")
        vpc = ec2.describe_subnets(SubnetIds=self.subnets)["Subnets"][0]["VpcId"]
        theirs = ec2.create_security_group(GroupName=template, Description="x",
                                           VpcId=vpc)["GroupId"]
        ec2.create_launch_template(LaunchTemplateName=template, LaunchTemplateData={
            "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": [theirs],
                                   "DeleteOnTermination": True}]})
        # As AWS does where the template has an interface.
        self.aws_proxy.fail("ec2:RunInstances", "InvalidParameterCombination", status=400,
                            times=1000, containing="&SubnetId=")
        for groups, expected in ([self.group], self.group), ([], theirs):
            with self.subTest(groups=groups):
                name = self.create(launchTemplate={"launchTemplateName": template},
                                   securityGroupIds=groups)
                job = self.submit(self.define("true"), queue=name)
                self.wait_for(job, "SUCCEEDED")
                instance, = self.instances_of(name)
                self.assertIn(instance["SubnetId"], self.subnets)
                interface, = instance["NetworkInterfaces"]
                self.assertEqual([expected], [group["GroupId"] for group in interface["Groups"]])

    def reason_for_template(self, data):
        """Of the environment that a launch template with this data makes INVALID."""
        template = self.unique("template")
        self.moto.client("ec2").create_launch_template(LaunchTemplateName=template,
                                                       LaunchTemplateData=data)
        name = self.create(launchTemplate={"launchTemplateName": template})
        self.submit(self.define("true"), queue=name)
        eventually(lambda: self.environment(name)["status"] == "INVALID", 30, "INVALID")
        return self.environment(name)["statusReason"]

    def test_a_launch_template_that_cannot_be_launched_is_refused(self):
        self.assertIn("must be a MIME multi-part document", self.reason_for_template(
            {"UserData": base64.b64encode(b"#!/bin/sh\ntrue\n").decode()}))
        self.assertRegex(self.reason_for_template(
            {"NetworkInterfaces": [{"DeviceIndex": 0}, {"DeviceIndex": 1}]}),
            "^CLIENT_ERROR - InvalidLaunchTemplate: launch template '.+', version 1: "
            "NetworkInterfaces has 2 entries; one is the most")
        self.assertIn("InstanceMarketOptions.MarketType is 'spot'; the type of the compute "
                      "environment", self.reason_for_template(
                          {"InstanceMarketOptions": {"MarketType": "spot"}}))

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

    def run_one(self, name, seconds=90):
        job = self.submit(self.define("true"), queue=name)
        return self.wait_for(job, "SUCCEEDED", seconds=seconds)

    def test_a_launch_whose_answer_is_lost_is_not_repeated(self):
        name = self.create()
        self.aws_proxy.lose_answer("ec2:RunInstances")
        self.run_one(name)
        self.assertEqual(1, len(self.instances_of(name)))

    def test_a_daemon_that_is_killed_before_the_answer_finds_what_it_launched(self):
        name = self.create()
        self.aws_proxy.lose_answer("ec2:RunInstances", then=self.daemon.kill)
        job = self.submit(self.define("true"), queue=name)
        eventually(lambda: self.daemon.process is None, 30, "the daemon was killed")
        self.daemon.start()
        self.connect()
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(1, len(self.instances_of(name)))

    def test_a_type_without_capacity_is_replaced_by_another(self):
        name = self.create(instanceTypes=["c5.large", "m5.large"])
        self.aws_proxy.fail("ec2:RunInstances", "InsufficientInstanceCapacity", times=1000,
                            containing="InstanceType=c5.large")
        self.run_one(name)
        self.assertEqual({"m5.large"}, {i["InstanceType"] for i in self.instances_of(name)})
        outcomes = [decision["outcome"] for decision in self.decisions(name)]
        self.assertTrue(any(outcome.startswith("InsufficientInstanceCapacity")
                            for outcome in outcomes), outcomes)

    def test_a_fleet_that_gives_nothing_leads_to_another_try(self):
        name = self.create(type="SPOT", allocationStrategy="SPOT_CAPACITY_OPTIMIZED",
                           instanceTypes=["c5.large", "c5.xlarge"])
        self.aws_proxy.answer("ec2:CreateFleet", 200, NO_FLEET)
        self.run_one(name)
        self.assertTrue(self.instances_of(name))

    def test_storms_of_throttling_and_pages_of_html_pass(self):
        name = self.create()
        self.aws_proxy.fail("ec2:RunInstances", "RequestLimitExceeded", status=503, times=6)
        self.aws_proxy.answer("ec2:DescribeInstances", 500, b"<html><h1>oops</h1></html>", times=5)
        self.run_one(name)
        self.assertEqual(1, len(self.instances_of(name)))

    def test_wrong_keys_make_the_environment_invalid(self):
        name = self.create()
        self.aws_proxy.fail("ec2:RunInstances", "AuthFailure", status=401, times=1000,
                            message="AWS was not able to validate the provided access credentials")
        job = self.submit(self.define("true"), queue=name)
        eventually(lambda: self.environment(name)["status"] == "INVALID", 30, "INVALID")
        self.assertTrue(self.environment(name)["statusReason"].startswith(
            "CLIENT_ERROR - AuthFailure: AWS was not able"), self.environment(name))
        self.aws_proxy.heal()
        self.batch.update_compute_environment(computeEnvironment=name, state="ENABLED")
        self.wait_for(job, "SUCCEEDED")

    def test_a_change_of_provider_loses_attempts_and_leaves_nothing_behind(self):
        name = self.create()
        job = self.submit(self.define(UNTIL_RETRIED, vcpus="2"), queue=name,
                          retryStrategy={"attempts": 3})
        self.wait_for(job, "RUNNING")
        real = self.running_on(name)
        self.restart_with("local")
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(f"Host EC2 (instance {real}) terminated.",
                         self.describe(job)["attempts"][0]["statusReason"])
        self.assertIn("provider local", self.environment(name)["statusReason"])
        held = self.submit(self.define(HOLD), queue=name)
        self.wait_for(held, "RUNNING")
        self.assertEqual({real}, self.machines.alive())
        self.restart_with("aws")
        eventually(lambda: self.describe(held)["attempts"], 60, "its attempt is lost")
        self.assertIn("Host EC2", self.describe(held)["attempts"][0]["statusReason"])
        self.batch.terminate_job(jobId=held, reason="seen")
        self.wait_for(held, "FAILED")
        self.assertNotIn("local", self.environment(name)["statusReason"])
        eventually(lambda: real not in self.machines.alive(), 30, "the forgotten instance ends")

    def restart_with(self, provider):
        self.daemon.terminate()
        self.daemon.settings["compute.provider"] = provider
        self.daemon.start()
        self.connect()

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


class NeverUp(Elastic):
    more_settings = {"compute.boot_timeout_seconds": 2}

    def test_instances_that_do_not_come_up_are_replaced_until_the_environment_says_so(self):
        self.machines.breaks = True
        name = self.create()
        self.submit(self.define("true"), queue=name)
        eventually(lambda: self.environment(name)["status"] == "INVALID", 60,
                   lambda: f"INVALID: {self.daemon.log_tail()}")
        self.assertIn("3 instances in a row did not come up",
                      self.environment(name)["statusReason"])
        self.assertEqual(3, len(self.instances_of(name)))
        self.until_nothing_runs()


if __name__ == "__main__":
    unittest.main()
