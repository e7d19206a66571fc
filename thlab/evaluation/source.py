"""The digest of the code behind a number, so that caches know other code."""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable
from pathlib import Path


def source_digest(modules: Iterable[str]) -> str:
    """SHA-256 of the code that modules import from this package, their own with it.

    Comments, docstrings and the layout of the lines do not count: changing them costs no training.
    Raises ValueError for a module that is not there. Chapter: book/priors.ipynb
    """
    code = hashlib.sha256()
    for name in sorted(imported_modules(modules)):
        code.update(f"{name}\n{_code(_file(name))}\n".encode())
    return code.hexdigest()


def imported_modules(modules: Iterable[str]) -> set[str]:
    """The modules themselves and all of thlab's that they import, directly or not."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [other for other in _imports(_file(name)) if _is_module(other)]
    return found


def _file(module: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"there is no module {module}")
    return Path(spec.origin)


@functools.cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@functools.cache
def _imports(file: Path) -> tuple[str, ...]:
    """The names of thlab that a file imports, wherever in the file; some are modules."""
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(name for name in names if name.split(".")[0] == "thlab")


@functools.cache
def _code(file: Path) -> str:
    """A file's code without comments and docstrings."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
