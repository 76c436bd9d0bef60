"""AWS's limits, by the profile that has them."""

import unittest

from support.case import SystemTest


class LimitsOfAws(SystemTest):
    settings = {"limits.profile": "aws"}

    def test_payloads(self):
        definition = self.define("true")
        self.assert_refused("at most 30720 are allowed (limits.submit_job_bytes)",
                            self.batch.submit_job, jobName="large", jobQueue="default",
                            jobDefinition=definition, parameters={"text": "x" * 31 * 1024})
        self.submit(definition, parameters={"text": "x" * 29 * 1024})
        self.assert_refused("at most 24576 are allowed (limits.register_job_definition_bytes)",
                            self.define, command="true", parameters={"text": "x" * 24 * 1024})

    def test_overrides_that_are_too_long_fail_at_dispatch(self):
        job = self.submit(self.define("true"), retryStrategy={"attempts": 3}, containerOverrides={
            "environment": [{"name": "TEXT", "value": "x" * 8192}]})
        dependent = self.submit(self.define("true"), after=[job])
        detail = self.wait_for(job, "FAILED")
        self.assertEqual("Container Overrides length must be at most 8192",
                         detail["statusReason"])
        self.assertEqual([], detail["attempts"])
        self.assertNotIn("startedAt", detail)
        self.assertFalse(detail["isCancelled"])
        self.assertEqual(f"Dependent Job failed (jobId: {job})",
                         self.wait_for(dependent, "FAILED")["statusReason"])

    def test_an_array_with_such_overrides(self):
        job = self.submit(self.define("true"), arrayProperties={"size": 3}, containerOverrides={
            "environment": [{"name": "TEXT", "value": "x" * 8192}]})
        self.assertEqual("Array Child Job failed", self.wait_for(job, "FAILED")["statusReason"])
        self.assertEqual("Container Overrides length must be at most 8192",
                         self.describe(f"{job}:2")["statusReason"])

    def test_it_waits_for_room_first_and_fails_after_a_restart(self):
        hold = self.submit(self.define("trap 'exit 0' TERM; while :; do sleep 0.05; done",
                                       vcpus="8"))
        self.wait_for(hold, "RUNNING")
        job = self.submit(self.define("true"), containerOverrides={
            "environment": [{"name": "TEXT", "value": "x" * 8192}]})
        self.wait_for(job, "RUNNABLE")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        self.batch.terminate_job(jobId=hold, reason="make room")
        self.assertEqual([], self.wait_for(job, "FAILED")["attempts"])

    def test_dependencies(self):
        definition = self.define("true")
        jobs = [self.submit(definition) for _ in range(21)]
        self.submit(definition, after=jobs[:20])
        self.assert_refused("dependsOn must have at most 20 entries, got 21",
                            self.batch.submit_job, jobName="many", jobQueue="default",
                            jobDefinition=definition, dependsOn=[{"jobId": j} for j in jobs])

    def test_queues(self):
        def create(number):
            self.batch.create_job_queue(
                jobQueueName=f"q{number}", priority=1,
                computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])

        for number in range(49):  # and `default`
            create(number)
        self.assert_refused("limits.job_queues is 50", create, number=49)


class TaskTags(SystemTest):
    def test_more_than_a_task_can_have_fail_the_job_at_dispatch(self):
        def submit(first, propagate):
            return self.submit(
                self.define("true", tags={f"k{i}": "" for i in range(26)}),
                propagateTags=propagate, retryStrategy={"attempts": 3},
                tags={f"k{i}": "" for i in range(first, first + 25)})

        self.wait_for(submit(26, propagate=False), "SUCCEEDED")
        self.wait_for(submit(25, propagate=True), "SUCCEEDED")  # k25 counts once
        detail = self.wait_for(submit(26, propagate=True), "FAILED")
        self.assertIn("at most 50 tags", detail["statusReason"])
        self.assertEqual([], detail["attempts"])


class GenerousLimits(SystemTest):
    def test_larger_than_aws(self):
        job = self.submit(self.define("echo ${#TEXT}"), containerOverrides={
            "environment": [{"name": "TEXT", "value": "x" * 40_000}]})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("40000\n", self.output(job))


if __name__ == "__main__":
    unittest.main()
