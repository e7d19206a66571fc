"""Write the book's API page from docstrings, read from the source: no package is needed."""

import ast
import inspect
import re
from pathlib import Path

HEADER = """# API

The functions of `thlab` that a chapter explains, and its records, each in its own words. The small
steps that they are made of stand beside them in the source, with docstrings of their own.
"""


def public(nodes: list[ast.stmt]) -> list[ast.FunctionDef | ast.ClassDef]:
    """Functions that name their chapter, and classes."""
    found = []
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if documented(node):
            found.append(node)
    return found


def documented(node: ast.FunctionDef | ast.ClassDef) -> bool:
    docstring = ast.get_docstring(node) or ""
    return "Chapter: " in docstring if isinstance(node, ast.FunctionDef) else bool(docstring)


def signature(node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in node.bases)
        return f"class {node.name}({bases})" if bases else f"class {node.name}"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    whole = f"{node.name}({ast.unparse(node.args)}){returns}"
    return whole if len(whole) <= 66 else broken(node, returns)


def broken(node: ast.FunctionDef, returns: str) -> str:
    """A long signature, one argument a line."""
    arguments = ast.unparse(node.args)
    depth = 0
    line = ""
    lines = []
    for letter in arguments:
        depth += (letter in "([{") - (letter in ")]}")
        line += letter
        if letter == "," and depth == 0:
            lines.append(line.strip())
            line = ""
    return "\n    ".join([f"{node.name}(", *lines, line.strip() + ","]) + f"\n){returns}"


def prose(docstring: str) -> str:
    """A docstring as Markdown: indented blocks become code, marks in sentences are escaped."""
    return "\n\n".join(paragraph(p) for p in inspect.cleandoc(docstring).split("\n\n"))


def paragraph(text: str) -> str:
    if text.startswith("    "):
        return f"```text\n{inspect.cleandoc(text)}\n```"
    parts = re.split(r"(`+[^`]+`+)", text)  # code spans are kept as they are
    parts[::2] = [links(re.sub(r"([\\*_\[\]<>$#|~{}])", r"\\\1", part)) for part in parts[::2]]
    parts[1::2] = [f"`{part.strip('`')}`" for part in parts[1::2]]
    return "".join(parts)


def links(text: str) -> str:
    """Escaped words with their chapters and papers as links."""
    text = re.sub(r"book/([\w-]+)\.ipynb", r"{doc}`\1`", text)
    return re.sub(r"\\\[([a-z]+\d{4})\\\]", r"{cite}`\1`", text)


def entry(node: ast.FunctionDef | ast.ClassDef, level: int) -> str:
    title = f"{'#' * level} {node.name}"
    words = prose(ast.get_docstring(node) or "")
    text = f"{title}\n\n```python\n{signature(node)}\n```\n\n{words}\n"
    if isinstance(node, ast.ClassDef):
        text += "".join(f"\n{method(child)}" for child in methods(node))
    return text


def methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    found = [n for n in node.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
    return [n for n in found if ast.get_docstring(n)]


def method(node: ast.FunctionDef) -> str:
    paragraphs = prose(ast.get_docstring(node) or "").split("\n\n")
    words = "\n\n  ".join(words.replace("\n", " ") for words in paragraphs)
    return f"- `{' '.join(signature(node).split())}`: {words}\n"


def module_text(path: Path, root: Path) -> str:
    tree = ast.parse(path.read_text())
    entries = public(tree.body)
    if not entries:
        return ""
    intro = prose(ast.get_docstring(tree) or "")
    text = "\n".join(entry(node, 4) for node in entries)
    return f"\n### {dotted(path, root)}\n\n{intro}\n\n{text}"


def dotted(path: Path, root: Path) -> str:
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def package_text(package: Path, root: Path) -> str:
    """A package and its modules, or a module that stands alone."""
    files = sorted(package.rglob("*.py")) if package.is_dir() else [package]
    modules = "".join(module_text(path, root) for path in files if not path.name.startswith("_"))
    if not modules:
        return ""
    start = package / "__init__.py" if package.is_dir() else package
    intro = prose(ast.get_docstring(ast.parse(start.read_text())) or "")
    return f"\n## {dotted(package, root)}\n\n{intro}\n{modules}"


def api_page(root: Path) -> str:
    """The page for the package thlab/ below root."""
    folders = [p.parent for p in sorted(root.glob("thlab/*/__init__.py"))]
    alone = [p for p in sorted(root.glob("thlab/*.py")) if not p.name.startswith("_")]
    return HEADER + "".join(package_text(package, root) for package in [*folders, *alone])
