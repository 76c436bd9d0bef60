"""The instance metadata service, version 2, of several machines: the first part of a path says
whose it is."""

import http.server
import threading

TOKEN = "metadata-token"


class Metadata:
    """Answers 404 for what a machine does not have, as the real one does."""

    def __init__(self):
        self.values = {}  # machine -> {path below /latest/meta-data/: text}
        handler = type("Handler", (_Handler,), {"values": self.values})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def endpoint(self, machine):
        return f"http://127.0.0.1:{self.server.server_address[1]}/{machine}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        is_token = self.path.endswith("/latest/api/token")
        has_ttl = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
        self.answer(200 if is_token and has_ttl else 400, TOKEN)

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return self.answer(401, "")
        machine, _, path = self.path.lstrip("/").partition("/latest/meta-data/")
        text = self.values.get(machine, {}).get(path)
        return self.answer(404 if text is None else 200, text or "")

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
