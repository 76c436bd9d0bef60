"""The client pack: the stock aws CLI and boto3 wait, each in a home folder of its own."""

import json
import sys
import unittest

import botocore.loaders
import botocore.waiter

from support.case import SystemTest
from support.client_pack import CLIENTS, Boto3, Cli, Home, kebab
from support.clients import AWS_PROGRAMS
from support.daemon import REPOSITORY
from support.docs import commands

SOURCES = REPOSITORY / "share/client"
FILES = ("waiters-2.json", "service-2.sdk-extras.json")
UNKNOWN = "01234567-89ab-4def-8123-456789abcdef"
STOPPABLE = "trap 'exit 0' TERM; while :; do sleep 0.05; done"


class Waiting:
    """For each client; `client` and `program` are given below."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        home = Home()
        cls.addClassCleanup(home.close)
        home.install(cls.daemon.endpoint)
        cls.stock = cls.client(home, cls.daemon.endpoint, cls.program)

    def assert_waits(self, waiter, **parameters):
        done = self.stock.wait(waiter, **parameters)
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def assert_fails(self, why, waiter, **parameters):
        done = self.stock.wait(waiter, **parameters)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("terminal failure state", done.stderr)
        self.assertIn(why, done.stderr)
        return done

    def test_a_job_that_succeeds(self):
        job = self.run_command("sleep 1")
        self.assert_waits("JobExists", jobs=[job])
        self.assert_waits("JobSucceeded", jobs=[job])
        self.assertEqual("SUCCEEDED", self.describe(job)["status"])

    def test_a_job_that_fails(self):
        jobs = [self.run_command("sleep 1; exit 3"), self.run_command("true")]
        self.assert_waits("JobComplete", jobs=jobs)
        self.assertEqual(["FAILED", "SUCCEEDED"], [self.describe(j)["status"] for j in jobs])
        done = self.assert_fails("FAILED", "JobSucceeded", jobs=jobs)
        if self.client is Cli:
            self.assertEqual(255, done.returncode)

    def test_a_job_that_runs(self):
        job = self.run_command(STOPPABLE)
        self.assert_waits("JobRunning", jobs=[job])
        self.assertEqual("RUNNING", self.describe(job)["status"])
        self.batch.terminate_job(jobId=job, reason="seen")
        self.wait_for(job, "FAILED")
        self.assert_waits("JobRunning", jobs=[job])  # it has ended

    def test_an_array_runs_with_its_children(self):
        array = self.run_command(STOPPABLE, arrayProperties={"size": 2})
        self.assert_waits("JobRunning", jobs=[array])
        self.assertEqual("PENDING", self.describe(array)["status"])
        self.batch.terminate_job(jobId=array, reason="seen")
        self.assert_waits("JobComplete", jobs=[array])

    def test_a_job_that_does_not_exist(self):
        for waiter in ("JobRunning", "JobComplete", "JobSucceeded"):
            self.assert_fails("length(jobs) == `0`", waiter, jobs=[UNKNOWN])

    def test_environments_and_queues(self):
        environment = self.unique("environment")
        self.stock_call("CreateComputeEnvironment", computeEnvironmentName=environment,
                        type="UNMANAGED")
        self.assert_waits("ComputeEnvironmentValid", computeEnvironments=[environment])
        queue = self.unique("queue")
        self.batch.create_job_queue(jobQueueName=queue, priority=1, computeEnvironmentOrder=[
            {"order": 1, "computeEnvironment": environment}])
        self.assert_waits("JobQueueValid", jobQueues=[queue])
        self.batch.update_job_queue(jobQueue=queue, state="DISABLED")
        self.batch.delete_job_queue(jobQueue=queue)
        self.assert_waits("JobQueueDeleted", jobQueues=[queue])
        self.batch.update_compute_environment(computeEnvironment=environment, state="DISABLED")
        self.batch.delete_compute_environment(computeEnvironment=environment)
        self.assert_waits("ComputeEnvironmentDeleted", computeEnvironments=[environment])
        self.assert_fails("length(computeEnvironments)", "ComputeEnvironmentValid",
                          computeEnvironments=[UNKNOWN])
        self.assert_fails("length(jobQueues)", "JobQueueValid", jobQueues=[UNKNOWN])

    def test_what_worked_before_does(self):
        self.define("true", name="before")
        job = self.stock_call("SubmitJob", jobName="before", jobQueue="default",
                              jobDefinition="before")["jobId"]
        self.wait_for(job, "SUCCEEDED")
        detail, = self.stock_call("DescribeJobs", jobs=[job])["jobs"]
        self.assertEqual(job, detail["jobId"])

    def stock_call(self, operation, **parameters):
        done = self.stock.call(operation, **parameters)
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)


for number, (client, program) in enumerate(CLIENTS, 1):
    name = f"{client.__name__}{number}Waits"
    globals()[name] = type(name, (Waiting, SystemTest), {"client": client, "program": program})


class Installation(SystemTest):
    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)

    def shell(self, text, **variables):
        return self.home.shell(text, URL=self.daemon.endpoint, **variables)

    def docs(self, name):
        return self.shell(commands("clients.md", name))

    def installed(self, folder=None):
        return sorted(path.name for path in (folder or self.home.pack).glob("*"))

    def test_the_documented_commands(self):
        self.define("true", name="hello")
        self.assertEqual([f"installed {self.home.pack}/{file}" for file in FILES],
                         self.docs("install").splitlines())
        for file in FILES:
            self.assertEqual((SOURCES / file).read_bytes(), (self.home.pack / file).read_bytes())
        self.docs("wait")
        done = self.home.run(sys.executable, "-c", commands("clients.md", "boto3"),
                             URL=self.daemon.endpoint)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(2, len(self.batch.list_jobs(
            jobQueue="default", jobStatus="SUCCEEDED")["jobSummaryList"]))
        self.assertEqual([f"removed {self.home.pack}/{file}" for file in FILES],
                         self.docs("uninstall").splitlines())
        self.assertFalse(self.home.pack.parent.exists())
        self.docs("uninstall")  # finds nothing

    def test_a_folder_of_its_own_for_aws_data_path(self):
        self.assertIn(f"export AWS_DATA_PATH={self.home.path}/batchd-models", self.docs("folder"))
        self.assertFalse(self.home.pack.exists())

    def test_without_the_pack_nothing_waits(self):
        cli = Cli(self.home, self.daemon.endpoint, AWS_PROGRAMS[0])
        done = cli.wait("JobExists", jobs=[UNKNOWN])
        self.assertNotEqual(0, done.returncode)
        self.assertIn("nvalid choice", done.stderr)
        boto3 = Boto3(self.home, self.daemon.endpoint, sys.executable)
        done = boto3.wait("JobExists", jobs=[UNKNOWN])
        self.assertIn("Waiter does not exist", done.stderr)

    def test_the_script_of_the_repository_does_the_same(self):
        script = REPOSITORY / "scripts/install-client-pack"
        self.assertEqual(0, self.home.run(str(script)).returncode)
        for file in FILES:
            self.assertEqual((SOURCES / file).read_bytes(), (self.home.pack / file).read_bytes())
        self.assertEqual(0, self.home.run(str(script), "--uninstall").returncode)
        self.assertEqual([], self.installed())

    def test_somebody_elses_file_stays(self):
        self.home.pack.mkdir(parents=True)
        (self.home.pack / FILES[1]).write_text("{}")
        for option in ("", "--uninstall"):
            done = self.home.run("sh", "-c", f'curl -sS "$URL/client/install" | sh -s -- {option}',
                                 URL=self.daemon.endpoint)
            self.assertEqual(1, done.returncode)
            self.assertIn(f"{FILES[1]} is not batchd's", done.stderr)
            self.assertEqual([FILES[1]], self.installed())

    def test_a_cut_download_installs_nothing(self):
        script = self.curl("/client/install").text
        for cut in (len(script) // 4, len(script) // 2, len(script) - len('main "$@"\n')):
            self.home.run("sh", "-c", script[:cut])
            self.assertEqual([], self.installed())

    def test_an_unknown_option_is_refused(self):
        done = self.home.run("sh", "-c", self.curl("/client/install").text, "sh", "--remove")
        self.assertEqual(1, done.returncode)
        self.assertIn("unknown option --remove", done.stderr)

    def test_the_files_are_served(self):
        for file in FILES:
            answer = self.curl(f"/client/{file}")
            self.assertEqual((200, "application/json"),
                             (answer.status, answer.headers["content-type"]))
            self.assertEqual((SOURCES / file).read_bytes(), answer.body)
        answer = self.curl("/client/pack.tar")
        self.assertEqual(404, answer.status)
        self.assertIn("waiters-2.json", answer.json()["message"])


class Files(unittest.TestCase):
    """The two files against the model of the installed botocore."""

    def setUp(self):
        self.waiters = json.loads((SOURCES / FILES[0]).read_text())
        self.extras = json.loads((SOURCES / FILES[1]).read_text())["merge"]
        self.stock = botocore.loaders.Loader().load_service_model("batch", "service-2")

    def merged(self):
        model = botocore.loaders.Loader().load_service_model("batch", "service-2")
        botocore.loaders.ExtrasProcessor().process(model, [{"merge": self.extras}])
        return model

    def test_every_shape_that_is_named_exists(self):
        shapes = self.merged()["shapes"]
        named = set(references(self.extras["operations"])) | set(references(self.extras["shapes"]))
        self.assertEqual(set(), named - shapes.keys())
        self.assertEqual([], [name for name, shape in shapes.items() if "type" not in shape])

    def test_every_new_shape_is_used(self):
        model = self.merged()
        named = set(references(model["operations"])) | set(references(model["shapes"]))
        self.assertEqual(set(), self.extras["shapes"].keys() - named)

    def test_nothing_of_aws_is_redefined(self):
        self.assertEqual(set(), self.extras["operations"].keys() & self.stock["operations"].keys())
        for name, shape in self.extras["shapes"].items():
            known = self.stock["shapes"].get(name)
            if known is not None:
                self.assertEqual(["members"], list(shape), name)
                self.assertEqual(set(), shape["members"].keys() & known["members"].keys(), name)

    def test_required_members_are_members(self):
        for name, shape in self.extras["shapes"].items():
            self.assertLessEqual(set(shape.get("required", ())), shape.get("members", {}).keys(),
                                 name)

    def test_operations_are_called_as_awss(self):
        for name, operation in self.extras["operations"].items():
            self.assertEqual((name, {"method": "POST", "requestUri": f"/v1/{name.lower()}"}),
                             (operation["name"], operation["http"]))

    def test_waiters_are_understood(self):
        model = botocore.waiter.WaiterModel(self.waiters)
        for name in model.waiter_names:
            waiter = model.get_waiter(name)
            self.assertIn(waiter.operation, self.stock["operations"])
            self.assertGreater(len(waiter.acceptors), 0)

    def test_the_docs_name_every_waiter(self):
        page = (REPOSITORY / "docs/clients.md").read_text()
        for name in self.waiters["waiters"]:
            self.assertIn(f"`{kebab(name)}`", page)


def references(node):
    """The names of shapes below a part of a model."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        if isinstance(node.get("shape"), str):
            yield node["shape"]
        for item in node.values():
            yield from references(item)


if __name__ == "__main__":
    unittest.main()
