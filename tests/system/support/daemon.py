"""The real batchd, as a process that a test starts, stops and kills."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from .waiting import eventually

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("BATCHD_BINARY", str(REPOSITORY / "build/release/batchd"))
BENCH = os.environ.get("BATCHD_BENCH", str(pathlib.Path(BINARY).parent / "tests/batchd_bench"))
ANNOUNCEMENT = "batchd listening on "


def null_daemon(run_milliseconds):
    """The command of a daemon with a runtime that starts no containers: each attempt succeeds after
    so long. Its one host has room for 100,000 vCPUs."""
    if not os.access(BENCH, os.X_OK):
        raise AssertionError(f"{BENCH} is missing; scripts/build release bench makes it")
    return [BENCH, "null-daemon", str(run_milliseconds)]


class Batchd:
    """One data folder and, most of the time, a daemon on it. Settings are configuration keys:
    Batchd(url, {"docker.vcpus": 4}). `variables` are for its environment, which knows nothing of
    the AWS account that the machine may have. `program` is a command in the place of batchd."""

    def __init__(self, docker_url, settings=None, data_dir=None, config=None, variables=None,
                 program=(BINARY,)):
        self.folder = tempfile.mkdtemp(prefix="batchd.")
        self.data_dir = data_dir or f"{self.folder}/data"
        self.docker_url = docker_url
        self.program = program
        self.config = config  # the text of a configuration file
        # The tests' Engine has no bridge. More vCPUs than the machine has let jobs overlap.
        self.settings = {"docker.network_mode": "none", "docker.vcpus": 8, **(settings or {})}
        self.variables = {"AWS_EC2_METADATA_DISABLED": "true",
                          "AWS_CONFIG_FILE": f"{self.folder}/aws-config",
                          "AWS_SHARED_CREDENTIALS_FILE": f"{self.folder}/aws-credentials",
                          **(variables or {})}
        self.listen = "127.0.0.1:0"
        self.process = None
        self.endpoint = None
        self.starts = 0

    def spawn(self):
        """Starts the process; does not wait for it."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith("AWS_")} | self.variables
        for key, value in self.settings.items():
            environment["BATCHD_" + key.upper().replace(".", "__")] = _toml(value)
        flags = []
        if self.config is not None:
            flags = ["--config", f"{self.folder}/batchd.toml"]
            pathlib.Path(flags[1]).write_text(self.config)
        self.starts += 1
        with open(self._stdout(), "wb") as out, open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.program, "serve", "--listen", self.listen,
                 "--data-dir", self.data_dir, "--docker-host", self.docker_url, *flags],
                stdout=out, stderr=log, env=environment)

    def start(self):
        """Starts the daemon and waits until it listens. Each start has a new port, unless
        keep_port() was called."""
        self.spawn()
        self.endpoint = eventually(self._announced, 30,
                                   lambda: "batchd listens; its log:\n" + self.log_tail())
        return self

    def terminate(self, seconds=20):
        """SIGTERM. Returns the exit code and the seconds that the stop took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        self.process = None
        return code, time.monotonic() - began

    def kill(self):
        """SIGKILL."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def close(self):
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_tail(self, characters=4000):
        with open(f"{self.folder}/log", errors="replace") as log:
            return log.read()[-characters:]

    @property
    def database(self):
        return f"{self.data_dir}/batchd.db"

    @property
    def address(self):
        """Host and port."""
        return self.endpoint.removeprefix("http://")

    @property
    def port(self):
        return int(self.endpoint.rsplit(":", 1)[1])

    def keep_port(self):
        """Later starts listen where this one does."""
        self.listen = f"127.0.0.1:{self.port}"

    def _stdout(self):
        return f"{self.folder}/stdout.{self.starts}"

    def _announced(self):
        if self.process.poll() is not None:
            raise AssertionError(f"batchd ended with {self.process.returncode}; its log:\n"
                                 + self.log_tail())
        with open(self._stdout()) as out:
            for line in out:
                if line.startswith(ANNOUNCEMENT) and line.endswith("\n"):
                    return line[len(ANNOUNCEMENT):].strip()
        return None


def _toml(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(f'"{entry}"' for entry in value) + "]"
    return str(value)
