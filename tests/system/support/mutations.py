"""Broken variants of a valid request: without a required member, with a wrong JSON type. Each comes
as (path, request); the path is a tuple of member names."""

import copy

from .model_check import BATCH, SCALARS
from .raw import input_members, members_in_path


def without_required(operation, parameters):
    """Without each required member of the request's first level and of what it has below."""
    members = {name: kind for name, kind in input_members(operation).items()
               if name.rstrip("*") != "resourceArn"}  # without it, it is another path
    yield from _without(members, parameters)


def mistyped(operation, parameters):
    """With a wrong type for each member of the input and for each member below, whether the request
    has it or not: one that is not decoded would be taken silently."""
    in_path = members_in_path(operation)
    for starred, kind in input_members(operation).items():
        name = starred.rstrip("*")
        if name not in in_path:
            yield from _mistyped_member(name, kind, parameters)


def wrong_value(kind):
    """A JSON value that no TYPE takes for its own (see model_table)."""
    is_text = kind == "string" or isinstance(BATCH["shapes"].get(kind), list)
    return 7 if is_text else "text"


def _without(members, value):
    for starred, kind in members.items():
        name = starred.rstrip("*")
        if starred.endswith("*"):
            broken = copy.deepcopy(value)
            broken.pop(name, None)
            yield (name,), broken
        yield from _within(name, kind, value, _without)


def _mistyped(members, value):
    for starred, kind in members.items():
        yield from _mistyped_member(starred.rstrip("*"), kind, value)


def _mistyped_member(name, kind, value):
    yield (name,), {**value, name: wrong_value(kind)}
    whole = value if value.get(name) else {**value, name: [{}] if kind.startswith("[") else {}}
    yield from _within(name, kind, whole, _mistyped)


def _within(name, kind, value, mutate):
    """What `mutate` makes of the structure or the first one of a list that value[name] is."""
    item, wrap = value.get(name), lambda broken: broken
    if kind.startswith("[") and item:
        kind, rest, item, wrap = kind[1:-1], item[1:], item[0], lambda broken: [broken, *rest]
    if kind not in SCALARS and isinstance(BATCH["shapes"].get(kind), dict) and item is not None:
        for path, broken in mutate(BATCH["shapes"][kind], item):
            yield (name, *path), {**value, name: wrap(broken)}
