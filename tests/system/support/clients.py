"""The clients that people use: boto3, the aws CLI and curl."""

import dataclasses
import json
import os
import subprocess

import boto3
import botocore.config

from . import model_check

AWS_PROGRAMS = os.environ.get("BATCHD_AWS", "aws").split(":")  # the newest first
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_PAGER": "",
               "AWS_EC2_METADATA_DISABLED": "true"}


def boto3_client(service, endpoint, checked=True, **options):
    """A client without retries; every answer is checked against the service model."""
    config = botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=70, **options)
    client = boto3.client(service, endpoint_url=endpoint, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test", config=config)
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
