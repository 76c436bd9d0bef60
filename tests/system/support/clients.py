"""The clients that people use: boto3, the aws CLI and curl."""

import atexit
import dataclasses
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import boto3
import botocore.config
import botocore.loaders
import botocore.session

from . import model_check
from .model_table import paginators, service_model

AWS_PROGRAMS = os.environ.get("BATCHD_AWS", "aws").split(":")  # the newest first
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "",
               "AWS_EC2_METADATA_DISABLED": "true"}


@functools.cache
def boto3_session():
    """boto3 as it is installed; Debian's learns what AWS Batch has had added since, from our table."""
    session = botocore.session.Session()
    loader = botocore.loaders.Loader()
    known = loader.load_service_model("batch", "service-2")
    if not model_check.BATCH["operations"].keys() <= known["operations"].keys():
        folder = tempfile.mkdtemp(prefix="batchd.models.")
        atexit.register(shutil.rmtree, folder)
        model = pathlib.Path(folder, "batch", known["metadata"]["apiVersion"])
        model.mkdir(parents=True)
        for name, data in (("service-2", service_model(model_check.BATCH, known["metadata"])),
                           ("paginators-1", paginators(model_check.BATCH))):
            (model / f"{name}.json").write_text(json.dumps(data))
        loader = botocore.loaders.Loader(extra_search_paths=[folder])
    session.register_component("data_loader", loader)
    return boto3.Session(botocore_session=session)


def boto3_client(service, endpoint, checked=True, **options):
    """A client without retries; every answer is checked against the service model."""
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=70, **options)
    client = boto3_session().client(
        service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="test",
        aws_secret_access_key="test", config=config)
    return model_check.watch(client) if checked else client


def aws(endpoint, *arguments, program=AWS_PROGRAMS[0]):
    """What `aws ARGUMENTS` printed, parsed. None if it printed nothing."""
    done = run_aws(endpoint, *arguments, program=program)
    if done.returncode != 0:
        raise AssertionError(f"{program} {' '.join(arguments)}: {done.stderr}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def run_aws(endpoint, *arguments, program=AWS_PROGRAMS[0]):
    return subprocess.run([program, "--endpoint-url", endpoint, "--output", "json", *arguments],
                          capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, **CREDENTIALS})


@dataclasses.dataclass
class Answer:
    """What curl got."""
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode()

    def json(self):
        return json.loads(self.body)


def curl(endpoint, path, *arguments, data=None):
    """`curl ARGUMENTS endpoint/path`; `data` is sent as the body, by POST."""
    command = ["curl", "--silent", "--show-error", "--max-time", "60", "--include"]
    if data is not None:
        command += ["--data-binary", "@-", "--header", "Content-Type: application/json",
                    "--header", "Expect:"]
    done = subprocess.run([*command, *arguments, endpoint + path], input=data,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"curl {path}: {done.stderr.decode()}")
    return parse_answer(done.stdout)


def parse_answer(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines[1:])
    return Answer(int(lines[0].split()[1]), {name.lower(): value for name, value in pairs}, body)
