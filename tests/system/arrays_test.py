"""Array jobs: children, their states and dependencies."""

import unittest

from support.case import SystemTest
from support.waiting import eventually

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Arrays(SystemTest):
    settings = {"docker.vcpus": 4, "docker.memory_mib": 1000}

    def array(self, command, size, **more):
        return self.submit(self.define(command), arrayProperties={"size": size}, **more)

    def summary(self, job):
        return {status: count for status, count
                in self.describe(job)["arrayProperties"]["statusSummary"].items() if count}

    def children(self, job, status):
        pages = self.batch.get_paginator("list_jobs").paginate(
            arrayJobId=job, jobStatus=status, PaginationConfig={"PageSize": 2})
        return [child for page in pages for child in page["jobSummaryList"]]

    def output(self, job):
        return self.curl(f"/api/v1/jobs/{job.replace(':', '%3A')}/logs").body.decode()

    def test_children_know_who_they_are(self):
        job = self.array("echo $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ARRAY_INDEX "
                         "of $AWS_BATCH_JOB_ARRAY_SIZE", 5)
        parent = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(5, parent["arrayProperties"]["size"])
        self.assertEqual({"SUCCEEDED": 5}, self.summary(job))
        self.assertEqual(set("SUBMITTED PENDING RUNNABLE STARTING RUNNING SUCCEEDED FAILED".split()),
                         set(parent["arrayProperties"]["statusSummary"]))
        for index in range(5):
            child = self.describe(f"{job}:{index}")
            self.assertEqual(index, child["arrayProperties"]["index"])
            self.assertTrue(child["jobArn"].endswith(f":job/{job}:{index}"))
            self.assertEqual(0, child["container"]["exitCode"])
            self.assertEqual(f"{job}:{index} {index} of 5\n", self.output(f"{job}:{index}"))
        listed = self.children(job, "SUCCEEDED")
        self.assertEqual([f"{job}:{i}" for i in range(5)], [child["jobId"] for child in listed])
        self.assertEqual([0, 1, 2, 3, 4], [child["arrayProperties"]["index"] for child in listed])
        self.assertIsNone(self.describe(f"{job}:5"))

    def test_one_failed_child_fails_the_array_when_all_have_ended(self):
        job = self.array("test $AWS_BATCH_JOB_ARRAY_INDEX != 1", 3)
        parent = self.wait_for(job, "FAILED")
        self.assertEqual("Array Child Job failed", parent["statusReason"])
        self.assertEqual({"SUCCEEDED": 2, "FAILED": 1}, self.summary(job))
        self.assertEqual(1, self.describe(f"{job}:1")["container"]["exitCode"])

    def test_each_child_is_retried_by_itself(self):
        job = self.array('[ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] || [ $AWS_BATCH_JOB_ATTEMPT = 2 ]', 2,
                         retryStrategy={"attempts": 2})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual([1, 2], [len(self.describe(f"{job}:{i}")["attempts"]) for i in (0, 1)])

    def test_dependencies_of_every_kind(self):
        first = self.array("true", 3)
        pairs = self.array("true", 3, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
        sequence = self.array("true", 3, dependsOn=[{"jobId": pairs}, {"type": "SEQUENTIAL"}])
        last = self.run_command("true", dependsOn=[{"jobId": sequence}, {"jobId": f"{first}:1"}])
        self.wait_for(last, "SUCCEEDED")
        times = [self.describe(f"{sequence}:{i}") for i in range(3)]
        for before, after in zip(times, times[1:]):
            self.assertLessEqual(before["stoppedAt"], after["startedAt"])
        for i in range(3):
            self.assertLessEqual(self.describe(f"{first}:{i}")["stoppedAt"],
                                 self.describe(f"{pairs}:{i}")["startedAt"])

    def test_one_failed_pair_fails_its_counterpart_alone(self):
        first = self.array("test $AWS_BATCH_JOB_ARRAY_INDEX != 1", 3)
        second = self.array("true", 3, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
        self.wait_for(second, "FAILED")
        self.assertEqual({"SUCCEEDED": 2, "FAILED": 1}, self.summary(second))
        self.assertEqual(f"Dependent Job failed (jobId: {first}:1)",
                         self.describe(f"{second}:1")["statusReason"])

    def test_a_failure_in_the_middle_ends_a_sequence(self):
        job = self.array("test $AWS_BATCH_JOB_ARRAY_INDEX != 1", 4,
                         dependsOn=[{"type": "SEQUENTIAL"}], retryStrategy={"attempts": 2})
        self.wait_for(job, "FAILED")
        self.assertEqual({"SUCCEEDED": 1, "FAILED": 3}, self.summary(job))
        self.assertEqual(2, len(self.describe(f"{job}:1")["attempts"]))
        for index in (2, 3):
            child = self.describe(f"{job}:{index}")
            self.assertEqual(("FAILED", f"Dependent Job failed (jobId: {job}:1)", []),
                             (child["status"], child["statusReason"], child["attempts"]))
        self.assertEqual(3, len(self.children(job, "FAILED")))

    def test_terminating_the_parent_ends_children_in_every_state(self):
        job = self.array(f"[ $AWS_BATCH_JOB_ARRAY_INDEX = 0 ] && exit 0; {HOLD}", 8)
        eventually(lambda: self.summary(job) == {"SUCCEEDED": 1, "RUNNING": 4, "RUNNABLE": 3}, 20,
                   "one has ended, four run, three wait")
        self.assertEqual("PENDING", self.describe(job)["status"])
        self.assertIn("WAITING_FOR_RESOURCES", self.describe(f"{job}:7")["statusReason"])
        self.assertEqual(3, len(self.children(job, "RUNNABLE")))
        self.batch.terminate_job(jobId=job, reason="enough")
        parent = self.wait_for(job, "FAILED")
        self.assertEqual(("enough", True), (parent["statusReason"], parent["isTerminated"]))
        self.assertEqual({"SUCCEEDED": 1, "FAILED": 7}, self.summary(job))
        self.assertEqual("enough", self.describe(f"{job}:7")["statusReason"])

    def test_a_child_can_be_cancelled_alone(self):
        holder = self.submit(self.define(HOLD, vcpus="4"))
        self.wait_for(holder, "RUNNING")
        job = self.array("true", 2)
        self.batch.cancel_job(jobId=f"{job}:1", reason="not this one")
        child = self.describe(f"{job}:1")
        self.assertEqual(("FAILED", "not this one", True),
                         (child["status"], child["statusReason"], child["isCancelled"]))
        self.batch.terminate_job(jobId=holder, reason="seen")
        self.assertEqual("Array Child Job failed", self.wait_for(job, "FAILED")["statusReason"])

    def test_arrays_survive_a_kill(self):
        job = self.array("sleep 1", 12)
        eventually(lambda: self.summary(job).get("RUNNING", 0) > 1, 20, "some children run")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual({"SUCCEEDED": 12}, self.summary(job))
        for index in range(12):
            self.assertEqual(1, len(self.describe(f"{job}:{index}")["attempts"]))

    def test_refusals(self):
        definition = self.define("true")
        pair = self.submit(definition, arrayProperties={"size": 2})
        single = self.submit(definition)

        def refused(text, **more):
            self.assert_refused(text, self.batch.submit_job, jobName="x", jobQueue="default",
                                jobDefinition=definition, **more)

        refused("arrayProperties.size '1'", arrayProperties={"size": 1})
        refused("arrayProperties.size '10001'", arrayProperties={"size": 10001})
        refused("SEQUENTIAL", dependsOn=[{"type": "SEQUENTIAL"}])
        refused("same size", arrayProperties={"size": 3},
                dependsOn=[{"jobId": pair, "type": "N_TO_N"}])
        refused("must be an array", arrayProperties={"size": 3},
                dependsOn=[{"jobId": single, "type": "N_TO_N"}])
        refused("does not exist", dependsOn=[{"jobId": f"{pair}:2"}])

    def test_a_large_array_is_one_record(self):
        holder = self.submit(self.define(HOLD, vcpus="4"))
        self.wait_for(holder, "RUNNING")
        job = self.array("true", 10000)
        self.assertEqual({"RUNNABLE": 10000}, self.summary(job))
        self.assertEqual(10000, len([
            child for page in self.batch.get_paginator("list_jobs").paginate(
                arrayJobId=job, jobStatus="RUNNABLE") for child in page["jobSummaryList"]]))
        self.batch.terminate_job(jobId=job, reason="seen")
        self.wait_for(job, "FAILED")
        self.batch.terminate_job(jobId=holder, reason="seen")


if __name__ == "__main__":
    unittest.main()
