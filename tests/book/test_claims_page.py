"""The page of claims has each claim once, with its verdict and what that rests on."""

import json
from pathlib import Path

from claims_page import PAPERS, claims_page, read_forecasts, row

LEDGER = Path(__file__).resolve().parents[2] / "book" / "claims.json"


def test_each_claim_stands_once_below_its_paper():
    page = claims_page(LEDGER)
    claims = json.loads(LEDGER.read_text())
    sections = dict(zip(PAPERS, page.split("\n## ")[1:], strict=True))
    for claim in claims:
        assert page.count(f"`{claim['id']}`") == 1
        line = next(
            line for line in sections[claim["paper"]].splitlines() if f"`{claim['id']}`" in line
        )
        assert f"| **{claim['verdict']}**" in line
        assert line.replace("\\|", "").count("|") == 5
    assert "The rule" in page


HELD = {
    "what": "a − b",
    "verdict": "held",
    "mean": -0.2,
    "interval": [-0.3, -0.1],
    "over": "3 seeds",
}
UNDECIDED = HELD | {"verdict": "undecided", "interval": [-0.3, 0.1], "decides": "9 seeds"}


def claim(*comparisons, verdict="held"):
    evidence = {"file": "priors.T1.json", "seeds": [0, 1, 2], "comparisons": list(comparisons)}
    words = {"id": "priors.robust", "says": "It holds.", "test": "|a| < b", "source": "Table 1"}
    return {**words, "verdict": verdict, "evidence": evidence}


def test_a_settled_claim_shows_its_interval_seeds_and_file():
    line = row(claim(HELD))
    shown = "| **held** | a − b: -0.2 \\[-0.3, -0.1\\], held<br>over 3 seeds, `priors.T1.json` |"
    assert line.endswith(shown)
    assert "\\|a\\| \\< b" in line


def test_a_forecast_stands_below_the_verdict(tmp_path):
    assert "| **held**<br>forecast: against |" in row(claim(HELD), "against")
    assert read_forecasts(tmp_path / "none.csv") == {}
    known = read_forecasts(LEDGER.parent / "results" / "forecasts.csv")
    assert known["priors.robust"] in ("held", "against", "excluded", "undecided")


def test_each_comparison_shows_its_own_verdict_and_what_would_decide():
    line = row(claim(HELD, UNDECIDED, verdict="undecided"))
    assert "1 held, 1 undecided:<br>a − b: -0.2" in line
    assert "undecided (9 seeds would decide)" in line
    assert "<details><summary>5 held</summary>" in row(claim(*[HELD] * 5))


def test_a_claim_that_is_not_measured_says_so():
    evidence = {"file": "evp.T1.json", "seeds": [], "comparisons": [], "reason": "not measured yet"}
    assert row(claim() | {"verdict": "open", "evidence": evidence}).endswith(
        "| **open** | not measured yet |"
    )


def test_a_book_without_a_ledger_has_the_header(tmp_path):
    assert claims_page(tmp_path / "claims.json").startswith("# Claims")
