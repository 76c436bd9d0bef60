"""The other subcommands of the batchd client: wait, logs, jobs, explain, actions, completion."""

import json
import re
import subprocess
import time
import unittest

from support.case import SystemTest
from support.command import batchd, environment, start_batchd
from support.daemon import REPOSITORY, Batchd
from support.docs import commands
from support.engine import IMAGE, free_port
from support.waiting import eventually
from support.zsh import complete as complete_in_zsh

UNTIL_TERM = "trap 'exit 0' TERM; echo first; while :; do sleep 0.05; done"
UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"


class ClientTest(SystemTest):
    @classmethod
    def client(cls, *arguments, **more):
        return batchd(cls.daemon.endpoint, *arguments, **more)

    def hold(self):
        """A job that runs until the test is over."""
        job = self.run_command(UNTIL_TERM)
        self.addCleanup(self.batch.terminate_job, jobId=job, reason="over")
        return job


class Wait(ClientTest):
    def test_of_one_job_the_code_is_its_own(self):
        self.assertEqual(0, self.client("wait", self.run_command("true")).returncode)
        done = self.client("wait", self.run_command("exit 7"))
        self.assertEqual(7, done.returncode)
        self.assertIn("FAILED, exit code 7", done.stdout)

    def test_of_several_it_tells_whether_one_failed(self):
        good, bad = self.run_command("true"), self.run_command("exit 7")
        self.assertEqual(100, self.client("wait", good, bad).returncode)
        self.assertEqual(0, self.client("wait", good, self.run_command("true")).returncode)

    def test_any_is_over_with_the_first(self):
        holder, quick = self.hold(), self.run_command("exit 5")
        done = self.client("wait", "--any", holder, quick)
        self.assertEqual(5, done.returncode, done.stderr)

    def test_until_running(self):
        done = self.client("wait", "--until", "running", self.hold())
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("RUNNING", done.stdout)

    def test_until_succeeded_gives_up_when_one_failed(self):
        done = self.client("wait", "--until", "succeeded", self.hold(), self.run_command("exit 5"))
        self.assertEqual(100, done.returncode, done.stderr)

    def test_its_own_time_runs_out(self):
        began = time.monotonic()
        done = self.client("wait", "--timeout", "0.5", self.hold())
        self.assertEqual(124, done.returncode, done.stderr)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(124, self.client("wait", "--timeout", "0", self.hold()).returncode)

    def test_json(self):
        done = self.client("wait", "--output", "json", self.run_command("exit 7"))
        answer = json.loads(done.stdout)
        self.assertEqual((True, "FAILED"), (answer["isDone"], answer["jobs"][0]["status"]))

    def test_jobs_that_are_not_there(self):
        done = self.client("wait", self.run_command("true"), UNKNOWN)
        self.assertEqual(65, done.returncode)
        self.assertIn(UNKNOWN, done.stderr)
        self.assertEqual(2, self.client("wait", "none").returncode)

    def test_a_daemon_that_restarts_in_between(self):
        own = Batchd(self.engine.url).start()
        self.addCleanup(self.engine.remove_containers)
        self.addCleanup(own.close)
        own.keep_port()
        job = batchd(own.endpoint, "run", "--detach", "--image", IMAGE, "--", "sh", "-c",
                     "sleep 1; exit 3").stdout.strip()
        process = start_batchd(own.endpoint, "wait", job)
        self.addCleanup(process.communicate)
        own.kill()
        own.start()
        self.assertEqual(3, process.wait(30))


class Logs(ClientTest):
    def test_once_and_the_last_lines(self):
        job = self.run_command("for i in 1 2 3 4 5; do echo line $i; done; exit 1")
        self.wait_for(job, "FAILED")
        done = self.client("logs", job)
        self.assertEqual((0, "".join(f"line {i}\n" for i in range(1, 6))),
                         (done.returncode, done.stdout))
        self.assertEqual("line 4\nline 5\n", self.client("logs", "--tail", "2", job).stdout)
        self.assertEqual("", self.client("logs", "--tail", "0", job).stdout)

    def test_following_begins_with_the_last_lines_and_ends_with_the_job(self):
        job = self.run_command("for i in 1 2 3; do echo line $i; done; " + UNTIL_TERM)
        eventually(lambda: "first\n" in self.client("logs", job).stdout, 20, "the output is there")
        process = start_batchd(self.daemon.endpoint, "logs", "-f", "--tail", "2", job)
        self.addCleanup(process.communicate)
        lines = []
        while "first\n" not in lines:
            lines.append(process.stdout.readline())
        self.assertNotIn("line 1\n", lines)
        self.batch.terminate_job(jobId=job, reason="seen")
        self.assertEqual(0, process.wait(30))

    def test_through_the_attempts_or_of_one(self):
        job = self.run_command("echo attempt $AWS_BATCH_JOB_ATTEMPT; exit 1",
                               retryStrategy={"attempts": 2})
        self.wait_for(job, "FAILED")
        self.assertEqual("attempt 2\n", self.client("logs", job).stdout)
        self.assertEqual("attempt 2\n", self.client("logs", "-f", job).stdout)
        self.assertEqual("attempt 1\n", self.client("logs", "-f", "--attempt", "1", job).stdout)
        self.assertEqual(65, self.client("logs", "--attempt", "3", job).returncode)

    def test_json_and_bytes_that_are_no_text(self):
        job = self.run_command(r"printf 'a\377b\n'")
        self.wait_for(job, "SUCCEEDED")
        line = json.loads(self.client("logs", "-o", "json", job).stdout)
        self.assertEqual({"event": "log", "attempt": 1, "line": "a\ufffdb"}, line)

    def test_a_job_that_is_not_there(self):
        self.assertEqual(65, self.client("logs", UNKNOWN).returncode)


class Actions(ClientTest):
    def test_cancel_and_terminate(self):
        holder = self.hold()
        waiting = self.run_command("true", after=[holder])
        done = self.client("cancel", waiting, "--reason", "no need")
        self.assertEqual((0, f"{waiting}  FAILED\n"), (done.returncode, done.stdout), done.stderr)
        self.assertEqual("no need", self.describe(waiting)["statusReason"])
        self.wait_for(holder, "RUNNING")
        refused = self.client("cancel", holder)
        self.assertEqual(66, refused.returncode)
        self.assertIn("hint: POST", refused.stderr)
        self.assertEqual(0, self.client("terminate", holder, "--reason", "enough").returncode)
        self.assertEqual("enough", self.wait_for(holder, "FAILED")["statusReason"])

    def test_one_that_fails_does_not_keep_the_others(self):
        holder = self.hold()
        waiting = self.run_command("true", after=[holder])
        done = self.client("cancel", UNKNOWN, waiting)
        self.assertEqual(100, done.returncode)
        self.assertIn(UNKNOWN, done.stderr)
        self.assertEqual("FAILED", self.describe(waiting)["status"])

    def test_what_has_ended_cannot_be_ended(self):
        job = self.run_command("true")
        self.wait_for(job, "SUCCEEDED")
        self.assertEqual(66, self.client("terminate", job).returncode)
        self.assertEqual(65, self.client("terminate", UNKNOWN).returncode)

    def test_json(self):
        done = self.client("terminate", self.hold(), "-o", "json")
        self.assertTrue(json.loads(done.stdout)["jobId"])


class Shell(ClientTest):
    def complete(self, line):
        """What bash offers for the line."""
        script = self.client("completion", "bash").stdout + f"""
            COMP_WORDS=({line}); [ '{line[-1]}' = ' ' ] && COMP_WORDS+=('')
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            _batchd; printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        self.assertEqual("", done.stderr)
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(["wait"], self.complete("batchd wa"))
        self.assertEqual(["--depends-on", "--detach", "--detach-on-signal"],
                         sorted(self.complete("batchd run --de")))
        self.assertEqual(["text", "json"], self.complete("batchd jobs --output "))
        self.assertEqual(["running"], self.complete("batchd wait --until r"))
        self.assertEqual(["check", "show", "--help", "-h"], self.complete("batchd config "))

    def test_completion_for_zsh_is_that_for_bash(self):
        script = self.client("completion", "zsh").stdout
        loading, rest = script.split("\n", 1)
        self.assertIn("bashcompinit", loading)
        self.assertEqual(self.client("completion", "bash").stdout, rest)

    def test_completion_in_zsh(self):
        expected = {"batchd wa": "batchd wait ",
                    "batchd config ch": "batchd config check ",
                    "batchd run --detach-o": "batchd run --detach-on-signal ",
                    "batchd jobs --output j": "batchd jobs --output json ",
                    "batchd wait --until r": "batchd wait --until running ",
                    "batchd run -i x -- /etc/hostn": "batchd run -i x -- /etc/hostname ",
                    "batchd run --nothing": "batchd run --nothing"}
        script = self.client("completion", "zsh").stdout
        self.assertEqual(list(expected.values()), complete_in_zsh(script, expected))

    def test_help(self):
        self.assertIn("--detach-on-signal", self.client("help", "run").stdout)
        listed = self.client("help").stdout
        for command in ("run", "wait", "logs", "jobs", "explain", "cancel", "pause", "serve"):
            self.assertRegex(listed, rf"(?m)^  {command} ")

    def test_every_option_stands_in_the_manual(self):
        manual = (REPOSITORY / "docs/batchd.1").read_text().replace("\\-", "-")
        for command in ("run", "wait", "logs", "jobs", "cancel", "pause"):
            for option in re.findall(r"--([a-z-]+)", self.client("help", command).stdout):
                if option not in ("help", "version"):
                    self.assertIn(f"Fl Fl {option}", manual, command)

    def test_the_manual_is_sound(self):
        done = subprocess.run(["man", "--warnings", "-l", REPOSITORY / "docs/batchd.1"],
                              capture_output=True, text=True, check=False,
                              env=environment(self.daemon.endpoint, MANWIDTH="80", LC_ALL="C.UTF-8"))
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("failed before its container started", " ".join(done.stdout.split()))

    def test_nobody_there(self):
        url = f"http://127.0.0.1:{free_port()}"
        for arguments in (["jobs"], ["wait", UNKNOWN], ["logs", UNKNOWN], ["cancel", UNKNOWN]):
            done = batchd(url, *arguments, "--retry-for", "0")
            self.assertEqual(69, done.returncode, arguments)

    def test_something_else_there(self):
        done = self.client("wait", UNKNOWN, "--url", self.daemon.endpoint + "/metrics")
        self.assertEqual(65, done.returncode)


class Docs(ClientTest):
    def run_block(self, name):
        return subprocess.run(["bash", "-euc", commands("ci.md", name)], capture_output=True,
                              text=True, check=False, timeout=60,
                              env=environment(self.daemon.endpoint, IMAGE=IMAGE))

    def test_several_jobs(self):
        done = self.run_block("ci-several")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual("two", done.stdout.splitlines()[-1])

    def test_json(self):
        done = self.run_block("ci-json")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertEqual(["submitted", "log", "ended"],
                         [json.loads(line)["event"] for line in done.stdout.splitlines()])


if __name__ == "__main__":
    unittest.main()
