"""Certificates made as docs/operations.md tells an operator to."""

import os
import re
import subprocess
import tempfile

from .daemon import REPOSITORY


def documented_commands(heading, fence=0):
    """The shell block number `fence` below a heading of docs/operations.md."""
    text = (REPOSITORY / "docs/operations.md").read_text()
    section = text.split(f"\n### {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[fence]


def make_certificates(names="IP:127.0.0.1"):
    """A folder with an authority, a server's certificate and a client's."""
    folder = tempfile.mkdtemp(prefix="bdtls.")
    done = subprocess.run(["sh", "-e", "-c", documented_commands("A host by TLS")], cwd=folder,
                          env={**os.environ, "NAMES": names}, capture_output=True, text=True,
                          check=False)
    if done.returncode != 0:
        raise AssertionError(f"openssl: {done.stderr}")
    return folder
