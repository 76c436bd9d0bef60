"""Jobs on Fargate environments are tasks of Amazon ECS, which moto plays."""

import json
import time
import urllib.request

from support.case import SystemTest
from support.moto import KEYS, REGION, Moto
from support.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/execution"


class Fargate(SystemTest):
    variables = KEYS

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto.shared()
        cls.moto.reset()
        cls.addClassCleanup(cls.moto.reset)
        cls.ecs = cls.moto.client("ecs")
        # Nothing says compute.provider: a region and keys are enough.
        cls.settings = {"aws.region": REGION, "aws.endpoint_url": cls.moto.url,
                        "compute.ecs_cluster": "jobs"}
        super().setUpClass()
        ec2 = cls.moto.client("ec2")
        subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
        group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
        resources = {"type": "FARGATE", "maxvCpus": 4, "subnets": [subnet],
                     "securityGroupIds": [group]}
        cls.aws("batch", "create-compute-environment", "--compute-environment-name", "fargate",
                "--type", "MANAGED", "--compute-resources", json.dumps(resources))
        cls.aws("batch", "create-job-queue", "--job-queue-name", "fargate", "--priority", "1",
                "--compute-environment-order", "order=1,computeEnvironment=fargate")

    def setUp(self):
        self.let_tasks({"progression": "time", "seconds": 3600})  # they run on

    def let_tasks(self, transition):
        """How moto's tasks go from one status to the next."""
        body = json.dumps({"model_name": "ecs::task", "transition": transition}).encode()
        urllib.request.urlopen(urllib.request.Request(
            f"{self.moto.url}/moto-api/state-manager/set-transition", data=body,
            headers={"Content-Type": "application/json"}, method="POST"))

    def submit_one(self, **more):
        definition = self.define(["echo", "hi"], vcpus="0.25", memory="512",
                                 container={"executionRoleArn": ROLE},
                                 platformCapabilities=["FARGATE"], **more)
        return self.submit(definition, queue="fargate")

    def task_of(self, job):
        arn = self.wait_for(job, "RUNNING")["container"]["taskArn"]
        return self.ecs.describe_tasks(cluster="jobs", tasks=[arn], include=["TAGS"])["tasks"][0]

    def running_tasks(self):
        return self.ecs.list_tasks(cluster="jobs", desiredStatus="RUNNING")["taskArns"]

    def test_a_job_is_a_task(self):
        job = self.submit_one(propagateTags=True, tags={"team": "a"})
        task = self.task_of(job)
        self.assertEqual([{"key": "team", "value": "a"}], task["tags"])
        override, = task["overrides"]["containerOverrides"]
        self.assertEqual(["echo", "hi"], override["command"])
        self.assertIn({"name": "AWS_BATCH_JOB_ID", "value": job}, override["environment"])
        self.assertEqual([], self.engine.containers_of(job))
        self.assertNotIn("containerInstanceArn", self.describe(job)["container"])
        self.let_tasks({"progression": "immediate"})
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(0, detail["container"]["exitCode"])
        self.assertEqual("Essential container in task exited", detail["statusReason"])
        self.assertEqual(task["taskArn"], detail["attempts"][0]["container"]["taskArn"])

    def test_its_output_is_taken_over_and_goes_on_after_a_restart(self):
        job = self.submit_one()
        detail = self.wait_for(job, "RUNNING")
        stream = detail["container"]["logStreamName"].rsplit("/", 1)[0] + "/" + \
            detail["container"]["taskArn"].rsplit("/", 1)[1]
        logs = self.moto.client("logs")
        logs.create_log_stream(logGroupName="/aws/batch/job", logStreamName=stream)
        now = int(time.time() * 1000)
        logs.put_log_events(logGroupName="/aws/batch/job", logStreamName=stream, logEvents=[
            {"timestamp": now, "message": "one"}, {"timestamp": now + 1, "message": "two"}])
        eventually(lambda: self.output(job) == "one\ntwo\n", 30, "the output is there")
        events = self.logs.get_log_events(
            logGroupName="/aws/batch/job",
            logStreamName=detail["container"]["logStreamName"])["events"]
        self.assertEqual([now, now + 1], [event["timestamp"] for event in events])
        code, seconds = self.daemon.terminate()
        self.assertEqual(0, code, self.daemon.log_tail())
        self.assertLess(seconds, 5)
        logs.put_log_events(logGroupName="/aws/batch/job", logStreamName=stream, logEvents=[
            {"timestamp": now + 1, "message": "three"}])
        self.daemon.start()
        self.connect()
        eventually(lambda: self.output(job) == "one\ntwo\nthree\n", 30, "the output goes on")
        self.terminate(job)

    def terminate(self, job):
        self.batch.terminate_job(jobId=job, reason="enough")
        return self.wait_for(job, "FAILED")

    def test_terminate_stops_the_task(self):
        job = self.submit_one()
        task = self.task_of(job)["taskArn"]
        self.assertIn(task, self.running_tasks())
        self.assertEqual("enough", self.terminate(job)["statusReason"])
        self.assertNotIn(task, self.running_tasks())

    def test_a_kill_leaves_the_task_running_and_the_start_adopts_it(self):
        job = self.submit_one()
        before = self.task_of(job)["taskArn"]
        strays = set(self.running_tasks())
        self.daemon.kill()
        stray = self.stray_task()
        self.daemon.start()
        self.connect()
        eventually(lambda: stray not in self.running_tasks(), 30,
                   "the task of no attempt is stopped")
        self.assertEqual(strays, set(self.running_tasks()))
        detail = self.describe(job)
        self.assertEqual(("RUNNING", before), (detail["status"], detail["container"]["taskArn"]))
        self.let_tasks({"progression": "immediate"})
        self.assertEqual(1, len(self.wait_for(job, "SUCCEEDED")["attempts"]))

    def stray_task(self):
        """A second task of the daemon, of which it knows nothing."""
        task = self.ecs.describe_tasks(cluster="jobs", tasks=self.running_tasks())["tasks"][0]
        network = task["attachments"][0]["details"]
        subnet = next(entry["value"] for entry in network if entry["name"] == "subnetId")
        return self.ecs.run_task(
            cluster="jobs", taskDefinition=task["taskDefinitionArn"], launchType="FARGATE",
            startedBy=task["startedBy"], group="batchd-0",
            networkConfiguration={"awsvpcConfiguration": {
                "subnets": [subnet], "securityGroups": []}})["tasks"][0]["taskArn"]

    def test_a_kill_while_jobs_start_starts_each_once(self):
        jobs = [self.submit_one() for _ in range(4)]
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        for job in jobs:
            self.wait_for(job, "RUNNING")
        self.let_tasks({"progression": "immediate"})
        for job in jobs:
            self.assertEqual(1, len(self.wait_for(job, "SUCCEEDED")["attempts"]))

    def test_the_environment_has_no_docker_host(self):
        overview = self.curl("/api/v1/overview").json()
        self.assertEqual(["local"], [host["name"] for host in overview["hosts"]])
        answer = self.curl("/api/v1/compute-environments/fargate/hosts").json()
        self.assertEqual({"hosts": [], "usesLocalEngine": False}, answer)
