"""The engine of claims: how verdicts of comparisons make a claim's, and what the ledger keeps."""

import json

import pytest

from thlab.evaluation.claims import Claim, notes, settle, write_ledger
from thlab.evaluation.comparison import Untestable, less, more
from thlab.evaluation.table import Table, make_records
from thlab.evaluation.verdicts import VERDICTS, describe, overall, tally

UP = more("ours", "other", "accuracy", paper=10)
DOWN = less("ours", "other", "accuracy", paper=-10)
RIVAL = Untestable("ours − ATVNet, accuracy", "no code of it")
CLAIMS = {
    "toy.up": Claim("T1", (UP,)),
    "toy.both": Claim("T1", (UP, DOWN)),
    "toy.rivals": Claim("T1", (UP, RIVAL)),
    "toy.panel": Claim("T9", (Untestable("realism", "a panel of people"),)),
    "toy.later": Claim("T2", (UP,)),
}


def save(folder, ours=(60, 61, 62), other=(50, 51, 52)):
    cells = {
        row: {"accuracy": {(seed, "", ""): float(value) for seed, value in enumerate(values)}}
        for row, values in (("ours", ours), ("other", other))
    }
    table = Table("toy", "T1", {"accuracy": "accuracy"}, make_records(cells))
    table.save(folder)
    return table


@pytest.fixture
def settled(tmp_path):
    save(tmp_path)
    return {record["id"]: record for record in settle(CLAIMS, tmp_path)}


@pytest.mark.parametrize(
    ("verdicts", "claim"),
    [
        ("held held", "held"),
        ("held against undecided", "against"),
        ("held undecided excluded", "undecided"),
        ("held excluded", "excluded"),
        ("excluded", "excluded"),
    ],
)
def test_a_claim_of_several_comparisons(verdicts, claim):
    assert overall(verdicts.split()) == claim
    assert overall([*verdicts.split(), "not testable here"]) == claim
    assert overall(["not testable here"]) == "not testable here"


def test_verdicts_of_claims(settled):
    assert {name: record["verdict"] for name, record in settled.items()} == {
        "toy.up": "held",
        "toy.both": "against",
        "toy.rivals": "held",
        "toy.panel": "not testable here",
        "toy.later": "open",
    }
    assert {record["verdict"] for record in settled.values()} <= set(VERDICTS)


def test_each_comparison_keeps_its_own_verdict_and_interval(settled):
    evidence = settled["toy.both"]["evidence"]
    assert (evidence["file"], evidence["seeds"]) == ("toy.T1.json", [0, 1, 2])
    assert [one["verdict"] for one in evidence["comparisons"]] == ["held", "against"]
    assert all(one["interval"] == [10, 10] for one in evidence["comparisons"])


def test_what_is_not_measured_is_open(settled):
    evidence = {"file": "toy.T2.json", "seeds": [], "comparisons": [], "reason": "not measured yet"}
    assert settled["toy.later"]["evidence"] == evidence
    assert describe(evidence) == "not measured yet"


def test_a_damaged_table_is_named(tmp_path):
    save(tmp_path)
    (tmp_path / "toy.T1.csv.gz").write_bytes(b"row\n")
    with pytest.raises(ValueError, match=r"toy.T1.json is not a table of results"):
        settle(CLAIMS, tmp_path)


def test_evidence_in_words(settled, tmp_path):
    assert describe(settled["toy.up"]["evidence"]) == "ours − other, accuracy: 10 [10, 10], held"
    assert describe(settled["toy.rivals"]["evidence"], " | ") == (
        "1 held, 1 not testable here | ours − other, accuracy: 10 [10, 10], held | "
        "ours − ATVNet, accuracy: not testable here (no code of it)"
    )
    save(tmp_path, ours=(50, 51, 55))
    found = {record["id"]: describe(record["evidence"]) for record in settle(CLAIMS, tmp_path)}
    undecided = "ours − other, accuracy: 1 [-3.3, 5.3], undecided (4 seeds would decide)"
    assert found["toy.up"] == undecided
    save(tmp_path, ours=(50, 51, 53))
    found = {record["id"]: describe(record["evidence"]) for record in settle(CLAIMS, tmp_path)}
    excluded = "ours − other, accuracy: 0.333 [-1.1, 1.77], excluded (an effect of 5 would matter)"
    assert found["toy.up"] == excluded


def test_counts_in_words():
    assert tally(["against", "held", "held", "open"]) == "2 held, 1 against, 1 open"


def test_a_table_shows_the_claims_that_it_settles(settled, tmp_path):
    lines = notes(save(tmp_path), list(settled.values()))
    assert [line.partition(":")[0] for line in lines] == ["toy.up", "toy.both", "toy.rivals"]
    assert lines[0] == "toy.up: **held**. ours − other, accuracy: 10 [10, 10], held"


def test_the_ledger_is_rewritten_and_keeps_what_has_no_comparison(tmp_path):
    save(tmp_path)
    before = [
        {"id": "toy.up", "says": "It is better.", "verdict": "open", "evidence": {}},
        {"id": "other.one", "says": "Else.", "verdict": "open", "evidence": {"reason": "later"}},
    ]
    ledger = tmp_path / "claims.json"
    ledger.write_text(json.dumps(before))
    write_ledger(ledger, tmp_path, CLAIMS)
    after = json.loads(ledger.read_text())
    assert after[1] == before[1]
    assert (after[0]["says"], after[0]["verdict"]) == ("It is better.", "held")
    assert after[0]["evidence"]["comparisons"][0]["interval"] == [10, 10]
    assert after[0]["evidence"]["comparisons"][0]["over"] == "3 seeds"
