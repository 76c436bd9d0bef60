"""A private Docker Engine with one small image, started once for all tests of a process."""

import atexit
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
import tempfile

from .waiting import eventually

IMAGE = "batchd/test:latest"
DOCKERD = shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin:/sbin") or "dockerd"


class Engine:
    """dockerd in a temporary folder: no bridge, no iptables, nothing shared with another Engine."""

    _shared = None

    @classmethod
    def shared(cls):
        if cls._shared is None:
            engine = cls()
            engine.start()
            atexit.register(engine.close)
            engine.import_image()
            cls._shared = engine
        return cls._shared

    def __init__(self, certificates=None):
        """With a folder of certificates it listens by TLS, too."""
        # A short name: the paths of sockets below it may have 107 bytes.
        self.folder = tempfile.mkdtemp(prefix="bd.")
        self.url = f"unix://{self.folder}/docker.sock"
        self.process = None
        self.tls_flags = []
        if certificates:
            self.tls_url = f"tcp://127.0.0.1:{free_port()}"
            self.tls_flags = ["-H", self.tls_url, "--tlsverify",
                              f"--tlscacert={certificates}/ca.pem",
                              f"--tlscert={certificates}/server-cert.pem",
                              f"--tlskey={certificates}/server-key.pem"]

    def start(self):
        log = open(f"{self.folder}/log", "ab")
        # setpriv: a test run that is killed does not leave an Engine behind.
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", DOCKERD,
             "--iptables=false", "--ip6tables=false", "--bridge=none", "-H", self.url,
             *self.tls_flags, "--data-root", f"{self.folder}/data", "--exec-root", f"{self.folder}/exec",
             "-p", f"{self.folder}/pid"],
            stdout=log, stderr=log, start_new_session=True)
        log.close()
        eventually(self.answers, 60, lambda: "dockerd answers: " + self.log_tail())

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        self.process.wait(60)
        self.process = None

    def close(self):
        if self.process is not None:
            self.remove_containers()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError("dockerd ended: " + self.log_tail())
        done = subprocess.run(["docker", "-H", self.url, "version"], capture_output=True)
        return done.returncode == 0

    def log_tail(self):
        with open(f"{self.folder}/log", errors="replace") as log:
            return log.read()[-3000:]

    def docker(self, *arguments, **options):
        """The output of `docker ARGUMENTS`."""
        done = subprocess.run(["docker", "-H", self.url, *arguments], capture_output=True,
                              check=False, **options)
        if done.returncode != 0:
            raise AssertionError(f"docker {' '.join(arguments)}: {done.stderr.decode()}")
        return done.stdout.decode().strip()

    def import_image(self):
        self.docker("import", "--change", "ENV PATH=/bin", "-", IMAGE, input=busybox_tar())

    def containers(self, *filters):
        """Inspected containers, all states, whose `docker ps --filter` matches."""
        flags = [flag for f in filters for flag in ("--filter", f)]
        ids = self.docker("ps", "-aq", "--no-trunc", *flags).split()
        if not ids:
            return []
        done = subprocess.run(["docker", "-H", self.url, "inspect", *ids], capture_output=True,
                              check=False)
        return json.loads(done.stdout)  # one that was removed since is missing, no error

    def remove_containers(self):
        def none_left():
            ids = self.docker("ps", "-aq").split()
            if ids:  # one that goes by itself meanwhile makes rm fail
                subprocess.run(["docker", "-H", self.url, "rm", "-f", *ids],
                               capture_output=True, check=False)
            return not ids

        eventually(none_left, 60)

    def containers_of(self, job_id):
        return self.containers(f"label=batchd.job={job_id}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def busybox_tar():
    """An image's files: busybox and a link for each of its applets."""
    busybox = shutil.which("busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, check=True).stdout.decode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in ("bin", "tmp", "etc", "proc", "sys", "dev"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        tar.add(busybox, "bin/busybox")
        for applet in applets.split():
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
    return buffer.getvalue()
