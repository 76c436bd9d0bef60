"""Fair-share queues and consumable resources, with real containers."""

import unittest

from support.case import SystemTest
from support.waiting import eventually

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Scheduling(SystemTest):
    settings = {"docker.vcpus": 2}

    def policy(self, **fairshare):
        return self.batch.create_scheduling_policy(
            name=self.unique("policy"), fairsharePolicy=fairshare)["arn"]

    def queue(self, policy=None, priority=5):
        name = self.unique("queue")
        more = {"schedulingPolicyArn": policy} if policy else {}
        self.batch.create_job_queue(
            jobQueueName=name, priority=priority,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}], **more)
        return name

    def hold(self, **more):
        job = self.run_command(HOLD, **more)
        self.wait_for(job, "RUNNING")
        return job

    def finish(self, *jobs):
        for job in jobs:
            self.batch.terminate_job(jobId=job, reason="done")


class FairShare(Scheduling):
    def test_shares_take_turns_by_weight(self):
        queue = self.queue(self.policy(shareDistribution=[
            {"shareIdentifier": "light*", "weightFactor": 0.25}]))
        blockers = [self.hold(queue="default") for _ in range(2)]
        definition = self.define("date +%s%N")
        heavy = [self.submit(definition, queue=queue, shareIdentifier="heavy") for _ in range(3)]
        light = [self.submit(definition, queue=queue, shareIdentifier="light1") for _ in range(3)]
        snapshot = self.batch.get_job_queue_snapshot(jobQueue=queue)
        order = [job["jobArn"].split("/")[1] for job in snapshot["frontOfQueue"]["jobs"]]
        self.assertEqual([heavy[0], light[0], light[1], light[2], heavy[1], heavy[2]], order)
        usage = snapshot["queueUtilization"]
        self.assertEqual(2, usage["fairshareUtilization"]["activeShareCount"])
        self.assertEqual([{"capacityUnit": "VCPU", "quantity": 0.0}],
                         usage["totalCapacityUsage"])
        self.finish(blockers[0])
        ended = [self.wait_for(job) for job in heavy + light]
        by_start = [job["jobId"] for job in sorted(ended, key=lambda job: job["startedAt"])]
        self.assertEqual(heavy[0], by_start[0])
        self.assertEqual(light[0], by_start[1])
        self.finish(blockers[1])

    def test_what_a_share_holds_is_shown(self):
        queue = self.queue(self.policy())
        job = self.hold(queue=queue, shareIdentifier="a", schedulingPriorityOverride=7)
        snapshot = self.batch.get_job_queue_snapshot(jobQueue=queue)["queueUtilization"]
        self.assertEqual([{"shareIdentifier": "a", "capacityUsage": [
            {"capacityUnit": "VCPU", "quantity": 1.0}]}],
            snapshot["fairshareUtilization"]["topCapacityUtilization"])
        detail = self.describe(job)
        self.assertEqual(("a", 7), (detail["shareIdentifier"], detail["schedulingPriority"]))
        listed = self.batch.list_jobs(
            jobQueue=queue, filters=[{"name": "SHARE_IDENTIFIER", "values": ["a"]}])
        self.assertEqual([job], [item["jobId"] for item in listed["jobSummaryList"]])
        self.assertEqual("a", listed["jobSummaryList"][0]["shareIdentifier"])
        for status, expected in (("RUNNING", [job]), ("FAILED", [])):
            listed = self.batch.list_jobs(
                jobQueue=queue, jobStatus=status,
                filters=[{"name": "SHARE_IDENTIFIER", "values": ["a"]}])
            self.assertEqual(expected, [item["jobId"] for item in listed["jobSummaryList"]])
        self.finish(job)

    def test_the_reservation_keeps_room_for_a_new_share(self):
        queue = self.queue(self.policy(computeReservation=50))
        first = self.hold(queue=queue, shareIdentifier="a")
        second = self.run_command(HOLD, queue=queue, shareIdentifier="a")
        reason = eventually(lambda: self.describe(second).get("statusReason"), 10)
        self.assertTrue(reason.startswith("CAPACITY:RESERVED_FOR_INACTIVE_SHARES - "), reason)
        self.assertEqual("RUNNABLE", self.describe(second)["status"])
        other = self.hold(queue=self.queue(), name="other")
        self.assertEqual("RUNNABLE", self.describe(second)["status"])
        self.finish(first, second, other)

    def test_usage_survives_a_restart(self):
        queue = self.queue(self.policy(shareDecaySeconds=86400))
        job = self.hold(queue=queue, shareIdentifier="a")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        usage = self.batch.get_job_queue_snapshot(jobQueue=queue)["queueUtilization"]
        self.assertEqual(1, usage["fairshareUtilization"]["activeShareCount"])
        self.assertEqual(1.0, usage["totalCapacityUsage"][0]["quantity"])
        self.finish(job)
        self.wait_for(job)
        self.assertEqual(1, self.batch.get_job_queue_snapshot(jobQueue=queue)[
            "queueUtilization"]["fairshareUtilization"]["activeShareCount"])

    def test_what_is_refused(self):
        policy = self.policy()
        fair, fifo = self.queue(policy), self.queue()
        definition = self.define("true")
        submit = {"jobName": "x", "jobDefinition": definition}
        self.assert_refused("can onlybe submitted to job queue with fair share",
                            self.batch.submit_job, jobQueue=fifo, shareIdentifier="a", **submit)
        self.assert_refused("can onlybe submitted to job queue with fair share",
                            self.batch.submit_job, jobQueue=fifo, schedulingPriorityOverride=1,
                            **submit)
        self.assert_refused("shareIdentifier is required", self.batch.submit_job, jobQueue=fair,
                            **submit)
        self.assert_refused("used by job queue", self.batch.delete_scheduling_policy, arn=policy)
        self.assert_refused("cannot get one", self.batch.update_job_queue, jobQueue=fifo,
                            schedulingPolicyArn=policy)
        create = {"priority": 1, "computeEnvironmentOrder": [
            {"order": 1, "computeEnvironment": "local"}]}
        self.assert_refused("not found.", self.batch.create_job_queue, jobQueueName="q",
                            schedulingPolicyArn=policy + "x", **create)
        self.assert_refused("Only scheduling policy Arn can be allowed.",
                            self.batch.create_job_queue, jobQueueName="q",
                            schedulingPolicyArn="policy", **create)
        shown = self.batch.describe_job_queues(jobQueues=[fair])["jobQueues"][0]
        self.assertEqual(policy, shown["schedulingPolicyArn"])


class Consumables(Scheduling):
    def resource(self, total, kind="REPLENISHABLE"):
        name = self.unique("resource")
        self.batch.create_consumable_resource(
            consumableResourceName=name, totalQuantity=total, resourceType=kind)
        return name

    @staticmethod
    def taking(resource, quantity=1):
        return {"consumableResourceList": [
            {"consumableResource": resource, "quantity": quantity}]}

    def quantities(self, resource):
        found = self.batch.describe_consumable_resource(consumableResource=resource)
        return found["totalQuantity"], found["inUseQuantity"], found["availableQuantity"]

    def test_a_job_waits_for_its_units_and_gives_them_back(self):
        licence = self.resource(2)
        definition = self.define(HOLD, consumableResourceProperties=self.taking(licence, 2))
        first = self.submit(definition)
        self.wait_for(first, "RUNNING")
        self.assertEqual((2, 2, 0), self.quantities(licence))
        second = self.submit(definition)
        reason = eventually(lambda: self.describe(second).get("statusReason"), 10)
        self.assertIn("CAPACITY:CONSUMABLE_RESOURCE_UNAVAILABLE", reason)
        self.assertIn(licence, reason)
        third = self.submit(definition, dependsOn=[{"jobId": second}])
        listed = self.batch.list_jobs_by_consumable_resource(consumableResource=licence)["jobs"]
        self.assertEqual([("PENDING", 2), ("RUNNABLE", 2), ("RUNNING", 2)],
                         [(job["jobStatus"], job["quantity"]) for job in listed])
        self.assertTrue(listed[0]["statusReason"].startswith("DEPENDENCY:WAITING"), listed[0])
        self.batch.cancel_job(jobId=third, reason="not needed")
        listed = self.batch.list_jobs_by_consumable_resource(
            consumableResource=licence, filters=[{"name": "JOB_STATUS", "values": ["RUNNING"]}])
        self.assertEqual(1, len(listed["jobs"]))
        self.finish(first)
        self.wait_for(second, "RUNNING")
        self.finish(second)
        self.wait_for(second)
        self.assertEqual((2, 0, 2), self.quantities(licence))

    def test_used_up_ones_are_added_again(self):
        ticket = self.resource(1, "NON_REPLENISHABLE")
        definition = self.define("true")
        override = {"consumableResourcePropertiesOverride": self.taking(ticket)}
        self.wait_for(self.submit(definition, **override), "SUCCEEDED")
        self.assertEqual((0, 0, 0), self.quantities(ticket))
        second = self.submit(definition, **override)
        eventually(lambda: self.describe(second)["status"] == "RUNNABLE", 10)
        self.batch.update_consumable_resource(consumableResource=ticket, operation="ADD",
                                              quantity=1)
        self.wait_for(second, "SUCCEEDED")

    def test_what_is_held_survives_a_restart(self):
        licence = self.resource(3)
        job = self.hold(consumableResourcePropertiesOverride=self.taking(licence))
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual((3, 1, 2), self.quantities(licence))
        self.batch.update_consumable_resource(consumableResource=licence, operation="SET",
                                              quantity=0)
        self.assertEqual((1, 1, 0), self.quantities(licence))
        self.finish(job)
        self.wait_for(job)
        self.assertEqual((0, 0, 0), self.quantities(licence))


if __name__ == "__main__":
    unittest.main()
