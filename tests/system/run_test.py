"""batchd run: the live log, exit codes, signals, and a daemon that goes away in between."""

import json
import re
import signal
import subprocess
import time
import unittest

from support.case import SystemTest
from support.command import batchd, environment, start_batchd
from support.daemon import Batchd
from support.docs import commands
from support.engine import IMAGE, free_port
from support.waiting import eventually

# It ends when it is told to, not before.
UNTIL_TERM = "trap 'exit 0' TERM; echo first; while :; do sleep 0.05; done"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class RunTest(SystemTest):
    @classmethod
    def run_job(cls, *arguments, command="true", **more):
        return batchd(cls.daemon.endpoint, "run", "--image", IMAGE, "--memory", "32", *arguments,
                      "--", "sh", "-c", command, **more)

    def start_job(self, *arguments, command=UNTIL_TERM, endpoint=None):
        process = start_batchd(endpoint or self.daemon.endpoint, "run", "--image", IMAGE,
                               "--memory", "32", *arguments, "--", "sh", "-c", command)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    @staticmethod
    def id_told_by(process):
        return re.fullmatch(rf"batchd: job ({UUID})\n", process.stderr.readline())[1]


class ExitCodes(RunTest):
    def test_the_output_and_the_code_are_the_jobs(self):
        done = self.run_job(command="echo one; echo two >&2; echo three; exit 3")
        self.assertEqual(3, done.returncode, done.stderr)
        self.assertEqual(["one", "three", "two"], sorted(done.stdout.split()))
        self.assertIn("FAILED, exit code 3", done.stderr)

    def test_success_is_0_and_a_code_above_125_is_passed_on(self):
        self.assertEqual(0, self.run_job().returncode)
        self.assertEqual(137, self.run_job(command="exit 137").returncode)

    def test_an_image_that_is_not_there(self):
        done = batchd(self.daemon.endpoint, "run", "--image", "127.0.0.1:9/no/such:image")
        self.assertEqual(101, done.returncode, done.stderr)
        self.assertIn("CannotPullContainerError", done.stderr)

    def test_a_command_that_is_not_there(self):
        done = batchd(self.daemon.endpoint, "run", "--image", IMAGE, "--", "no-such-program")
        self.assertEqual(101, done.returncode, done.stderr)

    def test_a_job_that_somebody_ends(self):
        process = self.start_job()
        job = self.id_told_by(process)
        self.assertEqual("first\n", process.stdout.readline())
        self.batch.terminate_job(jobId=job, reason="enough")
        self.assertEqual(102, process.wait(30))
        self.assertIn("enough", process.stderr.read())

    def test_a_job_that_runs_too_long(self):
        # AWS asks for 60 seconds at least; so the test has no shorter way.
        done = self.run_job("--timeout", "60", command=UNTIL_TERM, seconds=120)
        self.assertEqual(103, done.returncode, done.stderr)

    def test_the_output_of_every_attempt_is_shown(self):
        done = self.run_job("--attempts", "2", command="echo attempt $AWS_BATCH_JOB_ATTEMPT; exit 4")
        self.assertEqual((4, "attempt 1\nattempt 2\n"), (done.returncode, done.stdout))

    def test_arrays_tell_whether_a_child_failed(self):
        done = self.run_job("--array-size", "2", command="exit $AWS_BATCH_JOB_ARRAY_INDEX")
        self.assertEqual(100, done.returncode, done.stderr)
        self.assertEqual(0, self.run_job("--array-size", "2").returncode)

    def test_everything_that_was_told_reaches_the_job(self):
        done = self.run_job("--name", "told", "--env", "A=1 2", "--env", "FROM_US", "--tag", "x=y",
                            "--vcpus", "2", "--detach", command='echo "$A $FROM_US"; nproc',
                            FROM_US="taken over")
        self.assertEqual(0, done.returncode, done.stderr)
        job = done.stdout.strip()
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(("told", {"x": "y"}), (detail["jobName"], detail["tags"]))
        self.assertEqual("1 2 taken over\n", self.output(job).splitlines(keepends=True)[0])
        needs = {need["type"]: need["value"] for need in detail["container"]["resourceRequirements"]}
        self.assertEqual({"VCPU": "2", "MEMORY": "32"}, needs)

    def test_the_command_is_passed_on_as_it_is(self):
        done = batchd(self.daemon.endpoint, "run", "--image", IMAGE, "--", "echo", "-n", "--help",
                      "--", "[1,2]", "two words", "$HOME")
        self.assertEqual("--help -- [1,2] two words $HOME\n", done.stdout)

    def test_json_is_one_document_a_line(self):
        done = self.run_job("--output", "json", command="echo one; printf two; exit 5")
        self.assertEqual(5, done.returncode)
        self.assertEqual("", done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(["submitted", "log", "log", "ended"], [line["event"] for line in lines])
        self.assertEqual(["one", "two"], [line["line"] for line in lines[1:3]])
        self.assertEqual((5, lines[0]["jobId"]),
                         (lines[-1]["exitCode"], lines[-1]["job"]["jobId"]))

    def test_a_reader_that_leaves_does_not_change_the_code(self):
        process = self.start_job(command="echo one; sleep 0.5; echo two; exit 6")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(6, process.wait(30))


class Signals(RunTest):
    def test_the_log_is_live_and_a_signal_ends_the_job(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number.name):
                process = self.start_job()
                job = self.id_told_by(process)
                self.assertEqual("first\n", process.stdout.readline())
                self.wait_for(job, "RUNNING")  # its first line may be here before
                process.send_signal(number)
                self.assertEqual(128 + number, process.wait(30))
                detail = self.describe(job)
                self.assertEqual(("FAILED", True), (detail["status"], detail["isTerminated"]))
                self.assertIn("signal", detail["statusReason"])

    def test_a_job_that_waits_is_ended_too(self):
        holder = self.run_command(UNTIL_TERM)
        process = self.start_job("--depends-on", holder)
        job = self.id_told_by(process)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(128 + signal.SIGTERM, process.wait(30))
        self.assertEqual("FAILED", self.describe(job)["status"])
        self.batch.terminate_job(jobId=holder, reason="over")

    def test_a_second_signal_does_not_wait_for_the_end(self):
        process = self.start_job(command="trap '' TERM; echo first; while :; do sleep 0.05; done")
        job = self.id_told_by(process)
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        self.assertIn("ending job", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(128 + signal.SIGINT, process.wait(10))
        self.assertNotIn("stoppedAt", self.describe(job))  # its stop time-out is not over

    def test_detach_on_signal_leaves_the_job_to_itself(self):
        process = self.start_job("--detach-on-signal")
        job = self.id_told_by(process)
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(128 + signal.SIGTERM, process.wait(10))
        self.wait_for(job, "RUNNING")
        self.batch.terminate_job(jobId=job, reason="over")


class DaemonGoesAway(RunTest):
    def setUp(self):
        self.own = Batchd(self.engine.url)
        self.addCleanup(self.engine.remove_containers)
        self.addCleanup(self.own.close)
        self.own.start()
        self.own.keep_port()

    def test_a_killed_daemon_does_not_break_the_log(self):
        count = 60
        process = self.start_job(
            command=f"i=0; while [ $i -lt {count} ]; do echo line $i; i=$((i+1)); sleep 0.05; done;"
                    " exit 7", endpoint=self.own.endpoint)
        lines = [process.stdout.readline() for _ in range(10)]
        self.own.kill()
        self.own.start()
        lines += process.stdout.readlines()
        self.assertEqual([f"line {i}\n" for i in range(count)], lines)
        self.assertEqual(7, process.wait(30))
        self.assertIn("does not answer", process.stderr.read())

    def test_a_job_that_ends_while_the_daemon_is_away(self):
        process = self.start_job(command="echo first; sleep 1; echo last; exit 8",
                                 endpoint=self.own.endpoint)
        self.assertEqual("first\n", process.stdout.readline())
        self.own.kill()
        eventually(lambda: all(c["State"]["Status"] == "exited" for c in self.engine.containers()))
        self.own.start()
        self.assertEqual("last\n", process.stdout.read())
        self.assertEqual(8, process.wait(30))

    def test_a_signal_while_the_daemon_is_away_ends_the_job_later(self):
        process = self.start_job(endpoint=self.own.endpoint)
        process.stdout.readline()
        self.id_told_by(process)
        self.own.kill()
        self.assertIn("does not answer", process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        self.assertIn("ending job", process.stderr.readline())
        self.own.start()
        self.assertEqual(128 + signal.SIGTERM, process.wait(30))

    def test_a_daemon_that_comes_late_is_waited_for(self):
        self.own.kill()
        process = self.start_job("--retry-for", "60", command="exit 9", endpoint=self.own.endpoint)
        self.assertIn("does not answer", process.stderr.readline())
        self.own.start()
        self.assertEqual(9, process.wait(30))

    def test_nobody_there(self):
        url = f"http://127.0.0.1:{free_port()}"
        done = batchd(url, "run", "--image", IMAGE, "--retry-for", "0.3")
        self.assertEqual(69, done.returncode)
        self.assertIn(url + " does not answer", done.stderr)
        self.assertIn("hint: ", done.stderr)

    def test_a_signal_while_nobody_is_there(self):
        process = start_batchd(f"http://127.0.0.1:{free_port()}", "run", "--image", IMAGE,
                               "--retry-for", "60")
        self.addCleanup(self.end, process)
        self.assertIn("does not answer", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        self.assertEqual(128 + signal.SIGINT, process.wait(10))


class BadInput(RunTest):
    def test_each_is_told(self):
        for arguments, code, text in (
                (["run"], 2, "--image is required"),
                (["run", "--image", IMAGE, "--memory", "1"], 2, "memory 1 must be"),
                (["run", "--image", IMAGE, "--queue", "nowhere"], 65, "JobQueue nowhere not found"),
                (["run", "--image", IMAGE, "--queue", "nowhere"], 65, "hint: there are the queues"),
                (["run", "--image", IMAGE, "--env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE"),
                (["run", "--image", IMAGE, "--tag", "x"], 2, "--tag 'x' must be NAME=VALUE"),
                (["run", "--image", IMAGE, "--depends-on", "none"], 2, "none"),
                (["run", "--image", ""], 2, "image must be a text that is not empty"),
                (["run", "--image", IMAGE, "--url", "localhost"], 2, "http://"),
                (["run", "--image", IMAGE, "echo", "hi"], 2, "echo"),
                (["help", "rum"], 2, "rum")):
            with self.subTest(arguments=arguments):
                done = batchd(self.daemon.endpoint, *arguments)
                self.assertEqual(code, done.returncode, done.stderr)
                self.assertIn(text, done.stderr)
                self.assertEqual("", done.stdout)


class Speed(RunTest):
    def test_it_costs_little_beyond_the_container(self):
        """Measured against the container's own times, as the daemon tells them."""
        costs = []
        for _ in range(20):
            began = time.monotonic()
            done = self.run_job("--output", "json")
            took = time.monotonic() - began
            job = json.loads(done.stdout.splitlines()[-1])["job"]
            costs.append(took - (job["stoppedAt"] - job["createdAt"]) / 1000)
        print(f"\nbatchd run beyond the job: {min(costs) * 1000:.0f} ms at best", end=" ")
        self.assertLess(min(costs), 0.5)  # loaded machines run this, too


class ContinuousIntegration(RunTest):
    """The script of docs/ci.md."""

    def start_step(self, script, step):
        return subprocess.Popen(
            ["sh", "-c", commands("ci.md", "ci-step")], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
            env=environment(self.daemon.endpoint, IMAGE=IMAGE, PIPELINE="17", STEP=step,
                            SCRIPT=script))

    def run_step(self, script, step):
        process = self.start_step(script, step)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def test_output_and_exit_code(self):
        code, out, err = self.run_step("echo building; exit 3", self.unique("step"))
        self.assertEqual((3, "building\n"), (code, out), err)

    def test_a_step_that_is_run_twice_runs_once(self):
        step = self.unique("step")
        first = self.run_step("echo building; exit 3", step)
        again = self.run_step("echo building; exit 3", step)
        self.assertEqual((3, "building\n"), first[:2], first)
        self.assertEqual(first, again)  # the same job, too
        jobs = self.curl("/api/v1/overview").json()["queues"][0]["jobs"]
        self.assertEqual(66, self.run_step("echo another", step)[0])
        self.assertEqual(jobs, self.curl("/api/v1/overview").json()["queues"][0]["jobs"])

    def test_killing_the_step_cancels_the_job(self):
        process = self.start_step(UNTIL_TERM, self.unique("step"))
        self.addCleanup(self.end, process)
        job = self.id_told_by(process)
        self.assertEqual("first\n", process.stdout.readline())
        process.terminate()
        self.assertEqual(128 + signal.SIGTERM, process.wait(30))
        self.assertTrue(self.describe(job)["isTerminated"])


if __name__ == "__main__":
    unittest.main()
