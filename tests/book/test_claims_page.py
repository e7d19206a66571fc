"""The page of claims has every claim of the ledger once, with its verdict and what the verdict rests on."""

import json
from pathlib import Path

from claims_page import PAPERS, claims_page, row

LEDGER = Path(__file__).resolve().parents[2] / "book" / "claims.json"


def test_each_claim_stands_once_below_its_paper():
    page, claims = claims_page(LEDGER), json.loads(LEDGER.read_text())
    sections = dict(zip(PAPERS, page.split("\n## ")[1:], strict=True))
    for claim in claims:
        assert page.count(f"`{claim['id']}`") == 1
        line = next(line for line in sections[claim["paper"]].splitlines() if f"`{claim['id']}`" in line)
        assert f"| **{claim['verdict']}** |" in line
        assert line.replace("\\|", "").count("|") == 5
    assert "The rule" in page


def test_a_settled_claim_shows_its_interval_seeds_and_file():
    claim = {
        "id": "priors.robust", "says": "It holds.", "test": "|a| < b", "source": "Table 1", "verdict": "held",
        "evidence": {"file": "priors.T1.json", "seeds": [0, 1, 2], "interval": "a − b: -0.2 [-0.3, -0.1]"},
    }  # fmt: skip
    line = row(claim)
    assert line.endswith("| **held** | a − b: -0.2 \\[-0.3, -0.1\\]<br>3 seeds, `priors.T1.json` |")
    assert "\\|a\\| \\< b" in line


def test_a_book_without_a_ledger_has_the_header(tmp_path):
    assert claims_page(tmp_path / "claims.json").startswith("# Claims")
