"""What curl, CI and dashboards use: wait, job, overview, health, metrics."""

import re
import threading
import unittest

from support.case import SystemTest
from support.clients import curl
from support.daemon import Batchd
from support.waiting import eventually


class Wait(SystemTest):
    def test_waiting_ends_with_the_job(self):
        job = self.run_command("sleep 1; exit 3")
        answer = self.curl(f"/api/v1/jobs/{job}/wait?timeout=50")
        self.assertEqual(200, answer.status)
        detail = answer.json()
        self.assertEqual(("FAILED", True), (detail["status"], detail["isTerminal"]))
        self.assertEqual(3, detail["container"]["exitCode"])
        self.assertEqual(job, detail["jobId"])

    def test_waiting_ends_with_the_timeout(self):
        job = self.run_command("trap 'exit 0' TERM; while :; do sleep 0.05; done")
        self.wait_for(job, "RUNNING")
        detail = self.curl(f"/api/v1/jobs/{job}/wait?timeout=1").json()
        self.assertEqual(("RUNNING", False), (detail["status"], detail["isTerminal"]))
        self.batch.terminate_job(jobId=job, reason="seen")
        self.assertTrue(self.curl(f"/api/v1/jobs/{job}/wait?timeout=50").json()["isTerminal"])

    def test_waiting_for_an_ended_job_answers_at_once(self):
        job = self.run_command("true")
        self.wait_for(job, "SUCCEEDED")
        detail = self.curl(f"/api/v1/jobs/{job}/wait?timeout=50", "--max-time", "5").json()
        self.assertEqual("SUCCEEDED", detail["status"])

    def test_many_wait_for_one_job(self):
        job = self.run_command("sleep 1")
        found = []
        threads = [threading.Thread(target=lambda: found.append(
            self.curl(f"/api/v1/jobs/{job}/wait?timeout=50").json()["status"]))
            for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(["SUCCEEDED"] * 20, found)

    def test_bad_requests_say_what_is_wrong(self):
        job = self.run_command("true")
        unknown = "01234567-89ab-4def-8123-456789abcdef"
        for path, status, word in ((f"/api/v1/jobs/{job}/wait?timeout=soon", 400, "timeout"),
                                   (f"/api/v1/jobs/{job}/wait?timeout=-1", 400, "timeout"),
                                   (f"/api/v1/jobs/{unknown}/wait", 404, unknown),
                                   ("/api/v1/jobs/none/wait", 400, "none"),
                                   ("/api/v1/nothing", 404, "/api/v1/nothing")):
            answer = self.curl(path)
            self.assertEqual(status, answer.status, path)
            self.assertIn(word, answer.json()["message"])

    def test_a_job_is_shown_by_its_id_and_its_arn(self):
        job = self.run_command("true")
        arn = self.describe(job)["jobArn"]
        for reference in (job, arn.replace("/", "%2F")):
            self.assertEqual(job, self.curl(f"/api/v1/jobs/{reference}").json()["jobId"])


class Overview(SystemTest):
    settings = {"docker.vcpus": 4, "docker.memory_mib": 1000}

    def overview(self):
        return self.curl("/api/v1/overview").json()

    def test_counts_hosts_and_free_capacity(self):
        # The Engine may only just have been found.
        eventually(lambda: self.overview()["hosts"][0]["status"] == "UP", 10, "the host is up")
        running = self.submit(self.define("trap 'exit 0' TERM; while :; do sleep 0.05; done",
                                          vcpus="3", memory="100"))
        self.wait_for(running, "RUNNING")
        waiting = self.submit(self.define("true", vcpus="2"))
        eventually(lambda: self.overview()["queues"][0]["jobs"]["RUNNABLE"] == 1, 10,
                   "the second job waits")
        shown = self.overview()
        queue, = shown["queues"]
        self.assertEqual(("default", "ENABLED", "VALID"),
                         (queue["name"], queue["state"], queue["status"]))
        self.assertEqual(1, queue["jobs"]["RUNNING"])
        self.assertIn("WAITING_FOR_RESOURCES", queue["waiting"][0]["reason"])
        host, = shown["hosts"]
        self.assertEqual((4, 1000), (host["capacity"]["vcpus"], host["capacity"]["memoryMiB"]))
        self.assertEqual((1, 900, 1), (host["free"]["vcpus"], host["free"]["memoryMiB"],
                                       host["running"]))
        self.assertIn("free of", self.describe(waiting)["statusReason"])
        self.batch.terminate_job(jobId=running, reason="seen")
        self.wait_for(waiting, "SUCCEEDED")
        self.assertEqual(4, self.overview()["hosts"][0]["free"]["vcpus"])


class Health(SystemTest):
    def test_alive_and_ready(self):
        self.assertEqual(200, self.curl("/healthz").status)
        ready = eventually(lambda: self.curl("/readyz").status == 200, 10, "batchd is ready")
        self.assertTrue(ready)
        self.assertEqual({"ready": True, "problems": []}, self.curl("/readyz").json())

    def test_head_requests_have_no_body(self):
        answer = self.curl("/healthz", "--head")
        self.assertEqual((200, b""), (answer.status, answer.body))

    def test_not_ready_without_an_engine(self):
        alone = Batchd("unix:///nowhere/docker.sock")
        self.addCleanup(alone.close)
        alone.start()
        answer = eventually(lambda: _with_problems(curl(alone.endpoint, "/readyz")), 10, "a reason")
        self.assertEqual(503, answer.status)
        self.assertIn("/nowhere/docker.sock", answer.json()["problems"][0])
        self.assertEqual(200, curl(alone.endpoint, "/healthz").status)


def _with_problems(answer):
    return answer if "nowhere" in str(answer.json()["problems"]) else None


class Metrics(SystemTest):
    def scrape(self):
        answer = self.curl("/metrics")
        self.assertEqual(200, answer.status)
        self.assertTrue(answer.headers["content-type"].startswith("text/plain"))
        samples = {}
        for line in answer.text.splitlines():
            if line and not line.startswith("#"):
                match = re.fullmatch(r"([a-z_:][a-z0-9_:]*(?:\{.*\})?) (\S+)", line, re.IGNORECASE)
                self.assertIsNotNone(match, line)
                samples[match[1]] = float(match[2])
        return samples

    def test_jobs_are_counted(self):
        jobs = [self.run_command("true"), self.run_command("false")]
        for job in jobs:
            self.wait_for(job)
        samples = self.scrape()
        self.assertEqual(2, samples['batchd_jobs_submitted_total{queue="default"}'])
        self.assertEqual(1, samples['batchd_jobs{queue="default",status="SUCCEEDED"}'])
        self.assertEqual(1, samples['batchd_jobs{queue="default",status="FAILED"}'])
        self.assertEqual(
            2, sum(value for name, value in samples.items()
                   if name.startswith("batchd_jobs_finished_total{")))
        self.assertGreater(sum(value for name, value in samples.items()
                               if name.startswith("batchd_http_requests_total{")
                               and "SubmitJob" in name), 0)


if __name__ == "__main__":
    unittest.main()
