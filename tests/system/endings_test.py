"""How jobs end that do not just exit: limits, failures to start, cancel, terminate, timeout."""

import socket
import unittest

from support.case import SystemTest
from support.waiting import eventually

STOPS_WHEN_TOLD = "trap 'echo told; exit 7' TERM; echo ready; while :; do sleep 0.05; done"


class Failures(SystemTest):
    def assert_failed_to_start(self, job, reason):
        self.assertEqual("FAILED", job["status"])
        self.assertEqual("Task failed to start", job["statusReason"])
        self.assertEqual("Task failed to start", job["attempts"][0]["statusReason"])
        self.assertTrue(job["container"]["reason"].startswith(reason), job["container"])
        self.assertTrue(job["attempts"][0]["container"]["reason"].startswith(reason))
        eventually(lambda: not self.engine.containers_of(job["jobId"]), 10,
                   "the container is removed")

    def test_out_of_memory(self):
        hungry = "a=x; while :; do a=$a$a; done"
        job = self.wait_for(self.submit(self.define(hungry, memory="16")), "FAILED")
        self.assertEqual(137, job["container"]["exitCode"])
        self.assertEqual("OutOfMemoryError: Container killed due to memory usage",
                         job["container"]["reason"])
        self.assertEqual("Essential container in task exited", job["statusReason"])

    def test_killed_without_a_lack_of_memory(self):
        job = self.wait_for(self.run_command("kill -KILL $$; exit 137"), "FAILED")
        self.assertEqual(137, job["container"]["exitCode"])
        self.assertNotIn("reason", job["container"])

    def test_missing_image(self):
        definition = self.define("true", image="127.0.0.1:1/nowhere:latest")
        job = self.wait_for(self.submit(definition), "FAILED")
        self.assert_failed_to_start(job, "CannotPullContainerError: ")
        self.assertNotIn("exitCode", job["container"])

    def test_command_not_found(self):
        job = self.wait_for(self.submit(self.define(["no-such-command"])), "FAILED")
        self.assert_failed_to_start(
            job, "CannotStartContainerError: Error response from daemon: ")
        self.assertEqual(127, job["container"]["exitCode"])
        self.assertIn("no-such-command", job["container"]["reason"])

    def test_unknown_user(self):
        definition = self.define("true", container={"user": "nobody-knows"})
        job = self.wait_for(self.submit(definition), "FAILED")
        self.assert_failed_to_start(
            job, "CannotStartContainerError: Error response from daemon: ")

    def test_a_failure_to_start_is_retried_by_its_status_reason(self):
        strategy = {"attempts": 4, "evaluateOnExit": [
            {"onStatusReason": "Task failed to start", "onReason": "CannotStart*",
             "action": "RETRY"}]}
        job = self.wait_for(self.submit(self.define(["no-such-command"]),
                                        retryStrategy=strategy), "FAILED")
        self.assertEqual(4, len(job["attempts"]))

    def test_the_exit_code_is_the_commands(self):
        job = self.wait_for(self.run_command("exit 77"), "FAILED")
        self.assertEqual(77, job["container"]["exitCode"])

    def test_containers_are_removed(self):
        job = self.run_command("true")
        self.wait_for(job, "SUCCEEDED")
        eventually(lambda: not self.engine.containers_of(job), 10, "the container is removed")


class CancelAndTerminate(SystemTest):
    settings = {"docker.vcpus": 4}

    def occupy(self):
        """Fills the host; the job stops when told."""
        job = self.submit(self.define(STOPS_WHEN_TOLD, vcpus="4"))
        self.wait_for(job, "RUNNING")
        self.addCleanup(self.wait_for, job)
        self.addCleanup(self.batch.terminate_job, jobId=job, reason="the test is over")
        return job

    def hanging_image(self):
        """An image whose registry takes connections and never answers."""
        registry = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(registry.close)
        return f"127.0.0.1:{registry.getsockname()[1]}/slow:latest"

    def flag(self, job, name):
        """isCancelled or isTerminated, which older clients do not show."""
        return self.curl(f"/api/v1/jobs/{job}").json().get(name)

    def assert_ended_before_running(self, job, reason, flag):
        detail = self.wait_for(job, "FAILED", seconds=10)
        self.assertEqual(reason, detail["statusReason"])
        self.assertTrue(self.flag(job, flag))
        self.assertNotIn("startedAt", detail)
        self.assertIn("stoppedAt", detail)

    def test_cancel_a_pending_job(self):
        job = self.run_command("true", after=[self.occupy()])
        self.assertEqual("PENDING", self.describe(job)["status"])
        self.batch.cancel_job(jobId=job, reason="not needed")
        self.assert_ended_before_running(job, "not needed", "isCancelled")

    def test_cancel_a_runnable_job(self):
        self.occupy()
        job = self.run_command("true")
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        self.batch.cancel_job(jobId=job, reason="not needed")
        self.assert_ended_before_running(job, "not needed", "isCancelled")
        self.assertEqual([], self.describe(job).get("attempts", []))

    def test_terminate_a_runnable_job(self):
        self.occupy()
        job = self.run_command("true")
        self.batch.terminate_job(jobId=job, reason="enough")
        self.assert_ended_before_running(job, "enough", "isTerminated")

    def test_cancel_leaves_a_running_job_alone(self):
        job = self.occupy()
        self.batch.cancel_job(jobId=job, reason="too late")
        detail = self.describe(job)
        self.assertEqual("RUNNING", detail["status"])
        self.assertFalse(self.flag(job, "isCancelled"))

    def test_terminate_in_starting(self):
        definition = self.define("true", image=self.hanging_image())
        job = self.submit(definition, retryStrategy={"attempts": 3})
        self.wait_for(job, "STARTING")
        self.batch.terminate_job(jobId=job, reason="the pull hangs")
        detail = self.wait_for(job, "FAILED", seconds=20)
        self.assertEqual("the pull hangs", detail["statusReason"])
        self.assertEqual(1, len(detail["attempts"]))
        self.assertTrue(self.flag(job, "isTerminated"))
        self.assertEqual([], self.engine.containers_of(job))

    def test_terminate_in_running(self):
        job = self.run_command(STOPS_WHEN_TOLD, retryStrategy={"attempts": 3})
        eventually(lambda: "ready" in self.output(job), 30, "the job is ready")
        self.batch.terminate_job(jobId=job, reason="enough of it")
        detail = self.wait_for(job, "FAILED", seconds=20)
        self.assertEqual("enough of it", detail["statusReason"])
        self.assertEqual("enough of it", detail["attempts"][0]["statusReason"])
        self.assertEqual(7, detail["container"]["exitCode"])
        self.assertEqual(1, len(detail["attempts"]))
        self.assertTrue(self.flag(job, "isTerminated"))
        self.assertEqual("ready\ntold\n", self.output(job))
        eventually(lambda: not self.engine.containers_of(job), 10, "the container is removed")

    def test_terminate_between_submit_and_start_leaves_no_container(self):
        jobs = [self.run_command("sleep 0.1", name=f"brief-{i}") for i in range(8)]
        for job in jobs:
            self.batch.terminate_job(jobId=job, reason="never mind")
        for job in jobs:
            self.wait_for(job, seconds=60)
        eventually(lambda: not any(map(self.engine.containers_of, jobs)), 10,
                   "their containers are removed")

    def test_an_ended_job_stays_as_it_ended(self):
        job = self.run_command("true")
        before = self.wait_for(job, "SUCCEEDED")
        self.batch.cancel_job(jobId=job, reason="late")
        self.batch.terminate_job(jobId=job, reason="later")
        self.assertEqual(before, self.describe(job))

    def test_unknown_jobs_and_missing_reasons(self):
        unknown = "01234567-89ab-4def-8123-456789abcdef"
        self.batch.cancel_job(jobId=unknown, reason="whatever")
        self.batch.terminate_job(jobId=unknown, reason="whatever")
        answer = self.curl("/v1/terminatejob", data=b'{"jobId":"' + unknown.encode() + b'"}')
        self.assertEqual(400, answer.status)
        self.assertIn("reason", answer.json()["message"])


class Timeout(SystemTest):
    """AWS's least timeout is a minute: the tests here share it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        limit = {"timeout": {"attemptDurationSeconds": 60}}
        cls.obedient = cls.run_command(STOPS_WHEN_TOLD, retryStrategy={"attempts": 2}, **limit)
        cls.stubborn = cls.run_command("trap '' TERM; while :; do sleep 1; done", **limit)
        cls.quick = cls.run_command("true", **limit)

    def assert_timed_out(self, job, exit_code, least, most):
        detail = self.wait_for(job, "FAILED", seconds=most + 30)
        self.assertEqual("Job attempt duration exceeded timeout", detail["statusReason"])
        self.assertEqual(exit_code, detail["container"]["exitCode"])
        self.assertEqual(1, len(detail["attempts"]))
        seconds = (detail["stoppedAt"] - detail["startedAt"]) / 1000
        self.assertGreaterEqual(seconds, least)
        self.assertLess(seconds, most)

    def test_a_job_that_obeys_ends_after_a_minute_and_is_not_retried(self):
        self.assert_timed_out(self.obedient, 7, 60, 66)

    def test_a_job_that_does_not_is_killed_half_a_minute_later(self):
        self.assert_timed_out(self.stubborn, 137, 89, 98)

    def test_a_job_in_time_is_left_alone(self):
        self.assertEqual(60, self.wait_for(self.quick, "SUCCEEDED")["timeout"]
                         ["attemptDurationSeconds"])

    def test_less_than_a_minute_is_refused(self):
        self.assert_refused("60", self.batch.submit_job, jobName="hasty", jobQueue="default",
                            jobDefinition=self.define("true"),
                            timeout={"attemptDurationSeconds": 59})


if __name__ == "__main__":
    unittest.main()
