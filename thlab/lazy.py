"""Names of a package that are imported when they are first asked for: torch takes seconds."""

import importlib
from collections.abc import Mapping
from typing import Any


def attribute_of(package: str, homes: Mapping[str, tuple[str, ...]], name: str) -> Any:
    """What a package's `__getattr__` returns: a name from the module that is its home.

    homes: module of the package -> names in it. Raises AttributeError for any other name.
    """
    for module, names in homes.items():
        if name in names:
            return getattr(importlib.import_module(f"{package}.{module}"), name)
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
