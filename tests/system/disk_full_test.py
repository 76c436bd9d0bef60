"""The disk of the data folder is full: nothing acknowledged is lost, and it recovers by itself."""

import os
import subprocess
import tempfile
import unittest

import botocore.exceptions

from support.case import SystemTest
from support.clients import boto3_client
from support.daemon import Batchd
from support.engine import Engine
from support.waiting import eventually


class DiskFull(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.engine = Engine.shared()
        cls.disk = tempfile.mkdtemp(prefix="batchd.")
        cls.addClassCleanup(os.rmdir, cls.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", cls.disk], check=True)
        cls.addClassCleanup(subprocess.run, ["umount", cls.disk], check=True)
        cls.daemon = Batchd(cls.engine.url, data_dir=f"{cls.disk}/data")
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()

    def fill(self):
        with open(f"{self.disk}/ballast", "ab", buffering=0) as ballast:
            try:
                while ballast.write(b"x" * 4096) == 4096:
                    pass
            except OSError:
                pass

    def make_room(self):
        os.remove(f"{self.disk}/ballast")

    def submit_until_refused(self, definition):
        """Submits jobs that wait for one another. Returns the acknowledged ids and the error."""
        accepted = []
        for _ in range(100_000):
            try:
                accepted.append(self.submit(definition, after=accepted[-1:]))
            except botocore.exceptions.ClientError as error:
                return accepted, error.response
        raise AssertionError("the full disk was not noticed")

    def assert_server_exception(self, response):
        self.assertEqual("ServerException", response["Error"]["Code"])
        self.assertEqual(500, response["ResponseMetadata"]["HTTPStatusCode"])

    def is_ready(self):
        return self.curl("/readyz").status == 200

    def test_writes_are_refused_until_there_is_space_again(self):
        definition = self.define("true")
        eventually(self.is_ready, 10, "batchd is ready")
        self.fill()
        accepted, response = self.submit_until_refused(definition)
        self.assert_server_exception(response)

        self.assertEqual(503, self.curl("/readyz").status)
        self.assertIn("the database takes no writes", " ".join(
            self.curl("/readyz").json()["problems"]))
        self.assertEqual(200, self.curl("/healthz").status)
        self.assertEqual(1, len(self.batch.describe_job_queues()["jobQueues"]))
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            self.define("true")
        self.assert_server_exception(caught.exception.response)
        with self.assertRaises(self.batch.exceptions.ClientException):
            self.submit(definition, name="no spaces")

        self.make_room()
        eventually(self.is_ready, 30, lambda: str(self.curl("/readyz").json()))
        accepted.append(self.submit(definition, after=accepted[-1:]))
        self.assertEqual([], self.missing(accepted))
        self.wait_for(accepted[-1], "SUCCEEDED", seconds=120)

        self.daemon.kill()
        self.daemon.start()
        type(self).batch = boto3_client("batch", self.daemon.endpoint)
        self.assertEqual([], self.missing(accepted))
        self.assertEqual("SUCCEEDED", self.describe(accepted[0])["status"])

    def missing(self, jobs):
        found = set()
        for i in range(0, len(jobs), 100):
            answer = self.batch.describe_jobs(jobs=jobs[i:i + 100])
            found.update(job["jobId"] for job in answer["jobs"])
        return [job for job in jobs if job not in found]


if __name__ == "__main__":
    unittest.main()
