"""What attempts used: peak memory and CPU time, as DescribeJobs shows them."""

import json
import os
import subprocess
import unittest

from support.case import SystemTest
from support.docs import commands

# 32 MiB of text, for a moment with half of it beside it; then it counts until the time is up.
GREEDY = ('s = "x"; while (length(s) < 30000000) s = s s; '
          't = systime() + 3; while (systime() < t) n++; print length(s)')
MIB = 1024 * 1024


class Use(SystemTest):
    """Words for the tests below."""

    def used(self, job):
        """By the attempt and by the job."""
        body = json.dumps({"jobs": [job]}).encode()
        detail = self.curl("/v1/describejobs", data=body).json()["jobs"][0]
        return [(c.get("peakMemoryBytes"), c.get("cpuMilliseconds"))
                for c in (detail["attempts"][0]["container"], detail["container"])]


class On(Use):
    def test_memory_and_cpu_time(self):
        job = self.submit(self.define(["awk", f"BEGIN {{ {GREEDY} }}"], memory="128"))
        ended = self.wait_for(job, "SUCCEEDED")
        (memory, cpu), of_job = self.used(job)
        self.assertEqual((memory, cpu), of_job)
        self.assertGreater(memory, 32 * MIB)
        self.assertLessEqual(memory, 128 * MIB)
        elapsed = ended["attempts"][0]["stoppedAt"] - ended["attempts"][0]["startedAt"]
        self.assertGreater(cpu, 200)
        self.assertLessEqual(cpu, elapsed + 1000)
        shown = subprocess.run(
            ["bash", "-euc", commands("native-api.md", "use")], capture_output=True, text=True,
            env={**os.environ, "URL": self.daemon.endpoint, "JOB": job}, check=False, timeout=60)
        self.assertEqual([f'"peakMemoryBytes":{memory}', f'"cpuMilliseconds":{cpu}'] * 2,
                         shown.stdout.replace(" ", "").split(), shown.stderr)

    def test_survives_a_restart_of_the_daemon(self):
        job = self.submit(self.define(["awk", f"BEGIN {{ {GREEDY} }}"], memory="128"))
        self.wait_for(job, "RUNNING")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.wait_for(job, "SUCCEEDED")
        before = self.used(job)
        self.assertGreater(before[0][0], 32 * MIB)
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(before, self.used(job))


class Off(Use):
    settings = {"docker.stats_seconds": 0}

    def test_nothing_is_shown(self):
        job = self.run_command("sleep 1")
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual([(None, None)] * 2, self.used(job))


if __name__ == "__main__":
    unittest.main()
