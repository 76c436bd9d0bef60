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


class ServiceTest(SystemTest):
    """Words for the tests below."""

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

    def quota_queue(self):
        policy = self.batch.create_scheduling_policy(
            name=self.unique("quota"), quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"})
        return self.service_queue(schedulingPolicyArn=policy["arn"])

    def share(self, queue, name="blue", **more):
        return self.batch.create_quota_share(
            quotaShareName=name, jobQueue=queue, **{
                "capacityLimits": [{"maxCapacity": 4, "capacityUnit": "NUM_INSTANCES"}],
                "resourceSharingConfiguration": {"strategy": "LEND_AND_BORROW"},
                "preemptionConfiguration": {"inSharePreemption": "ENABLED"}, **more})[
                    "quotaShareArn"]

    def submit_service(self, queue, name=None, **more):
        answer = self.batch.submit_service_job(
            jobName=name or self.unique("train"), jobQueue=queue,
            serviceJobType="SAGEMAKER_TRAINING", serviceRequestPayload='{"TrainingJobName":"t"}',
            **more)
        return answer["jobId"]

    def service_job(self, job):
        answer = self.batch.describe_service_job(jobId=job)
        del answer["ResponseMetadata"]
        return answer

    def listed(self, queue, **more):
        pages = self.batch.get_paginator("list_service_jobs").paginate(jobQueue=queue, **more)
        return [job["jobId"] for page in pages for job in page["jobSummaryList"]]

    def restart(self):
        self.daemon.kill()
        self.daemon.start()
        self.connect()


class ServiceQueues(ServiceTest):
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
        self.restart()
        self.assertEqual(before, self.queue(name))


class ServiceJobs(ServiceTest):
    def test_a_life(self):
        queue = self.service_queue()
        retry = {"attempts": 2, "evaluateOnExit": [{"action": "RETRY", "onStatusReason": "C*"}]}
        job = self.submit_service(queue, "train", retryStrategy=retry, schedulingPriority=3,
                                  timeoutConfig={"attemptDurationSeconds": 60},
                                  tags={"team": "blue"})
        detail = self.service_job(job)
        self.assertEqual(f"arn:aws:batch:us-east-1:123456789012:service-job/{job}",
                         detail["jobArn"])
        self.assertEqual(
            ("train", "RUNNABLE", retry, 3, {"attemptDurationSeconds": 60}, {"team": "blue"},
             False, '{"TrainingJobName":"t"}', []),
            tuple(detail[m] for m in ("jobName", "status", "retryStrategy", "schedulingPriority",
                                      "timeoutConfig", "tags", "isTerminated",
                                      "serviceRequestPayload", "attempts")))
        self.assertTrue(detail["jobQueue"].endswith("job-queue/" + queue))
        self.assertIn("no SageMaker", detail["statusReason"])
        answer = self.batch.update_service_job(jobId=job, schedulingPriority=9)
        self.assertEqual(("train", job), (answer["jobName"], answer["jobId"]))
        self.assertEqual(9, self.service_job(job)["schedulingPriority"])
        self.batch.terminate_service_job(jobId=job, reason="enough")
        ended = self.service_job(job)
        self.assertEqual(("FAILED", "enough", True),
                         (ended["status"], ended["statusReason"], ended["isTerminated"]))
        self.assertIn("stoppedAt", ended)
        self.batch.terminate_service_job(jobId=job, reason="again")
        self.assertEqual(ended, self.service_job(job))
        self.assert_refused("has ended", self.batch.update_service_job, jobId=job,
                            schedulingPriority=1)

    def test_they_survive_a_kill(self):
        queue = self.service_queue()
        ended = self.submit_service(queue, clientToken="once")
        self.batch.terminate_service_job(jobId=ended, reason="enough")
        waiting = self.submit_service(queue, clientToken="twice", tags={"a": "b"})
        before = [self.service_job(job) for job in (ended, waiting)]
        self.restart()
        self.assertEqual(before, [self.service_job(job) for job in (ended, waiting)])
        for token in ("once", "twice"):
            self.assert_refused("clientToken", self.submit_service, queue=queue,
                                clientToken=token)
        newer = self.submit_service(queue)
        self.assertEqual([newer, waiting], self.listed(queue, jobStatus="RUNNABLE"))
        self.batch.terminate_service_job(jobId=waiting, reason="enough")
        self.assertEqual("FAILED", self.service_job(waiting)["status"])

    def test_lists(self):
        queue, other = self.service_queue(), self.service_queue()
        jobs = [self.submit_service(queue, f"job-{i}") for i in range(5)]
        self.submit_service(other)
        self.batch.terminate_service_job(jobId=jobs[0], reason="enough")
        self.assertEqual([], self.listed(queue), "the default is RUNNING")
        self.assertEqual([], self.listed(queue, jobStatus="SCHEDULED"))
        self.assertEqual(jobs[:0:-1], self.listed(queue, jobStatus="RUNNABLE"))
        self.assertEqual(jobs[:0:-1], self.listed(queue, jobStatus="RUNNABLE",
                                                  PaginationConfig={"PageSize": 2}))
        self.assertEqual(jobs[:1], self.listed(queue, jobStatus="FAILED"))

        def by(name, value):
            return self.listed(queue, filters=[{"name": name, "values": [value]}])

        self.assertEqual([jobs[2]], by("JOB_NAME", "JOB-2"))
        self.assertEqual(jobs[::-1], by("JOB_NAME", "job*"))
        created = self.service_job(jobs[2])["createdAt"]
        self.assertIn(jobs[0], by("BEFORE_CREATED_AT", str(created + 1)))
        self.assertEqual([], by("AFTER_CREATED_AT", str(created + 100_000)))
        self.assertEqual([], by("QUOTA_SHARE_NAME", "blue"))
        self.assert_refused("JOB_DEFINITION", by, name="JOB_DEFINITION", value="d")

    def test_refusals(self):
        queue = self.service_queue()
        self.assert_refused("not of type SAGEMAKER_TRAINING", self.submit_service,
                            queue="default")
        self.assert_refused("JobQueue nowhere not found.", self.submit_service, queue="nowhere")
        self.assert_refused("fair share scheduling policy", self.submit_service, queue=queue,
                            shareIdentifier="red")
        self.assert_refused("quotaShareName", self.submit_service, queue=queue,
                            quotaShareName="red")
        self.assert_refused("does not exist", self.batch.describe_service_job,
                            jobId="0192f3a4-5b6c-7d8e-9fa0-b1c2d3e4f500")
        self.assert_refused("jobQueue is required", self.batch.list_service_jobs)

    def test_tags(self):
        job = self.submit_service(self.service_queue(), tags={"a": "1"})
        arn = self.service_job(job)["jobArn"]
        self.batch.tag_resource(resourceArn=arn, tags={"b": "2"})
        self.batch.untag_resource(resourceArn=arn, tagKeys=["a"])
        self.assertEqual({"b": "2"}, self.batch.list_tags_for_resource(resourceArn=arn)["tags"])

    def test_the_front_of_the_queue(self):
        queue = self.service_queue()
        first, urgent = self.submit_service(queue), self.submit_service(queue,
                                                                        schedulingPriority=5)
        front = self.batch.get_job_queue_snapshot(jobQueue=queue)["frontOfQueue"]["jobs"]
        self.assertEqual([self.service_job(job)["jobArn"] for job in (urgent, first)],
                         [job["jobArn"] for job in front])

    def test_they_end_with_their_queue(self):
        queue = self.service_queue()
        job = self.submit_service(queue)
        self.batch.update_job_queue(jobQueue=queue, state="DISABLED")
        self.assert_refused("DISABLED", self.submit_service, queue=queue)
        self.batch.delete_job_queue(jobQueue=queue)
        self.assertEqual(("FAILED", f"JobQueue {queue} deleted"),
                         tuple(self.service_job(job)[m] for m in ("status", "statusReason")))


class QuotaShares(ServiceTest):
    def test_a_life(self):
        queue = self.quota_queue()
        arn = self.share(queue, tags={"a": "b"})
        self.assertEqual("arn:aws:batch:us-east-1:123456789012:job-queue/"
                         f"{queue}/quota-share/blue", arn)
        found = self.batch.describe_quota_share(quotaShareArn=arn)
        self.assertEqual(("blue", "ENABLED", "VALID", {"a": "b"},
                          {"strategy": "LEND_AND_BORROW", "borrowLimit": -1}),
                         tuple(found[m] for m in ("quotaShareName", "state", "status", "tags",
                                                  "resourceSharingConfiguration")))
        self.assertTrue(found["jobQueueArn"].endswith("job-queue/" + queue))
        self.assert_refused("already exists", self.share, queue=queue)
        self.assert_refused("must be DISABLED", self.batch.delete_quota_share, quotaShareArn=arn)
        self.batch.update_quota_share(quotaShareArn=arn, state="DISABLED", capacityLimits=[
            {"maxCapacity": 1, "capacityUnit": "ml.m5.large"}])
        self.restart()
        found = self.batch.describe_quota_share(quotaShareArn=arn)
        self.assertEqual(("DISABLED", "ml.m5.large"),
                         (found["state"], found["capacityLimits"][0]["capacityUnit"]))
        self.assertEqual({"a": "b"}, self.batch.list_tags_for_resource(resourceArn=arn)["tags"])
        self.batch.delete_quota_share(quotaShareArn=arn)
        self.assert_refused("does not exist", self.batch.describe_quota_share, quotaShareArn=arn)

    def test_lists_of_one_queue(self):
        queue, other = self.quota_queue(), self.quota_queue()
        for name in "cab":
            self.share(queue, name)
        self.share(other)
        pages = list(self.batch.get_paginator("list_quota_shares").paginate(
            jobQueue=queue, PaginationConfig={"PageSize": 2}))
        self.assertEqual([["a", "b"], ["c"]], [[share["quotaShareName"] for share in
                                                page["quotaShares"]] for page in pages])

    def test_jobs_wait_in_their_shares(self):
        queue = self.quota_queue()
        self.share(queue, "blue")
        self.share(queue, "red")
        self.assert_refused("quotaShareName is required", self.submit_service, queue=queue)
        self.assert_refused("no ENABLED quota share", self.submit_service, queue=queue,
                            quotaShareName="green")
        jobs = [self.submit_service(queue, quotaShareName="red") for _ in range(2)]
        front = self.batch.get_job_queue_snapshot(jobQueue=queue)["frontOfQuotaShares"]
        self.assertEqual([], front["quotaShares"]["blue"])
        self.assertEqual([self.service_job(job)["jobArn"] for job in jobs],
                         [job["jobArn"] for job in front["quotaShares"]["red"]])
        self.assertEqual("red", self.service_job(jobs[0])["quotaShareName"])
        self.assertEqual(jobs[::-1], self.listed(queue, filters=[
            {"name": "QUOTA_SHARE_NAME", "values": ["red"]}]))

    def test_they_need_a_queue_with_a_quota_policy(self):
        self.assert_refused("no scheduling policy with a quotaSharePolicy", self.share,
                            queue=self.service_queue())
        self.assert_refused("quotaSharePolicy", self.share, queue="default")
        self.assert_refused("borrowLimit", self.share, queue=self.quota_queue(),
                            resourceSharingConfiguration={"strategy": "LEND", "borrowLimit": 5})


if __name__ == "__main__":
    unittest.main()
