"""Whatever comes in: an AWS-formed error goes out, and the daemon stays well."""

import json
import socket
import unittest

from support.case import SystemTest
from support.clients import parse_answer

JOB_QUEUE = b'"jobQueue":"default"'


class BadInput(SystemTest):
    def tearDown(self):
        self.assertEqual(200, self.curl("/healthz").status)
        self.assertEqual(1, len(self.batch.describe_job_queues()["jobQueues"]))

    def connect_raw(self):
        connection = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def exchange(self, raw):
        """Sends bytes; what came back until the daemon closed the connection."""
        connection = self.connect_raw()
        connection.sendall(raw)
        return read_all(connection)

    def assert_error(self, answer, status, *words, code="ClientException"):
        self.assertEqual(status, answer.status, answer.body)
        message = answer.json()["message"]
        for word in words:
            self.assertIn(word, message)
        self.assertEqual(code, answer.headers.get("x-amzn-errortype"))
        self.assertIn("date", answer.headers)


class BadBodies(BadInput):
    def post(self, operation, body):
        return self.curl(f"/v1/{operation}", data=body)

    def test_broken_json(self):
        for body in (b"{", b'{"jobName":', b"[1,2", b"nonsense", b'{"a":1}}', b"\0"):
            self.assert_error(self.post("submitjob", body), 400, "JSON")

    def test_bodies_that_are_no_object(self):
        for body in (b"[]", b"1", b'"text"', b"null"):
            self.assert_error(self.post("submitjob", body), 400, "object")

    def test_invalid_utf8(self):
        self.assert_error(self.post("submitjob", b'{"jobName":"\xff\xfe"}'), 400, "JSON")
        self.assert_error(self.post("submitjob", b'{"jobName":"\xed\xa0\x80"}'), 400, "JSON")

    def test_wrong_types_name_the_member(self):
        for body, member in ((b'{"jobName":7}', "jobName"),
                             (b'{"jobName":"x","dependsOn":"y"}', "dependsOn"),
                             (b'{"jobName":"x","dependsOn":[3]}', "dependsOn[0]"),
                             (b'{"retryStrategy":{"attempts":"many"}}', "retryStrategy.attempts"),
                             (b'{"retryStrategy":{"attempts":1.5}}', "retryStrategy.attempts"),
                             (b'{"retryStrategy":{"attempts":99999999999}}',
                              "retryStrategy.attempts"),
                             (b'{"parameters":{"a":{}}}', "parameters.a")):
            self.assert_error(self.post("submitjob", body), 400, member)

    def test_missing_members_are_named(self):
        self.assert_error(self.post("submitjob", b"{}"), 400, "jobName")
        self.assert_error(self.post("submitjob", b""), 400, "jobName")
        self.assert_error(self.post("submitjob", b'{"jobName":"x"}'), 400, "jobQueue")
        self.assert_error(self.post("submitjob", b'{"jobName":"x",' + JOB_QUEUE + b"}"), 400,
                          "jobDefinition")

    def test_bad_job_names(self):
        definition = self.define("true")
        for name in ("-dash", "white space", "x" * 129, "ü"):
            self.assert_refused("Job name should match valid pattern", self.batch.submit_job,
                                jobName=name, jobQueue="default", jobDefinition=definition)

    def test_deep_nesting(self):
        self.assert_error(self.post("submitjob", b'{"a":' + b"[" * 200000 + b"]" * 200000 + b"}"),
                          400)

    def test_unknown_members_are_ignored(self):
        self.assertEqual(200, self.post("describejobqueues",
                                        b'{"fromTheFuture":{"a":[1]}}').status)

    def test_a_body_too_large(self):
        answer = self.post("submitjob", b'{"jobName":"' + b"x" * 9_000_000 + b'"}')
        self.assert_error(answer, 413, "8388608")

    def test_an_announced_body_too_large_is_refused_before_it_comes(self):
        raw = self.exchange(b"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\n"
                            b"Content-Length: 99999999999\r\n\r\n")
        self.assertEqual(413, parse_answer(raw).status)


class BadRoutes(BadInput):
    def test_unknown_operations(self):
        self.assert_error(self.curl("/v1/dancejob", data=b"{}"), 404, "/v1/dancejob")
        self.assert_error(self.curl("/v1/SubmitJob", data=b"{}"), 404, "/v1/SubmitJob")

    def test_wrong_methods(self):
        self.assert_error(self.curl("/v1/submitjob"), 405, "SubmitJob")
        self.assert_error(self.curl("/healthz", data=b"{}"), 405, "POST")

    def test_names_that_other_sites_could_use(self):
        answer = self.curl("/healthz", "-H", "Host: evil.example")
        self.assertEqual(403, answer.status)
        self.assertIn("http.allowed_hosts", answer.json()["message"])

    def test_unknown_paths(self):
        self.assert_error(self.curl("/nowhere"), 404, "/nowhere")

    def test_bad_percent_escapes(self):
        self.assert_error(self.curl("/v1/tags/%zz"), 400)
        self.assert_error(self.curl("/api/v1/jobs/%f"), 400)

    def test_unknown_targets(self):
        answer = self.curl("/", "-H", "X-Amz-Target: Logs_20140328.PutLogEvents", data=b"{}")
        self.assert_error(answer, 400, "PutLogEvents", code="UnknownOperationException")
        self.assertEqual("UnknownOperationException", answer.json()["__type"])  # botocore reads it
        self.assert_error(self.curl("/", data=b"{}"), 400, "X-Amz-Target")


class BadHttp(BadInput):
    settings = {"http.request_timeout_seconds": 1, "http.idle_timeout_seconds": 1}

    def test_what_is_no_http(self):
        self.assertEqual(400, parse_answer(self.exchange(b"hello\r\n\r\n")).status)
        self.assertEqual(400, parse_answer(self.exchange(b"GET / HTTP/9.9\r\n\r\n")).status)
        self.exchange(bytes(range(256)) * 4 + b"\r\n\r\n")
        self.exchange(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50)

    def test_contradicting_lengths(self):
        for headers in (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: -1\r\n",
                        b"Content-Length: x\r\n",
                        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"):
            raw = self.exchange(b"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\n" + headers
                                + b"\r\n0\r\n\r\n")
            self.assertEqual(400, parse_answer(raw).status, headers)

    def test_headers_too_large(self):
        raw = self.exchange(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
                            b"X-Large: " + b"x" * 100_000 + b"\r\n\r\n")
        self.assertEqual(431, parse_answer(raw).status)

    def test_a_slow_client_is_told_and_cut_off(self):
        for part in (b"", b"GET /healthz HT", b"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\n"
                     b"Content-Length: 100\r\n\r\n{"):
            raw = self.exchange(part)
            if part:
                self.assertEqual(408, parse_answer(raw).status, part)

    def test_many_slow_clients_do_not_keep_others_waiting(self):
        for _ in range(200):
            self.connect_raw().sendall(b"POST /v1/submitjob HTTP/1.1\r\n")
        self.assertEqual(200, self.curl("/healthz", "--max-time", "1").status)

    def test_a_client_that_hangs_up_in_between(self):
        for raw in (b"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\n"
                    b"Content-Length: 100\r\n\r\n{",
                    b"GET /api/v1/overview HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            for _ in range(20):
                connection = self.connect_raw()
                connection.sendall(raw)
                connection.close()

    def test_one_connection_carries_good_and_bad_requests(self):
        connection = self.connect_raw()
        bad = b"POST /v1/submitjob HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n{"
        good = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        connection.sendall(bad + good)
        text = read_all(connection)
        self.assertEqual(1, text.count(b"HTTP/1.1 400"))
        self.assertEqual(1, text.count(b"HTTP/1.1 200"))

    def test_http_1_0_and_chunked_bodies(self):
        self.assertEqual(200, self.curl("/healthz", "--http1.0").status)
        answer = self.curl("/v1/describejobqueues", "-H", "Transfer-Encoding: chunked", data=b"{}")
        self.assertEqual("default", json.loads(answer.body)["jobQueues"][0]["jobQueueName"])


def read_all(connection):
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass  # what had come before the reset counts
    return received


if __name__ == "__main__":
    unittest.main()
