"""The Docker Engine is not there, goes away and comes back: jobs wait, and all goes on."""

import unittest

from support.case import SystemTest
from support.clients import boto3_client, curl
from support.daemon import Batchd
from support.engine import Engine
from support.waiting import eventually


class DockerAway(SystemTest):
    """With an Engine of its own, which the tests stop and start."""

    @classmethod
    def setUpClass(cls):
        cls.engine = Engine()
        cls.addClassCleanup(cls.engine.close)
        cls.engine.start()
        cls.engine.import_image()
        cls.daemon = Batchd(cls.engine.url)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()

    def readiness(self):
        answer = self.curl("/readyz")
        return answer.status, answer.json()["problems"]

    def until_ready(self):
        eventually(lambda: self.readiness() == (200, []), 30, "batchd is ready")

    def test_jobs_wait_with_the_reason_and_then_run(self):
        self.until_ready()
        self.engine.stop()
        eventually(lambda: self.readiness()[0] == 503, 30, "the absence is noticed")
        self.assertIn("host local", self.readiness()[1][0])
        job = self.run_command("echo back")
        eventually(lambda: "HOST_UNAVAILABLE" in self.describe(job).get("statusReason", ""), 10,
                   "the job says why it waits")
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        host, = self.curl("/api/v1/overview").json()["hosts"]
        self.assertEqual("UNAVAILABLE", host["status"])
        self.engine.start()
        self.wait_for(job, "SUCCEEDED", seconds=60)
        self.assertEqual("back\n", self.output(job))
        self.until_ready()

    def test_a_job_that_went_down_with_its_engine_fails_or_is_retried(self):
        self.until_ready()
        job = self.run_command("[ $AWS_BATCH_JOB_ATTEMPT = 2 ] || exec sleep 300",
                               retryStrategy={"attempts": 2})
        self.wait_for(job, "RUNNING")
        self.engine.stop()
        eventually(lambda: self.readiness()[0] == 503, 30, "the absence is noticed")
        self.engine.start()
        self.assertEqual(2, len(self.wait_for(job, "SUCCEEDED", seconds=60)["attempts"]))

    def test_a_daemon_that_starts_before_its_engine(self):
        self.until_ready()
        self.engine.stop()
        early = Batchd(self.engine.url)
        self.addCleanup(early.close)
        early.start()
        batch = boto3_client("batch", early.endpoint)
        batch.register_job_definition(
            jobDefinitionName="early", type="container", containerProperties={
                "image": "batchd/test:latest", "command": ["true"], "vcpus": 1, "memory": 32})
        job = batch.submit_job(jobName="early", jobQueue="default",
                               jobDefinition="early")["jobId"]

        def detail():
            return batch.describe_jobs(jobs=[job])["jobs"][0]

        eventually(lambda: self.engine.url.removeprefix("unix://") in
                   detail().get("statusReason", ""), 10, lambda: f"the job says why: {detail()}")
        self.assertEqual(503, curl(early.endpoint, "/readyz").status)
        self.engine.start()
        eventually(lambda: detail()["status"] == "SUCCEEDED", 60, lambda: str(detail()))
        self.assertEqual(200, curl(early.endpoint, "/readyz").status)


if __name__ == "__main__":
    unittest.main()
