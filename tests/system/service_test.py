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


if __name__ == "__main__":
    unittest.main()
