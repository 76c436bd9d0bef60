"""A home folder of its own with the client pack, and the stock clients in it."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from .clients import AWS_PROGRAMS, CREDENTIALS

# The Python that runs the tests, which has the newest boto3, and the system's own.
PYTHONS = sorted({os.path.realpath(program) for program in (
    sys.executable, shutil.which("python3", path=os.defpath))})

BOTO3 = """
import json, sys
import boto3, botocore
endpoint, verb, name, parameters = sys.argv[1:]
batch = boto3.client("batch", endpoint_url=endpoint)
name, parameters = botocore.xform_name(name), json.loads(parameters)
if verb == "wait":
    batch.get_waiter(name).wait(**parameters)
else:
    answer = getattr(batch, name)(**parameters)
    answer.pop("ResponseMetadata")
    print(json.dumps(answer))
"""


class Home:
    """`install` gives it the pack."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="batchd.home."))
        self.pack = self.path / ".aws/models/batch/2016-08-10"

    def close(self):
        shutil.rmtree(self.path)

    def environment(self, **variables):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        path = os.pathsep.join([os.path.dirname(AWS_PROGRAMS[0]), os.environ["PATH"]])
        return {**kept, **CREDENTIALS, "HOME": str(self.path), "PATH": path, **variables}

    def run(self, *command, **variables):
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120,
                              env=self.environment(**variables))

    def shell(self, commands, **variables):
        """What the commands print, as a user types them. AssertionError if one fails."""
        done = self.run("bash", "-euo", "pipefail", "-c", commands, **variables)
        if done.returncode != 0:
            raise AssertionError(f"{commands}\nended with {done.returncode}: {done.stderr}")
        return done.stdout

    def install(self, endpoint):
        return self.shell('curl -sS "$URL/client/install" | sh', URL=endpoint)


class Cli:
    """`aws batch …` with this program. Operations, waiters and members are named as AWS's model
    names them; what comes back are completed processes."""

    def __init__(self, home, endpoint, program):
        self.home = home
        self.start = (program, "--endpoint-url", endpoint, "--output", "json", "batch")

    def call(self, operation, **parameters):
        return self.home.run(*self.start, kebab(operation), *self.flags(parameters))

    def wait(self, waiter, **parameters):
        return self.home.run(*self.start, "wait", kebab(waiter), *self.flags(parameters))

    def flags(self, parameters):
        words = []
        for member, value in parameters.items():
            words.append("--" + kebab(member))
            if isinstance(value, dict):
                words.append(json.dumps(value))
            elif value is not True:
                words += map(str, value if isinstance(value, list) else [value])
        return words


class Boto3:
    """The same by boto3, in a Python of its own: botocore looks for models when it is loaded."""

    def __init__(self, home, endpoint, program):
        self.home = home
        self.start = (program, "-W", "ignore", "-c", BOTO3, endpoint)

    def call(self, operation, **parameters):
        return self.home.run(*self.start, "call", operation, json.dumps(parameters))

    def wait(self, waiter, **parameters):
        return self.home.run(*self.start, "wait", waiter, json.dumps(parameters))


CLIENTS = [(Cli, program) for program in AWS_PROGRAMS] + [(Boto3, python) for python in PYTHONS]


def kebab(name):
    """MaxParallel and maxParallel as max-parallel."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
