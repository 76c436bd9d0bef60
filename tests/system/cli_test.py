"""A user's day with the stock aws CLI, with each that is installed."""

import json
import unittest

from support.case import SystemTest
from support.clients import AWS_PROGRAMS, aws, run_aws
from support.engine import IMAGE


class AwsCli:
    program = None  # the path of the CLI

    def aws(self, *arguments):
        return aws(self.daemon.endpoint, *arguments, program=self.program)

    def run_aws(self, *arguments):
        return run_aws(self.daemon.endpoint, *arguments, program=self.program)

    def test_register_submit_describe_list_and_logs(self):
        registered = self.aws(
            "batch", "register-job-definition", "--job-definition-name", "hello", "--type",
            "container", "--container-properties", json.dumps({
                "image": IMAGE, "command": ["echo", "hello"], "vcpus": 1, "memory": 32}))
        self.assertEqual(1, registered["revision"])
        job = self.aws("batch", "submit-job", "--job-name", "hello", "--job-queue", "default",
                       "--job-definition", "hello")["jobId"]
        self.wait_for(job, "SUCCEEDED")
        detail, = self.aws("batch", "describe-jobs", "--jobs", job)["jobs"]
        self.assertEqual(("SUCCEEDED", 0), (detail["status"], detail["container"]["exitCode"]))
        listed = self.aws("batch", "list-jobs", "--job-queue", "default", "--job-status",
                          "SUCCEEDED")["jobSummaryList"]
        self.assertEqual([job], [summary["jobId"] for summary in listed])
        events = self.aws("logs", "get-log-events", "--log-group-name", "/aws/batch/job",
                          "--log-stream-name", detail["container"]["logStreamName"])["events"]
        self.assertEqual(["hello"], [event["message"] for event in events])

    def test_queues_and_environments(self):
        environments = self.aws("batch", "describe-compute-environments")["computeEnvironments"]
        self.assertEqual(["local"], [e["computeEnvironmentName"] for e in environments])
        self.aws("batch", "create-job-queue", "--job-queue-name", "second", "--priority", "3",
                 "--compute-environment-order", "order=1,computeEnvironment=local")
        self.aws("batch", "update-job-queue", "--job-queue", "second", "--state", "DISABLED")
        self.aws("batch", "delete-job-queue", "--job-queue", "second")
        names = [queue["jobQueueName"]
                 for queue in self.aws("batch", "describe-job-queues")["jobQueues"]
                 if queue["status"] != "DELETED"]
        self.assertEqual(["default"], names)

    def test_cancel_and_terminate(self):
        holder = self.run_command("trap 'exit 0' TERM; while :; do sleep 0.05; done")
        waiting = self.run_command("true", after=[holder])
        self.aws("batch", "cancel-job", "--job-id", waiting, "--reason", "no need")
        self.aws("batch", "terminate-job", "--job-id", holder, "--reason", "enough")
        self.assertEqual("no need", self.wait_for(waiting, "FAILED")["statusReason"])
        self.assertEqual("enough", self.wait_for(holder, "FAILED")["statusReason"])

    def test_tags(self):
        arn = self.define("true")
        self.aws("batch", "tag-resource", "--resource-arn", arn, "--tags", "a=1,b=2")
        self.aws("batch", "untag-resource", "--resource-arn", arn, "--tag-keys", "a")
        self.assertEqual({"b": "2"}, self.aws("batch", "list-tags-for-resource",
                                              "--resource-arn", arn)["tags"])

    def test_errors_are_shown_as_aws_errors(self):
        done = self.run_aws("batch", "submit-job", "--job-name", "x", "--job-queue", "nowhere",
                            "--job-definition", self.define("true"))
        self.assertNotEqual(0, done.returncode)
        self.assertIn("An error occurred (ClientException) when calling the SubmitJob operation: "
                      "JobQueue nowhere not found.", done.stderr)

    def test_another_region_is_served_all_the_same(self):
        done = self.run_aws("--region", "eu-central-1", "batch", "describe-job-queues")
        self.assertEqual(0, done.returncode, done.stderr)


for number, path in enumerate(AWS_PROGRAMS, 1):
    name = f"AwsCli{number}"
    globals()[name] = type(name, (AwsCli, SystemTest), {"program": path})


if __name__ == "__main__":
    unittest.main()
