"""By its own numbers every claim of [yadav2020] holds, and each falls when its number does."""

import numpy as np
import pytest
from paper_claims import PaperClaims

from thlab.evaluation.comparison import settle_comparison
from thlab.evaluation.statistics import interval_of
from thlab.evaluation.table import Table, make_records
from thlab.papers.stochastic.claims import CLAIMS, CLIP, FRAME
from thlab.papers.stochastic.evaluate import TABLES
from thlab.papers.stochastic.evaluate.shared_latent import CHANCE, ITSELF, SHUFFLED
from thlab.papers.stochastic.reported import DAVS, SAMPLED, TABLE_1

NUMBERS = {  # what the paper lacks is made up
    "T1": TABLE_1["GRID"],
    "diversity": {
        "truth, performed anew": {"mouth": 4.0, "eyes": 6.0, "LMD": 0.4, "opening": 0.9},
        "ours": {"mouth": 3.0, "eyes": 2.0, "LMD": 0.6, "opening": 0.8},
        "ours, paper's sampling": {"mouth": 2.0, "eyes": 1.0, "LMD": 0.7, "opening": 0.7},
        "deterministic": {"mouth": 0.0, "eyes": 0.0, "LMD": 0.6, "opening": 0.8},
        "ours, shuffled audio": {"mouth": 3.0, "eyes": 2.0, "LMD": 1.1, "opening": 0.0},
    },
    "smoothness": {
        "truth": {"first": 1.5, "second": 2.0},
        "ours": {"first": 1.2, "second": 1.5},
        "ours, paper's sampling": {"first": 1.4, "second": 1.7},
        "short training": {"first": 1.3, "second": 1.6},
        "frame by frame": {"first": 2.0, "second": 3.0},
    },
    "shared-latent": {
        "ours": {FRAME: 60.0, CLIP: 80.0, "LMD, decoded": 0.2},
        "ours, shuffled audio": {FRAME: 5.0, CLIP: 15.0, "LMD, decoded": 1.0},
        "frames by themselves": {FRAME: 100.0, CLIP: 100.0, "LMD, decoded": 0.0},
        "chance": {FRAME: 1.5, CLIP: 14.0},
    },
}
BREAKS = [  # claim, cell, a number that breaks it
    ("ssim", "T1", "DAVS", "SSIM", 0.87),
    ("ssim", "T1", "ours, paper's sampling", "SSIM", 0.81),
    ("psnr", "T1", "ours, one take", "PSNR", 26.0),
    ("diverse", "diversity", "deterministic", "eyes", 2.1),
    ("diverse", "diversity", "ours", "mouth", -0.1),
    ("diverse", "diversity", "ours", "LMD", 1.2),
    ("diverse", "diversity", "ours", "opening", -0.1),
    ("diverse", "diversity", "ours, paper's sampling", "opening", -0.1),
    ("smooth", "smoothness", "ours", "first", 0.7),
    ("smooth", "smoothness", "ours, paper's sampling", "first", 2.4),
    ("smooth", "smoothness", "short training", "second", 3.1),
    ("shared-latent", "shared-latent", "ours", FRAME, 1.0),
    ("shared-latent", "shared-latent", "ours", CLIP, 13.0),
    ("shared-latent", "shared-latent", "ours", "LMD, decoded", 0.6),
]


class TestStochasticClaims(PaperClaims):
    paper = "stochastic"
    claims = CLAIMS
    numbers = NUMBERS
    breaks = BREAKS


def test_controls_and_ablations_are_no_rivals(settled):
    """A table that also holds a better deterministic model decides as without it."""
    with_controls = NUMBERS["T1"] | {"deterministic": {"SSIM": 0.95}, "mean frame": {"SSIM": 0.99}}
    found = settled("stochastic", CLAIMS, {"T1": with_controls})
    assert found["stochastic.ssim"]["verdict"] == "held"
    comparisons = found["stochastic.ssim"]["evidence"]["comparisons"]
    assert [one["verdict"] for one in comparisons] == ["held", "held", "not testable here"]


def test_claims_ask_of_rows_and_columns_that_tables_have():
    for claim in CLAIMS.values():
        spec = TABLES[claim.table]
        with_them = {"shared-latent": (ITSELF, CHANCE, SHUFFLED)}  # rows that come of one work
        rows = {*spec.rows, *with_them.get(claim.table, ())}
        for one in claim.comparisons:
            for row, column in getattr(one, "cells", ()):
                assert row in rows
                assert column in spec.columns
            for row, _ in getattr(one, "anchors", None) or ():
                assert row in rows


def test_without_the_row_of_the_rival_nothing_is_decided(settled):
    rows = {row: cells for row, cells in NUMBERS["T1"].items() if row != "DAVS"}
    found = settled("stochastic", CLAIMS, {"T1": rows})
    assert found["stochastic.psnr"]["verdict"] == "undecided"
    assert found["stochastic.smooth"]["verdict"] == "open"


def test_against_a_rival_of_one_training_speakers_count_and_not_its_seeds():
    """The rival's numbers, the same at every seed, take nothing from how much ours vary by seed,
    and nothing from how much speakers do.
    """
    random = np.random.default_rng(0)
    of_seed = np.array([-0.03, 0.0, 0.03])[:, None]
    of_speaker = random.normal(0, 0.1, 6)
    gain = random.normal(0.04, 0.01, (3, 6))
    rival = np.tile(0.8 + of_speaker, (3, 1))
    ours = rival + gain + of_seed
    claim = CLAIMS["stochastic.ssim"].comparisons[0]
    rows = {}
    for row, numbers in ((SAMPLED, ours), (DAVS, rival)):
        cell = {(k, f"s{s}", "clip"): numbers[k, s] for k in range(3) for s in range(6)}
        rows[row] = {"SSIM": cell}
    table = Table("stochastic", "T1", {"SSIM": "SSIM"}, make_records(rows))
    found = settle_comparison(claim, table)
    expected = interval_of(gain + of_seed)
    assert found["mean"] == pytest.approx(expected.mean, abs=1e-4)
    assert found["interval"] == pytest.approx([expected.low, expected.high], abs=1e-4)
    assert found["over"] == "3 seeds, 6 speakers"
    assert found["verdict"] == "undecided"  # with such seeds; their mean alone would have held
