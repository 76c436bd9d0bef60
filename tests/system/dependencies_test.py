"""Dependencies that AWS does not have: after any outcome, after a failure, after a start."""

import os
import pathlib
import shutil
import subprocess
import unittest

from support.case import SystemTest
from support.clients import AWS_PROGRAMS, CREDENTIALS
from support.docs import commands

KINDS = ("AFTEROK", "AFTERANY", "AFTERNOTOK", "AFTERSTART")
MET = {"SUCCEEDED": {"AFTEROK", "AFTERANY", "AFTERSTART"},
       "FAILED": {"AFTERANY", "AFTERNOTOK", "AFTERSTART"}}
PAGE = "native-api.md"


def on(job, kind):
    return {"dependsOn": [{"jobId": job, "type": kind}]}


def verdict(job, kind):
    return (f"Dependency can not be met: job {job} SUCCEEDED (type AFTERNOTOK)"
            if kind == "AFTERNOTOK" else f"Dependent Job failed (jobId: {job})")


class Held(SystemTest):
    """With jobs that run until they are let go."""

    HOLD = "while [ ! -e /go ]; do sleep 0.05; done; "

    def held(self, code=0):
        job = self.run_command(f"{self.HOLD}exit {code}")
        self.wait_for(job, "RUNNING")
        return job

    def let_go(self, job):
        self.engine.docker("exec", self.engine.containers_of(job)[0]["Id"], "touch", "/go")


class Dependencies(Held):
    settings = {"docker.vcpus": 8, "docker.memory_mib": 1000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.true = cls.define("true")

    def one_of_each_kind(self, job):
        return {kind: self.submit(self.true, **on(job, kind)) for kind in KINDS}

    def assert_resolved(self, dependents, job, outcome):
        """Each dependent of `job` ran or failed as its kind says."""
        for kind, dependent in dependents.items():
            if kind in MET[outcome]:
                self.wait_for(dependent, "SUCCEEDED")
                continue
            detail = self.wait_for(dependent, "FAILED")
            self.assertEqual(verdict(job, kind), detail["statusReason"])
            self.assertEqual([], detail["attempts"])
            self.assertNotIn("exitCode", detail["container"])

    def test_each_kind_before_and_after_each_outcome(self):
        for code, outcome in ((0, "SUCCEEDED"), (3, "FAILED")):
            with self.subTest(outcome):
                job = self.held(code)
                before = self.one_of_each_kind(job)
                self.wait_for(before.pop("AFTERSTART"), "SUCCEEDED")
                for kind, dependent in before.items():
                    detail = self.describe(dependent)
                    self.assertEqual("PENDING", detail["status"])
                    self.assertEqual([{"jobId": job, "type": kind}], detail["dependsOn"])
                self.let_go(job)
                self.wait_for(job, outcome)
                self.assert_resolved(before, job, outcome)
                self.assert_resolved(self.one_of_each_kind(job), job, outcome)

    def test_a_terminated_and_a_cancelled_job_count_as_failed(self):
        running = self.held()
        waiting = self.submit(self.true, **on(running, "AFTERNOTOK"))
        dependents = self.one_of_each_kind(waiting)
        self.batch.cancel_job(jobId=waiting, reason="not now")
        self.assert_resolved(dependents, waiting, "FAILED")
        cleanup = self.submit(self.true, **on(running, "AFTERNOTOK"))
        self.batch.terminate_job(jobId=running, reason="enough")
        self.wait_for(cleanup, "SUCCEEDED")

    def test_what_can_not_be_met_fails_all_behind_it_and_names_who(self):
        first = self.held(1)
        second = self.submit(self.true, after=[first])
        third = self.submit(self.true, after=[second])
        fourth = self.submit(self.true, after=[third])
        anyway = self.submit(self.true, **on(fourth, "AFTERANY"))
        self.let_go(first)
        self.wait_for(first, "FAILED")
        reasons = [self.describe(job)["statusReason"] for job in (second, third, fourth)]
        self.assertEqual([verdict(first, "AFTEROK"),
                          f"Dependent Job failed (jobId: {second}, first failure: {first})",
                          f"Dependent Job failed (jobId: {third}, first failure: {first})"],
                         reasons)
        self.wait_for(anyway, "SUCCEEDED")
        late = self.submit(self.true, after=[fourth])
        self.assertEqual(f"Dependent Job failed (jobId: {fourth}, first failure: {first})",
                         self.wait_for(late, "FAILED")["statusReason"])

    def test_a_kill_in_the_middle(self):
        jobs = {"SUCCEEDED": self.held(), "FAILED": self.held(1)}
        dependents = {outcome: self.one_of_each_kind(job) for outcome, job in jobs.items()}
        chains = {outcome: self.submit(self.true, **on(kinds["AFTERNOTOK"], "AFTERANY"))
                  for outcome, kinds in dependents.items()}
        self.daemon.kill()
        self.let_go(jobs["FAILED"])  # one ends while nobody looks
        self.daemon.start()
        self.connect()
        later = self.submit(self.true, **on(jobs["SUCCEEDED"], "AFTERSTART"))
        self.wait_for(later, "SUCCEEDED")
        self.assertEqual("PENDING", self.describe(dependents["SUCCEEDED"]["AFTERANY"])["status"])
        self.let_go(jobs["SUCCEEDED"])
        for outcome, job in jobs.items():
            self.assert_resolved(dependents[outcome], job, outcome)
            self.wait_for(chains[outcome], "SUCCEEDED")
            self.assertEqual(outcome, self.describe(job)["status"])
            self.assertEqual(1, len(self.describe(job)["attempts"]))

    def test_children_and_arrays(self):
        fails = self.define("test $AWS_BATCH_JOB_ARRAY_INDEX != 1")
        first = self.submit(fails, arrayProperties={"size": 3})
        pairs = self.submit(self.true, arrayProperties={"size": 3}, **on(first, "AFTERCORR"))
        runs = [self.submit(self.true, **on(f"{first}:1", "AFTERNOTOK")),
                self.submit(self.true, **on(f"{first}:0", "AFTEROK")),
                self.submit(self.true, **on(f"{first}:2", "AFTERSTART")),
                self.submit(self.true, **on(first, "AFTERNOTOK")),
                self.submit(self.true, **on(first, "AFTERSTART"))]
        lost = self.submit(self.true, **on(f"{first}:0", "AFTERNOTOK"))
        for job in runs:
            self.wait_for(job, "SUCCEEDED")
        self.assertEqual(verdict(f"{first}:0", "AFTERNOTOK"),
                         self.wait_for(lost, "FAILED")["statusReason"])
        self.wait_for(pairs, "FAILED")
        self.assertEqual(["SUCCEEDED", "FAILED", "SUCCEEDED"],
                         [self.describe(f"{pairs}:{i}")["status"] for i in range(3)])
        self.assertEqual(verdict(f"{first}:1", "AFTERCORR"),
                         self.describe(f"{pairs}:1")["statusReason"])
        self.assertEqual("AFTERCORR", self.describe(pairs)["dependsOn"][0]["type"])

    def test_one_by_one_whatever_the_outcome(self):
        fails = self.define("test $AWS_BATCH_JOB_ARRAY_INDEX != 1")
        job = self.submit(fails, arrayProperties={"size": 4},
                          dependsOn=[{"type": "SEQUENTIAL_ANY"}])
        self.wait_for(job, "FAILED")
        children = [self.describe(f"{job}:{i}") for i in range(4)]
        self.assertEqual(["SUCCEEDED", "FAILED", "SUCCEEDED", "SUCCEEDED"],
                         [child["status"] for child in children])
        for before, after in zip(children, children[1:]):
            self.assertLessEqual(before["stoppedAt"], after["startedAt"])
        self.assertEqual([{"type": "SEQUENTIAL_ANY"}], self.describe(job)["dependsOn"])

    def test_refusals(self):
        job = self.submit(self.true)

        def refused(text, *depends_on, **more):
            self.assert_refused(text, self.batch.submit_job, jobName="x", jobQueue="default",
                                jobDefinition=self.true, dependsOn=list(depends_on), **more)

        refused("dependsOn[0].type 'AFTERALL' must be one of AFTEROK, AFTERANY, AFTERNOTOK, "
                "AFTERSTART, AFTERCORR, N_TO_N, SEQUENTIAL, SEQUENTIAL_ANY",
                {"jobId": job, "type": "AFTERALL"})
        refused("dependsOn[0].jobId is required", {"type": "AFTERANY"})
        refused("'SEQUENTIAL_ANY' is for array jobs", {"type": "SEQUENTIAL_ANY"})
        refused("must be an array", {"jobId": job, "type": "AFTERCORR"},
                arrayProperties={"size": 2})
        refused("cannot be waited for both AFTEROK and AFTERNOTOK", {"jobId": job},
                {"jobId": job, "type": "AFTERNOTOK"})


class CommandsOfTheDocs(Held):
    def shell(self, script):
        """What a block of the docs, and what is appended, print; `aws` is the newest one."""
        program = shutil.which(AWS_PROGRAMS[0])
        path = f"{pathlib.Path(program).parent}:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-euc", script], capture_output=True, text=True, check=False,
                              timeout=120, env={**os.environ, **CREDENTIALS, "PATH": path,
                                                "AWS_ENDPOINT_URL": self.daemon.endpoint,
                                                "BATCHD_URL": self.daemon.endpoint})
        self.assertEqual(0, done.returncode, done.stderr)
        return done.stdout.split()

    def test_dependencies(self):
        self.define(self.HOLD, name="build")
        for name in ("cleanup", "alarm", "watch"):
            self.define("true", name=name)
        build, cleanup, alarm, watch = self.shell(
            commands(PAGE, "dependencies") + "echo $build $cleanup $alarm $watch")
        self.wait_for(watch, "SUCCEEDED")
        self.assertEqual(["RUNNING", "PENDING", "PENDING"],
                         [self.describe(job)["status"] for job in (build, cleanup, alarm)])
        self.let_go(build)
        self.wait_for(cleanup, "SUCCEEDED")
        self.assertEqual(verdict(build, "AFTERNOTOK"),
                         self.wait_for(alarm, "FAILED")["statusReason"])

    def test_dependencies_of_arrays(self):
        self.define("test $AWS_BATCH_JOB_ARRAY_INDEX != 1", name="part")
        one_by_one, = self.shell(commands(PAGE, "sequential-any") + "echo $parts")
        self.wait_for(one_by_one, "FAILED")
        self.assertEqual({"SUCCEEDED": 2, "FAILED": 1}, {
            status: count for status, count in
            self.describe(one_by_one)["arrayProperties"]["statusSummary"].items() if count})


if __name__ == "__main__":
    unittest.main()
