"""What is asked for in vain is told: in headers, which stock clients pass over, and with the job."""

import json
import os
import subprocess
import unittest

from support.case import SystemTest
from support.docs import commands
from support.engine import IMAGE

COLOUR = "'colour' is not known and has no effect"
DEPTH = "'containerOverrides.depth' is not known and has no effect"
PARAMETER = "parameter 'who' has no effect"


class Warnings(SystemTest):
    def post(self, path, body):
        """curl() keeps one header of a name: the last one."""
        answer = self.curl(path, data=json.dumps(body).encode())
        self.assertEqual(200, answer.status, answer.text)
        return answer

    def body(self, **more):
        return {"jobName": "warned", "jobQueue": "default", "jobDefinition": self.define("true"),
                **more}

    def shown(self, job):
        return self.curl(f"/api/v1/jobs/{job}").json().get("warnings")

    def test_a_submission_says_what_it_passes_over(self):
        answer = self.post("/v1/submitjob", self.body(colour="red"))
        self.assertEqual(COLOUR, answer.headers["x-batchd-warning"])
        self.assertEqual({"jobArn", "jobName", "jobId"}, set(answer.json()))
        job = answer.json()["jobId"]
        self.assertEqual([COLOUR], self.shown(job))
        answer = self.post("/v1/submitjob", self.body(containerOverrides={"depth": 3}))
        self.assertEqual(DEPTH, answer.headers["x-batchd-warning"])

    def test_describe_jobs_shows_them(self):
        warned, sound = (self.post("/v1/submitjob", self.body(**more)).json()["jobId"]
                         for more in ({"colour": "red"}, {}))
        jobs = self.post("/v1/describejobs", {"jobs": [warned, sound]}).json()["jobs"]
        by_id = {job["jobId"]: job for job in jobs}
        self.assertEqual([COLOUR], by_id[warned]["warnings"])
        self.assertNotIn("warnings", by_id[sound])

    def test_headers_fit_a_proxys_buffer(self):
        # 30 members of the longest name that is told: fewer than 20 headers, 2 KB in all.
        answer = subprocess.run(
            ["curl", "-sS", "-i", "-o", "-", self.daemon.endpoint + "/v1/submitjob", "--data", "@-"],
            input=json.dumps(self.body(**{f"{i:02}".ljust(80, "x"): 1 for i in range(30)})),
            capture_output=True, text=True, check=True, timeout=60).stdout
        lines = [line for line in answer.splitlines() if line.startswith("x-batchd-warning")]
        self.assertEqual("x-batchd-warning: and more", lines[-1])
        self.assertGreater(len(lines), 10)
        self.assertLess(sum(len(line) + 2 for line in lines), 2100)

    def test_stock_clients_take_the_answer(self):
        job = self.submit(self.define(["echo", "Ref::whom"]), parameters={"who": "x", "whom": "y"})
        warning, = self.shown(job)
        self.assertTrue(warning.startswith(PARAMETER), warning)
        self.assertEqual("y\n", (self.wait_for(job, "SUCCEEDED"), self.output(job))[1])

    def test_what_counts_is_not_warned_of(self):
        answer = self.post("/v1/submitjob", self.body(
            containerOverrides={"environment": [{"name": "A", "value": "b"}],
                                "resourceRequirements": [{"type": "VCPU", "value": "1"}]},
            retryStrategy={"attempts": 1}, tags={"colour": "red"}, propagateTags=True,
            timeout={"attemptDurationSeconds": 60}, stopTimeout=5, clientToken=self.unique()))
        self.assertNotIn("x-batchd-warning", answer.headers)
        self.assertIsNone(self.shown(answer.json()["jobId"]))

    def test_run_and_batch_have_them_in_their_answers(self):
        answer = self.post("/api/v1/run", {"image": IMAGE, "cmd": "true", "memory": 32,
                                           "parameters": {"who": "me"}})
        warning, = answer.json()["warnings"]
        self.assertTrue(warning.startswith(PARAMETER), warning)
        self.assertEqual(warning, answer.headers["x-batchd-warning"])
        answer = self.post("/api/v1/jobs:batch", {"jobs": [self.body(),
                                                           self.body(colour="red")]})
        first, second = answer.json()["jobs"]
        self.assertNotIn("warnings", first)
        self.assertEqual([COLOUR], second["warnings"])
        self.assertEqual("jobs[1]: " + COLOUR, answer.headers["x-batchd-warning"])

    def test_a_registration_says_it_too(self):
        answer = self.post("/v1/registerjobdefinition", {
            "jobDefinitionName": self.unique("d"), "type": "container",
            "containerProperties": {"image": IMAGE, "vcpus": 1, "memory": 32, "cpus": 3}})
        self.assertEqual("'containerProperties.cpus' is not known and has no effect",
                         answer.headers["x-batchd-warning"])

    def test_a_name_cannot_make_headers(self):
        answer = self.post("/v1/submitjob", self.body(**{"a\r\nx-evil: 1": 1}))
        self.assertNotIn("x-evil", answer.headers)
        self.assertEqual("'a??x-evil: 1' is not known and has no effect",
                         answer.headers["x-batchd-warning"])
        many = self.body(**{f"m{i}": i for i in range(3000)})
        answer = self.post("/v1/submitjob", many)
        self.assertEqual("and more", answer.headers["x-batchd-warning"])
        shown = self.shown(answer.json()["jobId"])
        self.assertEqual((20, "and more"), (len(shown), shown[-1]))

    def test_as_the_docs_show(self):
        self.define("true", name="step")
        done = subprocess.run(["bash", "-euc", commands("native-api.md", "warnings")],
                              capture_output=True, text=True, check=False, timeout=60,
                              env={**os.environ, "URL": self.daemon.endpoint})
        self.assertEqual(0, done.returncode, done.stderr)
        headers = [line for line in done.stdout.splitlines() if line.startswith("x-batchd-warning")]
        self.assertEqual(2, len(headers), done.stdout)
        self.assertIn("'vcpus' is not known", headers[0])
        self.assertIn("parameter 'input'", headers[1])


if __name__ == "__main__":
    unittest.main()
