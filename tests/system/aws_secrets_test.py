"""Secrets Manager and the SSM Parameter Store as sources of secrets, played by moto."""

import pathlib

from support.case import SystemTest
from support.moto import KEYS, REGION, Moto
from secrets_test import FAILURE, FINGERPRINT, ROLE, fingerprint

PARAMETER = "hush-parameter é"
SECRET = '{"user": "me", "password": "hush-member"}'
PREVIOUS = "hush-previous"
ELSEWHERE = "hush-elsewhere"
TRACE = b"hush-"


class AwsSecrets(SystemTest):
    variables = KEYS

    @classmethod
    def setUpClass(cls):
        cls.moto = Moto.shared()
        cls.moto.reset()
        cls.moto.client("ssm").put_parameter(Name="/app/db", Value=PARAMETER, Type="SecureString")
        cls.moto.client("ssm", "us-west-2").put_parameter(Name="/app/db", Value=ELSEWHERE,
                                                          Type="String")
        manager = cls.moto.client("secretsmanager")
        cls.secret = manager.create_secret(Name="pair", SecretString=PREVIOUS)["ARN"]
        manager.put_secret_value(SecretId="pair", SecretString=SECRET)
        cls.binary = manager.create_secret(Name="binary", SecretBinary=b"\xff\xfe")["ARN"]
        cls.settings = {"aws.region": REGION, "aws.endpoint_url": cls.moto.url,
                        "log.level": "debug"}
        super().setUpClass()

    def run_with(self, value_from):
        secret = {"name": "TOKEN", "valueFrom": value_from}
        return self.submit(self.define(FINGERPRINT, container={
            "executionRoleArn": ROLE, "secrets": [secret]}))

    def assert_token(self, value, value_from):
        job = self.run_with(value_from)
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(fingerprint(value), self.output(job))

    def assert_fails(self, reason, value_from):
        job = self.wait_for(self.run_with(value_from), "FAILED")
        self.assertRegex(job["container"]["reason"], "^" + FAILURE + "TOKEN: " + reason)
        self.assertNotIn("hush", job["container"]["reason"])

    def test_a_parameter(self):
        self.assert_token(PARAMETER, "/app/db")
        self.assert_token(PARAMETER, f"arn:aws:ssm:{REGION}:123456789012:parameter/app/db")

    def test_a_parameter_of_another_region(self):
        self.assert_token(ELSEWHERE, "arn:aws:ssm:us-west-2:123456789012:parameter/app/db")

    def test_a_secret_its_member_and_its_versions(self):
        self.assert_token(SECRET, self.secret)
        self.assert_token("hush-member", f"{self.secret}:password::")
        self.assert_token(PREVIOUS, f"{self.secret}::AWSPREVIOUS:")
        versions = self.moto.client("secretsmanager").list_secret_version_ids(
            SecretId="pair")["Versions"]
        previous = next(version["VersionId"] for version in versions
                        if "AWSPREVIOUS" in version["VersionStages"])
        self.assert_token(PREVIOUS, f"{self.secret}:::{previous}")

    def test_what_is_not_there_is_a_failure_to_start(self):
        self.assert_fails("'/app/nowhere': not in BATCHD_SECRET__APP_NOWHERE; SSM: "
                          "ParameterNotFound: Parameter /app/nowhere not found",
                          "/app/nowhere")
        arn = self.secret.replace("pair", "nobody")
        self.assert_fails("'nobody-.*': not in BATCHD_SECRET_NOBODY_.*; Secrets Manager: "
                          "ResourceNotFoundException: ", arn)
        self.assert_fails("'pair-.*': the value has no json-key 'nothing'",
                          f"{self.secret}:nothing::")
        self.assert_fails("'binary-.*': the value is not UTF-8 text without NUL", self.binary)

    def test_no_value_and_no_key_is_left_behind(self):
        self.assert_token("hush-member", f"{self.secret}:password::")
        files = [path for path in pathlib.Path(self.daemon.folder).rglob("*") if path.is_file()]
        self.assertIn(pathlib.Path(self.daemon.folder, "log"), files)
        for path in files:
            self.assertNotIn(TRACE, path.read_bytes(), path)


class NoAws(SystemTest):
    """Without a region, the job says what is missing."""

    def reason(self):
        secret = {"name": "TOKEN", "valueFrom": "/app/db"}
        job = self.submit(self.define("true", container={"executionRoleArn": ROLE,
                                                         "secrets": [secret]}))
        return self.wait_for(job, "FAILED")["container"]["reason"]

    def test_the_reason_names_what_is_missing(self):
        self.assertEqual(
            FAILURE + "TOKEN: '/app/db': not in BATCHD_SECRET__APP_DB; AWS is not asked: no region "
            "is set, as by aws.region or AWS_REGION",
            self.reason())

    def test_without_keys_too(self):
        self.daemon.terminate()
        self.daemon.settings["aws.region"] = REGION
        self.daemon.start()
        self.connect()
        self.assertEqual(
            FAILURE + "TOKEN: '/app/db': not in BATCHD_SECRET__APP_DB; AWS is not asked: no keys in "
            "the environment, the profile 'default' or a role",
            self.reason())
