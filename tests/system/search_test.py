"""GET /api/v1/jobs: jobs by what is known of them, as JSON and as tables."""

import os
import re
import sqlite3
import subprocess
import urllib.parse

from support.case import SystemTest
from support.docs import commands
from support.raw import RawBatch
from support.waiting import eventually

PAGE = "native-api.md"


class SearchTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.define("exit $CODE", name="etl", tags={})
        cls.jobs = {}
        for number in range(5):
            name = f"etl-{number}"
            cls.jobs[name] = cls.submit(
                "etl", name=name, tags={"team": "data" if number else "web", "n": str(number)},
                containerOverrides={"environment": [{"name": "CODE", "value": str(number + 1)}]})
        cls.define("trap 'exit 0' TERM; while :; do sleep 0.05; done", name="loop")
        cls.jobs["loop"] = cls.submit("loop", name="loop")
        cls.jobs["big"] = cls.submit(cls.define("true", vcpus="1000"), name="big")
        for name, job in cls.jobs.items():
            cls.wait_for(job, {"loop": "RUNNING", "big": "RUNNABLE"}.get(name, "FAILED"))

    def search(self, **parameters):
        query = urllib.parse.urlencode({key.replace("__", "."): value
                                        for key, value in parameters.items()})
        answer = self.curl(f"/api/v1/jobs?{query}")
        self.assertEqual(200, answer.status, answer.text)
        return answer.json()

    def found(self, **parameters):
        return [job["jobName"] for job in self.search(**parameters)["jobs"]]

    def refused(self, query):
        answer = self.curl(f"/api/v1/jobs?{query}")
        self.assertEqual(400, answer.status, answer.text)
        return answer.json()

    def shell(self, command):
        done = subprocess.run(["bash", "-euc", command], capture_output=True, text=True,
                              check=False, timeout=60,
                              env={**os.environ, "URL": self.daemon.endpoint})
        self.assertEqual("", done.stderr)
        return done.stdout


class Search(SearchTest):
    def test_by_queue_status_and_exit_code(self):
        self.assertEqual(["etl-2"], self.found(queue="default", exitCode=3))
        self.assertEqual(["big", "loop"], self.found(status="RUNNING,RUNNABLE"))
        self.assertEqual([f"etl-{n}" for n in (4, 3, 2, 1, 0)], self.found(status="FAILED"))
        self.assertEqual([], self.found(status="SUCCEEDED"))

    def test_by_name_definition_and_image(self):
        self.assertEqual(["loop"], self.found(name="loop"))
        self.assertEqual([], self.found(name="etl-"))
        self.assertEqual(5, len(self.found(name="etl-*")))
        self.assertEqual(5, len(self.found(definition="etl", sort="createdAt")))
        self.assertEqual(["loop"], self.found(definition="loop:1"))
        image = self.describe(self.jobs["loop"])["container"]["image"]
        self.assertEqual(7, len(self.found(image=image)))
        self.assertEqual(7, len(self.found(image=image[:3] + "*")))
        self.assertEqual([], self.found(image="nothing"))

    def test_by_tags_of_which_all_must_be_there(self):
        self.assertEqual(4, len(self.found(tag__team="data")))
        self.assertEqual(["etl-3"], self.found(tag__team="data", tag__n="3"))
        self.assertEqual([], self.found(tag__team="web", tag__n="3"))

    def test_tags_that_change(self):
        arn = self.describe(self.jobs["big"])["jobArn"]
        self.batch.tag_resource(resourceArn=arn, tags={"late": "yes"})
        self.assertEqual(["big"], self.found(tag__late="yes"))
        self.batch.untag_resource(resourceArn=arn, tagKeys=["late"])
        self.assertEqual([], self.found(tag__late="yes"))

    def test_by_time(self):
        created = self.describe(self.jobs["etl-2"])["createdAt"]
        at_once = {name for name, job in self.jobs.items()
                   if self.describe(job)["createdAt"] >= created}
        self.assertEqual(at_once, set(self.found(since=created)))
        self.assertEqual(set(self.jobs) - at_once, set(self.found(until=created)))
        self.assertEqual(7, len(self.found(since="1h")))
        self.assertEqual([], self.found(until="1h"))
        self.assertEqual(5, len(self.found(endedSince="1h")))
        self.assertEqual([], self.found(endedSince="2100-01-01T00:00:00Z"))

    def test_a_job_has_what_dashboards_show(self):
        job, = self.search(name="etl-2")["jobs"]
        detail = self.describe(self.jobs["etl-2"])
        for member in ("jobId", "jobName", "status", "statusReason", "createdAt", "startedAt",
                       "stoppedAt", "tags"):
            self.assertEqual(detail[member], job[member], member)
        self.assertEqual(("default", 1, 3, 1, 32),
                         tuple(job[m] for m in ("queue", "attempts", "exitCode", "vcpus", "memory")))
        waiting, = self.search(name="big")["jobs"]
        self.assertIn("JOB_RESOURCE_REQUIREMENT", waiting["statusReason"])

    def test_pages(self):
        names, more = [], {}
        for _ in range(4):
            page = self.search(name="etl-*", limit=2, **more)
            names += [job["jobName"] for job in page["jobs"]]
            if "nextCursor" not in page:
                break
            more = {"cursor": page["nextCursor"]}
        self.assertEqual([f"etl-{n}" for n in (4, 3, 2, 1, 0)], names)

    def test_commands_of_the_docs(self):
        self.assertIn('"jobName":"etl-2"', self.shell(commands(PAGE, "search")))
        self.assertEqual("etl-4\netl-3\netl-2\netl-1\n",
                         self.shell(commands(PAGE, "search-pages")))
        table = self.shell(commands(PAGE, "table"))
        self.assertTrue(table.startswith("JOB ID "), table)
        self.assertEqual(6, table.count("\n"), table)
        self.assertIn('"hint":"use SUBMITTED', self.shell(commands(PAGE, "hint")))


class BadInput(SearchTest):
    def test_a_cursor_of_another_search(self):
        cursor = self.search(name="etl-*", limit=1)["nextCursor"]
        answer = self.refused(f"name=loop&cursor={cursor}")
        self.assertIn("other parameters", answer["message"])
        self.assertIn("begin again without cursor", answer["hint"])

    def test_a_cursor_that_is_not_ours(self):
        token = self.batch.list_jobs(jobQueue="default", jobStatus="FAILED",
                                     maxResults=1)["nextToken"]
        cursor = self.search(limit=1)["nextCursor"]
        for foreign in (token, "x", "%00", "'", cursor[:-1], cursor + "0", "1" + cursor):
            self.assertIn("is not one that a search gave",
                          self.refused(f"cursor={foreign}")["message"])

    def test_values_that_are_none(self):
        for query, word in (("status=DONE", "is not a job status"), ("status=", "is not a job"),
                            ("since=soon", "is not a time"), ("until=2026-13-01", "is not a time"),
                            ("endedSince=-1", "is not a time"), ("exitCode=x", "exitCode 'x'"),
                            ("limit=0", "from 1 to 1000"), ("limit=x", "from 1 to 1000"),
                            ("sort=name", "createdAt"), ("name=a*b", "at its end"), ("name=", "must be"),
                            ("nmae=x", "is no parameter"), ("tag.=x", "is no parameter"),
                            ("name=a&name=b", "is there twice")):
            self.assertIn(word, self.refused(query)["message"], query)

    def test_a_queue_that_is_not_there(self):
        answer = self.curl("/api/v1/jobs?queue=nothing")
        self.assertEqual(404, answer.status)
        self.assertIn("/api/v1/overview", answer.json()["hint"])

    def test_odd_texts_find_nothing(self):
        for text in ("%25", "_", "';--", "\u00e4\u00f6", "\x01", "x" * 5000):
            self.assertEqual([], self.found(name=text), text)
            self.assertEqual([], self.found(tag__team=text, image=text + "*"), text)


class Tables(SearchTest):
    def text(self, path):
        answer = self.curl(path, "--header", "Accept: text/plain")
        self.assertEqual((200, "text/plain; charset=utf-8"),
                         (answer.status, answer.headers["content-type"]))
        return answer.text

    def test_jobs(self):
        head, *rows = self.text("/api/v1/jobs?name=etl-*&limit=3").splitlines()
        self.assertRegex(head, r"^JOB ID +NAME +QUEUE +STATUS +CREATED +STARTED +STOPPED +ATTEMPTS"
                               r" +EXIT +REASON$")
        self.assertEqual(4, len(rows))
        self.assertRegex(rows[3], "^more: cursor=")
        for row in rows[:3]:
            self.assertEqual(head.index("QUEUE"), row.index("default"))
        self.assertRegex(rows[0], rf"^{self.jobs['etl-4']}  etl-4  default  FAILED  "
                                  r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ")

    def test_one_job(self):
        text = self.text(f"/api/v1/jobs/{self.jobs['etl-2']}")
        self.assertRegex(text, r"(?m)^status +FAILED$")
        self.assertRegex(text, r"(?m)^1 +local +20\S+ +20\S+ +3 ")

    def test_overview(self):
        text = self.text("/api/v1/overview")
        self.assertTrue(re.search(r"(?m)^default +ENABLED +1 ", text), text)
        self.assertTrue(re.search(r"(?m)^local +UP +8 ", text), text)

    def test_json_stays_what_is_not_asked_for_otherwise(self):
        for accept in ("*/*", "application/json", "application/json, text/plain"):
            answer = self.curl("/api/v1/jobs", "--header", f"Accept: {accept}")
            self.assertEqual("application/json", answer.headers["content-type"])


class Hints(SystemTest):
    def test_an_unknown_job_and_an_unknown_path(self):
        for path, word in (("/api/v1/jobs/01234567-89ab-7def-8123-456789abcdef", "/api/v1/jobs"),
                           ("/api/v1/nothing", "docs/native-api.md")):
            answer = self.curl(path)
            self.assertEqual(404, answer.status)
            self.assertIn(word, answer.json()["hint"])


class Arrays(SystemTest):
    def test_an_array_is_one_job(self):
        array = self.submit(self.define("true"), name="many", arrayProperties={"size": 3})
        self.wait_for(array, "SUCCEEDED")
        job, = self.curl("/api/v1/jobs").json()["jobs"]
        self.assertEqual((array, 3, "SUCCEEDED"), (job["jobId"], job["arraySize"], job["status"]))


class SearchAcrossBlocks(SystemTest):
    """More jobs than a block of the index has, some of which end when they are indexed already."""

    def test_the_index_says_what_is_true(self):
        never = self.define("true", vcpus="1000")
        first = self.submit(never, name="first")
        self.submit_many(never, 4200)
        last = self.submit(never, name="last")

        def indexed():
            return self.blocks() > 0
        eventually(indexed, 30, lambda: "the first block is indexed")
        self.batch.terminate_job(jobId=first, reason="enough")
        self.wait_for(first, "FAILED")
        found = self.curl("/api/v1/jobs?status=FAILED&name=f*").json()["jobs"]
        self.assertEqual([first], [job["jobId"] for job in found])
        found = self.curl("/api/v1/jobs?status=RUNNABLE&sort=createdAt&limit=1").json()["jobs"]
        self.assertEqual(["many-0"], [job["jobName"] for job in found])
        found = self.curl("/api/v1/jobs?limit=1").json()["jobs"]
        self.assertEqual([last], [job["jobId"] for job in found])

    def submit_many(self, definition, count):
        raw = RawBatch(self.daemon.endpoint)
        self.addCleanup(raw.close)
        for number in range(count):
            raw.call("SubmitJob", {"jobName": f"many-{number}", "jobQueue": "default",
                                   "jobDefinition": definition})

    def blocks(self):
        with sqlite3.connect(f"file:{self.daemon.database}?mode=ro", uri=True) as database:
            return database.execute(
                "SELECT count(*) FROM search_block WHERE jobs IS NOT NULL").fetchone()[0]
