"""Webhooks: signed, in order, at least once, and none holds up another."""

import json
import os
import re
import subprocess
import time

from support.case import SystemTest
from support.daemon import Batchd
from support.docs import commands
from support.receiver import Receiver
from support.waiting import eventually

NAMESPACE = {}
exec(commands("native-api.md", "webhook-verify"), NAMESPACE)  # pylint: disable=exec-used
is_authentic = NAMESPACE["is_authentic"]


class WebhookTest(SystemTest):
    def receiver(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        return receiver

    def put(self, **webhook):
        answer = self.curl("/api/v1/webhooks", data=json.dumps(webhook).encode())
        self.assertEqual(200, answer.status, answer.text)
        self.addCleanup(self.curl, f"/api/v1/webhooks/{webhook['name']}", "-X", "DELETE")
        return answer.json()

    def show(self, name):
        return self.curl(f"/api/v1/webhooks/{name}").json()

    def failures(self, name):
        return self.curl(f"/api/v1/webhooks/{name}/failures").json()["failures"]

    def events_of(self, job):
        page = self.curl(f"/api/v1/events?follow=0&since=0&limit=1000&job={job}").json()
        return page["events"]

    def shell(self, name, **variables):
        done = subprocess.run(["sh", "-c", commands("native-api.md", name)], capture_output=True,
                              text=True, timeout=60, check=True,
                              env={**os.environ, "URL": self.daemon.endpoint, **variables})
        return done.stdout


class Webhooks(WebhookTest):
    settings = {"events.webhook_timeout_seconds": 1}

    def test_the_commands_of_the_documentation(self):
        receiver = self.receiver()
        made = json.loads(self.shell("webhook-put", HOOK_URL=receiver.url))
        self.addCleanup(self.curl, "/api/v1/webhooks/ci", "-X", "DELETE")
        self.assertEqual(["ci", receiver.url, ["default"], ["SUCCEEDED", "FAILED"], True],
                         [made[key] for key in ("name", "url", "queues", "statuses", "hasSecret")])
        self.assertNotIn("correct horse", json.dumps(made))
        receiver.answers = [400, 400, 400]
        refused = self.run_command("false")
        listed = eventually(lambda: self.failures("ci"), 30, "the event is given up")
        self.assertEqual((3, "HTTP 400"), (listed[0]["tries"], listed[0]["error"]))
        self.assertEqual({"failures": listed}, json.loads(self.shell("webhook-failures")))
        job = self.run_command("true")
        self.wait_for(job)
        eventually(lambda: len(receiver.taken) == 1, 30, "the next one is delivered")
        self.assertEqual({"name": "ci", "redelivering": 1},
                         json.loads(self.shell("webhook-redeliver")))
        eventually(lambda: len(receiver.taken) == 2, 10, "the first one is delivered after all")
        eventually(lambda: not self.failures("ci"), 10, "it leaves the list")
        jobs = [event["detail"]["jobId"] for event in receiver.events()]
        self.assertEqual([job, refused], jobs)
        for headers, body in receiver.taken:
            signature = headers["x-batchd-signature"]
            self.assertTrue(is_authentic("correct horse", signature, body))
            self.assertFalse(is_authentic("wrong", signature, body))
            self.assertFalse(is_authentic("correct horse", signature, body + b" "))
            sent = int(re.match(r"t=(\d+),", signature)[1])
            self.assertLess(abs(time.time() - sent), 60)
            self.assertEqual("ci", headers["x-batchd-webhook"])
            self.assertEqual(str(json.loads(body)["sequence"]), headers["x-batchd-event"])

    def test_the_same_records_as_the_feed_in_order(self):
        receiver = self.receiver()
        self.put(name="all", url=receiver.url)
        jobs = [self.run_command("true") for _ in range(3)]
        for job in jobs:
            self.wait_for(job)
        wanted = {event["sequence"]: event for job in jobs for event in self.events_of(job)}
        eventually(lambda: set(wanted) <= set(receiver.seqs()), 30, "all events are delivered")
        seqs = receiver.seqs()
        self.assertEqual(sorted(set(seqs)), seqs)
        for event in receiver.events():
            if event["sequence"] in wanted:
                self.assertEqual(wanted[event["sequence"]], event)
        self.assertNotIn("x-batchd-signature", receiver.taken[0][0])
        eventually(lambda: self.show("all")["delivered"] == self.show("all")["newest"], 10,
                   "it has come to the end")

    def test_errors_are_tried_again_in_order(self):
        receiver = self.receiver()
        receiver.answers = [500, 503, 301, 404]
        self.put(name="flaky", url=receiver.url, statuses=["running", "succeeded"])
        job = self.run_command("true")
        failing = eventually(lambda: self.show("flaky").get("failing"), 20, "it is failing")
        self.assertRegex(failing["error"], "^HTTP (500|503|301|404)$")
        self.assertGreater(failing["nextTry"], failing["since"])
        eventually(lambda: len(receiver.taken) == 2, 60, "both events are delivered")
        self.assertEqual(["RUNNING", "SUCCEEDED"],
                         [event["detail"]["status"] for event in receiver.events()])
        self.assertEqual([], self.failures("flaky"))
        eventually(lambda: "failing" not in self.show("flaky"), 10, "it is well")
        self.wait_for(job)

    def test_one_that_does_not_answer_holds_up_nobody(self):
        stuck, well = self.receiver(), self.receiver()
        stuck.gate.clear()
        for number in range(4):
            self.put(name=f"stuck-{number}", url=stuck.url)
        self.put(name="nobody", url="http://127.0.0.1:9/")  # no one listens
        self.put(name="well", url=well.url, statuses=["SUCCEEDED"])
        jobs = [self.run_command("true") for _ in range(3)]
        for job in jobs:
            self.wait_for(job)
        eventually(lambda: len(well.taken) == 3, 10, "the others are told at once")
        error = eventually(lambda: self.show("stuck-0").get("failing"), 10, "it is failing")
        self.assertRegex(error["error"].lower(), "time")
        self.assertRegex(self.show("nobody")["failing"]["error"].lower(), "connect")

    def test_a_change_takes_effect_at_once(self):
        wrong, right = self.receiver(), self.receiver()
        wrong.status = 500
        self.put(name="moved", url=wrong.url, statuses=["SUCCEEDED"])
        job = self.run_command("true")
        eventually(lambda: wrong.refused, 30, "the first try")
        self.put(name="moved", url=right.url, statuses=["SUCCEEDED"])
        eventually(lambda: right.taken, 5, "the event goes to the new url")
        self.assertEqual(job, right.events()[0]["detail"]["jobId"])
        listed = self.curl("/api/v1/webhooks").json()["webhooks"]
        self.assertEqual([right.url], [w["url"] for w in listed if w["name"] == "moved"])
        self.assertEqual(200, self.curl("/api/v1/webhooks/moved", "-X", "DELETE").status)
        self.assertEqual(404, self.curl("/api/v1/webhooks/moved").status)
        later = self.run_command("true")
        self.wait_for(later)
        self.assertNotIn(later, [event["detail"]["jobId"] for event in right.events()])

    def test_deliveries_are_counted(self):
        receiver = self.receiver()
        receiver.answers = [500]
        self.put(name="counted", url=receiver.url, statuses=["SUCCEEDED"])
        self.run_command("true")
        eventually(lambda: receiver.taken, 30, "the delivery")

        def counted():
            text = self.curl("/metrics").text
            return ('batchd_webhook_deliveries_total{result="delivered"}' in text
                    and 'batchd_webhook_deliveries_total{result="failed"}' in text)
        eventually(counted, 10, "both are counted")

    def test_what_is_not_understood_is_refused(self):
        good = {"name": "x", "url": "http://h/"}
        for change, text in [({"name": "a b"}, "name 'a b'"), ({"name": ""}, "name ''"),
                             ({"url": "ftp://h"}, "url 'ftp://h'"), ({"url": "http://"}, "url"),
                             ({"url": "http://h/\n"}, "url"),
                             ({"statuses": ["DONE"]}, "'DONE' is no status"),
                             ({"queues": ["a/b"]}, "queues: 'a/b'"),
                             ({"secret": ""}, "secret"), ({"color": 1}, "color")]:
            with self.subTest(text):
                answer = self.curl("/api/v1/webhooks", data=json.dumps({**good, **change}).encode())
                self.assertEqual(400, answer.status, answer.text)
                self.assertIn(text, answer.json()["message"])
        for path, method in [("", "GET"), ("", "DELETE"), ("/failures", "GET"),
                             ("/redeliver", "POST")]:
            answer = self.curl(f"/api/v1/webhooks/nowhere{path}", "-X", method)
            self.assertEqual(404, answer.status, path)
        self.assertEqual({"webhooks": []}, self.curl("/api/v1/webhooks").json())


class Restart(WebhookTest):
    settings = {"events.webhook_timeout_seconds": 5}

    def restart(self):
        self.daemon.kill()
        self.daemon.start()
        self.connect()

    def test_delivery_goes_on_after_sigkill(self):
        receiver = self.receiver()
        self.put(name="kept", url=receiver.url)
        definition = self.define("true")
        jobs = []
        for _ in range(3):
            jobs += [self.submit(definition) for _ in range(5)]
            eventually(lambda: len(receiver.taken) >= 5, 30, "some events are delivered")
            self.restart()
        for job in jobs:
            self.wait_for(job)
        wanted = {event["sequence"] for job in jobs for event in self.events_of(job)}
        eventually(lambda: wanted <= set(receiver.seqs()), 30, "nothing is lost")
        firsts = list(dict.fromkeys(receiver.seqs()))
        self.assertEqual(sorted(firsts), firsts, "each event comes after those before it")

    def test_a_failing_one_waits_on_after_sigkill(self):
        receiver = self.receiver()
        receiver.status = 500
        self.put(name="down", url=receiver.url, statuses=["SUCCEEDED"])
        self.run_command("true")
        eventually(lambda: self.show("down").get("failing", {}).get("tries", 0) >= 3, 30, "3 tries")
        self.restart()
        failing = self.show("down")["failing"]
        self.assertGreaterEqual(failing["tries"], 3)
        self.assertEqual("HTTP 500", failing["error"])
        receiver.status = 200
        eventually(lambda: receiver.taken, 30, "it is delivered in the end")


class GivenUp(WebhookTest):
    settings = {"events.webhook_give_up_seconds": 2, "events.keep": 20}

    def test_after_the_time_an_event_is_listed_and_the_next_one_is_sent(self):
        receiver = self.receiver()
        receiver.status = 500
        self.put(name="late", url=receiver.url, statuses=["SUCCEEDED"])
        self.run_command("true")
        listed = eventually(lambda: self.failures("late"), 30, "it is given up")
        self.assertEqual("HTTP 500", listed[0]["error"])
        receiver.status = 200
        job = self.run_command("true")
        eventually(lambda: receiver.taken, 30, "the next one is delivered")
        self.assertEqual(job, receiver.events()[0]["detail"]["jobId"])
        cleared = self.curl("/api/v1/webhooks/late/failures", "-X", "DELETE").json()
        self.assertEqual({"name": "late", "removed": 1}, cleared)
        self.assertEqual([], self.failures("late"))

    def test_what_the_feed_keeps_no_more_is_listed(self):
        receiver = self.receiver()
        receiver.gate.clear()
        self.put(name="stalled", url=receiver.url)
        definition = self.define("true", vcpus="100000")
        for _ in range(200):
            self.submit(definition)
        receiver.gate.set()
        lost = eventually(
            lambda: [f for f in self.failures("stalled") if f["lastEvent"] > f["firstEvent"]], 60,
            "the lost events are listed")
        self.assertIn("does not keep", lost[0]["error"])
        newest = self.show("stalled")["newest"]
        eventually(lambda: newest in receiver.seqs(), 30, "and it goes on")


class Configured(WebhookTest):
    def test_webhooks_of_the_configuration(self):
        receiver = self.receiver()
        text = (f'[[webhooks]]\nname = "ops"\nurl = "{receiver.url}"\nstatuses = ["FAILED"]\n'
                'secret = "s3cret"\n')
        daemon = Batchd(self.engine.url, config=text)
        self.addCleanup(daemon.close)
        daemon.start()
        with_daemon = type("Other", (Configured,), {"daemon": daemon})
        with_daemon.connect()
        job = with_daemon.run_command("false")
        eventually(lambda: receiver.taken, 30, "the delivery")
        headers, body = receiver.taken[0]
        self.assertEqual(job, json.loads(body)["detail"]["jobId"])
        self.assertTrue(is_authentic("s3cret", headers["x-batchd-signature"], body))
        other = with_daemon("test_webhooks_of_the_configuration")
        for arguments in (["-X", "DELETE"],):
            answer = other.curl("/api/v1/webhooks/ops", *arguments)
            self.assertEqual(409, answer.status)
            self.assertIn("configuration", answer.json()["message"])
        daemon.kill()
        daemon.config = ""
        daemon.start()
        eventually(lambda: other.curl("/api/v1/webhooks").json() == {"webhooks": []}, 10,
                   "it goes with the configuration")
