"""Checks raw answers against a service model, which botocore itself does not do."""

import json
import pathlib

from .model_table import botocore_table

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"

# AWS Batch of 2026: Debian's botocore knows half of it.
BATCH = json.loads((DATA / "batch_model.json").read_text())

# Required by the model, absent in AWS's own answers until the job runs.
ABSENT_AT_AWS = {("JobDetail", "startedAt"), ("DescribeServiceJobResponse", "startedAt")}

# By shape: our own additions to AWS's answers, which docs/ describes, and members of AWS's that
# Debian's botocore does not know.
OPTIONS = ("maxParallel", "infrastructureRetries", "outOfMemoryFactor", "outOfMemoryLimit",
           "maxQueueSeconds", "maxStartingSeconds", "deadline", "stopTimeout", "maxRunning",
           "warmSlots")
RESOURCE_USE = ("peakMemoryBytes", "cpuMilliseconds")
ADDITIONS = {"LogGroup": ("logGroupArn", "logGroupClass"),
             "JobDetail": (*OPTIONS, "rerunOf", "warnings", "infrastructureFailures", "grownMemory"),
             "JobDefinition": OPTIONS,
             "JobQueueDetail": ("maxRunning", "pause"),
             "ContainerDetail": RESOURCE_USE,
             "AttemptContainerDetail": RESOURCE_USE,
             "ArrayJobDependency": ("AFTEROK", "AFTERANY", "AFTERNOTOK", "AFTERSTART",
                                    "AFTERCORR", "SEQUENTIAL_ANY")}

SCALARS = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_integer(value) and -2**31 <= value < 2**31,
    "long": lambda value: _is_integer(value) and -2**63 <= value < 2**63,
    "boolean": lambda value: isinstance(value, bool),
    "double": lambda value: _is_integer(value) or isinstance(value, float),
    "float": lambda value: _is_integer(value) or isinstance(value, float),
    "timestamp": lambda value: _is_integer(value) or isinstance(value, float),
}


class ModelViolation(AssertionError):
    """An answer that is not what the service model says."""


def watch(client):
    """Checks every answer that this boto3 client gets from now on."""
    service = client.meta.service_model.service_name
    table = BATCH if service == "batch" else botocore_table(service)

    def after_call(http_response, model, **_):
        check_answer(table, model.name, http_response.status_code, http_response.headers,
                     http_response.content, [shape.name for shape in model.error_shapes])
    client.meta.events.register("after-call", after_call)
    return client


def check_answer(table, operation, status, headers, content,
                 errors=("ClientException", "ServerException")):
    problems = []
    headers = {name.lower(): value for name, value in headers.items()}
    for header in ("x-amzn-requestid", "date", "content-type"):
        if header not in headers:
            problems.append(f"no header {header}")
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ModelViolation(f"{operation}: not JSON: {error}: {content[:200]}") from error
    if status == 200:
        output = table["operations"][operation]["output"]
        if output is not None:
            problems += type_problems(table["shapes"], output, body, operation)
    else:
        problems += _error_problems(errors, status, headers, body)
    if problems:
        raise ModelViolation(f"{operation} answered {status}: " + "; ".join(problems))


def type_problems(shapes, kind, value, path):
    """What is wrong with a JSON value of a TYPE (see model_table), as texts that begin with its
    place."""
    if value is None:
        return [f"{path} is null: absent values are left out"]
    if kind in SCALARS:
        return [] if SCALARS[kind](value) else [f"{path} is no {kind}: {value!r}"]
    if kind.startswith("["):
        if not isinstance(value, list):
            return [f"{path} is no list: {value!r}"]
        return [problem for i, item in enumerate(value)
                for problem in type_problems(shapes, kind[1:-1], item, f"{path}[{i}]")]
    if kind.startswith("{"):
        if not isinstance(value, dict):
            return [f"{path} is no map: {value!r}"]
        return [problem for key, item in value.items()
                for problem in type_problems(shapes, kind[1:-1], item, f"{path}.{key}")]
    if isinstance(shapes[kind], list):
        is_known = value in shapes[kind] or value in ADDITIONS.get(kind, ())
        return [] if is_known else [f"{path} is not one of {shapes[kind]}: {value!r}"]
    return _structure_problems(shapes, kind, value, path)


def _structure_problems(shapes, kind, value, path):
    if not isinstance(value, dict):
        return [f"{path} is no structure: {value!r}"]
    members = {name.rstrip("*"): member for name, member in shapes[kind].items()}
    problems = [f"{path} lacks {name[:-1]}" for name in shapes[kind]
                if name.endswith("*") and name[:-1] not in value
                and (kind, name[:-1]) not in ABSENT_AT_AWS]
    for name, item in value.items():
        if name in members:
            problems += type_problems(shapes, members[name], item, f"{path}.{name}")
        elif name not in ADDITIONS.get(kind, ()):
            problems.append(f"{path}.{name} is not in the model")
    return problems


def _error_problems(known, status, headers, body):
    problems = []
    code = headers.get("x-amzn-errortype", "")
    if code not in known:
        problems.append(f"error type {code!r} is not one of {sorted(known)}")
    if code == "ClientException" and status != 400:
        problems.append("ClientException is 400")
    if code == "ServerException" and status != 500:
        problems.append("ServerException is 500")
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        problems.append(f"no message in {body!r}")
    return problems


def _is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)
