"""What jobs and queues may ask for beyond AWS Batch, with real containers."""

import json
import os
import subprocess
import time

from support.case import SystemTest
from support.docs import commands
from support.engine import IMAGE
from support.waiting import eventually

PAGE = "native-api.md"
HUNGRY = "a=x; while :; do a=$a$a; done"
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
STOPPABLE = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Options(SystemTest):
    def post(self, path, body=None, *headers):
        arguments = [argument for header in headers for argument in ("-H", header)]
        return self.curl(path, *arguments, data=json.dumps(body or {}).encode())

    def submit_with(self, command, **members):
        """Stock clients do not know these members."""
        answer = self.post("/v1/submitjob", {
            "jobName": self.unique("job"), "jobQueue": "default",
            "jobDefinition": self.define(command, memory=members.pop("memory", "32")), **members})
        self.assertEqual(200, answer.status, answer.text)
        return answer.json()["jobId"]

    def detail(self, job):
        return self.post("/v1/describejobs", {"jobs": [job]}).json()["jobs"][0]

    def shell(self, name, **variables):
        """What a block of the docs prints, one JSON document each."""
        done = subprocess.run(["bash", "-euc", commands(PAGE, name)], capture_output=True,
                              text=True, check=False, timeout=60,
                              env={**os.environ, "URL": self.daemon.endpoint, **variables})
        self.assertEqual(0, done.returncode, done.stderr)
        decoder, text, documents = json.JSONDecoder(), done.stdout.strip(), []
        while text:
            document, end = decoder.raw_decode(text)
            documents.append(document)
            text = text[end:].strip()
        return documents


class OfJobs(Options):
    def test_memory_grows_after_an_out_of_memory_kill(self):
        job = self.submit_with(HUNGRY, memory="16", outOfMemoryFactor=1.5, outOfMemoryLimit=32,
                               retryStrategy={"attempts": 3})
        eventually(lambda: self.detail(job)["status"] == "FAILED", 60, "it has ended")
        detail = self.detail(job)
        self.assertEqual(32, detail["grownMemory"])
        self.assertEqual([137] * 3, [a["container"]["exitCode"] for a in detail["attempts"]])

    def test_a_tag_says_it_for_stock_clients(self):
        job = self.run_command(HUNGRY, retryStrategy={"attempts": 2},
                               tags={"batchd:out-of-memory-factor": "2"})
        self.wait_for(job, "FAILED")
        self.assertEqual(64, self.detail(job)["grownMemory"])
        self.assert_refused("'batchd:max-paralel' is none that batchd knows",
                            self.batch.submit_job, jobName="x", jobQueue="default",
                            jobDefinition=self.define("true"), tags={"batchd:max-paralel": "2"})
        self.assert_refused("batchd:deadline: 'tomorrow' is not a number",
                            self.batch.submit_job, jobName="x", jobQueue="default",
                            jobDefinition=self.define("true"), tags={"batchd:deadline": "tomorrow"})

    def test_a_tag_has_a_deadline_as_text(self):
        job = self.run_command("true", tags={"batchd:deadline": "2026-01-01T00:00:00Z"})
        self.assertIn("Job deadline exceeded", self.wait_for(job, "FAILED")["statusReason"])
        self.assertEqual(1767225600000, self.detail(job)["deadline"])

    def test_failed_pulls_do_not_use_up_its_attempts(self):
        answer = self.post("/api/v1/run", {"image": "127.0.0.1:1/nowhere:1",
                                           "infrastructureRetries": 2})
        job = answer.json()["jobId"]
        self.wait_for(job, "FAILED")
        detail = self.detail(job)
        self.assertEqual(3, len(detail["attempts"]))
        self.assertEqual(2, detail["infrastructureFailures"])

    def test_a_job_that_is_runnable_for_too_long_fails(self):
        self.post("/v1/pausejobqueue", {"jobQueue": "default"})
        try:
            job = self.submit_with("true", maxQueueSeconds=1)
            self.assertEqual("Job was RUNNABLE for longer than maxQueueSeconds (1)",
                             self.wait_for(job, "FAILED")["statusReason"])
        finally:
            self.post("/v1/resumejobqueue", {"jobQueue": "default"})

    def test_deadline_and_stop_timeout(self):
        begin = time.monotonic()
        answer, = self.shell("options", IMAGE=IMAGE, SOON=str(int(time.time() * 1000) + 3000))
        job = self.wait_for(answer["jobId"], "FAILED")
        self.assertIn("Job deadline exceeded", job["statusReason"])
        self.assertLess(time.monotonic() - begin, 25, "the usual grace is 30 s")

    def test_stop_timeout(self):
        job = self.submit_with(DEAF, stopTimeout=1)
        eventually(lambda: "ready" in self.output(job), 30, "it runs")
        begin = time.monotonic()
        self.batch.terminate_job(jobId=job, reason="enough")
        self.assertEqual(137, self.wait_for(job, "FAILED")["container"]["exitCode"])
        self.assertLess(time.monotonic() - begin, 20)

    def test_jobs_of_a_definition_are_limited(self):
        answer = self.post("/v1/registerjobdefinition", {
            "jobDefinitionName": "single", "type": "container", "maxRunning": 1,
            "containerProperties": {
                "image": IMAGE, "command": ["sh", "-c", STOPPABLE],
                "resourceRequirements": [{"type": "VCPU", "value": "1"},
                                         {"type": "MEMORY", "value": "32"}]}})
        self.assertEqual(200, answer.status, answer.text)
        first, second = self.submit("single"), self.submit("single")
        self.wait_for(first, "RUNNING")
        self.wait_for(self.run_command("true"), "SUCCEEDED")
        waiting = self.describe(second)
        self.assertEqual("RUNNABLE", waiting["status"])
        self.assertIn("maxRunning", waiting["statusReason"])
        self.batch.terminate_job(jobId=first, reason="next")
        self.wait_for(second, "RUNNING")
        self.batch.terminate_job(jobId=second, reason="done")
        self.wait_for(second, "FAILED")

    def test_children_beyond_max_parallel_say_why_they_wait(self):
        array = self.submit_with(STOPPABLE, arrayProperties={"size": 3}, maxParallel=1)
        self.wait_for(f"{array}:0", "RUNNING")
        child = self.describe(f"{array}:1")
        self.assertEqual("RUNNABLE", child["status"])
        self.assertTrue(child["statusReason"].startswith("LIMIT:MAX_PARALLEL"), child)
        self.batch.terminate_job(jobId=array, reason="seen")
        self.wait_for(array, "FAILED")

    def test_bad_input(self):
        def refused(text, **members):
            answer = self.post("/v1/submitjob", {
                "jobName": "x", "jobQueue": "default", "jobDefinition": self.define("true"),
                **members})
            self.assertEqual(400, answer.status, answer.text)
            self.assertIn(text, answer.json()["message"])
        refused("maxParallel is for array jobs", maxParallel=2)
        refused("outOfMemoryFactor must be between 1 and 10", outOfMemoryFactor=0.5)
        refused("outOfMemoryLimit goes with outOfMemoryFactor", outOfMemoryLimit=64)
        refused("deadline must be", deadline="tomorrow")
        refused("infrastructureRetries", infrastructureRetries=-1)
        refused("clientToken must have 1 to 255 characters", clientToken="")


class OfQueues(Options):
    def test_hold_and_pause_by_the_docs(self):
        blocker = self.submit_with("true", hold=True)
        job = self.run_command("true", after=[blocker])
        self.assertEqual([{}, {}], self.shell("hold", JOB=blocker))
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual([{}, {}], self.shell("pause"))

    def test_who_paused_it_and_why(self):
        self.post("/api/v1/queues/default/pause", {"reason": "upgrade"}, "X-Batchd-User: ann")
        try:
            job = self.run_command("true")
            self.assertEqual("PAUSED:JOB_QUEUE - job queue default was paused by ann: upgrade.",
                             self.describe(job)["statusReason"])
            self.daemon.kill()
            self.daemon.start()
            self.connect()
            self.assertEqual("RUNNABLE", self.describe(job)["status"])
        finally:
            self.post("/api/v1/queues/default/resume")
        self.wait_for(job, "SUCCEEDED")

    def test_what_cannot_be_held(self):
        job = self.wait_for(self.run_command("true"), "SUCCEEDED")["jobId"]
        answer = self.post(f"/api/v1/jobs/{job}/hold")
        self.assertEqual(409, answer.status)
        self.assertIn("has ended: it is SUCCEEDED", answer.json()["message"])
        self.assertEqual(404, self.post("/api/v1/jobs/01900000-0000-7000-8000-000000000000/hold")
                         .status)
        self.assertEqual(404, self.post("/api/v1/queues/nowhere/pause").status)
        running = self.run_command(STOPPABLE)
        self.wait_for(running, "RUNNING")
        answer = self.post(f"/api/v1/jobs/{running}/hold")
        self.assertEqual(409, answer.status)
        self.assertIn("only a job that waits can be held", answer.json()["message"])
        answer = self.post(f"/api/v1/jobs/{running}/rerun")
        self.assertEqual(409, answer.status)
        self.assertIn("only a job that has ended can be run again", answer.json()["message"])
        self.batch.terminate_job(jobId=running, reason="seen")
        self.wait_for(running, "FAILED")


class RunAgain(Options):
    def test_an_array_by_the_docs(self):
        array = self.run_command("[ $AWS_BATCH_JOB_ARRAY_INDEX != 1 ]",
                                 arrayProperties={"size": 4})
        self.wait_for(array, "FAILED")
        failed, some, all_of_it = self.shell("rerun", ARRAY=array)
        for again, attempts in ((failed, [0, 1, 0, 0]), (some, [1, 0, 1, 1]),
                                (all_of_it, [1, 1, 1, 1])):
            job = again["jobId"]
            eventually(lambda: self.detail(job)["status"] in ("SUCCEEDED", "FAILED"), 60, "ended")
            self.assertEqual(array, self.detail(job)["rerunOf"])
            self.assertEqual(attempts, [len(self.detail(f"{job}:{i}")["attempts"])
                                        for i in range(4)])
        self.assertEqual("SUCCEEDED", self.detail(some["jobId"])["status"])
        refused = self.post(f"/api/v1/jobs/{some['jobId']}/rerun")
        self.assertEqual(409, refused.status)
        self.assertIn("no child of job", refused.json()["message"])
        refused = self.post(f"/api/v1/jobs/{array}/rerun", {"indices": "2-9"})
        self.assertEqual(400, refused.status)

    def test_a_job_runs_again_as_it_was(self):
        job = self.wait_for(self.run_command("echo $AWS_BATCH_JOB_ID", tags={"team": "a"}),
                            "SUCCEEDED")
        again = self.post(f"/api/v1/jobs/{job['jobId']}/rerun").json()["jobId"]
        self.wait_for(again, "SUCCEEDED")
        detail = self.detail(again)
        self.assertEqual({"team": "a"}, detail["tags"])
        self.assertEqual(job["jobDefinition"], detail["jobDefinition"])
        self.assertIn(again, self.output(again))


class OnceOnly(Options):
    def test_a_repeated_call_of_an_sdk_makes_one_job(self):
        body = {"jobName": "once", "jobQueue": "default", "jobDefinition": self.define("true")}
        mark = "amz-sdk-invocation-id: " + self.unique("call")
        first = self.post("/v1/submitjob", body, mark)
        again = self.post("/v1/submitjob", body, mark)
        self.assertEqual(first.json(), again.json())
        self.assertEqual("true", again.headers.get("x-batchd-idempotent-replay"))
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(first.json(), self.post("/v1/submitjob", body, mark).json())

    def test_keys_by_the_docs(self):
        self.define("true", name="step")
        key = self.unique("key")
        first, = self.shell("once", KEY=key)
        self.assertEqual([first], self.shell("once", KEY=key))
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual([first], self.shell("once", KEY=key))
        other = self.post("/v1/submitjob", {"jobName": "other", "jobQueue": "default",
                                            "jobDefinition": "step"}, f"Idempotency-Key: {key}")
        self.assertEqual(400, other.status)
        self.assertIn("was used for another request", other.json()["message"])

    def test_what_was_accepted_is_answered_so_though_its_definition_has_gone(self):
        definition = self.define("true")
        body = {"jobName": "once", "jobQueue": "default", "jobDefinition": definition}
        for mark in ("Idempotency-Key: ", "amz-sdk-invocation-id: "):
            mark += self.unique("key")
            first = self.post("/v1/submitjob", body, mark)
            self.assertEqual(200, first.status, first.text)
            self.batch.deregister_job_definition(jobDefinition=definition)
            again = self.post("/v1/submitjob", body, mark)
            self.assertEqual((200, first.json()), (again.status, again.json()))
            self.assertEqual("true", again.headers.get("x-batchd-idempotent-replay"))
            new = self.post("/v1/submitjob", body, mark + "-2")
            self.assertEqual(400, new.status)
            self.assertIn(f"JobDefinition {definition} not found.", new.json()["message"])
            definition = body["jobDefinition"] = self.define("true")
