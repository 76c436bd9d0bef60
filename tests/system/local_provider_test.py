"""MANAGED environments without AWS: the same requests as for AWS Batch, carried out by simulated
instances on the local Docker Engine."""

import json
import unittest

from support.case import SystemTest
from support.waiting import eventually

HOLD = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class LocalProvider(SystemTest):
    settings = {"compute.provider": "local", "compute.idle_seconds": 1,
                "compute.local_boot_seconds": 1}

    def create(self, **more):
        """An environment and its queue of the same name, made by the stock aws CLI."""
        name = self.unique("managed")
        resources = {"type": "EC2", "minvCpus": 0, "maxvCpus": 16, "instanceTypes": ["optimal"],
                     "allocationStrategy": "BEST_FIT_PROGRESSIVE", "subnets": ["subnet-1"],
                     "securityGroupIds": ["sg-1"], "instanceRole": "ecsInstanceRole", **more}
        self.aws("batch", "create-compute-environment", "--compute-environment-name", name,
                 "--type", "MANAGED", "--compute-resources", json.dumps(resources))
        self.aws("batch", "create-job-queue", "--job-queue-name", name, "--priority", "1",
                 "--compute-environment-order",
                 json.dumps([{"order": 1, "computeEnvironment": name}]))
        return name

    def environment(self, name):
        found = self.batch.describe_compute_environments(computeEnvironments=[name])
        return found["computeEnvironments"][0]

    def native(self, path):
        answer = self.curl("/api/v1/" + path)
        self.assertEqual(200, answer.status, answer.text)
        return answer.json()

    def hosts(self, name):
        return self.native(f"compute-environments/{name}/hosts")["hosts"]

    def usage(self, by, name):
        found = self.native(f"usage?by={by}&queue={name}")["usage"]
        return {entry["key"]: entry for entry in found}

    def test_jobs_bring_simulated_instances_which_go_when_idle(self):
        name = self.create()
        self.assertIn("provider local", self.environment(name)["statusReason"])
        self.assertEqual([], self.hosts(name))
        job = self.submit(self.define("sleep 0.3; echo done", vcpus="2"), queue=name,
                          tags={"team": "genomics"})
        self.wait_for(job, "RUNNING", "SUCCEEDED")
        host, = self.hosts(name)
        self.assertRegex(host["name"], r"^i-[0-9a-f]{17}$")
        self.assertEqual("LAUNCHED", host["origin"])
        self.wait_for(job, "SUCCEEDED")
        eventually(lambda: not self.hosts(name), 30, "the idle instance goes")
        terminate, launch = self.native(f"compute-environments/{name}/decisions")["decisions"]
        self.assertEqual(("LAUNCH", "TERMINATE"), (launch["action"], terminate["action"]))
        self.assertEqual([host["name"]], launch["instances"])
        self.assertEqual("subnet-1", launch["subnet"])
        self.assertTrue(launch["why"] and launch["alternatives"] and launch["pricePerHour"] > 0)
        self.assertEqual(0, self.environment(name)["computeResources"]["desiredvCpus"])

        by_queue = self.usage("queue", name)[name]
        self.assertEqual(1, by_queue["attempts"])
        self.assertGreater(by_queue["hours"], 0.3 / 3600 * 0.9)
        for by, key in (("job", job), ("tag:team", "genomics"), ("computeEnvironment", name)):
            self.assertEqual(by_queue["hours"], self.usage(by, name)[key]["hours"], by)

    def test_a_job_that_runs_costs_by_its_share_of_the_instance(self):
        name = self.create(instanceTypes=["m5.xlarge"])  # 0.192 USD an hour, 4 vCPUs
        job = self.submit(self.define(HOLD, vcpus="2"), queue=name)
        self.wait_for(job, "RUNNING")

        def cost():
            return self.usage("job", name).get(job, {}).get("estimatedCostUsd", 0) > 0

        eventually(cost, 30, "it costs something")
        entry = self.usage("job", name)[job]
        self.assertAlmostEqual(0.096, entry["estimatedCostUsd"] / entry["hours"], delta=0.01)
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")

    def test_what_no_instance_can_hold_says_so(self):
        name = self.create(instanceTypes=["c5.large"])
        large = self.submit(self.define("true", vcpus="4"), queue=name)
        eventually(lambda: "JOB_RESOURCE_REQUIREMENT" in self.describe(large)["statusReason"], 30,
                   lambda: self.describe(large)["statusReason"])

    def test_simulated_instances_outlive_the_daemon(self):
        name = self.create()
        job = self.submit(self.define(HOLD), queue=name)
        self.wait_for(job, "RUNNING")
        host, = self.hosts(name)
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        eventually(lambda: self.hosts(name) and self.hosts(name)[0]["status"] == "UP", 30, "UP")
        self.assertEqual(host["name"], self.hosts(name)[0]["name"])
        self.assertEqual("RUNNING", self.describe(job)["status"])
        self.batch.terminate_job(jobId=job, reason="enough")
        self.wait_for(job, "FAILED")

    def test_a_deleted_environment_takes_its_instances_with_it(self):
        name = self.create(minvCpus=2)
        eventually(lambda: self.hosts(name), 30, "minvCpus run without jobs")
        self.batch.update_job_queue(jobQueue=name, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=name)
        self.batch.update_compute_environment(computeEnvironment=name, state="DISABLED")
        self.batch.delete_compute_environment(computeEnvironment=name)
        hosts = self.native("overview")["hosts"]
        self.assertNotIn(name, [host.get("computeEnvironment") for host in hosts])

    def test_bad_questions_are_refused(self):
        for path, text in (("usage?by=moon", "by 'moon' is not queue"),
                           ("usage?by=tag:", "by 'tag:' is not queue"),
                           ("usage?since=yesterday", "since 'yesterday' is not a number"),
                           ("usage?since=5&until=5", "since '5' is not before until '5'"),
                           ("usage?limit=0", "limit '0' is not a number from 1"),
                           ("compute-environments/local/decisions?limit=x", "limit 'x'")):
            answer = self.curl("/api/v1/" + path)
            self.assertEqual(400, answer.status, path)
            self.assertIn(text, answer.json()["message"])
        self.assertEqual(404, self.curl("/api/v1/compute-environments/none/decisions").status)


if __name__ == "__main__":
    unittest.main()
