"""The event feed: complete, in order, the same for everybody, also across a SIGKILL."""

import json
import os
import re
import socket
import subprocess
import threading
import time

from support.case import SystemTest
from support.daemon import Batchd
from support.docs import commands
from support.streams import EventStream
from support.waiting import eventually

LIFE = ["RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]


def statuses_of(events, job):
    return [event["data"]["detail"]["status"] for event in events
            if event["event"] == "job" and event["data"]["detail"]["jobId"] == job]


def is_end_of(job):
    def is_it(event):
        detail = event["data"]["detail"]
        return (detail.get("jobId") == job
                and detail["status"] in ("SUCCEEDED", "FAILED"))
    return is_it


class Feed(SystemTest):
    settings = {"events.heartbeat_seconds": 1}

    def stream(self, query="", *arguments, **options):
        stream = EventStream(self.daemon.endpoint, f"/api/v1/events{query}", *arguments, **options)
        self.addCleanup(stream.close)
        return stream

    def page(self, query=""):
        answer = self.curl(f"/api/v1/events?follow=0&{query}")
        self.assertEqual(200, answer.status, answer.text)
        return answer.json()

    def follow_from_now(self, query=""):
        """A stream that misses nothing of what comes next."""
        newest = self.page("limit=1")["newest"]
        return self.stream(f"?since={newest}&{query}")

    def shell(self, name, **variables):
        """Runs a command of the documentation to its end."""
        done = subprocess.run(["sh", "-c", commands("native-api.md", name)], capture_output=True,
                              text=True, timeout=60, check=True,
                              env={**os.environ, "URL": self.daemon.endpoint, **variables})
        return done.stdout

    def test_the_life_of_a_job_as_eventbridge_tells_it(self):
        stream = self.follow_from_now()
        job = self.run_command("exit 3", retryStrategy={"attempts": 2}, tags={"team": "blue"})
        events = stream.until(is_end_of(job))
        self.assertEqual(["RUNNABLE", "STARTING", "RUNNING", "RUNNABLE", "STARTING", "RUNNING",
                          "FAILED"], statuses_of(events, job))
        ids = [event["id"] for event in events]
        self.assertEqual(list(range(ids[0], ids[0] + len(ids))), ids)
        last = events[-1]["data"]
        described = self.describe(job)
        self.assertEqual(("0", "Batch Job State Change", "aws.batch", "us-east-1"),
                         (last["version"], last["detail-type"], last["source"], last["region"]))
        self.assertRegex(last["id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-")
        self.assertRegex(last["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual([described["jobArn"]], last["resources"])
        self.assertEqual(events[-1]["id"], last["sequence"])
        detail = last["detail"]
        self.assertEqual(2, len(detail["attempts"]))
        self.assertEqual(3, detail["attempts"][1]["container"]["exitCode"])
        self.assertEqual({"team": "blue"}, detail["tags"])
        del detail["isCancelled"], detail["isTerminated"], detail["eksAttempts"]
        self.assertLessEqual(detail.items(), described.items())

    def test_a_detail_is_the_job_of_then(self):
        job = self.run_command("exit 3", retryStrategy={"attempts": 2})
        self.wait_for(job, "FAILED")
        details = [event["detail"] for event in self.page(f"job={job}&since=0")["events"]]
        first, starting, running, again = details[:4]
        self.assertEqual([], first["attempts"])
        self.assertNotIn("startedAt", first)
        self.assertNotIn("exitCode", first["container"])
        self.assertIn("taskArn", starting["container"])
        self.assertNotIn("logStreamName", starting["container"])
        self.assertIn("logStreamName", running["container"])
        self.assertNotIn("exitCode", running["container"])
        self.assertIn("startedAt", running)
        self.assertEqual([1, "RUNNABLE"], [len(again["attempts"]), again["status"]])
        self.assertEqual("Essential container in task exited", again["statusReason"])

    def test_children_and_nodes_one_by_one(self):
        stream = self.follow_from_now()
        array = self.submit(self.define("true"), arrayProperties={"size": 3})
        events = stream.until(is_end_of(array), 60)
        self.assertEqual(["PENDING", "SUCCEEDED"], statuses_of(events, array))
        for index in range(3):
            self.assertEqual(LIFE, statuses_of(events, f"{array}:{index}"))
        summary = events[-1]["data"]["detail"]["arrayProperties"]["statusSummary"]
        self.assertEqual(3, summary["SUCCEEDED"])
        child = next(event["data"]["detail"] for event in events
                     if event["data"]["detail"]["jobId"] == f"{array}:1")
        self.assertEqual(1, child["arrayProperties"]["index"])

    def test_everybody_sees_the_same(self):
        streams = [self.follow_from_now() for _ in range(3)]
        lines = self.stream(f"?format=ndjson&since={self.page('limit=1')['newest']}", lines=True)
        job = self.run_command("true")
        seen = [stream.until(is_end_of(job)) for stream in streams]
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])
        records = [event["data"] for event in seen[0]]
        self.assertEqual(records, lines.take(len(records)))
        first = records[0]["sequence"]
        self.assertEqual(records, self.page(f"since={first - 1}")["events"])

    def test_going_on_after_the_last_id(self):
        job = self.run_command("true")
        self.wait_for(job)
        events = self.page(f"job={job}&since=0")["events"]
        self.assertEqual(LIFE, [event["detail"]["status"] for event in events])
        second = events[1]["sequence"]
        later = self.stream(f"?job={job}&since=0", "--header", f"Last-Event-ID: {second}")
        self.assertEqual(events[2:], [event["data"] for event in later.take(2)])

    def test_pages_join_without_a_gap(self):
        job = self.submit(self.define("true"), arrayProperties={"size": 5})
        self.wait_for(job)
        seqs, since = [], 0
        while True:
            page = self.page(f"since={since}&limit=3")
            self.assertFalse(page["reset"])
            seqs += [event["sequence"] for event in page["events"]]
            if page["next"] >= page["newest"]:
                break
            since = page["next"]
        self.assertEqual(list(range(1, page["newest"] + 1)), seqs)

    def test_filters(self):
        name = self.unique("queue")
        self.batch.create_job_queue(
            jobQueueName=name, priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": "local"}])
        of_queue = self.follow_from_now(f"queue={name}")
        failures = self.follow_from_now(f"queue={name},default&status=FAILED")
        here = self.submit(self.define("true"), queue=name)
        elsewhere = self.run_command("false")
        self.wait_for(here)
        self.wait_for(elsewhere)
        self.assertEqual(LIFE, statuses_of(of_queue.until(is_end_of(here)), here))
        failed = failures.next()
        self.assertEqual((elsewhere, "FAILED"), (failed["data"]["detail"]["jobId"],
                                                 failed["data"]["detail"]["status"]))
        self.batch.update_job_queue(jobQueue=name, state="DISABLED")
        change = of_queue.next()
        self.assertEqual("job-queue", change["event"])
        self.assertEqual("Batch Job Queue State Change", change["data"]["detail-type"])
        self.assertEqual({"jobQueueName": name, "jobQueueArn": change["data"]["resources"][0],
                          "state": "DISABLED", "status": "VALID",
                          "statusReason": "JobQueue Healthy"}, change["data"]["detail"])

    def test_environments_and_hosts(self):
        page = self.page("since=0&limit=1000")
        kinds = [(event["detail-type"], event["detail"].get("hostName"), event["detail"]["status"])
                 for event in page["events"]]
        self.assertEqual("Batch Compute Environment State Change", kinds[0][0])
        self.assertIn(("Batch Host State Change", "local", "UP"), kinds)

    def test_at_rest_a_stream_shows_that_it_is_alive(self):
        stream = self.stream("?queue=default")
        eventually(lambda: stream.comments.count(": heartbeat") >= 2, 10, "two heartbeats")
        self.assertEqual(self.page("limit=1")["newest"], stream.last_id)
        lines = self.stream("", "--header", "Accept: application/x-ndjson", lines=True)
        eventually(lambda: len(lines.comments) >= 2, 10, "two empty lines")

    def test_an_event_is_there_at_once(self):
        stream = self.follow_from_now("status=RUNNABLE")
        definition = self.define("true")
        delays = []
        for _ in range(5):
            began = time.monotonic()
            self.submit(definition)
            stream.next()
            delays.append(time.monotonic() - began)
        self.assertLess(sorted(delays)[2], 0.5, delays)  # with the request and curl's own time

    def test_a_stream_with_a_limit_ends(self):
        job = self.run_command("true")
        self.wait_for(job)
        stream = self.stream(f"?job={job}&since=0&limit=2")
        self.assertEqual(LIFE[:2], statuses_of(stream.rest(), job))
        self.assertEqual(0, stream.process.wait(10))

    def test_a_number_that_was_never_given_is_told(self):
        newest = self.page("limit=1")["newest"]
        stream = self.stream("", "--header", f"Last-Event-ID: {newest + 1000}")
        reset, first = stream.take(2)
        self.assertEqual(("reset", 0), (reset["event"], reset["id"]))
        self.assertEqual({"requested": newest + 1000, "oldest": 1}, reset["data"]["detail"])
        self.assertEqual(1, first["id"])
        self.assertTrue(self.page(f"since={newest + 1000}&limit=1")["reset"])

    def test_what_is_not_understood_is_refused(self):
        for query, status, text in [
                ("?since=-1", 400, "since '-1' is not a number"),
                ("?since=x", 400, "since 'x'"),
                ("?status=DONE", 400, "status 'DONE' is none of a job's"),
                ("?job=x", 400, "x"),
                ("?job=00000000-0000-7000-8000-000000000000", 404, "does not exist"),
                ("?queue=nowhere", 404, "job queue 'nowhere' does not exist"),
                ("?follow=maybe", 400, "follow 'maybe'"),
                ("?format=xml", 400, "format 'xml'"),
                ("?format=json", 400, "follow=0"),
                ("?limit=0", 400, "limit '0'"),
                ("?follow=0&limit=1001", 400, "from 1 to 1000")]:
            with self.subTest(query):
                answer = self.curl("/api/v1/events" + query)
                self.assertEqual(status, answer.status)
                self.assertIn(text, answer.json()["message"])
        answer = self.curl("/api/v1/events", "--header", "Last-Event-ID: 7a")
        self.assertEqual(400, answer.status)

    def test_the_commands_of_the_documentation(self):
        job = self.run_command("false")
        self.wait_for(job)
        failed = self.shell("events-failures")
        self.assertIn('"status":"FAILED"', failed)
        page = json.loads(self.shell("events-page"))
        self.assertEqual(10, len(page["events"]))
        environment = {**os.environ, "URL": self.daemon.endpoint}
        stream = EventStream.of_command(commands("native-api.md", "events-follow"), environment)
        self.addCleanup(stream.close)
        eventually(lambda: stream.comments, 10, "the stream has begun")
        later = self.run_command("true")
        self.assertEqual(LIFE, statuses_of(stream.until(is_end_of(later)), later))

    def test_the_number_is_a_metric(self):
        newest = self.page("limit=1")["newest"]
        found = re.search(r"^batchd_events_seq (\d+)", self.curl("/metrics").text, re.MULTILINE)
        self.assertGreaterEqual(int(found[1]), newest)

    def test_who_does_not_read_costs_no_memory(self):
        """And holds nobody up: others see every event meanwhile."""
        with socket.create_connection(("127.0.0.1", self.daemon.port)) as silent:
            silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            silent.sendall(b"GET /api/v1/events?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            definition = self.define("true", vcpus="100000")  # it waits for ever
            before = self.memory()
            stream = self.follow_from_now("status=RUNNABLE")
            array = self.submit(definition, arrayProperties={"size": 10000})
            events = stream.take(10000, 120)
            self.assertEqual(f"{array}:9999", events[-1]["data"]["detail"]["jobId"])
            self.assertLess(self.memory() - before, 150 << 20)
            self.batch.terminate_job(jobId=array, reason="seen")

    def memory(self):
        with open(f"/proc/{self.daemon.process.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Restart(SystemTest):
    def test_what_was_seen_stays_and_goes_on_after_sigkill(self):
        """Clients that are connected while the daemon is killed at any moment, and go on with their
        last id, see each event once and in order."""
        seen = []
        definition = self.define("true")
        newest = 0
        jobs = []
        for _ in range(4):
            stream = EventStream(self.daemon.endpoint, "/api/v1/events?since=0", "--header",
                                 f"Last-Event-ID: {newest}")
            self.addCleanup(stream.close)
            feeder = threading.Thread(target=self.submit_until_killed, args=(definition, jobs))
            feeder.start()
            got = stream.take(25, 60)
            self.daemon.kill()
            got += stream.rest()
            feeder.join()
            seen += got
            newest = seen[-1]["id"]
            self.daemon.start()
            self.connect()
        for job in jobs:
            self.wait_for(job)
        last = self.curl("/api/v1/events?follow=0&limit=1").json()["newest"]
        with EventStream(self.daemon.endpoint, f"/api/v1/events?since={newest}") as stream:
            seen += stream.until(lambda event: event["id"] >= last)
        self.assertEqual(list(range(1, len(seen) + 1)), [event["id"] for event in seen])
        answer = self.curl("/api/v1/events?follow=0&since=0&limit=1000").json()
        stored = {event["sequence"]: event for event in answer["events"]}
        for event in seen[:1000]:
            self.assertEqual(stored[event["id"]], event["data"])
        for job in jobs:
            statuses = statuses_of(seen, job)
            self.assertEqual("RUNNABLE", statuses[0])
            self.assertEqual(statuses.count("SUCCEEDED") + statuses.count("FAILED"), 1, statuses)

    def submit_until_killed(self, definition, jobs):
        while True:
            try:
                jobs.append(self.submit(definition))
            except Exception:  # pylint: disable=broad-except
                return

    def test_a_stop_ends_streams_cleanly(self):
        daemon = Batchd(self.engine.url)
        self.addCleanup(daemon.close)
        daemon.start()
        with EventStream(daemon.endpoint, "/api/v1/events?since=0") as stream:
            stream.next()
            code, seconds = daemon.terminate()
            self.assertEqual(0, code)
            self.assertLess(seconds, 5)
            stream.rest()
            self.assertEqual(0, stream.process.wait(10), "the body was ended, not cut off")


class Retention(SystemTest):
    settings = {"events.keep": 20}

    def test_who_comes_too_late_is_told(self):
        definition = self.define("true", vcpus="100000")
        for _ in range(150):  # old events go with every 64th commit
            self.submit(definition)
        page = self.curl("/api/v1/events?follow=0&since=1&limit=1000").json()
        self.assertTrue(page["reset"])
        self.assertGreater(page["oldest"], 1)
        self.assertEqual(list(range(page["oldest"], page["newest"] + 1)),
                         [event["sequence"] for event in page["events"]])
        with EventStream(self.daemon.endpoint, "/api/v1/events", "--header",
                         "Last-Event-ID: 1") as stream:
            reset, first = stream.take(2)
            self.assertEqual("reset", reset["event"])
            self.assertEqual({"requested": 1, "oldest": page["oldest"]}, reset["data"]["detail"])
            self.assertEqual(page["oldest"] - 1, reset["id"])
            self.assertEqual(page["oldest"], first["id"])
        newest = page["newest"]
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        job = self.submit(definition)
        after = self.curl(f"/api/v1/events?follow=0&since={newest}&job={job}").json()
        self.assertGreater(after["events"][0]["sequence"], newest)
