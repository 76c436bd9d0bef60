"""Jobs of several containers: ecsProperties."""

import unittest

from support.case import SystemTest
from support.engine import IMAGE
from support.waiting import eventually


def container(name, script, **more):
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script],
            "resourceRequirements": [{"type": "VCPU", "value": "1"},
                                     {"type": "MEMORY", "value": "16"}], **more}


def after(name, condition):
    return [{"containerName": name, "condition": condition}]


SHARED = [{"sourceVolume": "shared", "containerPath": "/shared"}]
FOREVER = "trap 'exit 143' TERM; echo up; while :; do sleep 0.05; done"


class Task(SystemTest):
    def define_task(self, *containers, name=None, retryStrategy=None, **task):
        more = {"retryStrategy": retryStrategy} if retryStrategy else {}
        answer = self.batch.register_job_definition(
            jobDefinitionName=name or self.unique("task"), type="container",
            ecsProperties={"taskProperties": [{"containers": list(containers), **task}]}, **more)
        return answer["jobDefinitionArn"]

    def run_task(self, *containers, **more):
        return self.submit(self.define_task(*containers, **more))

    @staticmethod
    def containers_of(job):
        return {c["name"]: c for c in job["ecsProperties"]["taskProperties"][0]["containers"]}

    def output_of(self, job, name):
        return self.curl(f"/api/v1/jobs/{job}/logs?container={name}").text

    def assert_clean(self, job):
        eventually(lambda: not self.engine.containers_of(job), 10, "the containers are removed")

    def test_main_and_sidecar_share_network_and_volume(self):
        name = self.unique("pair")
        job = self.run_task(
            container("main", "while [ ! -e /shared/up ]; do sleep 0.05; done;"
                              "cat /shared/up; readlink /proc/self/ns/net", mountPoints=SHARED),
            container("side", "readlink /proc/self/ns/net; echo ready > /shared/up; sleep 60",
                      essential=False, stopTimeout=2, mountPoints=SHARED, dependsOn=after("main", "START")),
            name=name, volumes=[{"name": "shared"}])
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual("Essential container in task exited", detail["statusReason"])
        self.assertEqual({}, detail["container"])
        self.assertIn("startedAt", detail)

        found = self.containers_of(detail)
        self.assertEqual(0, found["main"]["exitCode"])
        self.assertIn("exitCode", found["side"])
        self.assertEqual(after("main", "START"), found["side"]["dependsOn"])
        attempt, = detail["attempts"]
        task, = attempt["taskProperties"]
        self.assertEqual(detail["ecsProperties"]["taskProperties"][0]["taskArn"], task["taskArn"])
        self.assertEqual(["main", "side"], [c["name"] for c in task["containers"]])
        self.assertEqual(0, task["containers"][0]["exitCode"])
        task_id = task["taskArn"].rsplit("/", 1)[1]
        for one in ("main", "side"):
            self.assertEqual(f"{name}/{one}/{task_id}", found[one]["logStreamName"])

        main, side = self.output_of(job, "main"), self.output_of(job, "side")
        self.assertEqual(["ready", side.strip()], main.splitlines())
        self.assertEqual(main, self.output(job), "the first essential one's, unless asked for")
        for one, text in (("main", main), ("side", side)):
            events = self.logs.get_log_events(
                logGroupName="/aws/batch/job", logStreamName=found[one]["logStreamName"],
                startFromHead=True)["events"]
            self.assertEqual(text.splitlines(), [event["message"] for event in events])
        streams = self.logs.describe_log_streams(
            logGroupName="/aws/batch/job", logStreamNamePrefix=name)["logStreams"]
        self.assertEqual([found[one]["logStreamName"] for one in ("main", "side")],
                         [stream["logStreamName"] for stream in streams])
        matches = self.logs.filter_log_events(
            logGroupName="/aws/batch/job", logStreamNamePrefix=name,
            filterPattern="ready")["events"]
        self.assertEqual([found["main"]["logStreamName"]],
                         [event["logStreamName"] for event in matches])
        self.assert_clean(job)
        eventually(lambda: not self.volumes_of_jobs(), 10, "the task's volume is removed")

    def volumes_of_jobs(self):
        names = self.engine.docker("volume", "ls", "-q").split()
        return [name for name in names if not name.startswith("batchd-hosts-")]

    def test_init_container_prepares_a_volume(self):
        job = self.run_task(
            container("main", "cat /shared/made", mountPoints=SHARED,
                      dependsOn=after("init", "SUCCESS")),
            container("init", "while [ ! -e /go ]; do sleep 0.05; done; echo made > /shared/made",
                      essential=False, mountPoints=SHARED),
            volumes=[{"name": "shared"}])

        def init():
            return next((c for c in self.engine.containers_of(job)
                         if c["Config"]["Labels"].get("batchd.container") == "init"
                         and c["State"]["Running"]), None)

        running = eventually(init, 30, "init runs")
        self.assertEqual("STARTING", self.describe(job)["status"])
        self.engine.docker("exec", running["Id"], "touch", "/go")
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual("made\n", self.output(job))
        self.assertEqual(0, self.containers_of(detail)["init"]["exitCode"])
        self.assert_clean(job)

    def test_init_container_that_fails_keeps_the_others_from_starting(self):
        job = self.run_task(
            container("main", "echo never", dependsOn=after("init", "SUCCESS")),
            container("init", "echo oops; exit 3", essential=False))
        detail = self.wait_for(job, "FAILED")
        self.assertEqual("Task failed to start: container 'main' needs SUCCESS of container "
                         "'init', which exited with code 3", detail["statusReason"])
        self.assertNotIn("startedAt", detail)
        found = self.containers_of(detail)
        self.assertEqual(3, found["init"]["exitCode"])
        self.assertNotIn("exitCode", found["main"])
        self.assertNotIn("logStreamName", found["main"])
        self.assertEqual("oops\n", self.output_of(job, "init"))
        self.assert_clean(job)

    def test_an_essential_exit_stops_the_sidecar(self):
        job = self.run_task(container("side", FOREVER, essential=False),
                            container("main", "sleep 0.5; echo done; exit 7"))
        detail = self.wait_for(job, "FAILED")
        self.assertEqual("Essential container in task exited", detail["statusReason"])
        found = self.containers_of(detail)
        self.assertEqual((7, 143), (found["main"]["exitCode"], found["side"]["exitCode"]))
        self.assertEqual("done\n", self.output(job), "the first essential one's")
        summary, = [j for j in self.batch.list_jobs(jobQueue="default", jobStatus="FAILED")
                    ["jobSummaryList"] if j["jobId"] == job]
        self.assertEqual(7, summary["container"]["exitCode"])

    def test_overrides_go_to_the_container_of_that_name(self):
        definition = self.define_task(
            container("main", "echo old", environment=[{"name": "A", "value": "1"}]),
            container("side", "echo $B Ref::what; sleep 60", essential=False, stopTimeout=2))
        job = self.submit(definition, parameters={"what": "this"}, ecsPropertiesOverride={
            "taskProperties": [{"containers": [
                {"name": "main", "command": ["sh", "-c", "sleep 0.5; echo $A $AWS_BATCH_JOB_ID"],
                 "resourceRequirements": [{"type": "MEMORY", "value": "24"}]},
                {"name": "side", "environment": [{"name": "B", "value": "2"}]}]}]})
        detail = self.wait_for(job, "SUCCEEDED")
        self.assertEqual(f"1 {job}\n", self.output_of(job, "main"))
        self.assertEqual("2 this\n", self.output_of(job, "side"))
        self.assertIn({"type": "MEMORY", "value": "24"},
                      self.containers_of(detail)["main"]["resourceRequirements"])
        self.assert_refused("name 'other' must reference a defined container",
                            self.batch.submit_job, jobName="j", jobQueue="default",
                            jobDefinition=definition, ecsPropertiesOverride={
                                "taskProperties": [{"containers": [{"name": "other"}]}]})
        self.assert_refused("use ecsPropertiesOverride", self.batch.submit_job, jobName="j",
                            jobQueue="default", jobDefinition=definition,
                            containerOverrides={"command": ["true"]})

    def test_retries_by_the_exit_code_of_the_container_that_failed(self):
        job = self.run_task(
            container("main", "sleep 0.3; [ $AWS_BATCH_JOB_ATTEMPT = 2 ] || exit 9"),
            container("side", FOREVER, essential=False),
            retryStrategy={"attempts": 3, "evaluateOnExit": [
                {"onExitCode": "9", "action": "RETRY"}, {"onReason": "*", "action": "EXIT"}]})
        detail = self.wait_for(job, "SUCCEEDED")
        codes = [[c["exitCode"] for c in attempt["taskProperties"][0]["containers"]]
                 for attempt in detail["attempts"]]
        self.assertEqual([[9, 143], [0, 143]], codes)
        streams = {c["logStreamName"] for attempt in detail["attempts"]
                   for c in attempt["taskProperties"][0]["containers"]}
        self.assertEqual(4, len(streams))

    def test_a_task_of_one_container_is_shown_as_a_task(self):
        job = self.run_task(container("only", "echo here"))
        detail = self.wait_for(job, "SUCCEEDED")
        only = self.containers_of(detail)["only"]
        self.assertEqual(0, only["exitCode"])
        self.assertIn("/only/", only["logStreamName"])
        self.assertEqual("here\n", self.output(job))
        self.assertEqual(0, detail["attempts"][0]["taskProperties"][0]["containers"][0]["exitCode"])

    def test_terminate_and_restart_of_the_daemon(self):
        job = self.run_task(container("main", FOREVER), container("side", FOREVER))
        self.wait_for(job, "RUNNING")
        before = {c["Id"] for c in self.engine.containers_of(job)}
        self.assertEqual(3, len(before), "two, and one that holds their namespaces")
        self.daemon.kill()
        self.daemon.start()
        self.connect()
        self.wait_for(job, "RUNNING")
        self.assertEqual(before, {c["Id"] for c in self.engine.containers_of(job)})
        self.batch.terminate_job(jobId=job, reason="enough")
        detail = self.wait_for(job, "FAILED")
        self.assertEqual("enough", detail["statusReason"])
        self.assertEqual({143}, {c["exitCode"] for c in self.containers_of(detail).values()})
        self.assert_clean(job)

    def test_logs_of_a_container_that_does_not_exist(self):
        job = self.run_task(container("only", "true"))
        self.wait_for(job, "SUCCEEDED")
        self.assertIn("has no container 'other'", self.output_of(job, "other"))

    def test_both_forms_are_refused(self):
        self.assert_refused("Cannot use both ECS containerProperties and ecsProperties",
                            self.batch.register_job_definition, jobDefinitionName="both",
                            type="container", containerProperties={"image": IMAGE},
                            ecsProperties={"taskProperties": [
                                {"containers": [container("main", "true")]}]})


if __name__ == "__main__":
    unittest.main()
