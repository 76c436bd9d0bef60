"""The client subcommands of the batchd binary."""

import os
import subprocess

from .daemon import BINARY


def environment(endpoint, **variables):
    """With the binary's folder first in PATH, so that scripts find it as users do."""
    path = os.path.dirname(BINARY) + ":" + os.environ["PATH"]
    return {**os.environ, "BATCHD_URL": endpoint, "PATH": path, **variables}


def batchd(endpoint, *arguments, seconds=60, **variables):
    """`batchd ARGUMENTS`, to its end."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, check=False,
                          timeout=seconds, stdin=subprocess.DEVNULL,
                          env=environment(endpoint, **variables))


def start_batchd(endpoint, *arguments, **variables):
    """`batchd ARGUMENTS`, as a process whose stdout and stderr are read as they come."""
    return subprocess.Popen([BINARY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            stdin=subprocess.DEVNULL, text=True,
                            env=environment(endpoint, **variables))
