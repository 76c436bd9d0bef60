"""Why a job waits: explain as JSON and as text, and the statusReason that stock clients see."""

import os
import re
import subprocess

from support.case import SystemTest
from support.clients import CREDENTIALS
from support.docs import commands
from support.waiting import eventually

FOREVER = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Explain(SystemTest):
    settings = {"docker.vcpus": 4, "docker.memory_mib": 1000}

    def setUp(self):
        # The Engine may only just have been found.
        eventually(lambda: self.curl("/readyz").status == 200, 10, "the host is up")
        self.addCleanup(self.end_all)

    def end_all(self):
        for status in ("PENDING", "RUNNABLE", "STARTING", "RUNNING"):
            for job in self.batch.list_jobs(jobQueue="default",
                                            jobStatus=status)["jobSummaryList"]:
                self.batch.terminate_job(jobId=job["jobId"], reason="the test is over")
                self.wait_for(job["jobId"], "FAILED", "SUCCEEDED")

    def explain(self, job):
        answer = self.curl(f"/api/v1/jobs/{job}/explain")
        self.assertEqual(200, answer.status, answer.text)
        return answer.json()

    def text(self, job):
        answer = self.curl(f"/api/v1/jobs/{job}/explain", "--header", "Accept: text/plain")
        self.assertTrue(answer.headers["content-type"].startswith("text/plain"))
        return answer.text

    def running(self, vcpus="3", memory="100", **more):
        job = self.submit(self.define(FOREVER, vcpus=vcpus, memory=memory, **more))
        self.wait_for(job, "RUNNING")
        return job

    def test_what_is_missing_and_what_would_have_to_change(self):
        holder = self.running(timeout={"attemptDurationSeconds": 600})
        waiting = self.submit(self.define("true", vcpus="2"))
        self.wait_for(waiting, "RUNNABLE")
        document = self.explain(waiting)
        self.assertEqual("RUNNABLE", document["status"])
        self.assertEqual(self.describe(waiting)["statusReason"], document["statusReason"])
        self.assertEqual({"before": 0, "exact": True, "waiting": 1, "head": waiting,
                          "inQueuesOfHigherPriority": 0}, document["position"])
        environment, = document["computeEnvironments"]
        host, = environment["hosts"]
        missing, = host["obstacles"]
        self.assertEqual(("VCPUS", 2, 1, 4, True),
                         tuple(missing[name] for name in
                               ("code", "asked", "free", "total", "wouldEverFit")))
        ways = [way["text"] for way in document["wouldStartIf"]]
        self.assertIn("vcpus <= 1", ways)
        freed = next(way for way in ways if "freed" in way)
        self.assertIn(f"job {holder}, RUNNING since", freed)
        self.assertIn("its timeout ends at", freed)
        text = self.text(waiting)
        self.assertIn("would start now if it asked for: vcpus <= 1", text)
        self.assertEqual(document, self.curl("/v1/explainjob",
                                             data=f'{{"jobId":"{waiting}"}}'.encode()).json())
        self.batch.terminate_job(jobId=holder, reason="makes room")
        self.wait_for(waiting, "SUCCEEDED")

    def test_dependencies_and_what_those_wait_for(self):
        first = self.running()
        second = self.run_command("true", after=[first])
        third = self.run_command("true", after=[second])
        for job, other, status in ((second, first, "RUNNING"), (third, second, "PENDING")):
            dependency, = self.explain(job)["dependencies"]
            self.assertEqual((other, status), (dependency["jobId"], dependency["status"]))
        self.assertIn(f"waits for job {first} (RUNNING)",
                      self.explain(third)["dependencies"][0]["statusReason"])
        shown = self.aws("batch", "describe-jobs", "--jobs", second, third)["jobs"]
        self.assertEqual([f"DEPENDENCY:WAITING - waits for job {first} (RUNNING).",
                          f"DEPENDENCY:WAITING - waits for job {second} (PENDING)."],
                         [job["statusReason"] for job in shown])
        listed = self.aws("batch", "list-jobs", "--job-queue", "default", "--job-status", "PENDING")
        for job in listed["jobSummaryList"]:
            self.assertTrue(job["statusReason"].startswith("DEPENDENCY:WAITING"), job)
        found = self.curl("/api/v1/jobs?status=PENDING").json()["jobs"]
        self.assertEqual({job["jobId"]: job["statusReason"] for job in listed["jobSummaryList"]},
                         {job["jobId"]: job["statusReason"] for job in found})

    def test_arrays_and_their_children(self):
        array = self.submit(self.define(FOREVER, vcpus="2"), arrayProperties={"size": 4})
        eventually(lambda: self.explain(array)["children"]["RUNNING"] == 2, 30, "two run")
        self.assertEqual({"before": 1, "exact": True, "waiting": 2, "head": f"{array}:2",
                          "inQueuesOfHigherPriority": 0},
                         self.explain(f"{array}:3")["position"])
        self.assertEqual("UP", self.explain(f"{array}:0")["run"]["hostStatus"])
        self.assertEqual("ARRAY:CHILDREN - 0 of 4 children have ended; 2 RUNNABLE, 2 RUNNING.",
                         self.describe(array)["statusReason"])
        found = self.curl("/api/v1/jobs?status=PENDING").json()["jobs"]
        self.assertIn(self.describe(array)["statusReason"], [job["statusReason"] for job in found])

    def test_how_a_job_ended(self):
        job = self.run_command("exit 3")
        self.wait_for(job, "FAILED")
        document = self.explain(job)
        self.assertEqual(3, document["lastAttempt"]["exitCode"])
        self.assertIn("exit code 3", document["ended"])
        self.assertNotIn("wouldStartIf", document)

    def test_bad_ids(self):
        unknown = "01234567-89ab-4def-8123-456789abcdef"
        array = self.submit(self.define("true"), arrayProperties={"size": 2})
        for job, status in ((unknown, 404), (f"{array}:7", 404), ("none", 400), ("%00", 400)):
            answer = self.curl(f"/api/v1/jobs/{job}/explain")
            self.assertEqual(status, answer.status, job)
            self.assertIn("message", answer.json())
        for body, status in ((b"{}", 400), (f'{{"jobId":"{unknown}"}}'.encode(), 400),
                             (b'{"jobId":7}', 400)):
            self.assertEqual(status, self.curl("/v1/explainjob", data=body).status, body)

    def test_the_commands_of_the_docs(self):
        self.running()
        self.define("true", name="train", vcpus="2")
        environment = {**os.environ, **CREDENTIALS, "BATCHD_URL": self.daemon.endpoint,
                       "AWS_ENDPOINT_URL": self.daemon.endpoint}
        done = subprocess.run(["sh", "-euc", commands("native-api.md", "explain")],
                              env=environment, capture_output=True, text=True, check=False,
                              timeout=60)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stdout, re.compile(r"^would start now if it asked for: vcpus <= 1$",
                                                 re.MULTILINE))
        self.assertIn('"wouldStartIf"', done.stdout)
