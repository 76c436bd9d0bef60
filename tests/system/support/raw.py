"""Calls of AWS Batch's operations by name, without an SDK that would check or change them."""

import http.client
import json
import urllib.parse

from .clients import Answer
from .model_check import BATCH


class RawBatch:
    """One connection to the daemon at `endpoint`."""

    def __init__(self, endpoint):
        self.connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=60)

    def call(self, operation, parameters):
        """Sends the request that the model describes; parameters need not be valid."""
        method, target, body = request_of(operation, parameters)
        self.connection.request(method, target, body, {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    def close(self):
        self.connection.close()


def request_of(operation, parameters):
    """Method, path with query, and body."""
    method, target = BATCH["operations"][operation]["call"].split(" ")
    path, _, query = target.partition("?")
    rest = dict(parameters)
    if "{resourceArn}" in path:
        path = path.replace("{resourceArn}",
                            urllib.parse.quote(rest.pop("resourceArn"), safe=""))
    if query:
        name = query.partition("=")[0]
        query = "?" + urllib.parse.urlencode({name: rest.pop(name, [])}, doseq=True)
    return method, path + query, json.dumps(rest).encode() if method == "POST" else None


def members_in_path(operation):
    """The members of the input that do not travel in the body."""
    target = BATCH["operations"][operation]["call"]
    return {part.partition("}")[0] for part in target.split("{")[1:]}


def input_members(operation):
    """Name to type, required ones with a star, of the operation's input."""
    name = BATCH["operations"][operation]["input"]
    return BATCH["shapes"][name] if name else {}
