"""The package's docstrings lead to chapters that exist, and the code keeps to the house's sizes."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "thlab").rglob("*.py"))
# plumbing that no chapter explains
NO_CHAPTER = {"thlab/cli.py", "thlab/lazy.py", "thlab/optional.py"}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (
        node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)
    )


def exported() -> Iterator[tuple[Path, ast.FunctionDef | ast.ClassDef]]:
    """What packages offer in their `__init__`, where it is defined."""
    for init in (ROOT / "thlab").rglob("__init__.py"):
        for node in ast.walk(ast.parse(init.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("thlab."):
                path = ROOT / f"{node.module.replace('.', '/')}.py"
                names = {alias.name for alias in node.names}
                if path.exists():
                    kinds = (ast.FunctionDef, ast.ClassDef)
                    yield from (
                        (path, d)
                        for d in ast.parse(path.read_text()).body
                        if isinstance(d, kinds) and d.name in names
                    )


def test_every_named_chapter_exists():
    named = {
        (path, name)
        for path in MODULES
        for name in re.findall(r"\bbook/[\w-]+\.(?:ipynb|md)", path.read_text())
    }
    assert named, "no docstring names a chapter"
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, name in sorted(named)
        if not (ROOT / name).exists()
    ]
    assert not missing


def test_exported_functions_name_their_chapter():
    found = list(exported())
    assert len(found) > 10
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, node in found
        if isinstance(node, ast.FunctionDef)
        and str(path.relative_to(ROOT)) not in NO_CHAPTER
        and "Chapter: book/" not in (ast.get_docstring(node) or "")
    ]
    assert not silent


def test_public_functions_have_docstrings():
    silent = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in MODULES
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_files_and_functions_stay_short():
    lines = {str(p.relative_to(ROOT)): p.read_text().count("\n") for p in MODULES}
    assert {name: n for name, n in lines.items() if n > 350} == {}
    long = [
        f"{p.relative_to(ROOT)}: {f.name}"
        for p in MODULES
        for f in functions(p)
        if body_lines(f) > 40
    ]
    assert not long


def body_lines(function: ast.FunctionDef) -> int:
    """Lines below a function's signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0
