"""The book's results and its ledger: whole, and as the files say."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from thlab.evaluation.claims import VERDICTS, settle
from thlab.evaluation.table import Table
from thlab.papers import load_paper

BOOK = Path(__file__).resolve().parents[1] / "book"
RESULTS = sorted((BOOK / "results").glob("*.json"))
LEDGER = json.loads((BOOK / "claims.json").read_text())
BUILT = ("priors", "davs", "stochastic", "evp")  # the tests declare a toy of their own beside these
CLAIMS = {name: claim for key in BUILT for name, claim in load_paper(key).claims.items()}
FACTS = {"command", "seeds", "preset", "corpus", "corpus_version", "hardware", "commit"}


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_say_where_they_come_from(path):
    table = Table.load(path)
    assert path.name == f"{table.name}.json"
    assert set(table.evidence) >= FACTS
    assert re.fullmatch("[0-9a-f]{40}", table.evidence["commit"])
    assert set(table.records["seed"]) == set(table.evidence["seeds"])
    assert set(table.records["column"]) == set(table.columns)


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_can_be_shown(path):
    table = Table.load(path)
    lines = table.markdown().splitlines()
    assert lines[0].count("|") == len(table.columns) + 2
    assert all(f"| {row} |" in "\n".join(lines) for row in table.rows)


def test_records_and_evidence_come_in_pairs():
    files = {path.name.removesuffix(".csv.gz") for path in (BOOK / "results").glob("*.csv.gz")}
    assert files == {path.stem for path in RESULTS}


def test_each_claim_had_a_forecast():
    forecasts = pd.read_csv(BOOK / "results" / "forecasts.csv")
    assert list(forecasts.columns) == ["claim", "forecast", "why"]
    assert sorted(forecasts["claim"]) == sorted(CLAIMS)
    assert set(forecasts["forecast"]) <= set(VERDICTS)
    assert forecasts["why"].str.len().min() > 10


def test_the_ledger_is_whole():
    assert len({claim["id"] for claim in LEDGER}) == len(LEDGER) == 72
    needed = {"id", "paper", "says", "test", "source", "table", "verdict", "evidence"}
    for claim in LEDGER:
        assert needed <= set(claim) <= needed | {"note"}, claim["id"]
        assert claim["id"].startswith(claim["paper"] + ".")
        assert claim["verdict"] in VERDICTS
        assert {"file", "seeds", "comparisons"} <= set(claim["evidence"])


def test_the_ledger_and_the_papers_have_the_same_claims():
    tables = {claim["id"]: claim["table"] for claim in LEDGER}
    assert set(CLAIMS) == {name for name in tables if name.partition(".")[0] in BUILT}
    for name, claim in CLAIMS.items():
        assert tables[name] == f"{name.partition('.')[0]}.{claim.table}"
    assert set(load_paper("davs").claims) < set(CLAIMS)


def test_the_verdicts_are_what_the_results_say():
    stored = {claim["id"]: claim for claim in LEDGER}
    for record in settle(CLAIMS, BOOK / "results"):
        same = record.items() <= stored[record["id"]].items()
        assert same, "run python book/tools/claims_page.py"
