"""AWS's rules, a row each: what a request has in place of the valid one's members, and the text that
refuses it. Each module here has them in RULES; validation_test sends them."""

import copy
import dataclasses
import importlib
import pkgutil


@dataclasses.dataclass
class Rules:
    """Refusals of an operation; every row changes `valid`. A row is (text, changes): member paths
    with dots to new values, None to take a member away."""
    operation: str
    valid: dict
    rows: list

    def requests(self):
        for text, changes in self.rows:
            yield text, changes, changed(self.valid, changes)


def changed(request, changes):
    request = copy.deepcopy(request)
    for path, value in changes.items():
        *above, last = path.split(".")
        place = request
        for name in above:
            place = place.setdefault(name, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return request


def all_rules():
    return [rules for module in pkgutil.iter_modules(__path__)
            for rules in importlib.import_module(f"{__name__}.{module.name}").RULES]
