"""SIGKILL at random moments with 100,000 jobs, single ones, batches and arrays, while they are
submitted and while they run: nothing acknowledged is lost, nothing is there or ends twice.

The attempts are those of the bench's runtime without containers; what Docker adds is kill_test.py's.
BATCHD_KILL_MANY_ROUNDS is the number of kills (20), BATCHD_KILL_SEED repeats a run's moments.
"""

import collections
import http.client
import json
import os
import queue
import random
import sqlite3
import threading
import time
import unittest

from support.daemon import Batchd, null_daemon
from support.waiting import eventually

ROUNDS = int(os.environ.get("BATCHD_KILL_MANY_ROUNDS", "20"))
SEED = int(os.environ.get("BATCHD_KILL_SEED", str(time.time_ns() % 1_000_000)))
SUBMITTERS = 4
RUN_MILLISECONDS = 300
VCPUS = 50  # of a job: 2,000 run at a time

SINGLES = 5_000
BATCHES = 11       # of so many jobs
IN_BATCH = 5_000
ARRAYS = 4         # of so many children
IN_ARRAY = 10_000
JOBS = SINGLES + BATCHES * IN_BATCH + ARRAYS * IN_ARRAY  # 100,000
SUCCEEDED = 5


def job(name, **more):
    return {"jobName": name, "jobQueue": "default", "jobDefinition": "noop", **more}


def batch(number):
    """Every tenth job waits for the one before it."""
    jobs = [job(f"batch-{number}-{i}") for i in range(IN_BATCH)]
    for i in range(10, IN_BATCH, 10):
        jobs[i]["dependsOn"] = [{"jobId": f"@{i - 1}"}]
    return jobs


def all_requests():
    """(path, body), each of which is sent until it is acknowledged."""
    for i in range(SINGLES):
        yield "/v1/submitjob", job(f"single-{i}")
    for number in range(BATCHES):
        yield "/api/v1/jobs:batch", {"jobs": batch(number)}
    for number in range(ARRAYS):
        yield "/v1/submitjob", job(f"array-{number}", arrayProperties={"size": IN_ARRAY})


class Submitter(threading.Thread):
    """Sends requests until none is left, each with a key of its own, by which the daemon knows one
    that it has taken already but could not answer."""

    def __init__(self, test, number):
        super().__init__(daemon=True)
        self.test = test
        self.random = random.Random(f"{SEED} {number}")
        self.accepted = {}  # name: job id
        self.failure = None

    def run(self):
        try:
            while True:
                number, path, body = self.test.requests.get_nowait()
                self.keep(self.until_acknowledged(number, path, body))
                if self.random.random() < 0.01:  # as if the answer had been lost
                    self.keep(self.until_acknowledged(number, path, body))
        except queue.Empty:
            pass
        except Exception as failure:  # for the test to report
            self.failure = failure

    def until_acknowledged(self, number, path, body):
        bytes_of_body = json.dumps(body)
        while True:
            try:
                connection = http.client.HTTPConnection(self.test.daemon.address, timeout=60)
                connection.request("POST", path, bytes_of_body,
                                   {"Content-Type": "application/json",
                                    "Idempotency-Key": f"request-{number}"})
                response = connection.getresponse()
                answer = json.loads(response.read())
                if response.status != 200:
                    raise AssertionError(f"{path}: {response.status} {answer}")
                return answer.get("jobs", [answer])
            except (http.client.HTTPException, OSError):
                if self.test.is_over.wait(0.02):
                    raise
            finally:
                connection.close()

    def keep(self, jobs):
        for entry in jobs:
            known = self.accepted.setdefault(entry["jobName"], entry.get("jobId"))
            if known is None or known != entry["jobId"]:
                raise AssertionError(f"{entry} was {known} before")


class KillMany(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Batchd("unix:///nowhere", program=null_daemon(RUN_MILLISECONDS))
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.is_over = threading.Event()
        definition = {"jobDefinitionName": "noop", "type": "container", "containerProperties": {
            "image": "busybox", "resourceRequirements": [{"type": "VCPU", "value": str(VCPUS)},
                                                         {"type": "MEMORY", "value": "16"}]}}
        cls.fetch("POST", "/v1/registerjobdefinition", definition)
        requests = [(number, *request) for number, request in enumerate(all_requests())]
        random.Random(SEED).shuffle(requests)
        cls.requests = queue.SimpleQueue()
        for request in requests:
            cls.requests.put(request)

    @classmethod
    def fetch(cls, method, path, body=None):
        connection = http.client.HTTPConnection(cls.daemon.address, timeout=60)
        try:
            connection.request(method, path, body and json.dumps(body))
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def rows(self, query):
        with sqlite3.connect(f"file:{self.daemon.database}?mode=ro", uri=True) as database:
            rows = database.execute(query).fetchall()
        database.close()
        return rows

    def test_nothing_is_lost_or_there_twice(self):
        print(f"\n{ROUNDS} rounds, BATCHD_KILL_SEED={SEED}", flush=True)
        submitters = [Submitter(self, number) for number in range(SUBMITTERS)]
        for submitter in submitters:
            submitter.start()
        try:
            self.kill_again_and_again()
            for submitter in submitters:
                submitter.join(120)
        finally:
            self.is_over.set()
        self.assertEqual([None] * SUBMITTERS, [submitter.failure for submitter in submitters])
        accepted = {name: id for s in submitters for name, id in s.accepted.items()}
        self.assertEqual(SINGLES + BATCHES * IN_BATCH + ARRAYS, len(accepted))
        eventually(lambda: not self.open_jobs(), 120,
                   lambda: f"all end: {self.open_jobs()} wait\n{self.daemon.log_tail()}")
        self.assert_each_is_there_once(accepted)
        self.assert_each_ran_once()
        self.assert_each_end_is_told_once(accepted)

    def kill_again_and_again(self):
        moments = random.Random(SEED)
        for _ in range(ROUNDS):
            # Some while the daemon starts and adopts, the others in the thick of it.
            self.is_over.wait(moments.choice([0.02, 0.3, 3.0, 3.0]) * moments.random())
            waiting = self.open_jobs()
            self.daemon.kill()
            print(f"killed with {waiting} of {self.stored_jobs()} jobs open", flush=True)
            self.daemon.start()

    def open_jobs(self):
        (count,), = self.rows(f"SELECT count(*) FROM job WHERE status < {SUCCEEDED}")
        return count

    def stored_jobs(self):
        (count,), = self.rows("SELECT sum(max(array_size, 1)) FROM job")
        return count or 0

    def assert_each_is_there_once(self, accepted):
        stored = self.rows("SELECT name, lower(hex(id)) FROM job")
        self.assertEqual(len(accepted), len(stored), "a job is lost, or there twice")
        self.assertEqual({name: id.replace("-", "") for name, id in accepted.items()}, dict(stored))
        self.assertEqual(JOBS, self.stored_jobs())

    def assert_each_ran_once(self):
        self.assertEqual([], self.rows(f"SELECT name, status FROM job WHERE status <> {SUCCEEDED}"))
        self.assertEqual([], self.rows(f"SELECT * FROM child WHERE status <> {SUCCEEDED}"))
        self.assertEqual([(ARRAYS * IN_ARRAY,)], self.rows("SELECT count(*) FROM child"))
        self.assertEqual([], self.rows(
            "SELECT * FROM attempt WHERE number <> 1 OR exit_code IS NOT 0 OR stopped_at IS NULL"))
        self.assertEqual([(JOBS,)], self.rows("SELECT count(*) FROM attempt"))

    def assert_each_end_is_told_once(self, accepted):
        told = collections.Counter()
        position, newest = 0, None
        while position != newest:
            page = self.fetch("GET", "/api/v1/events?follow=0&status=SUCCEEDED&limit=1000"
                                     f"&since={position}")
            self.assertFalse(page["reset"])
            told.update(event["detail"]["jobId"] for event in page["events"])
            position, newest = page["next"], page["newest"]
        self.assertEqual([], [id for id, times in told.items() if times > 1], "told twice")
        arrays = [accepted[f"array-{number}"] for number in range(ARRAYS)]
        children = {f"{array}:{i}" for array in arrays for i in range(IN_ARRAY)}
        self.assertEqual(set(accepted.values()) | children, set(told))


if __name__ == "__main__":
    unittest.main()
