"""Secrets: from each source into real containers, and nowhere else."""

import hashlib
import json
import os
import pathlib
import shutil
import socket
import tempfile
import unittest.mock

from support.case import SystemTest
from support.waiting import eventually

ROLE = "arn:aws:iam::123456789012:role/reader-of-secrets"
SSM = "arn:aws:ssm:us-east-1:123456789012:parameter"
SECRETS_MANAGER = "arn:aws:secretsmanager:us-east-1:123456789012:secret"
FAILURE = "ResourceInitializationError: unable to pull secrets or registry auth: "

# Each has a part that stands nowhere else, so that its traces can be looked for.
IN_FILE = "hush-file é \"quoted\" = $HOME"
IN_ENVIRONMENT = "hush-environment"
IN_COMMAND = "hush-command\nof two lines"
MEMBER = "hush-member"
VALUES = (IN_FILE, IN_ENVIRONMENT, IN_COMMAND, MEMBER)
TRACE = b"hush-"

# A value must not come into the database with the job's output or command.
FINGERPRINT = "printf %s \"$TOKEN\" | sha256sum"

RUNS_UNTIL_TOLD = "trap 'exit 7' TERM; while :; do sleep 0.05; done"

ASK = """#!/bin/sh
case "$1" in
    vault/key) printf 'hush-command\\nof two lines\\n' ;;
    gated) touch FOLDER/asked; until [ -e FOLDER/gate ]; do sleep 0.05; done; echo hush-gated ;;
    *) echo "no entry $1" >&2; exit 4 ;;
esac
"""


def fingerprint(value):
    return hashlib.sha256(value.encode()).hexdigest() + "  -\n"


class Secrets(SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="batchd-secrets."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.file = cls.folder / "secrets.toml"
        cls.syslog = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.addClassCleanup(cls.syslog.close)
        cls.syslog.bind(("127.0.0.1", 0))
        cls.syslog.settimeout(30)
        cls.write_file(IN_FILE)
        ask = cls.folder / "ask"
        ask.write_text(ASK.replace("FOLDER", str(cls.folder)))
        ask.chmod(0o700)
        cls.settings = {"secrets.file": cls.file, "secrets.command": [ask], "log.level": "debug"}
        # In the name of /app/token a double underscore, as in the names of keys.
        environment = {"BATCHD_SECRET_APP_TOKEN": IN_ENVIRONMENT,
                       "BATCHD_SECRET__APP_TOKEN": IN_ENVIRONMENT}
        cls.enterClassContext(unittest.mock.patch.dict(os.environ, environment))
        super().setUpClass()

    @classmethod
    def write_file(cls, token):
        entries = {"app/db": token, "pair": json.dumps({"user": "me", "password": MEMBER}),
                   "syslog": f"udp://127.0.0.1:{cls.syslog.getsockname()[1]}"}
        fresh = cls.folder / "fresh.toml"
        fresh.touch(0o600)
        fresh.write_text("".join(f'"{name}" = {json.dumps(value, ensure_ascii=False)}\n'
                                 for name, value in entries.items()))
        fresh.rename(cls.file)

    @classmethod
    def define_with(cls, value_from, command=FINGERPRINT, **container):
        return cls.define(command, container={
            "executionRoleArn": ROLE, "secrets": [{"name": "TOKEN", "valueFrom": value_from}],
            **container})

    def assert_token(self, value, definition, **request):
        job = self.submit(definition, **request)
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(fingerprint(value), self.output(job))

    def test_from_the_file(self):
        self.assert_token(IN_FILE, self.define_with("app/db"))
        self.assert_token(IN_FILE, self.define_with(f"{SSM}/app/db"))

    def test_from_the_environment(self):
        self.assert_token(IN_ENVIRONMENT, self.define_with("app/token"))
        self.assert_token(IN_ENVIRONMENT, self.define_with("/app/token"))

    def test_from_the_command(self):
        self.assert_token(IN_COMMAND, self.define_with("vault/key"))
        self.assert_token(IN_COMMAND, self.define_with(f"{SECRETS_MANAGER}:vault/key-AbCd12"))

    def test_a_member_of_a_value(self):
        self.assert_token(MEMBER, self.define_with(f"{SECRETS_MANAGER}:pair-AbCd12:password::"))

    def test_a_secret_is_above_the_environment(self):
        definition = self.define_with("app/db", environment=[{"name": "TOKEN", "value": "plain"}])
        self.assert_token(IN_FILE, definition)
        self.assert_token(IN_FILE, definition, containerOverrides={
            "environment": [{"name": "TOKEN", "value": "plainer"}]})

    def test_the_rules_of_a_definition(self):
        self.assert_refused("executionRoleArn cannot be empty", self.define, command="true",
                            container={"secrets": [{"name": "TOKEN", "valueFrom": "app/db"}]})
        self.assert_refused("must not start with AWS_BATCH", self.define_with, value_from="app/db",
                            secrets=[{"name": "AWS_BATCH_JOB_ID", "valueFrom": "app/db"}])

    def test_a_changed_file_needs_no_restart(self):
        definition = self.define_with("app/db")
        self.assert_token(IN_FILE, definition)
        self.addCleanup(self.write_file, IN_FILE)
        self.write_file("hush-changed")
        self.assert_token("hush-changed", definition)

    def test_a_missing_secret_is_a_failure_to_start(self):
        definition = self.define_with("nowhere")
        job = self.wait_for(self.submit(definition, retryStrategy={"attempts": 2}), "FAILED")
        self.assertEqual("Task failed to start", job["statusReason"])
        self.assertEqual(FAILURE + "TOKEN: 'nowhere': secrets.command failed with exit code 4: "
                         "no entry nowhere; AWS is not asked: no region is set, as by "
                         "aws.region or AWS_REGION",
                         job["container"]["reason"])
        self.assertNotIn("exitCode", job["container"])
        self.assertEqual(2, len(job["attempts"]))
        self.assertEqual([], self.engine.containers_of(job["jobId"]))

    def test_a_file_that_others_can_read_is_refused(self):
        self.file.chmod(0o644)
        self.addCleanup(self.file.chmod, 0o600)
        job = self.wait_for(self.submit(self.define_with("app/db")), "FAILED")
        self.assertEqual(FAILURE + "TOKEN: 'app/db': secrets.file is open to others: its mode is "
                         "0644, and may be 0600 at most", job["container"]["reason"])

    def test_secret_options_reach_the_log_driver(self):
        definition = self.define_with("app/db", "echo to the syslog", logConfiguration={
            "logDriver": "syslog", "options": {"tag": "batch"},
            "secretOptions": [{"name": "syslog-address", "valueFrom": "syslog"}]})
        self.wait_for(self.submit(definition), "SUCCEEDED")
        message = self.syslog.recv(4096).decode()
        self.assertIn("batch", message)
        self.assertIn("to the syslog", message)

    def test_a_stop_does_not_wait_for_a_command_and_its_job_starts_again(self):
        job = self.submit(self.define_with("gated"))
        eventually((self.folder / "asked").exists, 30, "the command is asked")
        code, seconds = self.daemon.terminate()
        self.assertEqual(0, code)
        self.assertLess(seconds, 5)
        (self.folder / "gate").touch()
        self.daemon.start()
        self.connect()
        self.assertEqual(1, len(self.wait_for(job, "SUCCEEDED")["attempts"]))
        self.assertEqual(fingerprint("hush-gated"), self.output(job))

    def test_values_are_in_the_container_and_nowhere_else(self):
        sources = ["app/db", "app/token", "vault/key", f"{SECRETS_MANAGER}:pair:password::"]
        secrets = [{"name": f"SECRET_{i}", "valueFrom": source}
                   for i, source in enumerate(sources)]
        definition = self.define_with("", RUNS_UNTIL_TOLD, secrets=secrets)
        job = self.submit(definition)
        self.wait_for(job, "RUNNING")
        given = self.engine.containers_of(job)[0]["Config"]["Env"]
        for i, value in enumerate(VALUES):
            self.assertIn(f"SECRET_{i}={value}", given)
        self.batch.terminate_job(jobId=job, reason="seen enough")
        self.wait_for(job, "FAILED")

        self.assertEqual(secrets, self.describe(job)["container"]["secrets"])
        answers = [self.curl("/v1/describejobs", data=json.dumps({"jobs": [job]}).encode()),
                   self.curl(f"/api/v1/jobs/{job}"), self.curl("/api/v1/overview"),
                   self.curl("/metrics")]
        for answer in answers:
            self.assertEqual(200, answer.status)
            self.assertNotIn(TRACE, answer.body)
        self.assert_no_trace_on_disk()

    def assert_no_trace_on_disk(self):
        """In the database, the outputs of jobs, and the daemon's log."""
        files = [path for path in pathlib.Path(self.daemon.folder).rglob("*") if path.is_file()]
        self.assertIn(pathlib.Path(self.daemon.database), files)
        self.assertIn(pathlib.Path(self.daemon.folder, "log"), files)
        for path in files:
            self.assertNotIn(TRACE, path.read_bytes(), path)
