"""POST /api/v1/run, /api/v1/jobs:batch and what clients that wait and follow use besides."""

import json
import subprocess
import unittest

from support.case import SystemTest
from support.clients import curl
from support.docs import commands
from support.engine import IMAGE

UNTIL_TERM = "trap 'exit 0' TERM; echo first; while :; do sleep 0.05; done"
UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"


class ApiTest(SystemTest):
    def post(self, path, body):
        data = body if isinstance(body, str) else json.dumps(body)
        return self.curl(path, "-X", "POST", data=data.encode())

    def run_docs(self, name, **variables):
        """A block of docs/native-api.md; what it printed, parsed."""
        done = subprocess.run(["bash", "-euc", commands("native-api.md", name)],
                              capture_output=True, text=True, check=True, timeout=60,
                              env={"PATH": "/usr/bin:/bin", "URL": self.daemon.endpoint,
                                   "IMAGE": IMAGE, **variables})
        return done.stdout


class Run(ApiTest):
    def test_a_form_as_the_docs_show(self):
        answer = json.loads(self.run_docs("run"))
        detail = self.wait_for(answer["jobId"], "SUCCEEDED")
        self.assertEqual((answer["jobArn"], "test"), (detail["jobArn"], answer["jobName"]))
        self.assertEqual("hi\n", self.output(answer["jobId"]))
        self.assertEqual(["/bin/sh", "-c", "echo hi"], detail["container"]["command"])
        self.assertTrue(detail["jobDefinition"].endswith("job-definition/batchd-run:0"))

    def test_json_as_the_docs_show(self):
        job = json.loads(self.run_docs("run-json"))["jobId"]
        detail = self.wait_for(job, "FAILED")
        self.assertEqual(("greeting", {"team": "docs"}, 2, 3),
                         (detail["jobName"], detail["tags"], len(detail["attempts"]),
                          detail["container"]["exitCode"]))
        self.assertEqual({"attemptDurationSeconds": 600}, detail["timeout"])
        self.assertEqual("me\n", self.output(job))

    def test_it_is_a_job_like_any_other(self):
        job = self.post("/api/v1/run", {"image": IMAGE, "cmd": "true", "name": "listed",
                                        "memory": 32}).json()["jobId"]
        self.wait_for(job, "SUCCEEDED")
        listed = self.batch.list_jobs(jobQueue="default", jobStatus="SUCCEEDED")["jobSummaryList"]
        self.assertIn(job, [summary["jobId"] for summary in listed])

    def test_arrays_and_dependencies(self):
        first = self.post("/api/v1/run", {"image": IMAGE, "arraySize": 2, "memory": 32,
                                          "cmd": "echo $AWS_BATCH_JOB_ARRAY_INDEX"}).json()["jobId"]
        then = self.post("/api/v1/run", {"image": IMAGE, "cmd": "true", "memory": 32,
                                         "dependsOn": [first]}).json()["jobId"]
        self.wait_for(then, "SUCCEEDED")
        self.assertEqual("1\n", self.output(first + ":1"))

    def test_a_key_makes_it_run_once(self):
        key = self.unique("key")
        first, again = (json.loads(self.run_docs("run-once", KEY=key)) for _ in range(2))
        self.assertEqual(first, again)
        self.wait_for(first["jobId"], "SUCCEEDED")
        self.daemon.kill()
        self.daemon.start()
        type(self).connect()
        self.assertEqual(first, json.loads(self.run_docs("run-once", KEY=key)))
        header = "Idempotency-Key: " + key
        body = f"image={IMAGE}&cmd=echo+once"
        replayed = self.curl("/api/v1/run", "-H", header, "-d", f"image={IMAGE}", "-d",
                             "cmd=echo once")
        self.assertEqual("true", replayed.headers["x-batchd-idempotent-replay"])
        other = self.curl("/api/v1/run", "-H", header, "-d", body + "&name=other")
        self.assertEqual(409, other.status, other.text)
        self.assertIn(key, other.json()["message"])
        self.assertEqual("once\n", self.output(first["jobId"]))
        long = self.curl("/api/v1/run", "-H", "Idempotency-Key: " + "k" * 257, "-d", body)
        self.assertEqual(400, long.status)

    def test_a_restart_knows_it(self):
        job = self.post("/api/v1/run", {"image": IMAGE, "cmd": UNTIL_TERM}).json()["jobId"]
        self.wait_for(job, "RUNNING")
        self.daemon.kill()
        self.daemon.start()
        type(self).connect()
        self.assertEqual("RUNNING", self.describe(job)["status"])
        self.batch.terminate_job(jobId=job, reason="seen")
        self.wait_for(job, "FAILED")

    def test_bad_input_is_told(self):
        for body, status, message, hint in (
                ({}, 400, "image is required", "curl -d image=alpine"),
                ({"image": IMAGE, "queue": "nowhere"}, 404, "JobQueue nowhere not found.",
                 "there are the queues default"),
                ({"image": IMAGE, "vcpus": 0.5}, 400, "vcpus 0.5 must be a whole number", None),
                ({"image": IMAGE, "name": "no spaces"}, 400, "no spaces", None),
                ({"image": IMAGE, "timeoutSeconds": 1}, 400, "60", None),
                ({"image": IMAGE, "colour": "red"}, 400, "colour", "timeoutSeconds"),
                ({"image": IMAGE, "dependsOn": ["x"]}, 400, "x", None)):
            with self.subTest(body=body):
                answer = self.post("/api/v1/run", body)
                self.assertEqual(status, answer.status, answer.text)
                self.assertIn(message, answer.json()["message"])
                self.assertIn(hint or "", answer.json().get("hint", ""))
                self.assertEqual(hint is not None, "hint" in answer.json())


class Batch(ApiTest):
    settings = {"limits.batch_jobs": 2000, "docker.vcpus": 1}

    def entry(self, **more):
        return {"jobName": "entry", "jobQueue": "default", "jobDefinition": "step", **more}

    def setUp(self):
        if not self.batch.describe_job_definitions(jobDefinitionName="step")["jobDefinitions"]:
            self.define("true", name="step")

    def test_as_the_docs_show(self):
        answer = json.loads(self.run_docs("batch"))
        self.assertEqual((2, 0), (answer["submitted"], answer["refused"]))
        split, count = (job["jobId"] for job in answer["jobs"])
        detail = self.wait_for(count, "SUCCEEDED")
        self.assertEqual([split], [job["jobId"] for job in detail["dependsOn"]])

    def test_thousands_are_one_transaction(self):
        self.batch.create_job_queue(jobQueueName="closed-later", priority=1,
                                    computeEnvironmentOrder=[{"order": 1, "computeEnvironment":
                                                              "local"}])
        self.define("true", name="later")
        holder = self.run_command(UNTIL_TERM)  # the only vCPU
        self.wait_for(holder, "RUNNING")
        jobs = [self.entry(jobName=f"n{i}", jobDefinition="later", jobQueue="closed-later")
                for i in range(2000)]
        answer = self.post("/api/v1/jobs:batch", {"jobs": jobs}).json()
        self.assertEqual((2000, 0), (answer["submitted"], answer["refused"]))
        self.assertEqual([f"n{i}" for i in range(2000)], [job["jobName"] for job in answer["jobs"]])
        self.daemon.kill()
        self.daemon.start()
        type(self).connect()
        counts = [queue["jobs"] for queue in self.curl("/api/v1/overview").json()["queues"]
                  if queue["name"] == "closed-later"]
        self.assertEqual(2000, counts[0]["RUNNABLE"])
        self.batch.update_job_queue(jobQueue="closed-later", state="DISABLED")
        self.batch.delete_job_queue(jobQueue="closed-later")
        self.batch.terminate_job(jobId=holder, reason="over")

    def test_one_that_is_wrong_refuses_all(self):
        before = self.curl("/api/v1/overview").json()["queues"][0]["jobs"]
        for entry, text in ((self.entry(jobDefinition="none"), "none"),
                            (self.entry(jobName="no spaces"), "no spaces"),
                            (self.entry(tags="x"), "tags must be"),
                            (self.entry(dependsOn=[{"jobId": "@1"}]), "'@1'"),
                            (self.entry(dependsOn=[{"jobId": "@x"}]), "'@x'"),
                            ("text", "must be")):
            with self.subTest(entry=entry):
                answer = self.post("/api/v1/jobs:batch", {"jobs": [self.entry(), entry]})
                self.assertIn(answer.status, (400, 404))
                self.assertIn("jobs[1]: ", answer.json()["message"])
                self.assertIn(text, answer.json()["message"])
        after = self.curl("/api/v1/overview").json()["queues"][0]["jobs"]
        self.assertEqual(sum(before.values()), sum(after.values()))

    def test_what_the_engine_refuses_is_told_by_position(self):
        jobs = [self.entry(), self.entry(jobQueue="nowhere"),
                self.entry(dependsOn=[{"jobId": "@1"}]), self.entry()]
        answer = self.post("/api/v1/jobs:batch", {"jobs": jobs}).json()
        self.assertEqual((2, 2), (answer["submitted"], answer["refused"]))
        self.assertEqual("JobQueue nowhere not found.", answer["jobs"][1]["message"])
        self.assertIn("does not exist", answer["jobs"][2]["message"])
        for position in (0, 3):
            self.wait_for(answer["jobs"][position]["jobId"], "SUCCEEDED")

    def test_a_key_goes_on_where_a_part_was_refused(self):
        queue = self.unique("later")
        self.define("true", name="gone-later")
        jobs = [self.entry(jobDefinition="gone-later"),
                self.entry(dependsOn=[{"jobId": "@0"}], clientToken=self.unique("token")),
                self.entry(jobQueue=queue, dependsOn=[{"jobId": "@0"}, {"jobId": "@1"}])]

        def post():
            return self.curl("/api/v1/jobs:batch", "-H", "Idempotency-Key: " + queue,
                             data=json.dumps({"jobs": jobs}).encode()).json()

        first = post()
        self.assertEqual((2, 1), (first["submitted"], first["refused"]))
        self.batch.create_job_queue(jobQueueName=queue, priority=1, computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": "local"}])
        self.batch.deregister_job_definition(jobDefinition="gone-later:1")
        second = post()
        self.assertEqual((3, 0), (second["submitted"], second["refused"]), second)
        self.assertEqual(first["jobs"][:2], second["jobs"][:2])
        detail = self.wait_for(second["jobs"][2]["jobId"], "SUCCEEDED")
        self.assertEqual([job["jobId"] for job in first["jobs"][:2]],
                         [job["jobId"] for job in detail["dependsOn"]])
        self.assertEqual(second, post())
        jobs[0]["jobName"] = "other"
        self.assertIn("was used for another request", post()["jobs"][0]["message"])

    def test_an_entry_that_became_unsound_leaves_the_others_as_they_were(self):
        queue = self.unique("never")
        self.define("true", name="vanishing")
        jobs = [self.entry(), self.entry(jobDefinition="vanishing", jobQueue=queue),
                self.entry(dependsOn=[{"jobId": "@1"}]), self.entry(jobQueue=queue)]

        def post(order):
            return self.curl("/api/v1/jobs:batch", "-H", "Idempotency-Key: " + queue,
                             data=json.dumps({"jobs": order}).encode())

        first = post(jobs).json()
        self.assertEqual((1, 3), (first["submitted"], first["refused"]), first)
        self.batch.deregister_job_definition(jobDefinition="vanishing:1")
        second = post(jobs).json()
        self.assertEqual((1, 3), (second["submitted"], second["refused"]), second)
        self.assertEqual(first["jobs"][0], second["jobs"][0])
        self.assertIn("vanishing", second["jobs"][1]["message"])
        self.assertIn("does not exist", second["jobs"][2]["message"])
        self.assertEqual(first["jobs"][3], second["jobs"][3])

    def test_an_unsound_entry_before_one_that_was_submitted(self):
        queue, token = self.unique("never"), self.unique("token")
        sound = self.entry(clientToken=token)
        job = self.post("/api/v1/jobs:batch", {"jobs": [sound]}).json()["jobs"][0]
        unsound = self.entry(jobDefinition="none-" + queue)
        answer = self.post("/api/v1/jobs:batch", {"jobs": [unsound, sound]}).json()
        self.assertEqual((1, 1, job), (answer["submitted"], answer["refused"], answer["jobs"][1]))
        self.assertIn("none-" + queue, answer["jobs"][0]["message"])

    def test_a_token_that_comes_twice_is_refused_twice(self):
        jobs = [self.entry(clientToken=self.unique("token"), jobQueue="nowhere")] * 2
        answer = self.post("/api/v1/jobs:batch", {"jobs": jobs}).json()
        self.assertEqual([{"message": "JobQueue nowhere not found."}] * 2, answer["jobs"])

    def test_a_token_that_comes_twice_is_one_job(self):
        token = self.unique("token")
        jobs = [self.entry(clientToken=token), self.entry(clientToken=token),
                self.entry(dependsOn=[{"jobId": "@1"}])]
        answer = self.post("/api/v1/jobs:batch", {"jobs": jobs}).json()
        self.assertEqual((3, 0), (answer["submitted"], answer["refused"]), answer)
        self.assertEqual(answer["jobs"][0], answer["jobs"][1])
        self.wait_for(answer["jobs"][2]["jobId"], "SUCCEEDED")

    def test_bad_bodies(self):
        for body, text in (("", "JSON"), ("[]", "jobs"), ('{"jobs": []}', "at least one"),
                           ('{"jobs": 3}', "at least one"),
                           ({"jobs": [self.entry()] * 2001}, "limits.batch_jobs")):
            answer = self.post("/api/v1/jobs:batch", body)
            self.assertEqual(400, answer.status)
            self.assertIn(text, answer.json()["message"])


class Wait(ApiTest):
    def test_several_as_the_docs_show(self):
        first, second = self.run_command("true"), self.run_command("exit 3")
        answer = json.loads(self.run_docs("wait", FIRST=first, SECOND=second))
        self.assertTrue(answer["isDone"])
        self.assertEqual([first, second], [job["jobId"] for job in answer["jobs"]])

    def test_until_running_and_any(self):
        holder = self.run_command(UNTIL_TERM)
        waiting = self.run_command("true", after=[holder])
        one = self.curl(f"/api/v1/jobs/{holder}/wait?until=running&timeout=50").json()
        self.assertEqual("RUNNING", one["status"])
        both = self.post("/api/v1/jobs:wait", {"jobs": [waiting, holder], "until": "running",
                                               "any": True}).json()
        self.assertTrue(both["isDone"])
        late = self.post("/api/v1/jobs:wait", {"jobs": [waiting, holder], "timeout": 0}).json()
        self.assertFalse(late["isDone"])
        self.batch.terminate_job(jobId=holder, reason="over")
        done = self.post("/api/v1/jobs:wait", {"jobs": [waiting, holder], "timeout": 50}).json()
        self.assertEqual((True, ["FAILED", "FAILED"]),
                         (done["isDone"], [job["status"] for job in done["jobs"]]))

    def test_bad_requests(self):
        job = self.run_command("true")
        for body, status, text in (({"jobs": []}, 400, "jobs must name 1 to 1000"),
                                   ({"jobs": [job], "until": "x"}, 400, "until 'x'"),
                                   ({"jobs": [job], "timeout": -1}, 400, "timeout '-1'"),
                                   ({"jobs": ["x"]}, 400, "x"),
                                   ({"jobs": [job, UNKNOWN]}, 404, UNKNOWN)):
            answer = self.post("/api/v1/jobs:wait", body)
            self.assertEqual(status, answer.status, answer.text)
            self.assertIn(text, answer.json()["message"])


class Logs(ApiTest):
    def test_a_reader_goes_on_where_it_was(self):
        job = self.run_command("for i in 1 2 3; do echo line $i; done")
        self.wait_for(job, "SUCCEEDED")
        path = f"/api/v1/jobs/{job}/logs"
        whole = self.curl(path)
        self.assertEqual(("1", "0"), (whole.headers["x-batchd-log-attempt"],
                                      whole.headers["x-batchd-log-offset"]))
        self.assertEqual("line 1\nline 2\nline 3\n", whole.text)
        for got in range(len(whole.text) + 1):
            rest = self.curl(f"{path}?attempt=1&offset=0&skip={got}").text
            self.assertEqual(whole.text[got:], rest)
        last = self.curl(f"{path}?tail=1")
        self.assertEqual("line 3\n", last.text)
        offset = last.headers["x-batchd-log-offset"]
        self.assertEqual("3\n", self.curl(f"{path}?attempt=1&offset={offset}&skip=5").text)
        self.assertEqual(400, self.curl(f"{path}?tail=x").status)
        self.assertEqual(400, self.curl(f"{path}?skip=-1").status)

    def test_as_the_docs_show(self):
        job = self.run_command("echo one; sleep 0.3; echo two")
        self.assertEqual("one\ntwo\n", self.run_docs("logs", JOB=job))


class Ending(ApiTest):
    def test_terminate_as_the_docs_show(self):
        job = self.run_command(UNTIL_TERM)
        self.wait_for(job, "RUNNING")
        self.assertEqual(job, json.loads(self.run_docs("terminate", JOB=job))["jobId"])
        self.assertEqual("enough", self.wait_for(job, "FAILED")["statusReason"])

    def test_what_cannot_be_ended(self):
        ended = self.run_command("true")
        self.wait_for(ended, "SUCCEEDED")
        for job, verb, status in ((ended, "terminate", 409), (ended, "cancel", 409),
                                  (UNKNOWN, "terminate", 404), ("x", "cancel", 400)):
            answer = self.post(f"/api/v1/jobs/{job}/{verb}", "{}")
            self.assertEqual(status, answer.status, answer.text)
        waiting = self.run_command("true", after=[self.run_command("sleep 1")])
        for body in ("[]", '{"reason": 3}', "{", {"reason": "x" * 1025}):
            self.assertEqual(400, self.post(f"/api/v1/jobs/{waiting}/cancel", body).status)


if __name__ == "__main__":
    unittest.main()
