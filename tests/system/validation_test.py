"""AWS's rules over the wire: each row of the tables in validation/ is refused with AWS's text."""

import unittest

from support.case import SystemTest
from support.raw import RawBatch
from validation import all_rules, changed, definitions, environments, jobs, queues, resources, service


class Validation(SystemTest):
    settings = {"limits.profile": "aws"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.raw = RawBatch(cls.daemon.endpoint)
        cls.addClassCleanup(cls.raw.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        """What the rows refer to."""
        def call(operation, request, **changes):
            answer = cls.raw.call(operation, changed(request, changes))
            assert answer.status == 200, answer.body

        def environment(request, name, **more):
            call("CreateComputeEnvironment", request, computeEnvironmentName=name, **more)

        def queue(name, of, **more):
            call("CreateJobQueue", queues.QUEUE, jobQueueName=name, **queues.order(of), **more)

        environment(environments.EC2, "scaled", **environments.resources(desiredvCpus=2))
        environment(environments.EC2, "in-use")
        environment(environments.FARGATE, "fargate")
        queue("of-ec2", "in-use")
        queue("of-fargate", "fargate")
        queue("disabled", "local", state="DISABLED")
        fair = queues.ARN + "scheduling-policy/fair"
        call("CreateSchedulingPolicy", {"name": "fair"}, fairsharePolicy={})
        call("CreateSchedulingPolicy", {"name": "quota"},
             quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"})
        queue("of-shares", "local", schedulingPolicyArn=fair)
        call("CreateServiceEnvironment", resources.SERVICE, serviceEnvironmentName="service")
        call("CreateJobQueue", service.QUEUE, jobQueueName="of-service")
        call("UpdateComputeEnvironment", {"computeEnvironment": "in-use", "state": "DISABLED"})
        call("CreateConsumableResource", {"consumableResourceName": "licence", "totalQuantity": 3})
        for name, request, more in (
                ("simple", definitions.EC2, {}), ("fargate", definitions.FARGATE, {}),
                ("referring", definitions.EC2, definitions.container(command=["Ref::x"]))):
            call("RegisterJobDefinition", request, jobDefinitionName=name, **more)

    def test_rows_are_refused_with_their_text(self):
        for rules in all_rules():
            for text, changes, request in rules.requests():
                with self.subTest(rules.operation, changes=str(changes)[:200]):
                    answer = self.raw.call(rules.operation, request)
                    self.assertEqual(400, answer.status, answer.body)
                    self.assertEqual("ClientException", answer.headers["x-amzn-errortype"])
                    self.assertIn(text, answer.json()["message"])

    def test_the_requests_are_valid_without_the_changes(self):
        """Else a row could be refused for another reason."""
        for rules in all_rules():
            if rules.operation.startswith(("Create", "Register")):
                names = {member: self.unique("valid") for member in rules.valid
                         if member.lower().endswith("name")}
                answer = self.raw.call(rules.operation, changed(rules.valid, names))
                self.assertEqual(200, answer.status, answer.body)
        self.assertEqual(200, self.raw.call("SubmitJob", jobs.JOB).status)


if __name__ == "__main__":
    unittest.main()
