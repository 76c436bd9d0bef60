"""AWS SDK for JavaScript v3: its tests are in js/ and run by node."""

import os
import pathlib
import shutil
import subprocess
import unittest

from support.case import SystemTest
from support.engine import IMAGE

FOLDER = pathlib.Path(__file__).parent / "js"


class JavaScript(SystemTest):
    def run_node(self, module):
        node = os.environ.get("BATCHD_NODE", "node")
        self.assertTrue(shutil.which(node), f"{node} is missing; scripts/setup installs it")
        self.assertTrue((FOLDER / "node_modules/@aws-sdk/client-batch").is_dir(),
                        f"{FOLDER}/node_modules is missing; scripts/setup fills it")
        done = subprocess.run(
            [node, "--test", module], cwd=FOLDER, capture_output=True, text=True, check=False,
            timeout=300, env={**os.environ, "BATCHD_ENDPOINT": self.daemon.endpoint,
                              "BATCHD_IMAGE": IMAGE, "AWS_EC2_METADATA_DISABLED": "true"})
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"pass [1-9]")

    def test_jobs(self):
        self.run_node("jobs.test.mjs")

    def test_pages(self):
        self.run_node("pages.test.mjs")


if __name__ == "__main__":
    unittest.main()
