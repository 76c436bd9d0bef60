"""Checks raw answers against botocore's service model, which botocore itself does not do."""

import json

import botocore

# Required by the model, absent in AWS's own answers until the job runs.
ABSENT_AT_AWS = {("JobDetail", "startedAt"), ("JobSummary", "startedAt")}

# An older model cannot tell a newer member of AWS's from an invented one.
MODEL_IS_CURRENT = tuple(map(int, botocore.__version__.split(".")[:2])) >= (1, 40)

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
    def after_call(http_response, model, **_):
        check_answer(model, http_response.status_code, http_response.headers,
                     http_response.content)
    client.meta.events.register("after-call", after_call)
    return client


def check_answer(operation, status, headers, content):
    problems = []
    headers = {name.lower(): value for name, value in headers.items()}
    for header in ("x-amzn-requestid", "date", "content-type"):
        if header not in headers:
            problems.append(f"no header {header}")
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ModelViolation(f"{operation.name}: not JSON: {error}: {content[:200]}") from error
    if status == 200:
        if operation.output_shape is not None:
            problems += shape_problems(operation.output_shape, body, operation.name)
    else:
        problems += _error_problems(operation, status, headers, body)
    if problems:
        raise ModelViolation(f"{operation.name} answered {status}: " + "; ".join(problems))


def shape_problems(shape, value, path):
    """What is wrong with a JSON value, as texts that begin with its place."""
    if value is None:
        return [f"{path} is null: absent values are left out"]
    if shape.type_name == "structure":
        return _structure_problems(shape, value, path)
    if shape.type_name == "list":
        if not isinstance(value, list):
            return [f"{path} is no list: {value!r}"]
        return [problem for i, item in enumerate(value)
                for problem in shape_problems(shape.member, item, f"{path}[{i}]")]
    if shape.type_name == "map":
        if not isinstance(value, dict):
            return [f"{path} is no map: {value!r}"]
        return [problem for key, item in value.items()
                for problem in shape_problems(shape.value, item, f"{path}.{key}")]
    problems = []
    if not SCALARS[shape.type_name](value):
        problems.append(f"{path} is no {shape.type_name}: {value!r}")
    elif getattr(shape, "enum", None) and MODEL_IS_CURRENT and value not in shape.enum:
        problems.append(f"{path} is not one of {shape.enum}: {value!r}")
    return problems


def _structure_problems(shape, value, path):
    if not isinstance(value, dict):
        return [f"{path} is no structure: {value!r}"]
    names = {member.serialization.get("name", name): member
             for name, member in shape.members.items()}
    problems = [f"{path} lacks {name}" for name in shape.required_members
                if name not in value and (shape.name, name) not in ABSENT_AT_AWS]
    for name, item in value.items():
        if name in names:
            problems += shape_problems(names[name], item, f"{path}.{name}")
        elif MODEL_IS_CURRENT:
            problems.append(f"{path}.{name} is not in the model")
    return problems


def _error_problems(operation, status, headers, body):
    problems = []
    code = headers.get("x-amzn-errortype", "")
    known = {shape.name for shape in operation.error_shapes}
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
