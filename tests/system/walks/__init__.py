"""Every operation of AWS Batch, called in an order in which each has what it needs. A walk is a
function walk_… of a module here; it takes a caller `aws(operation, **parameters)`, which returns the
answer's body. model_test says what it checks on the way."""

import importlib
import pkgutil

_modules = [importlib.import_module(f"{__name__}.{module.name}")
            for module in pkgutil.iter_modules(__path__)]
WALKS = [function for module in _modules for name, function in vars(module).items()
         if name.startswith("walk_")]
