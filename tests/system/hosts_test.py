"""Hosts of an environment that come, drain, fail and go, with two real Engines: `a` by a unix
socket, `b` by TCP with mutual TLS and the certificates of docs/operations.md."""

import json
import shutil
import subprocess
import unittest

from support.case import SystemTest
from support.daemon import Batchd
from support.engine import Engine
from support.tls import documented_commands, make_certificates
from support.waiting import eventually

HOSTS = "/api/v1/compute-environments/pool/hosts"
LOST = "Host EC2 (instance {}) terminated."
UNTIL_TOLD = "while [ ! -e /tmp/go ]; do sleep 0.05; done"
# The second attempt ends when it is told to, the first only with its host.
SECOND_ATTEMPT = ("trap 'exit 1' TERM; "
                  "while [ $AWS_BATCH_JOB_ATTEMPT = 1 ] || [ ! -e /tmp/go ]; do sleep 0.05; done")
TWICE = {"attempts": 2}


class Hosts(SystemTest):

    @classmethod
    def setUpClass(cls):
        cls.certificates = make_certificates()
        cls.addClassCleanup(shutil.rmtree, cls.certificates)
        cls.engine = Engine.shared()  # the local host
        cls.engines = {"a": Engine(), "b": Engine(cls.certificates)}
        for engine in cls.engines.values():
            cls.addClassCleanup(engine.close)
            engine.start()
            engine.import_image()
        cls.daemon = Batchd(cls.engine.url)
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()
        cls.batch.create_compute_environment(computeEnvironmentName="pool", type="UNMANAGED")
        cls.batch.create_job_queue(
            jobQueueName="pool", priority=1, state="ENABLED",
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "pool"}])
        cls.documents = {
            "a": {"url": cls.engines["a"].url, "vcpus": 2},
            "b": {"url": cls.engines["b"].tls_url, "certificateDirectory": cls.certificates,
                  "vcpus": 2, "labels": {"rack": "7"}}}

    def setUp(self):
        for name in self.documents:
            self.put(name, state="ACTIVE")
        for name in self.documents:
            self.until_up(name)

    def call(self, method, path="", body=None, status=200):
        data = None if body is None else json.dumps(body).encode()
        answer = self.curl(HOSTS + path, "--request", method, data=data)
        self.assertEqual(status, answer.status, answer.text)
        return answer.json()

    def put(self, name, **more):
        return self.call("PUT", "/" + name, {**self.documents[name], **more})

    def host(self, name):
        return self.call("GET", "/" + name)

    def until_up(self, name):
        eventually(lambda: self.host(name)["status"] == "UP", 30,
                   lambda: f"{name} is up: {self.host(name)}")

    def restart(self):
        self.daemon.kill()
        self.daemon.start()
        self.connect()

    def run_in_pool(self, command, **more):
        return self.run_command(command, queue="pool", **more)

    def run_on(self, name, command, **more):
        """A job that runs on that host; then all hosts are open."""
        others = [other for other in self.documents if other != name]
        for other in others:
            self.put(other, state="DRAINING")
        job = self.run_in_pool(command, **more)
        self.wait_for(job, "RUNNING")
        for other in others:
            self.put(other, state="ACTIVE")
        self.assertEqual([job], [entry["jobId"] for entry in self.host(name)["attempts"]])
        return job

    def where(self, job):
        return [name for name, engine in self.engines.items() if engine.containers_of(job)]

    def tell(self, job):
        """Lets a job that runs UNTIL_TOLD end."""
        (engine, container), = ((engine, container) for engine in self.engines.values()
                                for container in engine.containers_of(job))
        engine.docker("exec", container["Id"], "touch", "/tmp/go")

    def assert_lost_then_run_on(self, job, lost, then):
        eventually(lambda: self.where(job) == [then] and
                   self.describe(job)["status"] == "RUNNING", 60,
                   lambda: f"the retry runs on {then}: {self.where(job)} {self.describe(job)}")
        self.tell(job)
        detail = self.wait_for(job, "SUCCEEDED")
        first, second = detail["attempts"]
        self.assertEqual(LOST.format(lost), first["statusReason"])
        self.assertNotIn("exitCode", first["container"])
        self.assertEqual(0, second["container"]["exitCode"])

    def test_jobs_spread_over_both_and_survive_a_kill_of_the_daemon(self):
        jobs = [self.run_in_pool(UNTIL_TOLD) for _ in range(4)]
        for job in jobs:
            self.wait_for(job, "RUNNING")
        homes = [self.where(job) for job in jobs]
        self.assertEqual([["a"], ["a"], ["b"], ["b"]], sorted(homes))
        listed = self.call("GET")
        self.assertFalse(listed["usesLocalEngine"])
        self.assertEqual([2, 2], [host["runningAttempts"] for host in listed["hosts"]])
        self.assertEqual([2, 2], [host["used"]["vcpus"] for host in listed["hosts"]])
        fifth = self.run_in_pool("true")
        eventually(lambda: "WAITING_FOR_RESOURCES" in self.describe(fifth).get("statusReason", ""),
                   10, "the capacity is what the documents say")
        self.restart()
        for name in self.documents:
            self.until_up(name)
        self.assertEqual({"rack": "7"}, self.host("b")["labels"])
        for job in jobs:
            self.tell(job)
        for job in jobs:
            self.assertEqual(1, len(self.wait_for(job, "SUCCEEDED")["attempts"]))
        self.wait_for(fifth, "SUCCEEDED")

    def test_a_drain_ends_at_its_deadline_also_after_a_kill(self):
        for is_killed in (False, True):
            with self.subTest(is_killed=is_killed):
                self.put("b", state="ACTIVE")
                self.until_up("b")
                job = self.run_on("b", SECOND_ATTEMPT, retryStrategy=TWICE)
                drained = self.call("POST", "/b/drain?deadlineSeconds=2")
                self.assertEqual("DRAINING", drained["state"])
                self.assertIn("drainDeadline", drained)
                if is_killed:
                    self.restart()
                self.assert_lost_then_run_on(job, "b", "a")
                self.assertEqual(0, self.host("b")["runningAttempts"])

    def test_a_drained_host_goes_with_its_last_attempt(self):
        job = self.run_on("b", UNTIL_TOLD)
        self.assertIn("drain it first", self.call("DELETE", "/b", status=409)["message"])
        self.call("POST", "/b/drain")
        self.assertEqual({"name": "b", "removed": False}, self.call("DELETE", "/b"))
        self.assertTrue(self.host("b")["deleting"])
        self.tell(job)
        self.wait_for(job, "SUCCEEDED")
        self.call("GET", "/b", status=404)

    def test_an_engine_that_goes_away_and_comes_back(self):
        job = self.run_on("b", SECOND_ATTEMPT, retryStrategy=TWICE)
        self.engines["b"].stop()
        eventually(lambda: self.host("b")["status"] == "UNAVAILABLE", 30, "it is noticed")
        self.assertTrue(self.host("b")["reason"])
        self.put("a", state="DRAINING")
        waiting = self.run_in_pool("true")
        eventually(lambda: "HOST_UNAVAILABLE" in self.describe(waiting).get("statusReason", ""),
                   10, "a job says why it waits")
        self.engines["b"].start()
        self.until_up("b")
        self.wait_for(waiting, "SUCCEEDED")
        self.assert_lost_then_run_on(job, "b", "b" if self.where(job) == ["b"] else "a")

    def test_deletion_by_force_runs_jobs_elsewhere(self):
        job = self.run_on("b", SECOND_ATTEMPT, retryStrategy=TWICE)
        self.assertEqual({"name": "b", "removed": True}, self.call("DELETE", "/b?force=true"))
        self.call("GET", "/b", status=404)
        self.assert_lost_then_run_on(job, "b", "a")

    def test_a_second_name_of_an_engine_harms_nobody(self):
        job = self.run_on("a", UNTIL_TOLD)
        self.call("PUT", "/twin", {"url": self.engines["a"].url, "vcpus": 1})
        self.addCleanup(self.call, "DELETE", "/twin?force=true")
        self.until_up("twin")
        self.call("POST", "/a/drain")
        self.call("POST", "/b/drain")
        self.wait_for(self.run_in_pool("true"), "SUCCEEDED")
        self.restart()
        self.until_up("twin")
        self.until_up("a")
        self.wait_for(self.run_in_pool("true"), "SUCCEEDED")
        container, = self.engines["a"].containers_of(job)
        self.assertEqual("a", container["Config"]["Labels"]["batchd.host"])
        self.tell(job)
        self.assertEqual(1, len(self.wait_for(job, "SUCCEEDED")["attempts"]))

    def test_the_documented_commands_work(self):
        self.call("DELETE", "/b?force=true")
        for fence, heading in enumerate(("A host by TLS", "Drain, remove, replace")):
            commands = documented_commands(heading, 1 - fence)
            for text, real in (("$BATCHD", self.daemon.endpoint),
                               ("tcp://gpu-7.example.com:2376", self.engines["b"].tls_url),
                               ("/etc/batchd/gpu-7", self.certificates)):
                commands = commands.replace(text, real)
            for line in commands.replace("\n  ", " ").splitlines():
                self.shell(line)
            if fence == 0:
                self.until_up("gpu-7")
        self.call("GET", "/gpu-7", status=404)

    def shell(self, command):
        done = subprocess.run(["sh", "-e", "-c", command.replace("curl", "curl -sf")],
                              capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, f"{command}: {done.stderr}")

    def test_strangers_are_not_trusted(self):
        others = make_certificates()
        self.addCleanup(shutil.rmtree, others)
        self.call("PUT", "/stranger", {**self.documents["b"], "certificateDirectory": others})
        self.addCleanup(self.call, "DELETE", "/stranger")
        eventually(lambda: "certificate" in self.host("stranger").get("reason", ""), 30,
                   lambda: str(self.host("stranger")))
        self.assertEqual("UNAVAILABLE", self.host("stranger")["status"])

    def test_wrong_requests_name_field_value_and_rule(self):
        for body, text in (
                ({}, "url '' must be unix:///path or tcp://host:port"),
                ({"url": "tcp://10.0.0.1:2375"}, "must not be used without certificateDirectory"),
                ({"url": "unix:///x", "vcpus": 0}, "vcpus '0' must be between 1 and 100000"),
                ({"url": "unix:///x", "name": "z"}, "name 'z' must be the one in the path, 'x'"),
                ({"url": 7}, "url must be a string, got 7")):
            self.assertIn(text, self.call("PUT", "/x", body, 400)["message"])
        self.assertIn("deadlineSeconds 'soon'",
                      self.call("POST", "/a/drain?deadlineSeconds=soon", status=400)["message"])
        self.assertIn("force 'yes'", self.call("DELETE", "/a?force=yes", status=400)["message"])
        elsewhere = self.curl("/api/v1/compute-environments/none/hosts")
        self.assertEqual(404, elsewhere.status)


class ConfiguredHosts(SystemTest):

    def test_hosts_of_the_configuration_come_stay_and_go(self):
        path = "/api/v1/compute-environments/farm/hosts"
        table = ('[[hosts]]\nenvironment = "farm"\nname = "c"\n'
                 f'url = "{self.engine.url}"\nvcpus = 3\nlabels = {{ rack = "1" }}\n')
        daemon = Batchd(self.engine.url, config=table)
        self.addCleanup(daemon.close)
        type(self).daemon, outer = daemon, self.daemon
        self.addCleanup(setattr, type(self), "daemon", outer)
        daemon.start()
        eventually(lambda: self.curl(path + "/c").json().get("status") == "UP", 30, "it is there")
        host, = self.curl(path).json()["hosts"]
        self.assertEqual(("CONFIGURED", 3, {"rack": "1"}),
                         (host["origin"], host["vcpus"], host["labels"]))
        put = self.curl(path + "/c", "--request", "PUT", data=b'{"url": "unix:///x"}')
        self.assertEqual(409, put.status, put.text)
        self.assertEqual(409, self.curl(path + "/c", "--request", "DELETE").status)
        self.assertEqual(200, self.curl(path + "/c/drain", "--request", "POST").status)
        daemon.kill()
        daemon.start()
        self.assertEqual("DRAINING", self.curl(path + "/c").json()["state"])
        daemon.kill()
        daemon.config = ""
        daemon.start()
        eventually(lambda: self.curl(path + "/c").status == 404, 10, "it is gone")


if __name__ == "__main__":
    unittest.main()
