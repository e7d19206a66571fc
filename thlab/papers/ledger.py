"""The claims of all papers that have some, found by the papers' keys."""

import importlib
from pathlib import Path

from thlab import papers
from thlab.evaluation.claims import Claim


def claims_of(paper: str) -> dict[str, Claim]:
    """The claims of a paper by their ids. Chapter: book/priors.ipynb"""
    return importlib.import_module(f"thlab.papers.{paper}.claims").CLAIMS


def all_claims() -> dict[str, Claim]:
    """The claims of every paper that has a module of them. Chapter: book/priors.ipynb"""
    found: dict[str, Claim] = {}
    for file in sorted(Path(papers.__path__[0]).glob("*/claims.py")):
        found |= claims_of(file.parent.name)
    return found
