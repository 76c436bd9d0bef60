"""Children of an array in warm slots: containers in which one runs after another."""

import json
import os
import shutil
import subprocess
import time

from support.case import SystemTest
from support.daemon import Batchd
from support.docs import commands
from support.engine import IMAGE, Engine, busybox_tar
from support.tls import make_certificates
from support.waiting import eventually

DEAF = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
HUNGRY = "a=x; while :; do a=$a$a; done"


class WarmTest(SystemTest):
    settings = {"docker.vcpus": 4, "docker.memory_mib": 1000}

    def warm(self, command, size, container=None, image=IMAGE, tags=None, **more):
        """Submits an array whose children may run in slots; returns its id."""
        definition = self.define(command, container=container, image=image)
        return self.submit(definition, arrayProperties={"size": size},
                           tags={"batchd:warm-slots": "true", **(tags or {})}, **more)

    def output(self, job):
        return self.curl(f"/api/v1/jobs/{job.replace(':', '%3A')}/logs").body.decode()

    def refused(self, text, **members):
        answer = self.curl("/v1/submitjob", data=json.dumps(
            {"jobName": "x", "jobQueue": "default", **members}).encode())
        self.assertEqual(400, answer.status, answer.text)
        self.assertIn(text, answer.json()["message"])

    def created_for(self, job):
        """Names of the containers that were ever made for the array's children."""
        # Whole seconds: "0s" would leave out those of the present one.
        events = self.engine.docker(
            "events", "--since", "1", "--until", str(int(time.time()) + 1),
            "--filter", "event=create",
            "--format", '{{index .Actor.Attributes "batchd.job"}} {{.Actor.Attributes.name}}')
        return [line.split()[1] for line in events.splitlines() if line.startswith(job + ":")]

    def slots(self):
        return [c for c in self.engine.containers() if c["Name"].endswith("-slot")]


class OfChildren(WarmTest):
    def test_by_the_docs(self):
        done = subprocess.run(["bash", "-euc", commands("native-api.md", "warm")],
                              capture_output=True, check=True, timeout=60,
                              env={**os.environ, "URL": self.daemon.endpoint, "IMAGE": IMAGE})
        job = json.loads(done.stdout)["jobId"]
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("99\n", self.output(f"{job}:99"))
        self.assertLess(len(self.created_for(job)), 10)

    def test_each_is_itself_and_containers_are_fewer(self):
        job = self.warm("echo $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ARRAY_INDEX of "
                        "$AWS_BATCH_JOB_ARRAY_SIZE; echo problem >&2; printf end", 20)
        self.wait_for(job, "SUCCEEDED")
        for index in range(20):
            child = f"{job}:{index}"
            self.assertEqual([f"{child} {index} of 20", "end", "problem"],
                             sorted(self.output(child).splitlines()))
            self.assertEqual(0, self.describe(child)["container"]["exitCode"])
        made = self.created_for(job)
        self.assertTrue(1 <= len(made) <= 8, made)
        self.assertTrue(all(name.endswith("-slot") for name in made), made)

    def test_exit_codes_are_their_own(self):
        job = self.warm("exit $AWS_BATCH_JOB_ARRAY_INDEX", 6)
        self.wait_for(job, "FAILED")
        self.assertEqual([0, 1, 2, 3, 4, 5], [self.describe(f"{job}:{i}")["container"]["exitCode"]
                                              for i in range(6)])

    def test_much_output(self):
        line = "x" * 199
        job = self.warm(f"i=0; while [ $i -lt 1000 ]; do echo {line}; i=$((i+1)); done", 3)
        self.wait_for(job, "SUCCEEDED")
        for index in range(3):
            self.assertEqual((line + "\n") * 1000, self.output(f"{job}:{index}"))

    def test_a_fresh_folder_and_nobody_left_over(self):
        job = self.warm("ls -A; pwd; echo $PWD; echo $BATCHD_IMAGE_WORKDIR; touch mine; "
                        "pidof sleep || echo alone; mkdir -p a/b; touch a/b/c; sleep 999 & exit 0", 8)
        self.wait_for(job, "SUCCEEDED")
        seen = set()
        for index in range(8):
            lines = self.output(f"{job}:{index}").splitlines()
            self.assertEqual(4, len(lines), lines)
            self.assertTrue(lines[0].startswith("/tmp/batchd-"), lines)
            self.assertEqual([lines[0], "/", "alone"], lines[1:])
            seen.add(lines[0])
        self.assertEqual(8, len(seen))

    def test_what_it_writes_elsewhere_its_siblings_find(self):
        """The price, as the docs say."""
        job = self.warm("echo x >> /seen; wc -l < /seen", 6)
        self.wait_for(job, "SUCCEEDED")
        counts = [int(self.output(f"{job}:{i}")) for i in range(6)]
        self.assertGreater(max(counts), 1)

    def test_image_of_its_own_entry_point_and_folder(self):
        self.engine.docker("import", "--change", "ENV PATH=/bin", "--change", "ENV GREETING=hello",
                           "--change", 'ENTRYPOINT ["sh", "-c", "echo $GREETING $0 $BATCHD_IMAGE_WORKDIR"]',
                           "--change", 'CMD ["cmd"]', "--change", "WORKDIR /srv", "-",
                           "batchd/entry:latest", input=busybox_tar())
        given = self.warm(["given"], 2, image="batchd/entry:latest")
        own = self.warm([], 2, image="batchd/entry:latest")
        self.wait_for(given, "SUCCEEDED")
        self.wait_for(own, "SUCCEEDED")
        self.assertEqual("hello given /srv\n", self.output(f"{given}:1"))
        self.assertEqual("hello cmd /srv\n", self.output(f"{own}:1"))

    def test_a_command_that_is_not_there(self):
        job = self.warm(["nix"], 2)
        self.wait_for(job, "FAILED")
        child = self.describe(f"{job}:1")
        self.assertEqual("Task failed to start", child["statusReason"])
        self.assertEqual(127, child["container"]["exitCode"])
        self.assertEqual('CannotStartContainerError: Error response from daemon: exec: "nix": '
                         "executable file not found in $PATH", child["container"]["reason"])

    def test_no_place_for_a_folder(self):
        job = self.warm("true", 2, container={"readonlyRootFilesystem": True})
        self.wait_for(job, "FAILED")
        self.assertIn("CannotStartContainerError: Error response from daemon: cannot make a working "
                      "directory below /tmp", self.describe(f"{job}:0")["container"]["reason"])

    def test_as_another_user(self):
        job = self.warm("id -u; touch x; chmod 000 x; mkdir -m 700 d; touch d/y", 3,
                        container={"user": "1234"})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("1234\n", self.output(f"{job}:2"))

    def test_slots_go_when_nobody_needs_them(self):
        job = self.warm("true", 3)
        self.wait_for(job, "SUCCEEDED")
        self.assertTrue(self.engine.containers())
        eventually(lambda: not self.engine.containers(), 30, "no slot is left")


class Ends(WarmTest):
    def test_terminate_ends_one_child_and_its_slot_goes_on(self):
        job = self.warm("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.05; done", 2)
        for index in (0, 1):
            self.wait_for(f"{job}:{index}", "RUNNING")
            eventually(lambda child=f"{job}:{index}": "up" in self.output(child), 30, "it is up")
        self.batch.terminate_job(jobId=f"{job}:0", reason="enough")
        child = self.wait_for(f"{job}:0", "FAILED")
        self.assertEqual(5, child["container"]["exitCode"])
        self.assertEqual("enough", child["statusReason"])
        self.assertEqual("up\nbye\n", self.output(f"{job}:0"))
        self.assertEqual("RUNNING", self.describe(f"{job}:1")["status"])
        self.batch.terminate_job(jobId=job, reason="all")
        self.wait_for(job, "FAILED")

    def test_who_does_not_hear_is_killed(self):
        job = self.warm(DEAF, 2, tags={"batchd:stop-timeout": "1"})
        eventually(lambda: "ready" in self.output(f"{job}:0"), 30, "it is ready")
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")
        self.assertEqual(137, self.describe(f"{job}:0")["container"]["exitCode"])

    def test_time_out(self):
        job = self.warm("exec sleep 600", 2, timeout={"attemptDurationSeconds": 60})
        self.wait_for(job, "FAILED", seconds=90)
        self.assertEqual("Job attempt duration exceeded timeout",
                         self.describe(f"{job}:0")["statusReason"])

    def test_out_of_memory(self):
        job = self.warm(f"if [ $AWS_BATCH_JOB_ARRAY_INDEX = 1 ]; then {HUNGRY}; fi", 6)
        self.wait_for(job, "FAILED")
        child = self.describe(f"{job}:1")
        self.assertEqual("OutOfMemoryError: Container killed due to memory usage",
                         child["container"]["reason"])
        self.assertEqual(137, child["container"]["exitCode"])
        for index in (0, 2, 3, 4, 5):
            self.assertEqual("SUCCEEDED", self.describe(f"{job}:{index}")["status"])

    def test_a_slot_that_is_removed_takes_its_child_with_it_which_is_run_again(self):
        job = self.warm("test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 600", 2)
        for index in (0, 1):
            self.wait_for(f"{job}:{index}", "RUNNING")
        for slot in self.slots():
            self.engine.docker("rm", "-f", slot["Id"])
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(2, len(self.describe(f"{job}:0")["attempts"]))


class Restarts(WarmTest):
    def test_children_of_a_daemon_that_was_killed_are_run_again(self):
        job = self.warm("sleep 0.$((RANDOM % 5 + 1)); echo $AWS_BATCH_JOB_ARRAY_INDEX", 40)
        eventually(lambda: self.done(job) >= 10, 60, "some are done")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.wait_for(job, "SUCCEEDED", seconds=90)
        for index in range(40):
            self.assertIn(f"{index}\n", self.output(f"{job}:{index}"))
        eventually(lambda: not self.engine.containers(), 60, "no container is left")

    def done(self, job):
        return self.describe(job)["arrayProperties"]["statusSummary"]["SUCCEEDED"]


class FarAway(WarmTest):
    """An Engine by TCP with mutual TLS."""

    @classmethod
    def setUpClass(cls):
        certificates = make_certificates()
        cls.addClassCleanup(shutil.rmtree, certificates)
        cls.engine = Engine(certificates)
        cls.addClassCleanup(cls.engine.close)
        cls.engine.start()
        cls.engine.import_image()
        cls.daemon = Batchd(cls.engine.tls_url, {"docker.cert_dir": certificates})
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()

    def test_children_are_in_slots(self):
        line = "x" * 99
        job = self.warm(f"echo $AWS_BATCH_JOB_ARRAY_INDEX; i=0; while [ $i -lt 1000 ]; do "
                        f"echo {line}; i=$((i+1)); done", 12)
        self.wait_for(job, "SUCCEEDED")
        for index in range(12):
            self.assertEqual(f"{index}\n" + (line + "\n") * 1000, self.output(f"{job}:{index}"))
        self.assertLess(len(self.created_for(job)), 10)


class Refusals(WarmTest):
    def test_what_cannot_be(self):
        volume = {"volumes": [{"name": "v"}],
                  "mountPoints": [{"sourceVolume": "v", "containerPath": "/v"}]}
        array = {"arrayProperties": {"size": 2}, "warmSlots": True}
        plain = self.define("true")
        self.refused("warmSlots is for array jobs", jobDefinition=plain, warmSlots=True)
        self.refused("warmSlots true cannot go with volume 'v'",
                     jobDefinition=self.define("true", container=volume), **array)
        self.refused("tag batchd:warm-slots: 'yes' is not true or false", jobDefinition=plain,
                     arrayProperties={"size": 2}, tags={"batchd:warm-slots": "yes"})

    def test_a_definition_says_it_for_its_arrays(self):
        definition = self.define("true", tags={"batchd:warm-slots": "true"})
        self.wait_for(self.submit(definition), "SUCCEEDED")
        job = self.submit(definition, arrayProperties={"size": 2})
        self.wait_for(job, "SUCCEEDED")
        shown = self.curl("/v1/describejobs", data=json.dumps({"jobs": [job]}).encode()).json()
        self.assertIs(True, shown["jobs"][0]["warmSlots"])
