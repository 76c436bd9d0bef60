"""Jobs at the edge of their life. EDGE_CASES.md lists these and where the others are."""

import unittest

from support.case import SystemTest
from support.waiting import eventually

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"


class Retries(SystemTest):
    def attempts(self, command, *rules, status="FAILED"):
        job = self.submit(self.define(command, memory="16"),
                          retryStrategy={"attempts": 3, "evaluateOnExit": [*rules]})
        return self.wait_for(job, status)["attempts"]

    def test_137_by_a_lack_of_memory_is_told_from_137_by_a_signal(self):
        by_memory = {"onReason": "OutOfMemoryError*", "onExitCode": "137", "action": "RETRY"}
        exit_else = {"onReason": "*", "action": "EXIT"}
        killed = self.attempts("kill -KILL $$; exit 137", by_memory, exit_else)
        self.assertEqual([137], [attempt["container"]["exitCode"] for attempt in killed])
        starved = self.attempts("a=x; while :; do a=$a$a; done", by_memory, exit_else)
        self.assertEqual([OUT_OF_MEMORY] * 3,
                         [attempt["container"].get("reason") for attempt in starved])

    def test_a_star_matches_an_absent_reason(self):
        attempts = self.attempts("exit 1", {"onReason": "*", "action": "EXIT"},
                                 {"onExitCode": "1", "action": "RETRY"})
        self.assertEqual(1, len(attempts))
        self.assertNotIn("reason", attempts[0]["container"])

    def test_all_conditions_of_a_rule_must_match(self):
        attempts = self.attempts(
            "exit 10", {"onExitCode": "1*", "onReason": "Host EC2*", "action": "EXIT"},
            {"onExitCode": "1*", "onStatusReason": "Essential container*", "action": "RETRY"})
        self.assertEqual(3, len(attempts))

    def test_actions_in_lower_case(self):
        """Terraform sends them so, and wants to see what it sent."""
        rules = [{"onExitCode": "1", "action": "exit"}]
        job = self.run_command("exit 1", retryStrategy={"attempts": 3, "evaluateOnExit": rules})
        detail = self.curl(f"/api/v1/jobs/{job}/wait").json()
        self.assertEqual((1, rules), (len(detail["attempts"]),
                                      detail["retryStrategy"]["evaluateOnExit"]))

    def test_dependents_wait_through_retries(self):
        first = self.run_command("[ $AWS_BATCH_JOB_ATTEMPT = 3 ]", retryStrategy={"attempts": 3})
        second = self.run_command("true", after=[first])
        self.wait_for(second, "SUCCEEDED")
        self.assertEqual(3, len(self.describe(first)["attempts"]))


class Times(SystemTest):
    def test_every_snapshot_is_whole(self):
        """RUNNING comes with startedAt, an end with stoppedAt, in one answer."""
        job = self.run_command("sleep 0.3", retryStrategy={"attempts": 2})
        seen = set()

        def ended():
            detail = self.describe(job)
            seen.add(detail["status"])
            if detail["status"] == "RUNNING":
                self.assertIn("startedAt", detail)
                self.assertIn("logStreamName", detail["container"])
            if detail["status"] in ("SUCCEEDED", "FAILED"):
                self.assertLessEqual(detail["startedAt"], detail["stoppedAt"])
                self.assertEqual(0, detail["container"]["exitCode"])
                self.assertEqual(1, len(detail["attempts"]))
            return detail["status"] in ("SUCCEEDED", "FAILED")

        eventually(ended, 60, "the job has ended")
        self.assertIn("RUNNING", seen)

    def test_an_array_ends_after_the_last_of_its_children(self):
        array = self.run_command("[ $AWS_BATCH_JOB_ARRAY_INDEX != 0 ] || exit 1; sleep 0.5",
                                 arrayProperties={"size": 3})
        parent = self.wait_for(array, "FAILED")
        ends = [self.describe(f"{array}:{i}")["stoppedAt"] for i in range(3)]
        self.assertLess(ends[0], max(ends))
        self.assertGreaterEqual(parent["stoppedAt"], max(ends))


class Lists(SystemTest):
    settings = {"docker.vcpus": 1}

    def listed(self, **selection):
        answer = self.batch.list_jobs(**selection)
        return [job["jobId"] for job in answer["jobSummaryList"]]

    def test_running_children_are_not_listed_by_their_queue(self):
        array = self.run_command(HOLD, arrayProperties={"size": 2})
        self.wait_for(f"{array}:0", "RUNNING")
        self.assertEqual("PENDING", self.describe(array)["status"])
        self.assertEqual([], self.listed(jobQueue="default"))
        self.assertEqual([array], self.listed(jobQueue="default", jobStatus="PENDING"))
        self.assertEqual([f"{array}:0"], self.listed(arrayJobId=array))  # RUNNING, without a status
        self.batch.terminate_job(jobId=array, reason="seen")
        self.wait_for(array, "FAILED")
        self.assertEqual([], self.listed(arrayJobId=array))

    def test_a_cancelled_array_lets_its_running_children_end(self):
        array = self.run_command("while [ ! -e /go ]; do sleep 0.05; done",
                                 arrayProperties={"size": 3})
        running = f"{array}:0"
        self.wait_for(running, "RUNNING")
        self.batch.cancel_job(jobId=array, reason="no more")
        self.assertEqual("no more", self.wait_for(f"{array}:2", "FAILED")["statusReason"])
        self.assertEqual(("RUNNING", "PENDING"), (self.describe(running)["status"],
                                                  self.describe(array)["status"]))
        self.engine.docker("exec", self.engine.containers_of(running)[0]["Id"], "touch", "/go")
        self.wait_for(array, "FAILED")
        self.assertEqual("SUCCEEDED", self.describe(running)["status"])


class Restart(SystemTest):
    settings = {"docker.vcpus": 2}

    def test_jobs_in_every_state_go_on_after_a_kill(self):
        running = self.run_command("while [ ! -e /go ]; do sleep 0.05; done")
        self.wait_for(running, "RUNNING")
        hanging = self.submit(self.define("true", image="127.0.0.1:9/none:latest"),
                              retryStrategy={"attempts": 1})
        after = self.run_command("true", after=[running])
        done, failed = self.run_command("true"), self.run_command("exit 3")
        for job, status in ((hanging, "FAILED"), (done, "SUCCEEDED"), (failed, "FAILED")):
            self.wait_for(job, status)
        large = self.submit(self.define("true", vcpus="2"))
        array = self.run_command("true", arrayProperties={"size": 2}, after=[running])
        jobs = (running, hanging, after, done, failed, large, array, f"{array}:1")
        before = {job: self.describe(job)["status"] for job in jobs}
        self.assertEqual(("RUNNING", "PENDING", "RUNNABLE"),
                         (before[running], before[after], before[large]))
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(before, {job: self.describe(job)["status"] for job in jobs})
        self.engine.docker("exec", self.engine.containers_of(running)[0]["Id"], "touch", "/go")
        for job in (running, after, large, array):
            self.assertEqual("SUCCEEDED", self.wait_for(job, "SUCCEEDED")["status"])
        self.assertEqual(2, self.describe(array)["arrayProperties"]["statusSummary"]["SUCCEEDED"])


class LargeRequests(SystemTest):
    PARAMETERS = {f"p{i}": "x" * 1000 for i in range(32)}

    def test_a_submission_above_30_kib(self):
        """The rows of SubmitJob show that AWS's limits refuse it."""
        job = self.run_command("true", parameters=self.PARAMETERS)
        self.assertEqual(self.PARAMETERS, self.wait_for(job, "SUCCEEDED")["parameters"])


class LargeOverrides(SystemTest):
    settings = {"limits.profile": "aws"}

    def test_they_fail_the_job_at_its_dispatch_and_are_not_retried(self):
        job = self.run_command("true", retryStrategy={"attempts": 3}, containerOverrides={
            "environment": [{"name": f"V{i}", "value": "x" * 1000} for i in range(9)]})
        detail = self.wait_for(job, "FAILED")
        self.assertEqual(("Container Overrides length must be at most 8192", []),
                         (detail["statusReason"], detail["attempts"]))


if __name__ == "__main__":
    unittest.main()
