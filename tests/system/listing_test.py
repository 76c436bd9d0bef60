"""DescribeJobs and ListJobs: limits, order, pages."""

import json
import unittest

from support.case import SystemTest

UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"


class DescribeJobs(SystemTest):
    def test_a_hundred_ids_and_not_one_more(self):
        never = self.define("true", vcpus="1000")
        jobs = [self.submit(never) for _ in range(100)]
        found = self.batch.describe_jobs(jobs=jobs)["jobs"]
        self.assertEqual(jobs, [job["jobId"] for job in found])
        self.assert_refused("Maximum number of jobs supported is 100", self.batch.describe_jobs,
                            jobs=[*jobs, UNKNOWN])

    def test_unknown_ids_are_left_out(self):
        job = self.run_command("true")
        found = self.batch.describe_jobs(jobs=[UNKNOWN, job, "nonsense"])["jobs"]
        self.assertEqual([job], [entry["jobId"] for entry in found])

    def test_a_job_is_there_as_soon_as_it_was_submitted(self):
        never = self.define("true", vcpus="1000")
        for _ in range(50):
            self.assertIsNotNone(self.describe(self.submit(never)))

    def test_an_ended_job_in_full(self):
        job = self.run_command("exit 5", name="full", tags={"a": "b"})
        detail = self.wait_for(job, "FAILED")
        attempt, = detail["attempts"]
        prefix = "arn:aws:batch:us-east-1:123456789012:"
        self.assertEqual(f"{prefix}job/{job}", detail["jobArn"])
        self.assertEqual(f"{prefix}job-queue/default", detail["jobQueue"])
        self.assertEqual(("full", {"a": "b"}), (detail["jobName"], detail["tags"]))
        self.assertLessEqual(detail["createdAt"], detail["startedAt"])
        self.assertLessEqual(detail["startedAt"], detail["stoppedAt"])
        for member in ("containerInstanceArn", "taskArn", "logStreamName", "exitCode"):
            self.assertEqual(attempt["container"][member], detail["container"][member], member)
        self.assertTrue(attempt["container"]["taskArn"].startswith(
            "arn:aws:ecs:us-east-1:123456789012:task/AWSBatch-local-"))


class ListJobs(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        definition = cls.define("true")
        cls.ended = [cls.submit(definition, name=f"ended-{i}") for i in range(25)]
        for job in cls.ended:
            cls.wait_for(job, "SUCCEEDED")
        cls.failed = cls.run_command("exit 4")
        cls.wait_for(cls.failed, "FAILED")
        cls.running = cls.run_command("trap 'exit 0' TERM; while :; do sleep 0.05; done")
        cls.wait_for(cls.running, "RUNNING")
        cls.pending = cls.submit(definition, after=[cls.running])

    def listed(self, **selection):
        answer = self.batch.list_jobs(**{"jobQueue": "default", **selection})
        return [job["jobId"] for job in answer["jobSummaryList"]]

    def test_running_jobs_are_what_is_listed_without_a_status(self):
        self.assertEqual([self.running], self.listed())

    def test_one_status_is_listed(self):
        self.assertEqual([self.pending], self.listed(jobStatus="PENDING"))
        self.assertEqual([], self.listed(jobStatus="STARTING"))
        self.assertEqual(set(self.ended), set(self.listed(jobStatus="SUCCEEDED")))

    def test_a_summary_has_what_clients_read(self):
        summary, = self.batch.list_jobs(jobQueue="default",
                                        jobStatus="FAILED")["jobSummaryList"]
        detail = self.describe(self.failed)
        for member in ("jobId", "jobArn", "jobName", "status", "statusReason", "createdAt",
                       "startedAt", "stoppedAt"):
            self.assertEqual(detail[member], summary[member], member)
        self.assertEqual(4, summary["container"]["exitCode"])

    def test_pages_hold_every_job_once(self):
        pages = list(self.batch.get_paginator("list_jobs").paginate(
            jobQueue="default", jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 10}))
        self.assertEqual([10, 10], [len(page["jobSummaryList"]) for page in pages[:2]])
        self.assertEqual(3, len(pages))
        found = [job["jobId"] for page in pages for job in page["jobSummaryList"]]
        self.assertEqual(sorted(self.ended), sorted(found))

    def test_a_page_is_not_moved_by_new_jobs(self):
        first = self.batch.list_jobs(jobQueue="default", jobStatus="SUCCEEDED", maxResults=20)
        extra = self.run_command("true")
        self.wait_for(extra, "SUCCEEDED")
        rest = self.batch.list_jobs(jobQueue="default", jobStatus="SUCCEEDED",
                                    nextToken=first["nextToken"])
        found = [job["jobId"] for page in (first, rest) for job in page["jobSummaryList"]]
        self.assertEqual(sorted(self.ended), sorted(set(found) - {extra}))
        self.assertEqual(len(found), len(set(found)))
        self.ended.append(extra)

    def test_selectors_exclude_each_other_and_one_is_needed(self):
        for selection in ({}, {"jobQueue": "default", "arrayJobId": self.failed}):
            self.assert_refused("exactly one of", self.batch.list_jobs, **selection)
        self.assert_refused("nowhere", self.batch.list_jobs, jobQueue="nowhere")
        self.assert_refused("jobStatus", self.batch.list_jobs, jobQueue="default",
                            jobStatus="DANCING")
        self.assert_refused("oken", self.batch.list_jobs, jobQueue="default",
                            nextToken="made up")


class Filters(SystemTest):
    """ListJobs with `filters`: jobs in every status, the newest first."""

    def listed(self, **selection):
        answer = self.batch.list_jobs(**{"jobQueue": "default", **selection})
        return [job["jobId"] for job in answer["jobSummaryList"]]

    def filtered(self, name, value, **more):
        return self.listed(filters=[{"name": name, "values": [value]}], **more)

    def test_filters_by_name(self):
        first = self.run_command("true", name="Night-Run_1")
        second = self.run_command("true", name="night-run_2")
        other = self.run_command("true", name="nightxrun_1")
        for job in (first, second, other):
            self.wait_for(job, "SUCCEEDED")
        self.assertEqual([first], self.filtered("JOB_NAME", "NIGHT-run_1"))
        self.assertEqual([second, first], self.filtered("JOB_NAME", "night-run_*"))
        self.assertEqual([second, first],
                         self.filtered("JOB_NAME", "night-run_*", jobStatus="FAILED"))
        self.assertEqual([], self.filtered("JOB_NAME", "night%"))
        page = self.batch.list_jobs(jobQueue="default", maxResults=1, filters=[
            {"name": "JOB_NAME", "values": ["night*"]}])
        self.assertEqual([other], [job["jobId"] for job in page["jobSummaryList"]])
        self.assertEqual([second, first], self.filtered("JOB_NAME", "night*",
                                                        nextToken=page["nextToken"]))

    def test_filters_by_definition(self):
        name = self.unique("listed")
        jobs = [self.submit(self.define("true", name=name)) for _ in range(2)]
        for job in jobs:
            self.wait_for(job, "SUCCEEDED")
        self.assertEqual(jobs[::-1], self.filtered("JOB_DEFINITION", name))
        self.assertEqual(jobs[::-1], self.filtered("JOB_DEFINITION", name[:-2] + "*"))
        self.assertEqual([], self.filtered("JOB_DEFINITION", name.upper()))
        arn = self.describe(jobs[0])["jobDefinition"]
        self.assertEqual(jobs[:1], self.filtered("JOB_DEFINITION", arn))
        self.assertEqual([], self.filtered("JOB_DEFINITION", arn.replace("us-east-1", "mars-1")))

    def test_filters_by_time(self):
        job = self.run_command("true")
        self.wait_for(job, "SUCCEEDED")
        created = self.describe(job)["createdAt"]
        self.assertIn(job, self.filtered("AFTER_CREATED_AT", str(created - 1)))
        self.assertNotIn(job, self.filtered("AFTER_CREATED_AT", str(created)))
        self.assertIn(job, self.filtered("BEFORE_CREATED_AT", str(created + 1)))
        self.assertNotIn(job, self.filtered("BEFORE_CREATED_AT", str(created)))

    def test_filters_that_are_refused(self):
        def refused(text, filters, **selection):
            self.assert_refused(text, self.batch.list_jobs, filters=filters,
                                **(selection or {"jobQueue": "default"}))

        refused("AGE", [{"name": "AGE", "values": ["1"]}])
        refused("milliseconds", [{"name": "AFTER_CREATED_AT", "values": ["yesterday"]}])
        refused("one is allowed", [{"name": "JOB_NAME", "values": ["a"]}] * 2)
        refused("it takes one", [{"name": "JOB_NAME", "values": []}])
        refused("jobQueue only", [{"name": "JOB_NAME", "values": ["a"]}],
                arrayJobId="01234567-89ab-7cde-8f01-23456789abcd")
        self.assert_refused("maxResults 101", self.batch.list_jobs, jobQueue="default",
                            maxResults=101, filters=[{"name": "JOB_NAME", "values": ["a"]}])


class Snapshot(SystemTest):
    settings = {"docker.vcpus": 1}

    def snapshot(self, queue="default"):  # by curl: Debian's botocore does not know it
        return self.curl("/v1/getjobqueuesnapshot", data=json.dumps({"jobQueue": queue}).encode())

    def test_jobs_stand_in_the_order_in_which_they_are_served(self):
        holder = self.run_command("trap 'exit 0' TERM; while :; do sleep 0.05; done")
        self.wait_for(holder, "RUNNING")
        first = self.run_command("true")
        array = self.run_command("true", arrayProperties={"size": 2})
        other_shape = self.submit(self.define("true", memory="33"))
        pending = self.run_command("true", dependsOn=[{"jobId": first}])
        front = self.snapshot().json()["frontOfQueue"]
        self.assertEqual([first, f"{array}:0", f"{array}:1", other_shape],
                         [job["jobArn"].rsplit("/", 1)[1] for job in front["jobs"]])
        times = [job["earliestTimeAtPosition"] for job in front["jobs"]]
        self.assertEqual(sorted(times), times)
        self.assertGreaterEqual(front["lastUpdatedAt"], times[-1])
        self.batch.terminate_job(jobId=holder, reason="seen")
        self.wait_for(pending, "SUCCEEDED")
        self.assertEqual([], self.snapshot().json()["frontOfQueue"]["jobs"])

    def test_an_unknown_queue_is_refused(self):
        answer = self.snapshot("nowhere")
        self.assertEqual(400, answer.status)
        self.assertIn("nowhere", answer.json()["message"])


if __name__ == "__main__":
    unittest.main()
