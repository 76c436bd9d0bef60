"""What is kept and checked, but has nothing to run on here: EKS pods, SageMaker's service jobs."""

import unittest

from support.case import SystemTest


class Eks(SystemTest):
    POD = {"podProperties": {
        "serviceAccountName": "account",
        "containers": [{"image": "busybox", "command": ["true"],
                        "resources": {"limits": {"cpu": "1", "memory": "512Mi"}},
                        "volumeMounts": [{"name": "v", "mountPath": "/v"}]}],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}],
        "metadata": {"labels": {"a": "b"}, "namespace": "jobs"}}}

    def register(self, **more):
        return self.batch.register_job_definition(
            jobDefinitionName=self.unique("pod"), type="container",
            **{"eksProperties": self.POD, **more})["jobDefinitionArn"]

    def test_a_definition_is_kept_as_it_was_given(self):
        arn = self.register()
        found = self.batch.describe_job_definitions(jobDefinitions=[arn])["jobDefinitions"][0]
        self.assertEqual(self.POD, found["eksProperties"])
        self.assertEqual("EKS", found["containerOrchestrationType"])
        self.assertNotIn("containerProperties", found)

    def test_refusals(self):
        self.assert_refused("Cannot use both ECS containerProperties and eksProperties",
                            self.register, containerProperties={"image": "busybox"})
        self.assert_refused("Cannot use both ecsProperties and eksProperties", self.register,
                            ecsProperties={"taskProperties": []})
        self.assert_refused("containers is required", self.register,
                            eksProperties={"podProperties": {}})
        self.assert_refused("has no EKS compute environment", self.submit,
                            definition=self.register(), eksPropertiesOverride=self.override())
        self.assert_refused("eksPropertiesOverride is for job definitions with eksProperties",
                            self.submit, definition=self.define("true"),
                            eksPropertiesOverride=self.override())
        self.assert_refused("eksConfiguration", self.batch.create_compute_environment,
                            computeEnvironmentName="eks", type="MANAGED", eksConfiguration={
                                "eksClusterArn": "arn:aws:eks:us-east-1:1:cluster/c",
                                "kubernetesNamespace": "n"})

    @staticmethod
    def override():
        return {"podProperties": {"containers": [{"image": "other"}]}}

    def test_types_are_checked(self):
        for path, pod in (("podProperties", []),
                          ("podProperties.containers[0].env[0].name",
                           {"containers": [{"image": "i", "env": [{"name": 1}]}]})):
            answer = self.curl("/v1/registerjobdefinition", data=(
                '{"jobDefinitionName":"x","type":"container","eksProperties":{"podProperties":'
                + str(pod).replace("'", '"') + "}}").encode())
            self.assertEqual(400, answer.status)
            self.assertIn("eksProperties." + path, answer.json()["message"])


class ServiceQueues(SystemTest):
    """And words for the tests below."""

    def service_environment(self, **more):
        return self.batch.create_service_environment(
            serviceEnvironmentName=self.unique("service"),
            serviceEnvironmentType="SAGEMAKER_TRAINING",
            capacityLimits=[{"maxCapacity": 10, "capacityUnit": "NUM_INSTANCES"}],
            **more)["serviceEnvironmentArn"]

    def service_queue(self, environment=None, **more):
        """The name of a new queue."""
        name = self.unique("queue")
        self.batch.create_job_queue(
            jobQueueName=name, priority=1, jobQueueType="SAGEMAKER_TRAINING",
            serviceEnvironmentOrder=[{"order": 1, "serviceEnvironment":
                                      environment or self.service_environment()}], **more)
        return name

    def queue(self, name):
        return self.batch.describe_job_queues(jobQueues=[name])["jobQueues"][0]

    def test_a_life(self):
        first, second = self.service_environment(), self.service_environment()
        name = self.service_queue(first.rsplit("/", 1)[1], jobStateTimeLimitActions=[
            {"reason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY", "state": "RUNNABLE",
             "maxTimeSeconds": 600, "action": "TERMINATE"}])
        created = self.queue(name)
        self.assertEqual("SAGEMAKER_TRAINING", created["jobQueueType"])
        self.assertEqual([], created["computeEnvironmentOrder"])
        self.assertEqual([{"order": 1, "serviceEnvironment": first}],
                         created["serviceEnvironmentOrder"])
        self.assertEqual("VALID", created["status"])
        self.batch.update_job_queue(jobQueue=name, serviceEnvironmentOrder=[
            {"order": 3, "serviceEnvironment": second}])
        self.assertEqual([{"order": 3, "serviceEnvironment": second}],
                         self.queue(name)["serviceEnvironmentOrder"])
        self.batch.update_job_queue(jobQueue=name, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=name)

    def test_a_service_environment_of_a_queue_is_not_deleted(self):
        environment = self.service_environment()
        name = self.service_queue(environment)
        self.batch.update_service_environment(serviceEnvironment=environment, state="DISABLED")
        self.assert_refused("Cannot delete, found existing JobQueue relationship",
                            self.batch.delete_service_environment, serviceEnvironment=environment)
        self.batch.update_job_queue(jobQueue=name, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=name)
        self.batch.delete_service_environment(serviceEnvironment=environment)

    def test_refusals(self):
        def refused(text, **more):
            self.assert_refused(text, self.batch.create_job_queue, jobQueueName="refused",
                                priority=1, **more)

        services = [{"order": 1, "serviceEnvironment": self.service_environment()}]
        computes = [{"order": 1, "computeEnvironment": "local"}]
        refused("Job queues of type SAGEMAKER_TRAINING must have serviceEnvironmentOrder.",
                jobQueueType="SAGEMAKER_TRAINING")
        refused("The jobQueueType provided is ECS, which is incompatible with the provided "
                "serviceEnvironmentOrder.", jobQueueType="ECS", serviceEnvironmentOrder=services)
        refused("Service environments must be created and valid before attaching them to a job "
                "queue.", jobQueueType="SAGEMAKER_TRAINING",
                serviceEnvironmentOrder=[{"order": 1, "serviceEnvironment": "nowhere"}])
        refused("exclude each other", computeEnvironmentOrder=computes,
                serviceEnvironmentOrder=services)
        refused("no EKS environments", jobQueueType="EKS", computeEnvironmentOrder=computes)
        name = self.service_queue()
        self.assert_refused("incompatible with the provided computeEnvironmentOrder",
                            self.batch.update_job_queue, jobQueue=name,
                            computeEnvironmentOrder=computes)
        self.assert_refused("takes service jobs", self.submit, definition=self.define("true"),
                            queue=name)

    def test_a_queue_keeps_its_kind_over_a_restart(self):
        name = self.service_queue()
        before = self.queue(name)
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.assertEqual(before, self.queue(name))


if __name__ == "__main__":
    unittest.main()
