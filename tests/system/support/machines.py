"""Instances that moto only writes down become machines here: each runs its own user data in private
mount and process namespaces, with a real dockerd on the instance's private address. moto takes a VPC
within 127.0.0.0/8, so that these addresses are this machine's."""

import base64
import email
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from .engine import DOCKERD, Engine
from .metadata import Metadata

NETWORK = "127.10.0.0/16"
ALIVE = ("pending", "running")

# What systemd does for user data, as far as that goes: a unit's last ExecStart is what it starts.
SYSTEMCTL = """#!/bin/bash
for last; do :; done
case "$1" in
  restart)
    unit=/etc/systemd/system/$last.service
    [ "$last" = docker ] && unit=/etc/systemd/system/docker.service.d/batchd.conf
    command=$(sed -n 's/^ExecStart=//p' "$unit" | tail -n 1 | sed 's/\\$[A-Z_]*//g')
    [ "$last" = docker ] && command="$command $DOCKERD_FLAGS"
    setsid $command >> "$MACHINE/$last.log" 2>&1 < /dev/null &
    ;;
esac
"""

# Folders that user data writes to are the machine's own.
BOOT = """set -e
for folder in /etc/docker /etc/systemd/system /usr/local/sbin /run; do
  mkdir -p "$folder"
  mount -t tmpfs none "$folder"
done
ln -s "$MACHINE/bin/systemctl" /usr/local/sbin/systemctl
export PATH="$MACHINE/bin:$PATH"
[ ! -e "$MACHINE/broken" ] || exec sleep infinity
for script in "$MACHINE"/script-*; do
  bash "$script" >> "$MACHINE/boot.log" 2>&1 || echo "$script failed: $?" >> "$MACHINE/boot.log"
done
exec sleep infinity
"""


def scripts_of(user_data):
    """The scripts that cloud-init would run, in this order."""
    if user_data.startswith(b"#!"):
        return [user_data]
    parts = email.message_from_bytes(user_data).walk()
    return [part.get_payload(decode=True) for part in parts
            if part.get_content_type() == "text/x-shellscript"]


class Machines:
    """Boots and ends machines as the instances of an account come and go. `close` ends all."""

    def __init__(self, moto):
        self.ec2 = moto.client("ec2")
        self.metadata = Metadata()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bm."))
        self.seed = self._make_seed()
        self.machines = {}   # id -> process
        self.started = []    # ids, all that ever were
        self.breaks = False  # machines that come up from now on never start their Engine
        self.failure = None
        self.closing = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _make_seed(self):
        """An Engine's data with the test image: no registry can be reached."""
        engine = Engine()
        engine.start()
        engine.import_image()
        engine.stop()
        seed = self.folder / "seed"
        subprocess.run(["cp", "-a", f"{engine.folder}/data", seed], check=True)
        engine.close()
        return seed

    def instances(self, *states):
        pages = self.ec2.get_paginator("describe_instances").paginate()
        return [instance for page in pages for reservation in page["Reservations"]
                for instance in reservation["Instances"]
                if not states or instance["State"]["Name"] in states]

    def alive(self):
        """The ids of instances that AWS would send a bill for."""
        return {instance["InstanceId"] for instance in self.instances(*ALIVE)}

    def give_notice(self, instance_id, seconds=120):
        """The notice that a Spot instance gets before it is taken away."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        self.metadata.values[instance_id]["spot/instance-action"] = (
            '{"action":"terminate","time":"%s"}' % at)

    def reclaim(self, instance_id):
        """Takes an instance away; its machine is off at once."""
        self.ec2.terminate_instances(InstanceIds=[instance_id])
        self._end(instance_id)

    def log(self):
        """What the machines said, for the message of a failed test."""
        texts = [f"{path.parent.name}/{path.name}:\n{path.read_text(errors='replace')[-1500:]}"
                 for path in sorted(self.folder.glob("i-*/*.log"))]
        return "\n".join(texts + [str(self.failure or "")])

    def close(self):
        self.closing.set()
        self.thread.join()
        for instance_id in list(self.machines):
            self._end(instance_id)
        self.metadata.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _watch(self):
        while not self.closing.wait(0.2):
            try:
                self._follow()
            except Exception as error:  # shown by log(); the test fails by what does not come
                self.failure = error

    def _follow(self):
        alive = {instance["InstanceId"]: instance for instance in self.instances(*ALIVE)}
        for instance_id in list(self.machines):
            if instance_id not in alive:
                self._end(instance_id)
        for instance_id, instance in alive.items():
            if instance_id not in self.started:
                self._boot(instance_id, instance["PrivateIpAddress"])

    def _boot(self, instance_id, address):
        self.started.append(instance_id)
        self.metadata.values[instance_id] = {"local-ipv4": address, "instance-id": instance_id}
        attribute = self.ec2.describe_instance_attribute(InstanceId=instance_id,
                                                         Attribute="userData")
        machine = self.folder / instance_id
        (machine / "bin").mkdir(parents=True)
        user_data = base64.b64decode(attribute["UserData"]["Value"])
        for number, script in enumerate(scripts_of(user_data)):
            (machine / f"script-{number}").write_bytes(script)
        (machine / "bin/systemctl").write_text(SYSTEMCTL)
        (machine / "bin/systemctl").chmod(0o755)
        if self.breaks:
            (machine / "broken").touch()
        subprocess.run(["cp", "-a", self.seed, machine / "data"], check=True)
        path = f"{os.path.dirname(DOCKERD)}:{os.environ['PATH']}"
        self.machines[instance_id] = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork",
             "--kill-child", "--mount-proc", "bash", "-c", BOOT],
            env={"PATH": path, "HOME": "/root", "MACHINE": str(machine),
                 "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.endpoint(instance_id),
                 "DOCKERD_FLAGS": "--iptables=false --ip6tables=false --bridge=none "
                                  f"--data-root {machine}/data"},
            stdin=subprocess.DEVNULL, start_new_session=True)

    def _end(self, instance_id):
        process = self.machines.pop(instance_id, None)
        if process is None:
            return
        os.killpg(process.pid, signal.SIGKILL)  # with unshare goes its child, and so all of them
        process.wait()
