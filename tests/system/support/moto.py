"""moto_server, which stands in for AWS: one for all tests, on a port that it picks."""

import atexit
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import urllib.request

import boto3

from .waiting import eventually

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDMOTO", "AWS_SECRET_ACCESS_KEY": "hush-moto-key"}
REGION = "eu-west-1"


def _program():
    """The installed one, else the one that scripts/setup made."""
    own = REPOSITORY / "build/moto/bin/moto_server"
    program = shutil.which("moto_server") or (str(own) if own.exists() else None)
    if program is None:
        raise AssertionError("moto_server is missing; scripts/setup installs it")
    return program


class Moto:
    _shared = None

    @classmethod
    def shared(cls):
        if cls._shared is None:
            cls._shared = cls()
            atexit.register(cls._shared.close)
        return cls._shared

    def __init__(self):
        self.log = tempfile.NamedTemporaryFile(prefix="moto.")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", _program(), "--host", "127.0.0.1", "--port", "0"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env={**os.environ, **KEYS, "PYTHONUNBUFFERED": "1"})
        self.url = eventually(self._announced, 60, "moto_server listens")

    def reset(self):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST"))

    def client(self, service, region=REGION):
        return boto3.client(service, endpoint_url=self.url, region_name=region,
                            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])

    def close(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def _announced(self):
        text = pathlib.Path(self.log.name).read_text(errors="replace")
        if self.process.poll() is not None:
            raise AssertionError("moto_server ended:\n" + text)
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", text)
        return found and found.group(1)
