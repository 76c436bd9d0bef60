"""Every operation of AWS Batch's model of 2026 answers, in the model's shapes, and refuses requests
that lack a member or have one of a wrong type."""

import json
import unittest

import botocore
import botocore.parsers

from support import mutations
from support.case import SystemTest
from support.model_check import BATCH, RESOURCE_USE, check_answer
from support.model_table import botocore_table
from support.raw import RawBatch
from walks import WALKS


def without_use(value):
    """botocore leaves out what a job used, which AWS does not tell."""
    if isinstance(value, list):
        return [without_use(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {name: without_use(entry) for name, entry in value.items() if name not in RESOURCE_USE}


class Caller:
    """What a walk calls: each answer must be a 200 of the model's shape."""

    def __init__(self, test):
        self.test = test
        self.raw = RawBatch(test.daemon.endpoint)
        self.called = set()
        test.addCleanup(self.raw.close)

    def unique(self, prefix):
        return self.test.unique(prefix)

    def __call__(self, operation, /, **parameters):
        self.called.add(operation)
        answer = self.raw.call(operation, parameters)
        self.test.assertEqual(200, answer.status, f"{operation}: {answer.body}")
        check_answer(BATCH, operation, answer.status, answer.headers, answer.body)
        self.parse_by_botocore(operation, answer)
        return answer.json()

    def parse_by_botocore(self, operation, answer):
        """A botocore that is as new as the table understands all of the answer."""
        model = self.test.batch.meta.service_model
        if operation not in model.operation_names:
            return
        shape = model.operation_model(operation).output_shape
        parsed = botocore.parsers.create_parser("rest-json").parse(
            {"status_code": answer.status, "headers": answer.headers, "body": answer.body}, shape)
        parsed.pop("ResponseMetadata")
        if f"botocore {botocore.__version__}" == BATCH["version"]:
            self.test.assertEqual(without_use(answer.json()), parsed)


class BreakingCaller(Caller):
    """Sends broken variants of each request before the request itself."""

    def __init__(self, test):
        super().__init__(test)
        self.broken = set()

    def __call__(self, operation, /, **parameters):
        key = (operation, *parameters)
        if key not in self.broken:
            self.broken.add(key)
            self.send(operation, "is missing", mutations.without_required(operation, parameters))
            self.send(operation, "has a wrong type", mutations.mistyped(operation, parameters))
        return super().__call__(operation, **parameters)

    def send(self, operation, what, variants):
        for path, parameters in variants:
            with self.test.subTest(f"{operation}: {'.'.join(path)} {what}", request=parameters):
                answer = self.raw.call(operation, parameters)
                self.test.assertEqual(400, answer.status, answer.body)
                check_answer(BATCH, operation, answer.status, answer.headers, answer.body)
                self.test.assertEqual("ClientException", answer.headers["x-amzn-errortype"])
                self.assert_names(path, answer.json()["message"])

    def assert_names(self, path, message):
        """AWS writes some members in words ("Environment variable name", "Max capacity"), and
        names the member above for some."""
        words = message.replace(" ", "").lower()
        self.test.assertTrue(any(name.lower() in words for name in path[-2:]), (path, message))


class Model(SystemTest):
    def walk(self, caller):
        for walk in WALKS:
            with self.subTest(walk.__name__):
                walk(caller)

    def test_every_operation_answers_as_the_model_says(self):
        caller = Caller(self)
        self.walk(caller)
        self.assertEqual(set(BATCH["operations"]), caller.called)

    def test_members_that_are_missing_or_of_a_wrong_type_are_named(self):
        self.walk(BreakingCaller(self))

    def test_the_table_is_what_its_botocore_says(self):
        installed = botocore_table("batch")
        if installed["version"] == BATCH["version"]:
            self.assertEqual(installed, BATCH)


if __name__ == "__main__":
    unittest.main()
