"""Whether what a paper says holds here: computed from our tables by one rule, never typed.

A claim is a list of comparisons, each fixed before anything is measured: what is compared, the
paper's effect, its unit, and two anchors whose gap says what is small. This module knows the rule
and no paper; the claims themselves stand in `thlab.papers.<key>.claims`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from thlab.evaluation.comparison import Comparison, Untestable, settle_comparison
from thlab.evaluation.table import Table
from thlab.evaluation.verdicts import VERDICTS, describe, overall
from thlab.files import write_whole

__all__ = [
    "VERDICTS",
    "Claim",
    "Claims",
    "describe",
    "notes",
    "settle",
    "settle_claim",
    "write_ledger",
]


@dataclass(frozen=True)
class Claim:
    """The table that a claim is about, and its comparisons."""

    table: str
    comparisons: tuple[Comparison | Untestable, ...]


Claims = Mapping[str, Claim]  # by the claim's id, <paper>.<name>


def settle(claims: Claims, results: Path) -> list[dict]:
    """Verdict and evidence of each claim, from results/<paper>.<table>.json; "open" without it.

    Raises ValueError, naming the file, for a damaged one. Chapter: book/priors.ipynb
    """
    settled = []
    for name, claim in claims.items():
        paper = name.partition(".")[0]
        settled.append({"id": name, **settle_claim(paper, claim, results)})
    return settled


def settle_claim(paper: str, claim: Claim, results: Path) -> dict:
    """One claim's verdict, and each of its comparisons with its own.

    Chapter: book/priors.ipynb
    """
    path = Path(results) / f"{paper}.{claim.table}.json"
    evidence = {"file": path.name, "seeds": [], "comparisons": []}
    testable = any(isinstance(one, Comparison) for one in claim.comparisons)
    if testable and not path.exists():
        return {"verdict": "open", "evidence": evidence | {"reason": "not measured yet"}}
    table = Table.load(path) if testable else None
    found = [settle_comparison(one, table) for one in claim.comparisons]
    seeds = sorted({int(seed) for seed in table.records["seed"]}) if table else []
    verdict = overall([one["verdict"] for one in found])
    return {"verdict": verdict, "evidence": evidence | {"seeds": seeds, "comparisons": found}}


def notes(table: Table, settled: Sequence[Mapping]) -> list[str]:
    """The claims that a table settles, a line each. Chapter: book/priors.ipynb"""
    of_table = [claim for claim in settled if claim["evidence"]["file"] == f"{table.name}.json"]
    return [f"{one['id']}: **{one['verdict']}**. {describe(one['evidence'])}" for one in of_table]


def write_ledger(ledger: Path, results: Path, claims: Claims) -> None:
    """Set verdict and evidence of each claim in the ledger that has comparisons; keep the others.

    Chapter: book/priors.ipynb
    """
    found = {record["id"]: record for record in settle(claims, results)}
    settled = [{**claim, **found.get(claim["id"], {})} for claim in json.loads(ledger.read_text())]
    write_whole(ledger, (json.dumps(settled, indent=1, ensure_ascii=False) + "\n").encode())
