"""Scheduling policies, consumable resources and service environments: their lives, tags and AWS's
refusals."""

import functools
import json
import unittest

import botocore.exceptions
from botocore import xform_name

from support.case import SystemTest

ARN = "arn:aws:batch:us-east-1:123456789012:"


class Documents(SystemTest):
    """Words for the tests below."""

    def call(self, operation, /, **parameters):
        """By boto3; by curl if its model is too old to know the operation."""
        if operation in self.batch.meta.service_model.operation_names:
            return getattr(self.batch, xform_name(operation))(**parameters)
        answer = self.curl(f"/v1/{operation.lower()}", data=json.dumps(parameters).encode())
        body = answer.json()
        if answer.status != 200:
            error = {"Code": answer.headers["x-amzn-errortype"], "Message": body["message"]}
            raise botocore.exceptions.ClientError({"Error": error}, operation)
        return body

    def assert_call_refused(self, text, operation, /, **parameters):
        self.assert_refused(text, functools.partial(self.call, operation), **parameters)

    def pages(self, operation, member, **parameters):
        """The items of each page, two to a page."""
        pages, token = [], {}
        while True:
            answer = self.call(operation, maxResults=2, **token, **parameters)
            pages.append(answer[member])
            if "nextToken" not in answer:
                return pages
            token = {"nextToken": answer["nextToken"]}

    def assert_pages(self, names, pages, member):
        self.assertTrue(all(1 <= len(page) <= 2 for page in pages), pages)
        found = [item[member] for page in pages for item in page]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(set(names), set(found))

    def assert_carries_tags(self, arn, shown):
        """`arn` was made with the tag first; `shown()` is what its description shows."""
        self.batch.tag_resource(resourceArn=arn, tags={"second": "", "third": "a b"})
        self.batch.untag_resource(resourceArn=arn, tagKeys=["first", "third", "absent"])
        self.assertEqual({"second": ""}, self.batch.list_tags_for_resource(resourceArn=arn)["tags"])
        self.assertEqual({"second": ""}, shown())

    def assert_no_tags(self, arn):
        self.assert_refused("does not exist", self.batch.list_tags_for_resource, resourceArn=arn)


class SchedulingPolicies(Documents):
    FAIR = {"shareDecaySeconds": 3600, "computeReservation": 10, "shareDistribution": [
        {"shareIdentifier": "red", "weightFactor": 0.125}, {"shareIdentifier": "blue*"}]}

    def create(self, **more):
        return self.batch.create_scheduling_policy(**{"name": self.unique("policy"), **more})["arn"]

    def policy(self, arn):
        found = self.batch.describe_scheduling_policies(arns=[arn])["schedulingPolicies"]
        return found[0] if found else None

    def test_a_life(self):
        name = self.unique("policy")
        arn = self.create(name=name, fairsharePolicy=self.FAIR, tags={"a": "b"})
        self.assertEqual(f"{ARN}scheduling-policy/{name}", arn)
        self.assertEqual({"name": name, "arn": arn, "fairsharePolicy": self.FAIR,
                          "tags": {"a": "b"}}, self.policy(arn))
        self.assert_refused("already exists", self.create, name=name)
        self.batch.update_scheduling_policy(arn=arn, fairsharePolicy={"computeReservation": 0})
        self.assertEqual({"computeReservation": 0}, self.policy(arn)["fairsharePolicy"])
        self.assertEqual({"a": "b"}, self.policy(arn)["tags"])
        self.batch.delete_scheduling_policy(arn=arn)
        self.assertIsNone(self.policy(arn))
        self.assert_no_tags(arn)
        self.assertEqual({}, self.policy(self.create(name=name))["tags"])

    def test_quota_share_policies(self):
        name = self.unique("quota")
        answer = self.curl("/v1/createschedulingpolicy", data=json.dumps({
            "name": name,
            "quotaSharePolicy": {"idleResourceAssignmentStrategy": "FIFO"}}).encode()).json()
        answer = self.curl("/v1/describeschedulingpolicies",
                           data=json.dumps({"arns": [answer["arn"]]}).encode()).json()
        policy = answer["schedulingPolicies"][0]
        self.assertEqual({"idleResourceAssignmentStrategy": "FIFO"}, policy["quotaSharePolicy"])
        self.assertNotIn("fairsharePolicy", policy)
        self.assert_refused("cannot change to the other kind",
                            self.batch.update_scheduling_policy, arn=policy["arn"],
                            fairsharePolicy={})

    def test_only_arns_identify_a_policy(self):
        name = self.unique("policy")
        arn = self.create(name=name)
        for other in (name, arn.replace("us-east-1", "eu-west-1"),
                      arn.replace("scheduling-policy", "job-queue")):
            self.assertIsNone(self.policy(other))
            self.assert_refused("does not exist", self.batch.update_scheduling_policy, arn=other,
                                fairsharePolicy={})
            self.assert_refused("does not exist", self.batch.delete_scheduling_policy, arn=other)
        self.assertEqual(name, self.policy(arn)["name"])

    def test_policies_are_listed_page_by_page(self):
        arns = [self.create() for _ in range(5)]
        self.assert_pages(arns, self.pages("ListSchedulingPolicies", "schedulingPolicies"), "arn")
        described = self.batch.describe_scheduling_policies(
            arns=[*arns, f"{ARN}scheduling-policy/nowhere"])["schedulingPolicies"]
        self.assertEqual(set(arns), {policy["arn"] for policy in described})

    def test_tags(self):
        arn = self.create(tags={"first": "1"})
        self.assert_carries_tags(arn, lambda: self.policy(arn)["tags"])

    def test_refusals_have_aws_texts(self):
        def refused(text, **more):
            self.assert_refused(text, self.create, **more)

        refused("Scheduling policy name should match a valid pattern.", name="no spaces")
        for shares, text in (
                ([("x", 0.0)], "Weight factor should be between 0.0001 and 999.9999."),
                ([("x y", 1.0)], "ShareIdentifier name should match a valid pattern."),
                ([("x", 1.0)] * 2, "Cannot have two or more identical shareIdentifiers."),
                ([("x*", 1.0), ("xy", 1.0)],
                 "Share identifier xy matches another share identifier x*"),
                ([(f"s{i}", 1.0) for i in range(501)],
                 "ShareDistribution size cannot be greater than 500.")):
            refused(text, fairsharePolicy={"shareDistribution": [
                {"shareIdentifier": name, "weightFactor": weight} for name, weight in shares]})
        refused("computeReservation '100' must be between 0 and 99",
                fairsharePolicy={"computeReservation": 100})
        arn = self.create()
        self.assert_refused("shareDecaySeconds", self.batch.update_scheduling_policy, arn=arn,
                            fairsharePolicy={"shareDecaySeconds": 604801})
        self.assert_refused("100", self.batch.describe_scheduling_policies, arns=[arn] * 101)
        self.assertEqual({}, self.policy(arn)["fairsharePolicy"])


class ConsumableResources(Documents):
    def create(self, **more):
        return self.call("CreateConsumableResource", **{
            "consumableResourceName": self.unique("consumable"), **more})

    def resource(self, name):
        return self.call("DescribeConsumableResource", consumableResource=name)

    def update(self, name, operation, quantity, **more):
        return self.call("UpdateConsumableResource", consumableResource=name, operation=operation,
                         quantity=quantity, **more)["totalQuantity"]

    def names_like(self, *patterns):
        found = self.call("ListConsumableResources", filters=[
            {"name": "CONSUMABLE_RESOURCE_NAME", "values": list(patterns)}])
        return [item["consumableResourceName"] for item in found["consumableResources"]]

    def test_a_life(self):
        name = self.unique("licences")
        arn = self.create(consumableResourceName=name, totalQuantity=5,
                          tags={"a": "b"})["consumableResourceArn"]
        self.assertEqual(f"{ARN}consumable-resource/{name}", arn)
        created = self.resource(name)
        self.assertGreater(created.pop("createdAt"), 1_600_000_000_000)
        created.pop("ResponseMetadata", None)
        self.assertEqual({"consumableResourceName": name, "consumableResourceArn": arn,
                          "totalQuantity": 5, "inUseQuantity": 0, "availableQuantity": 5,
                          "resourceType": "REPLENISHABLE", "tags": {"a": "b"}}, created)
        self.assert_refused("already exists", self.create, consumableResourceName=name)
        self.assertEqual(7, self.update(arn, "ADD", 2))
        self.assertEqual(4, self.update(name, "remove", 3))
        self.assertEqual(9, self.update(name, "SET", 9))
        self.assertEqual((9, {"a": "b"}), tuple(self.resource(arn)[member] for member in
                                                ("availableQuantity", "tags")))
        self.call("DeleteConsumableResource", consumableResource=arn)
        self.assert_refused("does not exist", self.resource, name=name)
        self.assert_no_tags(arn)

    def test_a_repeated_token_changes_nothing_even_after_a_restart(self):
        name = self.unique("licences")
        self.create(consumableResourceName=name, totalQuantity=1)
        for _ in range(3):
            self.assertEqual(3, self.update(name, "ADD", 2, clientToken="once/only"))
        self.assertEqual(5, self.update(name, "ADD", 2, clientToken="another"))
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(5, self.update(name, "ADD", 2, clientToken="once/only"))
        self.assertEqual(6, self.update(name, "ADD", 1, clientToken="once/only"))

    def test_names_are_filtered(self):
        for name in ("Tape-A", "tape-b", "tape_c", "disk"):
            self.create(consumableResourceName=name, resourceType="NON_REPLENISHABLE")
        self.assertEqual(["Tape-A", "tape-b", "tape_c"], self.names_like("TAPE*"))
        self.assertEqual(["tape_c"], self.names_like("tape_*"))
        self.assertEqual(["Tape-A", "disk"], self.names_like("tape-a", "DISK", "tap"))
        self.assertEqual([], self.names_like("%", "_"))
        self.assert_call_refused("CONSUMABLE_RESOURCE_NAME", "ListConsumableResources",
                                 filters=[{"name": "COLOUR", "values": ["red"]}])

    def test_resources_are_listed_page_by_page(self):
        names = [self.create()["consumableResourceName"] for _ in range(5)]
        self.assert_pages(names, self.pages("ListConsumableResources", "consumableResources"),
                          "consumableResourceName")

    def test_tags(self):
        made = self.create(tags={"first": "1"})
        self.assert_carries_tags(made["consumableResourceArn"], lambda: self.resource(
            made["consumableResourceName"])["tags"])

    def test_refusals(self):
        self.assert_refused("totalQuantity cannot be a negative number.", self.create,
                            totalQuantity=-1)
        self.assert_refused("resourceType 'TAPE' must be one of", self.create,
                            resourceType="TAPE")
        self.assert_refused("consumableResourceName", self.create,
                            consumableResourceName="no spaces")
        name = self.create(totalQuantity=3)["consumableResourceName"]
        for operation, quantity, text in (
                ("REMOVE", 4, "totalQuantity cannot be a negative number."),
                ("ADD", 2**63 - 1, "too large"), ("ADD", -1, "negative"),
                ("HALVE", 1, "operation 'HALVE' must be one of SET, ADD, REMOVE")):
            self.assert_refused(text, self.update, name=name, operation=operation,
                                quantity=quantity)
        self.assert_refused("does not exist", self.update, name="nowhere", operation="SET",
                            quantity=1)
        self.assert_call_refused("does not exist", "DeleteConsumableResource",
                                 consumableResource="nowhere")
        self.assertEqual(3, self.resource(name)["totalQuantity"])


class ServiceEnvironments(Documents):
    LIMITS = [{"maxCapacity": 10, "capacityUnit": "NUM_INSTANCES"}]

    def create(self, **more):
        return self.call("CreateServiceEnvironment", **{
            "serviceEnvironmentName": self.unique("service"),
            "serviceEnvironmentType": "SAGEMAKER_TRAINING", "capacityLimits": self.LIMITS, **more})

    def environment(self, name):
        found = self.call("DescribeServiceEnvironments", serviceEnvironments=[name])
        return next(iter(found["serviceEnvironments"]), None)

    def test_a_life(self):
        name = self.unique("service")
        arn = self.create(serviceEnvironmentName=name, tags={"a": "b"})["serviceEnvironmentArn"]
        self.assertEqual({"serviceEnvironmentName": name, "serviceEnvironmentArn": arn,
                          "serviceEnvironmentType": "SAGEMAKER_TRAINING", "state": "ENABLED",
                          "status": "VALID", "capacityLimits": self.LIMITS, "tags": {"a": "b"}},
                         self.environment(arn))
        self.assert_refused("already exists", self.create, serviceEnvironmentName=name)
        self.assert_call_refused("its state must be DISABLED", "DeleteServiceEnvironment",
                                 serviceEnvironment=name)
        limits = [{"maxCapacity": 2, "capacityUnit": "ml.m5.large"}]
        self.call("UpdateServiceEnvironment", serviceEnvironment=arn, state="DISABLED",
                  capacityLimits=limits)
        changed = self.environment(name)
        self.assertEqual(("DISABLED", limits, {"a": "b"}),
                         tuple(changed[m] for m in ("state", "capacityLimits", "tags")))
        self.call("DeleteServiceEnvironment", serviceEnvironment=name)
        self.assertIsNone(self.environment(name))
        self.create(serviceEnvironmentName=name)

    def test_environments_come_page_by_page(self):
        names = [self.create()["serviceEnvironmentName"] for _ in range(5)]
        self.assert_pages(names, self.pages("DescribeServiceEnvironments", "serviceEnvironments"),
                          "serviceEnvironmentName")

    def test_tags(self):
        made = self.create(tags={"first": "1"})
        self.assert_carries_tags(made["serviceEnvironmentArn"], lambda: self.environment(
            made["serviceEnvironmentName"])["tags"])

    def test_refusals_have_aws_texts(self):
        def refused(text, *limits):
            self.assert_refused(text, self.create, capacityLimits=[
                {"maxCapacity": capacity, "capacityUnit": unit} for capacity, unit in limits])

        refused("Capacitylimits are required.")
        refused("Number of capacity limits exceeds 5.",
                *((1, f"ml.m{i}.large") for i in range(6)))
        refused("Max capacity must be more than 0.", (0, "NUM_INSTANCES"))
        refused("is unknown capacity unit", (1, "m5.large"))
        refused("Capacity units must specify either number of instances OR instance type",
                (1, "NUM_INSTANCES"), (1, "ml.m5.large"))
        self.assert_refused("serviceEnvironmentType", self.create, serviceEnvironmentType="CLOUD")
        name = self.create()["serviceEnvironmentName"]
        self.assert_call_refused("Capacitylimits are required.", "UpdateServiceEnvironment",
                                 serviceEnvironment=name, capacityLimits=[])
        self.assertEqual(self.LIMITS, self.environment(name)["capacityLimits"])
        for operation in ("UpdateServiceEnvironment", "DeleteServiceEnvironment"):
            self.assert_call_refused("does not exist", operation, serviceEnvironment="nowhere")


if __name__ == "__main__":
    unittest.main()
