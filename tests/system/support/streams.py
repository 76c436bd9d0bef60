"""Streams of events, read by `curl -N` while they go on."""

import json
import queue
import subprocess
import threading


class EventStream:
    """`curl -N` on a path. SSE by default; with lines=True each line is a record."""

    def __init__(self, endpoint, path, *arguments, lines=False):
        self.process = subprocess.Popen(
            ["curl", "--silent", "--no-buffer", "--show-error", *arguments, endpoint + path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._start(lines)

    def _start(self, lines):
        self.events = queue.Queue()  # {"id", "event", "data"}; None when the stream has ended
        self.comments = []
        self.last_id = None
        self.thread = threading.Thread(target=self._read_lines if lines else self._read_sse)
        self.thread.start()

    @classmethod
    def of_command(cls, command, variables):
        """A shell command that prints Server-Sent Events."""
        self = cls.__new__(cls)
        self.process = subprocess.Popen(["sh", "-c", "exec " + command], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=variables)
        self._start(lines=False)
        return self

    def next(self, seconds=20):
        event = self.events.get(timeout=seconds)
        if event is None:
            raise AssertionError(f"the stream has ended: {self.process.stderr.read()}")
        return event

    def take(self, count, seconds=20):
        return [self.next(seconds) for _ in range(count)]

    def until(self, is_wanted, seconds=20):
        """All events up to the first that is wanted."""
        taken = [self.next(seconds)]
        while not is_wanted(taken[-1]):
            taken.append(self.next(seconds))
        return taken

    def rest(self, seconds=20):
        """What comes up to the end of the stream."""
        taken = []
        while (event := self.events.get(timeout=seconds)) is not None:
            taken.append(event)
        return taken

    def close(self):
        self.process.kill()
        self.process.wait()
        self.thread.join()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _read_sse(self):
        event = {}
        for line in self.process.stdout:
            line = line.rstrip("\n")
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
                if name == "id":
                    self.last_id = int(value)
            else:
                if "data" in event:
                    self.events.put({"id": int(event["id"]), "event": event["event"],
                                     "data": json.loads(event["data"])})
                event = {}
        self.events.put(None)

    def _read_lines(self):
        for line in self.process.stdout:
            if line.strip():
                self.events.put(json.loads(line))
            else:
                self.comments.append(line)
        self.events.put(None)
