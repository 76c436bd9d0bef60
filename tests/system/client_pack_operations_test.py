"""The client pack: the stock aws CLI and boto3 call what AWS Batch does not have."""

import json
import unittest

from support.case import SystemTest
from support.client_pack import CLIENTS, Home, kebab
from support.daemon import REPOSITORY
from support.docs import commands
from support.waiting import eventually

STOPPABLE = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
DEADLINE, DEADLINE_MS = "2100-01-01T00:00:00Z", 4102444800000
EXTRAS = json.loads((REPOSITORY / "share/client/service-2.sdk-extras.json").read_text())["merge"]


class Pack:
    """A daemon, and a home folder that has the pack."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = Home()
        cls.addClassCleanup(cls.home.close)
        cls.home.install(cls.daemon.endpoint)


class Operations(Pack):
    """For each client; `client` and `program` are given below."""

    def call(self, operation, **parameters):
        stock = self.client(self.home, self.daemon.endpoint, self.program)
        done = stock.call(operation, **parameters)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def submit_by_stock(self, command, **parameters):
        return self.call("SubmitJob", jobName=self.unique("job"), jobQueue="default",
                         jobDefinition=self.define(command), **parameters)["jobId"]

    def detail(self, job):
        found, = self.call("DescribeJobs", jobs=[job])["jobs"]
        return found

    def queue(self, name="default"):
        found, = self.call("DescribeJobQueues", jobQueues=[name])["jobQueues"]
        return found

    def running(self, array):
        return self.describe(array)["arrayProperties"]["statusSummary"].get("RUNNING", 0)

    def test_a_job_is_submitted_held_and_released(self):
        job = self.submit_by_stock("true", hold=True)
        self.assert_held(job)
        self.call("ReleaseJob", jobId=job)
        self.wait_for(job, "SUCCEEDED")

    def test_a_waiting_job_is_held_and_released(self):
        first = self.submit_by_stock("true", hold=True)
        job = self.run_command("true", after=[first])
        self.call("HoldJob", jobId=job, reason="not yet")
        self.call("ReleaseJob", jobId=first)
        self.wait_for(first, "SUCCEEDED")
        self.assert_held(job)
        self.assertIn("not yet", self.detail(job)["statusReason"])
        self.call("ReleaseJob", jobId=job)
        self.wait_for(job, "SUCCEEDED")

    def assert_held(self, job):
        """A job that is submitted later has ended, and it still waits."""
        self.wait_for(self.run_command("true"), "SUCCEEDED")
        detail = self.detail(job)
        self.assertEqual("RUNNABLE", detail["status"])
        self.assertIn("HELD", detail["statusReason"])

    def test_an_array_is_limited(self):
        array = self.submit_by_stock(STOPPABLE, arrayProperties={"size": 4}, maxParallel=2)
        eventually(lambda: self.running(array) == 2, 30, "two children run")
        self.wait_for(self.run_command("true"), "SUCCEEDED")
        self.assertEqual(2, self.running(array))
        self.assertEqual(2, self.detail(array)["maxParallel"])
        self.batch.terminate_job(jobId=array, reason="seen")
        self.wait_for(array, "FAILED")

    def test_what_is_asked_of_a_job_is_shown(self):
        asked = {"infrastructureRetries": 1, "outOfMemoryFactor": 1.5, "outOfMemoryLimit": 64,
                 "maxQueueSeconds": 600, "maxStartingSeconds": 600, "stopTimeout": 5,
                 "maxRunning": 3}
        job = self.submit_by_stock("true", deadline=DEADLINE, **asked)
        detail = self.detail(job)
        self.assertEqual(asked | {"deadline": DEADLINE_MS},
                         {member: detail.get(member) for member in (*asked, "deadline")})
        self.wait_for(job, "SUCCEEDED")

    def test_the_children_that_failed_run_again(self):
        array = self.run_command("[ $AWS_BATCH_JOB_ARRAY_INDEX != 1 ]",
                                 arrayProperties={"size": 3})
        self.wait_for(array, "FAILED")
        again = self.call("RerunJob", jobId=array, only="failed")
        self.assertEqual({"jobId", "jobName", "jobArn"}, set(again))
        self.wait_for(again["jobId"], "FAILED")
        self.assertEqual("FAILED", self.describe(f"{again['jobId']}:1")["status"])

    def test_a_queue_is_paused_and_resumed(self):
        self.call("PauseJobQueue", jobQueue="default", reason="maintenance")
        self.addCleanup(self.curl, "/v1/resumejobqueue", data=b'{"jobQueue": "default"}')
        job = self.run_command("true")
        pause = self.queue()["pause"]
        self.assertEqual("maintenance", pause["reason"])
        self.assertGreater(pause["at"], self.describe(job)["createdAt"] - 60_000)
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        self.call("ResumeJobQueue", jobQueue="default")
        self.assertNotIn("pause", self.queue())
        self.wait_for(job, "SUCCEEDED")

    def test_the_running_jobs_of_a_queue_are_limited(self):
        self.call("UpdateJobQueue", jobQueue="default", maxRunning=1)
        self.addCleanup(self.call, "UpdateJobQueue", jobQueue="default", maxRunning=0)
        self.assertEqual(1, self.queue()["maxRunning"])
        first, second = self.run_command(STOPPABLE), self.run_command("true")
        self.wait_for(first, "RUNNING")
        self.assertEqual("RUNNABLE", self.describe(second)["status"])
        self.batch.terminate_job(jobId=first, reason="seen")
        self.wait_for(second, "SUCCEEDED")

    def test_a_waiting_job_is_explained(self):
        job = self.submit(self.define("true", vcpus="999"))
        answer = self.call("ExplainJob", jobId=job)
        native = self.curl(f"/api/v1/jobs/{job}/explain").json()
        self.assertEqual(native.keys(), answer.keys())
        self.batch.cancel_job(jobId=job, reason="seen")

    def test_a_token_submits_once(self):
        request = {"jobName": "once", "jobQueue": "default", "jobDefinition": self.define("true"),
                   "clientToken": self.unique("token")}
        first = self.call("SubmitJob", **request)
        self.assertEqual(first, self.call("SubmitJob", **request))
        stock = self.client(self.home, self.daemon.endpoint, self.program)
        done = stock.call("SubmitJob", **{**request, "jobName": "other"})
        self.assertNotEqual(0, done.returncode)
        self.assertIn("SubmitJob operation", done.stderr)
        # Tokens that the client fills in are new ones each time.
        del request["clientToken"]
        jobs = [self.call("SubmitJob", **request)["jobId"] for _ in range(2)]
        self.assertEqual(3, len({first["jobId"], *jobs}))


for number, (client, program) in enumerate(CLIENTS, 1):
    name = f"{client.__name__}{number}Operates"
    globals()[name] = type(name, (Operations, SystemTest), {"client": client, "program": program})


class Knowledge(Pack, SystemTest):
    """The daemon knows everything that the pack offers."""

    def members_of(self, shape):
        return EXTRAS["shapes"][shape]["members"]

    def test_every_new_member_of_a_request_is_read(self):
        """One of a wrong type is refused and named; what is unknown would be passed over."""
        requests = {
            "SubmitJob": {"jobName": "x", "jobQueue": "default",
                          "jobDefinition": self.define("true")},
            "RegisterJobDefinition": {
                "jobDefinitionName": "x", "type": "container", "containerProperties": {
                    "image": "x", "command": [], "vcpus": 1, "memory": 32}},
            "CreateJobQueue": {"jobQueueName": self.unique("queue"), "priority": 1,
                               "computeEnvironmentOrder": [
                                   {"order": 1, "computeEnvironment": "local"}]},
            "UpdateJobQueue": {"jobQueue": "default"},
        }
        for operation, request in requests.items():
            for member in self.members_of(f"{operation}Request"):
                with self.subTest(f"{operation}: {member}"):
                    answer = self.curl(f"/v1/{operation.lower()}",
                                       data=json.dumps({**request, member: {}}).encode())
                    self.assertEqual(400, answer.status, answer.text)
                    self.assertIn(member, answer.json()["message"])

    def test_every_new_operation_exists(self):
        for operation in EXTRAS["operations"]:
            with self.subTest(operation):
                answer = self.curl(f"/v1/{operation.lower()}", data=b"{}")
                self.assertEqual(400, answer.status, answer.text)
                required = EXTRAS["shapes"][f"{operation}Request"]["required"]
                self.assertIn(required[0], answer.json()["message"])

    def test_every_new_member_of_a_definition_is_shown(self):
        asked = {"maxParallel": 2, "infrastructureRetries": 1, "outOfMemoryFactor": 1.5,
                 "outOfMemoryLimit": 64, "maxQueueSeconds": 600, "maxStartingSeconds": 600,
                 "deadline": DEADLINE, "stopTimeout": 5, "maxRunning": 3, "warmSlots": True}
        self.assertEqual(asked.keys(), self.members_of("JobDefinition").keys())
        answer = self.curl("/v1/registerjobdefinition", data=json.dumps({
            "jobDefinitionName": "shown", "type": "container", **asked, "containerProperties": {
                "image": "x", "command": [], "vcpus": 1, "memory": 32}}).encode())
        self.assertEqual(200, answer.status, answer.text)
        shown, = self.curl("/v1/describejobdefinitions",
                           data=b'{"jobDefinitionName": "shown"}').json()["jobDefinitions"]
        self.assertEqual(asked | {"deadline": DEADLINE_MS},
                         {member: shown.get(member) for member in asked})

    def test_the_docs_name_every_operation_and_flag(self):
        page = (REPOSITORY / "docs/clients.md").read_text()
        for operation in EXTRAS["operations"]:
            self.assertIn(f"`{kebab(operation)} --", page)
        for shape in ("SubmitJobRequest", "RegisterJobDefinitionRequest", "UpdateJobQueueRequest"):
            for member in self.members_of(shape):
                self.assertIn(f"`--{kebab(member)}`", page)

    def test_the_documented_commands(self):
        self.define("sleep 1; [ ${AWS_BATCH_JOB_ARRAY_INDEX:-0} != 1 ]", name="part")
        self.home.shell(commands("clients.md", "operations"), URL=self.daemon.endpoint)


if __name__ == "__main__":
    unittest.main()
