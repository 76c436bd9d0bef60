"""Definitions for EKS."""

POD = {"serviceAccountName": "account", "hostNetwork": True, "dnsPolicy": "ClusterFirst",
       "imagePullSecrets": [{"name": "pull"}], "shareProcessNamespace": False,
       "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}, "namespace": "jobs"},
       "volumes": [{"name": "v", "emptyDir": {"medium": "", "sizeLimit": "1Gi"}},
                   {"name": "s", "secret": {"secretName": "secret", "optional": True}},
                   {"name": "c", "persistentVolumeClaim": {"claimName": "claim",
                                                           "readOnly": True}}],
       "containers": [{"name": "main", "image": "i", "imagePullPolicy": "Always",
                       "command": ["c"], "args": ["a"], "env": [{"name": "A", "value": "1"}],
                       "resources": {"limits": {"cpu": "1", "memory": "64Mi"},
                                     "requests": {"cpu": "1", "memory": "64Mi"}},
                       "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": False}],
                       "securityContext": {"runAsUser": 1, "runAsGroup": 1,
                                           "readOnlyRootFilesystem": True,
                                           "runAsNonRoot": True}}],
       "initContainers": [{"name": "first", "image": "i"}]}


def walk_pods(aws):
    name = aws.unique("pod")
    aws("RegisterJobDefinition", jobDefinitionName=name, type="container",
        eksProperties={"podProperties": POD})
    found, = aws("DescribeJobDefinitions", jobDefinitionName=name)["jobDefinitions"]
    assert found["eksProperties"] == {"podProperties": POD}, found
