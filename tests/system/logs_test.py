"""A job's output: followed by curl, read by the aws CLI and boto3 as CloudWatch Logs."""

import subprocess
import unittest

from support.case import SystemTest
from support.waiting import eventually

GROUP = "/aws/batch/job"


class Follow(SystemTest):
    def follow(self, job, query="follow=true"):
        process = subprocess.Popen(
            ["curl", "--silent", "--no-buffer",
             f"{self.daemon.endpoint}/api/v1/jobs/{job}/logs?{query}"],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process

    def allow(self, job, step):
        """Lets a job go on that waits for /<step>."""
        self.engine.docker("exec", self.engine.containers_of(job)[0]["Id"], "touch", f"/{step}")

    def test_lines_come_as_they_are_written_and_the_stream_ends_with_the_job(self):
        job = self.run_command("echo one; while [ ! -e /go ]; do sleep 0.05; done; echo two >&2")
        reader = self.follow(job)
        self.assertEqual("one\n", reader.stdout.readline())
        self.assertEqual("RUNNING", self.wait_for(job, "RUNNING")["status"])
        self.allow(job, "go")
        self.assertEqual("two\n", reader.stdout.read())
        self.assertEqual(0, reader.wait(20))
        self.assertIn(self.describe(job)["status"], ("RUNNING", "SUCCEEDED"))

    def test_following_goes_on_with_the_next_attempt(self):
        job = self.run_command("echo attempt $AWS_BATCH_JOB_ATTEMPT; "
                               "[ $AWS_BATCH_JOB_ATTEMPT = 2 ]", retryStrategy={"attempts": 2})
        self.assertEqual("attempt 1\nattempt 2\n", self.follow(job).communicate(timeout=60)[0])

    def test_one_attempt_can_be_chosen(self):
        job = self.run_command("echo attempt $AWS_BATCH_JOB_ATTEMPT; "
                               "[ $AWS_BATCH_JOB_ATTEMPT = 2 ]", retryStrategy={"attempts": 2})
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual("attempt 1\n", self.curl(f"/api/v1/jobs/{job}/logs?attempt=1").text)
        self.assertEqual("attempt 2\n", self.output(job))

    def test_following_a_job_that_has_ended_gives_its_whole_output(self):
        job = self.run_command("seq 1 20000")
        self.wait_for(job, "SUCCEEDED")
        text = self.follow(job).communicate(timeout=30)[0]
        self.assertEqual([str(i) for i in range(1, 20001)], text.splitlines())

    def test_following_a_job_that_never_runs_ends_with_it(self):
        holder = self.submit(self.define("trap 'exit 0' TERM; while :; do sleep 0.05; done"))
        job = self.run_command("true", after=[holder])
        reader = self.follow(job)
        self.batch.terminate_job(jobId=job, reason="never mind")
        self.assertEqual(("", 0), (reader.stdout.read(), reader.wait(20)))
        self.batch.terminate_job(jobId=holder, reason="done")

    def test_long_lines_binary_bytes_and_a_missing_last_newline(self):
        job = self.run_command("head -c 100000 /dev/zero | tr '\\0' x; echo; "
                               "printf 'a\\377b\\nlast'")
        self.wait_for(job, "SUCCEEDED")
        body = self.curl(f"/api/v1/jobs/{job}/logs").body
        self.assertEqual(100000, body.count(b"x"))
        self.assertTrue(body.endswith(b"last\n"), body[-20:])

    def test_bad_requests_say_what_is_wrong(self):
        job = self.run_command("true")
        unknown = "01234567-89ab-4def-8123-456789abcdef"
        for path, status in ((f"/api/v1/jobs/{job}/logs?follow=maybe", 400),
                             (f"/api/v1/jobs/{job}/logs?attempt=none", 400),
                             (f"/api/v1/jobs/{unknown}/logs", 404)):
            answer = self.curl(path)
            self.assertEqual(status, answer.status, path)
            self.assertTrue(answer.json()["message"], path)


class CloudWatch(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        definition = cls.define("for i in $(seq 1 50); do echo line $i of Ref::name; done",
                                name="talkative")
        cls.jobs = [cls.submit(definition, parameters={"name": name}) for name in ("red", "blue")]
        cls.streams = [cls.wait_for(job, "SUCCEEDED")["container"]["logStreamName"]
                       for job in cls.jobs]

    def test_streams_are_named_as_by_aws(self):
        for stream in self.streams:
            self.assertRegex(stream, r"^talkative/default/[0-9a-f]{32}$")

    def test_get_log_events_by_the_cli(self):
        answer = self.aws("logs", "get-log-events", "--log-group-name", GROUP,
                          "--log-stream-name", self.streams[0], "--start-from-head")
        self.assertEqual([f"line {i} of red" for i in range(1, 51)],
                         [event["message"] for event in answer["events"]])
        times = [event["timestamp"] for event in answer["events"]]
        self.assertEqual(sorted(times), times)

    def test_get_log_events_page_by_page_until_the_token_repeats(self):
        lines, token = [], None
        while True:
            more = {"nextToken": token} if token else {"startFromHead": True}
            page = self.logs.get_log_events(logGroupName=GROUP, logStreamName=self.streams[0],
                                            limit=7, **more)
            lines += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
        self.assertEqual([f"line {i} of red" for i in range(1, 51)], lines)

    def test_get_log_events_gives_the_end_first(self):
        page = self.logs.get_log_events(logGroupName=GROUP, logStreamName=self.streams[1], limit=3)
        self.assertEqual(["line 48 of blue", "line 49 of blue", "line 50 of blue"],
                         [event["message"] for event in page["events"]])
        page = self.logs.get_log_events(logGroupName=GROUP, logStreamName=self.streams[1], limit=2,
                                        nextToken=page["nextBackwardToken"])
        self.assertEqual(["line 46 of blue", "line 47 of blue"],
                         [event["message"] for event in page["events"]])

    def test_filter_log_events_by_the_cli(self):
        answer = self.aws("logs", "filter-log-events", "--log-group-name", GROUP,
                          "--filter-pattern", "\"line 17\"")
        self.assertEqual({("line 17 of red", self.streams[0]), ("line 17 of blue",
                                                               self.streams[1])},
                         {(e["message"], e["logStreamName"]) for e in answer["events"]})

    def test_filter_log_events_pages_through_the_streams_named(self):
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNames=[self.streams[1]],
            PaginationConfig={"PageSize": 9})
        self.assertEqual([f"line {i} of blue" for i in range(1, 51)],
                         [event["message"] for page in pages for event in page["events"]])

    def test_groups_and_streams_are_described(self):
        groups = self.logs.describe_log_groups(logGroupNamePrefix="/aws/batch")["logGroups"]
        self.assertEqual([GROUP], [group["logGroupName"] for group in groups])
        streams = self.logs.describe_log_streams(
            logGroupName=GROUP, logStreamNamePrefix="talkative/")["logStreams"]
        self.assertEqual(sorted(self.streams), [stream["logStreamName"] for stream in streams])

    def test_an_unknown_stream_is_answered_as_by_aws(self):
        unknown = self.logs.exceptions.ResourceNotFoundException
        with self.assertRaisesRegex(unknown, "log stream does not exist"):
            self.logs.get_log_events(logGroupName=GROUP, logStreamName="nowhere")
        with self.assertRaisesRegex(unknown, "log group does not exist"):
            self.logs.get_log_events(logGroupName="nowhere", logStreamName="nowhere")

    def test_a_page_has_at_most_a_mebibyte(self):
        line = "x" * 15_000
        job = self.run_command(f"yes {line} | head -n 150")
        stream = self.wait_for(job, "SUCCEEDED")["container"]["logStreamName"]
        pages = list(self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNames=[stream]))
        sizes = [sum(len(event["message"]) for event in page["events"]) for page in pages]
        self.assertEqual(150 * len(line), sum(sizes))
        self.assertLessEqual(max(sizes), 1024 * 1024)

    def test_an_attempt_that_never_was_has_no_output(self):
        job = self.run_command("echo once")
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(b"once\n", self.curl(f"/api/v1/jobs/{job}/logs?attempt=1").body)
        answer = self.curl(f"/api/v1/jobs/{job}/logs?attempt=2")
        self.assertEqual(404, answer.status)
        self.assertIn("no attempt 2", answer.json()["message"])

    def test_a_jobs_own_group_is_used(self):
        job = self.submit(self.define("echo here", container={"logConfiguration": {
            "logDriver": "awslogs", "options": {"awslogs-group": "mine",
                                                "awslogs-stream-prefix": "pre"}}}))
        stream = self.wait_for(job, "SUCCEEDED")["container"]["logStreamName"]
        self.assertRegex(stream, r"^pre/default/[0-9a-f]{32}$")
        events = self.logs.get_log_events(logGroupName="mine", logStreamName=stream)["events"]
        self.assertEqual(["here"], [event["message"] for event in events])

    def test_output_is_readable_while_the_job_runs(self):
        job = self.run_command("trap 'exit 0' TERM; echo early; while :; do sleep 0.05; done")
        stream = self.wait_for(job, "RUNNING")["container"]["logStreamName"]

        def messages():
            page = self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream)
            return [event["message"] for event in page["events"]]

        self.assertEqual(["early"], eventually(messages, 10, "the output is there"))
        self.batch.terminate_job(jobId=job, reason="seen")
        self.wait_for(job)


if __name__ == "__main__":
    unittest.main()
