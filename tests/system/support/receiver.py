"""A receiver of webhooks that does what a test says."""

import http.server
import json
import threading


class Receiver:
    """Keeps what it takes. `answers` are statuses for the next requests; after them, `status`."""

    def __init__(self):
        self.lock = threading.Lock()
        self.taken = []  # (headers, body)
        self.refused = []
        self.answers = []
        self.status = 200
        self.gate = threading.Event()  # requests wait until it is set
        self.gate.set()
        handler = type("Handler", (_Handler,), {"receiver": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.handle_error = lambda *_: None  # a daemon that is killed cuts its connections
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self):
        with self.lock:
            return [json.loads(body) for _, body in self.taken]

    def seqs(self):
        return [event["sequence"] for event in self.events()]

    def receive(self, headers, body):
        self.gate.wait(60)
        with self.lock:
            status = self.answers.pop(0) if self.answers else self.status
            (self.taken if status == 200 else self.refused).append((headers, body))
        return status

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.receiver.receive(dict(self.headers.items()), body))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass
