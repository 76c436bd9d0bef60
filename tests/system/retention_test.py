"""Ended jobs go when their time is over, with their logs; what is needed stays."""

import os
import pathlib
import subprocess

from support.case import SystemTest
from support.docs import commands
from support.waiting import eventually


class RetentionTest(SystemTest):
    settings = {"retention.succeeded": "4s", "retention.failed": "1h"}

    def log_files(self):
        return set(pathlib.Path(self.daemon.data_dir, "logs").glob("*/*.log"))

    def wait_until_gone(self, job):
        eventually(lambda: self.describe(job) is None, 30,
                   lambda: f"{job} is removed\n{self.daemon.log_tail()}")

    def metric(self, line):
        return line in self.curl("/metrics").text


class Ages(RetentionTest):
    def test_a_job_goes_with_its_log_and_another_stays(self):
        failed = self.run_command("echo bad; exit 1")
        self.wait_for(failed, "FAILED")
        kept = self.log_files()
        job = self.run_command("echo good", name="short")
        self.wait_for(job, "SUCCEEDED")
        self.assertIn("good", self.output(job))
        log, = self.log_files() - kept
        self.wait_until_gone(job)
        self.assertNotIn(log, self.log_files())
        self.assertIn("bad", self.output(failed))
        self.assertEqual([], self.curl("/api/v1/jobs?name=short").json()["jobs"])
        self.assertEqual(404, self.curl(f"/api/v1/jobs/{job}").status)
        self.assertEqual(404, self.curl(f"/api/v1/jobs/{job}/logs").status)
        listed = self.batch.list_jobs(jobQueue="default", jobStatus="SUCCEEDED")
        self.assertEqual([], listed["jobSummaryList"])
        self.assertIsNotNone(self.describe(failed))
        self.assertTrue(self.metric(
            'batchd_jobs_removed_total{queue="default",reason="age",status="SUCCEEDED"}'))
        self.assertTrue(self.metric("batchd_database_bytes "))

    def test_a_new_run_that_is_asked_for_again_needs_its_model_no_more(self):
        job = self.run_command("true", name="model")
        self.wait_for(job, "SUCCEEDED")
        self.curl("/api/v1/queues/default/pause", "-X", "POST")
        self.addCleanup(self.curl, "/api/v1/queues/default/resume", "-X", "POST")

        def rerun():
            return self.curl(f"/api/v1/jobs/{job}/rerun", "-X", "POST",
                             "-H", "Idempotency-Key: " + job)

        first = rerun()
        self.assertEqual(200, first.status, first.text)
        self.wait_until_gone(job)
        again = rerun()
        self.assertEqual((200, first.json()), (again.status, again.json()))
        self.assertEqual("true", again.headers.get("x-batchd-idempotent-replay"))
        self.assertEqual("model", again.json()["jobName"])

    def test_an_array_goes_with_its_children(self):
        definition = self.define("echo child")
        before = self.log_files()
        array = self.submit(definition, arrayProperties={"size": 4})
        self.wait_for(array, "SUCCEEDED")
        self.wait_until_gone(array)
        self.assertIsNone(self.describe(f"{array}:2"))
        self.assertLessEqual(self.log_files(), before)

    def test_what_a_live_job_waits_for_stays_and_what_is_gone_cannot_be_waited_for(self):
        first = self.run_command("sleep 1")
        waiting = self.submit(self.define("true", vcpus="1000"), after=[first])
        gone = self.run_command("true")
        self.wait_for(gone, "SUCCEEDED")
        self.wait_until_gone(gone)
        self.assertIsNotNone(self.describe(first))
        self.assert_refused("were removed by retention", self.submit, definition=self.define("true"),
                            after=[gone])
        self.batch.terminate_job(jobId=waiting, reason="enough")
        self.wait_for(waiting, "FAILED")
        self.wait_until_gone(first)

    def test_a_queue_says_it_by_its_tags(self):
        self.batch.create_job_queue(
            jobQueueName="brief", priority=1, tags={"batchd:retain-failed": "1s"},
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
        job = self.run_command("exit 1", queue="brief")
        self.wait_for(job, "FAILED")
        self.wait_until_gone(job)

    def test_the_commands_of_the_docs(self):
        self.batch.create_job_queue(
            jobQueueName="ci", priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
        arn = self.batch.describe_job_queues(jobQueues=["ci"])["jobQueues"][0]["jobQueueArn"]
        subprocess.run(["bash", "-euc", commands("operations.md", "retention-tags")], check=True,
                       env={**os.environ, "URL": self.daemon.endpoint, "QUEUE_ARN": arn})
        tags = self.batch.list_tags_for_resource(resourceArn=arn)["tags"]
        self.assertEqual({"batchd:retain-succeeded": "7d", "batchd:retain-failed": "30d"}, tags)


class Crash(RetentionTest):
    settings = {"retention.succeeded": "1s"}

    def test_killed_again_and_again_it_leaves_nothing_over(self):
        definition = self.define("echo x")
        jobs = [self.submit(definition) for _ in range(40)]
        for job in jobs:
            self.wait_for_end_or_removal(job)
            if jobs.index(job) % 10 == 9:
                self.daemon.kill()
                self.daemon.start()
                self.connect()
        for job in jobs:
            self.wait_until_gone(job)
        eventually(lambda: not self.log_files(), 10, lambda: f"no log is left: {self.log_files()}")
        again = self.run_command("true")
        self.wait_for_end_or_removal(again)

    def wait_for_end_or_removal(self, job):
        eventually(lambda: (self.describe(job) or {"status": "SUCCEEDED"})["status"] == "SUCCEEDED",
                   60, lambda: f"{job} has ended")


class BadSettings(SystemTest):
    def test_what_is_no_age_is_refused_at_the_start(self):
        for key, value in (("retention.succeeded", "soon"), ("retention.failed", "7"),
                           ("retention.queues", ["ci"]), ("retention.queues", ["ci failed=x"])):
            with self.subTest(value):
                daemon = type(self.daemon)(self.engine.url, {key: value})
                self.addCleanup(daemon.close)
                daemon.spawn()
                self.assertNotEqual(0, daemon.process.wait(20))
                self.assertIn(f"key '{key}'", daemon.log_tail())
                daemon.process = None
