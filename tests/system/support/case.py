"""The base of the system tests: one daemon per class, and the words of the domain."""

import itertools
import signal
import unittest

import botocore.exceptions

from .clients import aws, boto3_client, curl
from .daemon import Batchd
from .engine import IMAGE, Engine
from .waiting import eventually

TERMINAL = ("SUCCEEDED", "FAILED")

# A shell that runs the tests in the background has them ignore it, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


class SystemTest(unittest.TestCase):
    """Subclasses set `settings` to configure their daemon, `variables` for its environment."""

    settings = {}
    variables = {}
    names = itertools.count(1)

    @classmethod
    def setUpClass(cls):
        cls.engine = Engine.shared()
        cls.daemon = Batchd(cls.engine.url, cls.settings, variables=cls.variables)
        cls.addClassCleanup(cls.engine.remove_containers)  # the next class has the machine
        cls.addClassCleanup(cls.daemon.close)
        cls.daemon.start()
        cls.connect()

    @classmethod
    def connect(cls):
        """New clients: each start of the daemon has its own port."""
        cls.batch = boto3_client("batch", cls.daemon.endpoint)
        cls.logs = boto3_client("logs", cls.daemon.endpoint)

    @classmethod
    def unique(cls, prefix="x"):
        return f"{prefix}-{next(cls.names)}"

    @classmethod
    def define(cls, command, name=None, vcpus="1", memory="32", image=IMAGE, container=None,
               **more):
        """Registers a job definition; a command that is a text runs in a shell. Returns its ARN."""
        properties = {
            "image": image,
            "command": ["sh", "-c", command] if isinstance(command, str) else command,
            "resourceRequirements": [{"type": "VCPU", "value": vcpus},
                                     {"type": "MEMORY", "value": memory}],
            **(container or {})}
        answer = cls.batch.register_job_definition(
            jobDefinitionName=name or cls.unique("definition"), type="container",
            containerProperties=properties, **more)
        return answer["jobDefinitionArn"]

    @classmethod
    def submit(cls, definition, after=(), queue="default", name=None, **more):
        """Submits a job that waits for the jobs `after`; returns its id."""
        if after:
            more["dependsOn"] = [{"jobId": job} for job in after]
        answer = cls.batch.submit_job(jobName=name or cls.unique("job"), jobQueue=queue,
                                      jobDefinition=definition, **more)
        return answer["jobId"]

    @classmethod
    def run_command(cls, command, **more):
        return cls.submit(cls.define(command), **more)

    @classmethod
    def describe(cls, job):
        found = cls.batch.describe_jobs(jobs=[job])["jobs"]
        return found[0] if found else None

    @classmethod
    def wait_for(cls, job, *statuses, seconds=60):
        """The job's detail once it has one of the statuses; by default, once it has ended."""
        statuses = statuses or TERMINAL
        last = {}

        def reached():
            last.update(cls.describe(job) or {})
            if last.get("status") in TERMINAL and last["status"] not in statuses:
                raise AssertionError(f"{job} ended {explain()}")
            return last if last.get("status") in statuses else None

        def explain():
            return (f"{last.get('status')}, not {'/'.join(statuses)}: "
                    f"{last.get('statusReason')} {last.get('attempts')}\n{cls.daemon.log_tail()}")

        return eventually(reached, seconds, lambda: f"{job} is {explain()}")

    def assert_refused(self, text, call, **parameters):
        """The call is answered by a ClientException whose message contains the text."""
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            call(**parameters)
        error = caught.exception.response["Error"]
        self.assertEqual("ClientException", error["Code"], error)
        self.assertIn(text, error["Message"])

    @classmethod
    def output(cls, job):
        """The job's output, from the plain text log."""
        return curl(cls.daemon.endpoint, f"/api/v1/jobs/{job}/logs").text

    @classmethod
    def aws(cls, *arguments):
        return aws(cls.daemon.endpoint, *arguments)

    @classmethod
    def curl(cls, path, *arguments, **options):
        return curl(cls.daemon.endpoint, path, *arguments, **options)
