"""Stands between the daemon and moto: notes which calls are made, fails those that a test says, as
AWS fails them (by an error, or by an answer that gets lost on its way), and does with ClientToken
what AWS does and moto does not."""

import collections
import http.client
import http.server
import threading
import urllib.parse

ERROR = ("<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
         "<RequestID>r-1</RequestID></Response>")


class AwsProxy:
    def __init__(self, target):
        self.calls = collections.Counter()  # "ec2:RunInstances" -> how often
        self.lock = threading.Lock()
        self.launches = {}  # ClientToken -> body and answer of the call that launched
        self.faults = []  # (call, what its parameters contain, fault, how many times)
        handler = type("Handler", (_Handler,), {
            "proxy": self, "target": urllib.parse.urlsplit(target).netloc})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.handle_error = lambda *_: None  # a daemon that is killed cuts its connections
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def fail(self, call, code, status=500, containing="", times=1, message="told to fail"):
        """The next calls that contain the text are answered by an error of EC2."""
        body = ERROR.format(code=code, message=message).encode()
        self._add(call, containing, (status, body), times)

    def answer(self, call, status, body, times=1):
        """The next calls are answered by these bytes."""
        self._add(call, "", (status, body), times)

    def lose_answer(self, call, times=1, then=None):
        """The next calls are carried out, and their connection is cut instead of an answer; `then`
        is called before that."""
        self._add(call, "", then or (lambda: None), times)

    def heal(self):
        with self.lock:
            self.faults.clear()

    def fault_of(self, call, body):
        with self.lock:
            self.calls[call] += 1
            for index, (name, containing, fault, times) in enumerate(self.faults):
                if name == call and containing in body:
                    if times > 1:
                        self.faults[index] = (name, containing, fault, times - 1)
                    else:
                        del self.faults[index]
                    return fault
        return None

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def _add(self, call, containing, fault, times):
        with self.lock:
            self.faults.append((call, containing, fault, times))


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self.proxy.fault_of(self.call_of(body), body.decode())
        if isinstance(fault, tuple):
            return self.send(*fault, {"Content-Type": "text/xml"})
        status, answer, headers = self.forward_once(body)
        if fault:
            fault()
            self.close_connection = True
            return self.connection.close()
        return self.send(status, answer, headers)

    def call_of(self, body):
        """As IAM's policies name it: service and operation."""
        service = self.headers["Authorization"].split("/")[3]
        target = self.headers.get("X-Amz-Target")
        if target:
            return f"{service}:{target.rpartition('.')[2]}"
        return f"{service}:{urllib.parse.parse_qs(body.decode())['Action'][0]}"

    def forward_once(self, body):
        """The same token launches once; the same token for something else is refused."""
        parameters = urllib.parse.parse_qs(body.decode())
        if parameters.get("Action", [""])[0] not in ("RunInstances", "CreateFleet"):
            return self.forward(body)
        token = parameters["ClientToken"][0]
        with self.proxy.lock:
            if token not in self.proxy.launches:
                answer = self.forward(body)
                if answer[0] == 200:
                    self.proxy.launches[token] = (parameters, answer)
                return answer
            before, answer = self.proxy.launches[token]
            if before == parameters:
                return answer
        refusal = ERROR.format(code="IdempotentParameterMismatch", message="other parameters")
        return 400, refusal.encode(), {"Content-Type": "text/xml"}

    def forward(self, body):
        connection = http.client.HTTPConnection(self.target, timeout=60)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("connection", "accept-encoding")}
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, text, {name: value for name, value in answer.getheaders()
                                     if name.lower().startswith(("content-type", "x-amz"))}

    def send(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
