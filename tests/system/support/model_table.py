"""A service model of botocore as a small table, which tests can read without botocore.

    python3 support/model_table.py > data/batch_model.json     writes AWS Batch's, from tests/system

`operations` has for each operation method and path ({member} stands for a member of the input),
and the names of its input and output shapes. `shapes` has for each shape one of
    {"member": TYPE, "required*": TYPE}     a structure; a star marks required members
    ["ONE", "TWO"]                          a text that is one of these
A TYPE is string, integer, long, boolean, float, double, timestamp, the name of a shape, [TYPE] for
lists or {TYPE} for maps from texts.
"""

import json

SCALARS = ("string", "integer", "long", "boolean", "float", "double", "timestamp", "blob")


def table_of(model, version):
    """`model` is the parsed service-2.json."""
    operations = {}
    reached = set()
    for name, operation in sorted(model["operations"].items()):
        shapes = [operation.get(side, {}).get("shape") for side in ("input", "output")]
        operations[name] = {"call": _call(operation["http"], model["shapes"].get(shapes[0], {})),
                            "input": shapes[0], "output": shapes[1]}
        for shape in filter(None, shapes):
            _reach(model["shapes"], shape, reached)
    shapes = {name: _compact(model["shapes"], model["shapes"][name]) for name in sorted(reached)}
    return {"version": version, "operations": operations, "shapes": shapes}


def _call(http, input_shape):
    query = [f"{member['locationName']}={{{name}}}"
             for name, member in input_shape.get("members", {}).items()
             if member.get("location") == "querystring"]
    return f"{http['method']} {http['requestUri']}" + ("?" + "&".join(query) if query else "")


def _reach(shapes, name, reached):
    """Adds the structures and enumerations that a shape is made of, itself included."""
    shape = shapes[name]
    if shape["type"] in ("list", "map"):
        _reach(shapes, shape["member" if shape["type"] == "list" else "value"]["shape"], reached)
    elif (shape["type"] == "structure" or "enum" in shape) and name not in reached:
        reached.add(name)
        for member in shape.get("members", {}).values():
            _reach(shapes, member["shape"], reached)


def _compact(shapes, shape):
    if "enum" in shape:
        return shape["enum"]
    required = shape.get("required", ())
    return {name + ("*" if name in required else ""): _type(shapes, member["shape"])
            for name, member in shape["members"].items()}


def _type(shapes, name):
    shape = shapes[name]
    if shape["type"] == "list":
        return f"[{_type(shapes, shape['member']['shape'])}]"
    if shape["type"] == "map":
        return f"{{{_type(shapes, shape['value']['shape'])}}}"
    return shape["type"] if shape["type"] in SCALARS and "enum" not in shape else name


def botocore_table(service):
    """The table of the botocore that is installed."""
    import botocore
    import botocore.loaders
    model = botocore.loaders.Loader().load_service_model(service, "service-2")
    return table_of(model, f"botocore {botocore.__version__}")


def service_model(table, metadata):
    """The parsed service-2.json that a table describes: for a botocore that knows less."""
    shapes = {name: {"type": name} for name in SCALARS}
    for name, entry in table["shapes"].items():
        shapes[name] = _expanded(shapes, entry)
    errors = {"ClientException": 400, "ServerException": 500}
    for name, status in errors.items():
        shapes[name] = {"type": "structure", "members": {"message": {"shape": "string"}},
                        "error": {"httpStatusCode": status}, "exception": True}
    operations = {}
    for name, entry in table["operations"].items():
        method, uri = entry["call"].split(" ")
        path, _, query = uri.partition("?")
        operations[name] = {"name": name, "http": {"method": method, "requestUri": path},
                            "errors": [{"shape": error} for error in errors]}
        for side in ("input", "output"):
            if entry[side]:
                operations[name][side] = {"shape": entry[side]}
        _locate(shapes[entry["input"]]["members"], path, query)
    return {"version": "2.0", "metadata": metadata, "operations": operations, "shapes": shapes}


def paginators(table):
    """The parsed paginators-1.json: every operation that gives a nextToken."""
    pagination = {}
    for name, entry in table["operations"].items():
        output = table["shapes"].get(entry["output"], {})
        if "nextToken" not in output:
            continue
        lists = [member.rstrip("*") for member, kind in output.items() if kind.startswith("[")]
        pagination[name] = {"input_token": "nextToken", "output_token": "nextToken",
                            "limit_key": "maxResults", "result_key": lists[0]}
    return {"pagination": pagination}


def _expanded(shapes, entry):
    if isinstance(entry, list):
        return {"type": "string", "enum": entry}
    return {"type": "structure",
            "required": [name[:-1] for name in entry if name.endswith("*")],
            "members": {name.rstrip("*"): {"shape": _shape_of(shapes, kind)}
                        for name, kind in entry.items()}}


def _shape_of(shapes, kind):
    """The name of the shape of a TYPE; makes those of lists and maps."""
    if kind.startswith("["):
        shapes[kind] = {"type": "list", "member": {"shape": _shape_of(shapes, kind[1:-1])}}
    elif kind.startswith("{"):
        shapes[kind] = {"type": "map", "key": {"shape": "string"},
                        "value": {"shape": _shape_of(shapes, kind[1:-1])}}
    return kind


def _locate(members, path, query):
    for name, member in members.items():
        if f"{{{name}}}" in path:
            member.update(location="uri", locationName=name)
        elif f"={{{name}}}" in query:
            member.update(location="querystring", locationName=name)


def text_of(table):
    """One operation or shape a line, so that a newer model makes a diff that can be read."""
    def lines(entries):
        return ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}"
                          for name, entry in entries.items())
    return (f'{{"version": {json.dumps(table["version"])},\n'
            f'"operations": {{\n{lines(table["operations"])}\n}},\n'
            f'"shapes": {{\n{lines(table["shapes"])}\n}}}}\n')


if __name__ == "__main__":
    print(text_of(botocore_table("batch")), end="")
