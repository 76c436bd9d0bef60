"""SIGKILL at random moments under load: nothing acknowledged is lost, nothing runs twice, nothing
is left over.

BATCHD_KILL_ROUNDS is the number of kills (100), BATCHD_KILL_SEED repeats a run's moments.
"""

import collections
import os
import random
import sqlite3
import tempfile
import threading
import time
import unittest

from botocore import exceptions

from support.case import SystemTest
from support.clients import boto3_client
from support.waiting import eventually

ROUNDS = int(os.environ.get("BATCHD_KILL_ROUNDS", "100"))
SEED = int(os.environ.get("BATCHD_KILL_SEED", str(time.time_ns() % 1_000_000)))
SUBMITTERS = 3
MOST_WAITING = 12  # jobs that have not ended; more would only make the end longer

# What a job may be, and the attempts that it then takes. Each attempt writes its line first.
WRITE = "echo $AWS_BATCH_JOB_ID $AWS_BATCH_JOB_ATTEMPT >> /shared/runs; echo ran; "
KINDS = {
    "quick": (WRITE + "true", {}, 1),
    "slow": (WRITE + "sleep 0.4", {}, 1),
    "retried": (WRITE + "[ $AWS_BATCH_JOB_ATTEMPT = 2 ]", {"retryStrategy": {"attempts": 2}}, 2),
    # Three children; the second one succeeds when it is tried again.
    "array": (WRITE + "[ $AWS_BATCH_JOB_ARRAY_INDEX != 1 ] || [ $AWS_BATCH_JOB_ATTEMPT = 2 ]",
              {"retryStrategy": {"attempts": 2}, "arrayProperties": {"size": 3}}, 1),
    # Terminated right after its submission: it runs once at most.
    "endless": (WRITE + "trap 'exit 1' TERM; while :; do sleep 0.05; done", {}, 0),
}
REASON = "enough"


class Submitter(threading.Thread):
    """Submits jobs as long as the daemon answers, and remembers those that were acknowledged."""

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.random = random.Random(f"{SEED} {number}")
        self.accepted = {}  # job id: kind
        self.to_terminate = None
        self.failure = None

    def run(self):
        endpoint, client = None, None
        try:
            while not self.test.is_over.is_set():
                if self.test.daemon.endpoint != endpoint:
                    endpoint = self.test.daemon.endpoint
                    client = boto3_client("batch", endpoint, connect_timeout=2)
                try:
                    self.terminate(client)
                    self.submit(client)
                except (exceptions.HTTPClientError, exceptions.ConnectionError):
                    self.test.is_over.wait(0.02)  # it was killed; not acknowledged
        except Exception as failure:  # for the test to report
            self.failure = failure

    def submit(self, client):
        self.test.room.wait(1)
        kind = self.random.choice(list(KINDS))
        more = dict(KINDS[kind][1])
        good = [job for job, kind in self.accepted.items() if kind != "endless"]
        if good and self.random.random() < 0.3:
            more["dependsOn"] = [{"jobId": self.random.choice(good)}]
        answer = client.submit_job(jobName=kind, jobQueue="default", jobDefinition=kind, **more)
        self.accepted[answer["jobId"]] = kind
        if kind == "endless":
            self.to_terminate = answer["jobId"]
        self.test.room.clear()

    def terminate(self, client):
        """Until it is acknowledged."""
        if self.to_terminate:
            client.terminate_job(jobId=self.to_terminate, reason=REASON)
            self.to_terminate = None


class Kill(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory(prefix="batchd.")
        cls.addClassCleanup(cls.shared.cleanup)
        cls.settings = {"containers.allowed_host_paths": [cls.shared.name], "docker.vcpus": 4}
        super().setUpClass()
        mount = {"volumes": [{"name": "shared", "host": {"sourcePath": cls.shared.name}}],
                 "mountPoints": [{"sourceVolume": "shared", "containerPath": "/shared"}]}
        for kind, (command, _, _) in KINDS.items():
            cls.define(command, name=kind, container=mount)
        cls.is_over = threading.Event()
        cls.room = threading.Event()

    def test_nothing_is_lost_or_run_twice_or_left_over(self):
        print(f"\n{ROUNDS} rounds, BATCHD_KILL_SEED={SEED}", flush=True)
        submitters = [Submitter(self, number) for number in range(SUBMITTERS)]
        for submitter in submitters:
            submitter.start()
        try:
            self.kill_again_and_again()
        finally:
            self.is_over.set()
            self.room.set()
            for submitter in submitters:
                submitter.join(30)
        self.assertEqual([None] * SUBMITTERS, [submitter.failure for submitter in submitters])
        accepted = {job: kind for s in submitters for job, kind in s.accepted.items()}
        self.connect()
        for submitter in submitters:
            submitter.terminate(self.batch)
        self.terminate_unacknowledged(accepted)
        self.await_the_end(accepted)
        self.assert_each_attempt_ran_once(accepted)
        self.assert_nothing_is_left(accepted)

    def kill_again_and_again(self):
        moments = random.Random(SEED)
        for _ in range(ROUNDS):
            # Many kills while the daemon starts and adopts, the others in the thick of it.
            self.work_for(moments.choice([0.0, 0.02, 0.2, 1.0, 3.0]) * moments.random())
            self.daemon.kill()
            self.daemon.start()

    def work_for(self, seconds):
        """Lets submitters go on, within the limit of waiting jobs, for so long."""
        deadline = time.monotonic() + seconds
        while True:
            with sqlite3.connect(f"file:{self.daemon.database}?mode=ro", uri=True) as database:
                waiting, = database.execute("SELECT count(*) FROM job WHERE status < 5").fetchone()
            database.close()
            if waiting < MOST_WAITING:
                self.room.set()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self.is_over.wait(min(left, 0.02))

    def terminate_unacknowledged(self, accepted):
        """Endless jobs that nobody knows of: a kill came between their commit and their reply."""
        for status in ("RUNNABLE", "STARTING", "RUNNING"):
            for job in self.batch.list_jobs(jobQueue="default",
                                            jobStatus=status)["jobSummaryList"]:
                if job["jobName"] == "endless" and job["jobId"] not in accepted:
                    self.batch.terminate_job(jobId=job["jobId"], reason=REASON)

    def await_the_end(self, accepted):
        def unfinished():
            jobs, found = list(accepted), {}
            for i in range(0, len(jobs), 100):
                answer = self.batch.describe_jobs(jobs=jobs[i:i + 100])
                found.update((job["jobId"], job) for job in answer["jobs"])
            self.assertEqual([], [job for job in jobs if job not in found], "acknowledged and lost")
            return [job for job in found.values()
                    if not ended_as_expected(job, accepted[job["jobId"]])]

        eventually(lambda: not unfinished(), 120,
                   lambda: f"all ended well: {unfinished()}\n{self.daemon.log_tail()}")

    def assert_each_attempt_ran_once(self, accepted):
        with open(os.path.join(self.shared.name, "runs")) as file:
            runs = collections.Counter(tuple(line.split()) for line in file)
        self.assertEqual([], [run for run, times in runs.items() if times > 1], "run twice")
        expected = {run for job, kind in accepted.items() for run in expected_runs(job, kind)}
        self.assertEqual(set(), expected - set(runs), "acknowledged and not run")
        print(f"{len(accepted)} jobs acknowledged, {len(runs)} attempts run", flush=True)

    def assert_nothing_is_left(self, accepted):
        # A job whose acknowledgement the kill cut off may be there as well: it ended too.
        def rows_left():
            with sqlite3.connect(f"file:{self.daemon.database}?mode=ro", uri=True) as database:
                jobs = database.execute("SELECT hex(id) FROM job WHERE status < 5").fetchall()
                children = database.execute(
                    "SELECT job_seq, part FROM child WHERE status < 5").fetchall()
                attempts = database.execute(
                    "SELECT job_seq, number FROM attempt WHERE stopped_at IS NULL").fetchall()
            database.close()
            return jobs + children + attempts

        eventually(lambda: not rows_left(), 60, lambda: f"no row is left: {rows_left()}")
        eventually(lambda: not self.engine.containers("label=batchd.instance"), 30,
                   lambda: "no container is left: " + self.engine.docker("ps", "-a"))
        finished = [job + (":2" if kind == "array" else "")
                    for job, kind in accepted.items() if kind != "endless"]
        for job in random.Random(SEED).sample(finished, min(50, len(finished))):
            self.assertEqual("ran\n", self.output(job), job)


def expected_runs(job, kind):
    """(job id, attempt) as the containers write them."""
    if kind == "array":
        return [(f"{job}:0", "1"), (f"{job}:1", "1"), (f"{job}:1", "2"), (f"{job}:2", "1")]
    return [(job, str(attempt)) for attempt in range(1, KINDS[kind][2] + 1)]


def ended_as_expected(job, kind):
    if kind == "endless":
        return (job["status"], job.get("statusReason")) == ("FAILED", REASON)
    return job["status"] == "SUCCEEDED"


if __name__ == "__main__":
    unittest.main()
