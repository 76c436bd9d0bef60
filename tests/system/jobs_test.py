"""Dependencies, retries, and what a job's container finds in its environment."""

import unittest

from support.case import SystemTest


class Pipeline(SystemTest):
    def test_prepare_then_five_in_parallel_then_combine(self):
        prepare = self.run_command("echo prepared")
        work = self.define("sleep 0.2; echo part Ref::part")
        parts = [self.submit(work, after=[prepare], parameters={"part": str(i)})
                 for i in range(5)]
        combine = self.run_command("echo combined", after=parts)

        last = self.wait_for(combine, "SUCCEEDED")
        middle = [self.describe(part) for part in parts]
        first = self.describe(prepare)
        self.assertEqual({"SUCCEEDED"}, {job["status"] for job in [first, *middle]})
        for job in middle:
            self.assertLessEqual(first["stoppedAt"], job["startedAt"])
            self.assertLessEqual(job["stoppedAt"], last["startedAt"])
        self.assertEqual([f"part {i}\n" for i in range(5)], [self.output(part) for part in parts])
        self.assertEqual(parts, [entry["jobId"] for entry in last["dependsOn"]])

    def test_jobs_of_a_pipeline_overlap(self):
        shared = self.define("echo up; sleep 3")
        jobs = [self.submit(shared) for _ in range(4)]
        details = [self.wait_for(job, "SUCCEEDED") for job in jobs]
        self.assertLess(max(job["startedAt"] for job in details),
                        min(job["stoppedAt"] for job in details))

    def test_a_job_waits_in_pending_for_its_dependency(self):
        first = self.run_command("while [ ! -e /go ]; do sleep 0.05; done")
        second = self.run_command("true", after=[first])
        self.wait_for(first, "RUNNING")
        self.assertEqual("PENDING", self.describe(second)["status"])
        self.engine.docker("exec", self.engine.containers_of(first)[0]["Id"], "touch", "/go")
        self.wait_for(second, "SUCCEEDED")

    def test_a_failed_dependency_fails_all_behind_it(self):
        first = self.run_command("exit 3")
        second = self.run_command("true", after=[first])
        third = self.run_command("true", after=[second])
        self.wait_for(third, "FAILED")
        for job in map(self.describe, (second, third)):
            self.assertEqual("FAILED", job["status"])
            self.assertIn("Dependent Job failed (jobId: ", job["statusReason"])
            self.assertEqual([], job.get("attempts", []))
            self.assertNotIn("startedAt", job)

    def test_a_dependency_that_has_ended_counts_as_it_ended(self):
        good, bad = self.run_command("true"), self.run_command("false")
        self.wait_for(good, "SUCCEEDED")
        self.wait_for(bad, "FAILED")
        self.wait_for(self.run_command("true", after=[good]), "SUCCEEDED")
        dependent = self.wait_for(self.run_command("true", after=[good, bad]), "FAILED")
        self.assertEqual(f"Dependent Job failed (jobId: {bad})", dependent["statusReason"])

    def test_a_dependency_that_does_not_exist_is_refused(self):
        unknown = "01234567-89ab-4def-8123-456789abcdef"
        self.assert_refused(
            unknown, self.batch.submit_job, jobName="lost", jobQueue="default",
            jobDefinition=self.define("true"), dependsOn=[{"jobId": unknown}])


class Retry(SystemTest):
    def test_the_second_attempt_succeeds_and_knows_its_number(self):
        job = self.wait_for(self.run_command(
            "echo attempt $AWS_BATCH_JOB_ATTEMPT; [ $AWS_BATCH_JOB_ATTEMPT = 2 ]",
            retryStrategy={"attempts": 2}), "SUCCEEDED")
        self.assertEqual([1, 0], [a["container"]["exitCode"] for a in job["attempts"]])
        self.assertEqual({"Essential container in task exited"},
                         {a["statusReason"] for a in job["attempts"]})
        streams = [a["container"]["logStreamName"] for a in job["attempts"]]
        self.assertEqual(2, len(set(streams)))
        self.assertEqual(streams[1], job["container"]["logStreamName"])
        self.assertEqual(job["attempts"][1]["startedAt"], job["startedAt"])

    def test_no_more_attempts_than_allowed(self):
        job = self.wait_for(self.run_command("exit 9", retryStrategy={"attempts": 3}), "FAILED")
        self.assertEqual([9, 9, 9], [a["container"]["exitCode"] for a in job["attempts"]])
        self.assertEqual(9, job["container"]["exitCode"])
        self.assertEqual("Essential container in task exited", job["statusReason"])

    def test_a_rule_to_exit_ends_the_retries(self):
        rules = [{"onExitCode": "4*", "action": "EXIT"}, {"onReason": "*", "action": "RETRY"}]
        strategy = {"attempts": 5, "evaluateOnExit": rules}
        job = self.wait_for(self.run_command("exit 42", retryStrategy=strategy), "FAILED")
        self.assertEqual(1, len(job["attempts"]))
        other = self.wait_for(self.run_command(
            "[ $AWS_BATCH_JOB_ATTEMPT = 3 ] || exit 1", retryStrategy=strategy), "SUCCEEDED")
        self.assertEqual(3, len(other["attempts"]))

    def test_a_failure_that_no_rule_matches_is_retried(self):
        strategy = {"attempts": 2,
                    "evaluateOnExit": [{"onStatusReason": "Host EC2*", "action": "EXIT"}]}
        job = self.wait_for(self.run_command("exit 1", retryStrategy=strategy), "FAILED")
        self.assertEqual(2, len(job["attempts"]))

    def test_the_definitions_strategy_holds_unless_the_job_has_its_own(self):
        definition = self.define("exit 1", retryStrategy={"attempts": 2})
        job = self.wait_for(self.submit(definition), "FAILED")
        self.assertEqual(2, len(job["attempts"]))
        job = self.wait_for(self.submit(definition, retryStrategy={"attempts": 1}), "FAILED")
        self.assertEqual(1, len(job["attempts"]))


class InTheContainer(SystemTest):
    def environment_of(self, job):
        self.wait_for(job, "SUCCEEDED")
        return dict(line.split("=", 1) for line in self.output(job).splitlines())

    def test_batchs_variables_are_there(self):
        job = self.run_command("env")
        found = self.environment_of(job)
        expected = {"AWS_BATCH_JOB_ID": job, "AWS_BATCH_JOB_ATTEMPT": "1",
                    "AWS_BATCH_JQ_NAME": "default", "AWS_BATCH_CE_NAME": "local",
                    "AWS_EXECUTION_ENV": "AWS_ECS_EC2"}
        self.assertEqual(expected, {name: found.get(name) for name in expected})

    def test_overrides_win_over_the_definition(self):
        definition = self.define("exit 1", container={"environment": [
            {"name": "KEPT", "value": "1"}, {"name": "CHANGED", "value": "old"}]})
        job = self.submit(definition, containerOverrides={
            "command": ["env"],
            "environment": [{"name": "CHANGED", "value": "new"}, {"name": "ADDED", "value": "ü"}],
            "resourceRequirements": [{"type": "MEMORY", "value": "64"}]})
        found = self.environment_of(job)
        self.assertEqual(("1", "new", "ü"), (found["KEPT"], found["CHANGED"], found["ADDED"]))
        requirements = self.describe(job)["container"]["resourceRequirements"]
        self.assertIn({"type": "MEMORY", "value": "64"}, requirements)
        self.assertIn({"type": "VCPU", "value": "1"}, requirements)

    def test_parameters_stand_in_for_references(self):
        definition = self.define(["echo", "Ref::greeting", "Ref::name"],
                                 parameters={"greeting": "hello", "name": "nobody"})
        job = self.submit(definition, parameters={"name": "world"})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("hello world\n", self.output(job))

    def test_a_reference_without_a_value_is_refused(self):
        self.assert_refused(
            "Unable to substitute value. No parameter found for reference name",
            self.batch.submit_job, jobName="unknown", jobQueue="default",
            jobDefinition=self.define(["echo", "Ref::name"]))

    def test_user_limits_and_a_read_only_root_are_carried_out(self):
        job = self.submit(self.define(
            "id -u; ulimit -n; touch /x 2>/dev/null || echo read-only; grep -c ' /scratch ' "
            "/proc/mounts",
            container={"user": "1000", "readonlyRootFilesystem": True,
                       "ulimits": [{"name": "nofile", "softLimit": 77, "hardLimit": 99}],
                       "linuxParameters": {"tmpfs": [{"containerPath": "/scratch", "size": 4}]}}))
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("1000\n77\nread-only\n1\n", self.output(job))


if __name__ == "__main__":
    unittest.main()
