"""GPUs on a machine that has none: the configuration names some, and the Engine cannot give them."""

from support.case import SystemTest
from support.waiting import eventually


def gpus(count):
    return {"resourceRequirements": [{"type": "VCPU", "value": "1"},
                                     {"type": "MEMORY", "value": "32"},
                                     {"type": "GPU", "value": str(count)}]}


class Gpus(SystemTest):
    settings = {"docker.gpus": ["GPU-aaaa", "GPU-bbbb"]}

    def host(self):
        return self.curl("/api/v1/overview").json()["hosts"][0]

    def test_the_host_has_those_that_are_named(self):
        self.assertEqual(2, eventually(lambda: self.host()["capacity"]["gpus"], 10, "the host is up"))

    def test_an_engine_without_the_driver_fails_the_job(self):
        definition = self.define("true", container=gpus(2), retryStrategy={"attempts": 2})
        detail = self.wait_for(self.submit(definition), "FAILED")
        self.assertTrue(detail["container"]["reason"].startswith("CannotStartContainerError: "))
        self.assertIn("could not select device driver", detail["container"]["reason"])
        self.assertEqual(128, detail["container"]["exitCode"])
        self.assertEqual(2, len(detail["attempts"]))
        self.assertIn({"type": "GPU", "value": "2"}, detail["container"]["resourceRequirements"])
        eventually(lambda: self.host()["free"]["gpus"] == 2, 10, "the GPUs are free again")

    def test_more_than_there_are_waits(self):
        job = self.submit(self.define("true", container=gpus(3)))
        eventually(lambda: "GPU" in self.describe(job).get("statusReason", ""), 10, "a reason")
        self.assertEqual("RUNNABLE", self.describe(job)["status"])
        self.batch.terminate_job(jobId=job, reason="seen")

    def test_a_job_without_sees_none_whatever_it_says(self):
        environment = [{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}]
        job = self.submit(self.define("echo $NVIDIA_VISIBLE_DEVICES",
                                      container={"environment": environment}))
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("void\n", self.output(job))


class NoGpus(SystemTest):
    def test_where_there_are_none_the_variable_is_left_alone(self):
        job = self.run_command("echo ${NVIDIA_VISIBLE_DEVICES-unset}")
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("unset\n", self.output(job))
