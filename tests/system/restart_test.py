"""The daemon stops, dies and comes back; jobs do not notice."""

import os
import subprocess
import tempfile
import unittest

from support.case import SystemTest
from support.daemon import Batchd
from support.waiting import eventually


class Restart(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="batchd.")
        cls.addClassCleanup(cls.shared.cleanup)
        cls.settings = {"containers.allowed_host_paths": [cls.shared.name]}
        super().setUpClass()

    def start_again(self):
        self.daemon.start()
        self.connect()

    def signalled_job(self, commands):
        """A job that can wait for a file: `wait_for NAME`. Returns its id and the folder."""
        folder = tempfile.mkdtemp(dir=self.shared.name)
        definition = self.define(
            "wait_for() { while [ ! -e /shared/$1 ]; do sleep 0.05; done; }; " + commands,
            container={"volumes": [{"name": "shared", "host": {"sourcePath": folder}}],
                       "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}]})
        return self.submit(definition), folder

    def assert_adopted(self, stop, go_while_down):
        job, folder = self.signalled_job(
            "echo run >> /shared/runs; for i in $(seq 1 500); do echo before $i; done; "
            "touch /shared/ready; wait_for go; for i in $(seq 1 500); do echo after $i; done; "
            "touch /shared/done")
        eventually(lambda: os.path.exists(f"{folder}/ready"), 30, "the job runs")
        self.wait_for(job, "RUNNING")
        container, = self.engine.containers_of(job)
        stop()
        self.assertTrue(self.engine.containers_of(job)[0]["State"]["Running"])
        if go_while_down:
            open(f"{folder}/go", "w").close()
            eventually(lambda: os.path.exists(f"{folder}/done"), 30, "the job ends")
        self.start_again()
        if not go_while_down:
            self.assertEqual("RUNNING", self.wait_for(job, "RUNNING")["status"])
            self.assertEqual([container["Id"]],
                             [found["Id"] for found in self.engine.containers_of(job)])
            open(f"{folder}/go", "w").close()
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(1, len(detail["attempts"]))
        with open(f"{folder}/runs") as runs:
            self.assertEqual("run\n", runs.read())
        expected = [f"{word} {i}" for word in ("before", "after") for i in range(1, 501)]
        self.assertEqual(expected, self.output(job).splitlines())
        eventually(lambda: not self.engine.containers_of(job), 10, "the container is removed")

    def stop_orderly(self):
        code, seconds = self.daemon.terminate()
        self.assertEqual(0, code, self.daemon.log_tail())
        self.assertLess(seconds, 5)

    def test_a_stop_leaves_the_container_running_and_the_start_adopts_it(self):
        self.assert_adopted(self.stop_orderly, go_while_down=False)

    def test_a_job_that_ends_while_the_daemon_is_stopped(self):
        self.assert_adopted(self.stop_orderly, go_while_down=True)

    def test_a_kill_leaves_the_container_running_and_the_start_adopts_it(self):
        self.assert_adopted(self.daemon.kill, go_while_down=False)

    def test_a_job_that_ends_while_the_daemon_is_dead(self):
        self.assert_adopted(self.daemon.kill, go_while_down=True)

    def test_a_container_that_was_removed_meanwhile_ends_its_attempt(self):
        job, _ = self.signalled_job("wait_for never")
        self.wait_for(job, "RUNNING")
        self.daemon.kill()
        self.engine.docker("rm", "-f", self.engine.containers_of(job)[0]["Id"])
        self.start_again()
        lost, = eventually(lambda: self.describe(job)["attempts"], 60, "the attempt has ended")
        self.assertTrue(lost["statusReason"].startswith("Host EC2 (instance "), lost)
        self.wait_for(job, "RUNNING")  # it is tried again: that was not its own failure
        self.batch.terminate_job(jobId=job, reason="seen")
        self.wait_for(job, "FAILED")

    def test_everything_acknowledged_is_there_after_a_kill(self):
        definition = self.define("true", tags={"kept": "yes"})
        self.batch.create_job_queue(
            jobQueueName="kept", priority=5, state="DISABLED",
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
        jobs = [self.submit(definition) for _ in range(20)]
        self.daemon.kill()
        self.start_again()
        queue, = self.batch.describe_job_queues(jobQueues=["kept"])["jobQueues"]
        self.assertEqual((5, "DISABLED"), (queue["priority"], queue["state"]))
        found, = self.batch.describe_job_definitions(jobDefinitions=[definition])["jobDefinitions"]
        self.assertEqual({"kept": "yes"}, found["tags"])
        for job in jobs:
            self.wait_for(job, "SUCCEEDED")

    def test_a_stop_answers_those_who_wait(self):
        job, folder = self.signalled_job("wait_for go")
        self.wait_for(job, "RUNNING")
        waiter = subprocess.Popen(
            ["curl", "--silent", "--write-out", "%{http_code}", "--output", os.devnull,
             f"{self.daemon.endpoint}/api/v1/jobs/{job}/wait?timeout=50"], stdout=subprocess.PIPE)
        follower = subprocess.Popen(
            ["curl", "--silent", "--no-buffer",
             f"{self.daemon.endpoint}/api/v1/jobs/{job}/logs?follow=true"],
            stdout=subprocess.PIPE)
        eventually(lambda: _connections(self.daemon.port) >= 2, 10, "both are connected")
        self.stop_orderly()
        self.assertEqual(b"200", waiter.communicate(timeout=10)[0])
        follower.communicate(timeout=10)
        open(f"{folder}/go", "w").close()
        self.start_again()
        self.wait_for(job, "SUCCEEDED")

    def test_a_second_daemon_on_the_folder_is_refused(self):
        second = Batchd(self.engine.url, data_dir=self.daemon.data_dir)
        self.addCleanup(second.close)
        second.spawn()
        self.assertNotEqual(0, second.process.wait(20))
        self.assertIn(self.daemon.data_dir, second.log_tail())
        self.assertIn("another batchd", second.log_tail())
        self.assertEqual(200, self.curl("/healthz").status)


def _connections(port):
    """Established connections to a local port."""
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "01" for row in rows)


class Configuration(unittest.TestCase):
    def test_a_bad_configuration_is_refused_with_its_key(self):
        for key, value in (("http.threads", "many"), ("scheduler.order", "random")):
            daemon = Batchd("unix:///nowhere/docker.sock", {key: value})
            self.addCleanup(daemon.close)
            daemon.spawn()
            self.assertNotEqual(0, daemon.process.wait(20))
            self.assertIn(key, daemon.log_tail())


if __name__ == "__main__":
    unittest.main()
