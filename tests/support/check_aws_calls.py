"""Whether calls are such as botocore's models of the services allow. The argument names a file with
a line of JSON for each call: service, operation, body."""

import functools
import json
import sys
import urllib.parse

import botocore.loaders
import botocore.model
import botocore.validate

SCALARS = ("string", "integer", "long", "float", "double", "boolean", "timestamp", "blob")


@functools.cache
def model_of(service):
    data = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(data, service)


def members_of(shape, protocol):
    """By the names that the protocol sends."""
    named = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("queryName")
        if wire is None and protocol == "ec2":
            wire = member.serialization.get("name", name)
            wire = wire[0].upper() + wire[1:]
        named[wire or member.serialization.get("name", name)] = member
    return named


def problem_of_parameter(shape, path, protocol):
    """None for a path such as Filter.1.Name that the shape has."""
    for part in path.split("."):
        if shape.type_name == "list":
            if not part.isdigit():
                return f"{part} is no index"
            shape = shape.member
        elif shape.type_name == "structure":
            members = members_of(shape, protocol)
            if part not in members:
                return f"no {part}; there are {', '.join(members)}"
            shape = members[part]
        else:
            return f"{part} is below a {shape.type_name}"
    return None if shape.type_name in SCALARS else f"ends in a {shape.type_name}"


def problems(call):
    model = model_of(call["service"])
    operation = model.operation_model(call["operation"])
    if not model.metadata["protocol"].startswith("json"):
        names = [name for name, _ in urllib.parse.parse_qsl(call["body"], keep_blank_values=True)
                 if name not in ("Action", "Version")]
        found = ((name, problem_of_parameter(operation.input_shape, name,
                                             model.metadata["protocol"])) for name in names)
        return [f"{name}: {problem}" for name, problem in found if problem]
    body = json.loads(call["body"])
    report = botocore.validate.ParamValidator().validate(body, operation.input_shape)
    unknown = set(body) - set(operation.input_shape.members)
    return [report.generate_report()] * report.has_errors() + [f"no {name}" for name in unknown]


def main():
    failed = False
    with open(sys.argv[1]) as lines:
        calls = {line for line in lines}
    assert calls, "no calls were made"
    for call in map(json.loads, calls):
        for problem in problems(call):
            print(f"{call['service']} {call['operation']}: {problem}", file=sys.stderr)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
