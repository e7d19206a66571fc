"""By its own numbers every claim of [yadav2020] holds, and each falls when its number does."""

from paper_claims import PaperClaims, with_number

from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.reported import TABLE_1

CONTROLS = {
    "ours, best of 8": {"SSIM": 0.9, "PSNR": 33.0},
    "deterministic": {"SSIM": 0.88, "PSNR": 32.67},
    "repeated frame": {"SSIM": 0.87, "PSNR": 32.5},
    "mean frame": {"SSIM": 0.99, "PSNR": 40.0},
}
NUMBERS = {  # what the paper lacks is made up
    "T1": TABLE_1["GRID"] | CONTROLS,
    "diversity": {
        "truth, performed anew": {"mouth": 4.0, "eyes": 6.0, "LMD": 0.4, "opening": 0.9},
        "ours": {"mouth": 3.0, "eyes": 2.0, "LMD": 0.6, "opening": 0.8},
        "deterministic": {"mouth": 0.0, "eyes": 0.0, "LMD": 0.6, "opening": 0.8},
        "ours, shuffled audio": {"mouth": 3.0, "eyes": 2.0, "LMD": 1.1, "opening": 0.0},
    },
    "smoothness": {
        "truth": {"first": 1.5, "second": 2.0},
        "ours": {"first": 1.2, "second": 1.5},
        "frame by frame": {"first": 2.0, "second": 3.0},
    },
}
BREAKS = [  # claim, cell, a number that breaks it
    ("ssim", "T1", "DAVS", "SSIM", 0.87),
    ("psnr", "T1", "ours, one take", "PSNR", 26.0),
    ("diverse", "diversity", "deterministic", "eyes", 2.1),
    ("diverse", "diversity", "ours", "mouth", -0.1),
    ("diverse", "diversity", "ours", "LMD", 1.2),
    ("diverse", "diversity", "ours", "opening", -0.1),
    ("smooth", "smoothness", "ours", "first", 0.7),
    ("smooth", "smoothness", "ours", "second", 3.1),
]


class TestStochasticClaims(PaperClaims):
    paper = "stochastic"
    claims = CLAIMS
    numbers = NUMBERS
    breaks = BREAKS


def test_controls_and_ablations_are_no_rivals(settled):
    found = settled("stochastic", CLAIMS, with_number(NUMBERS, "T1", "deterministic", "SSIM", 0.95))
    assert found["stochastic.ssim"]["verdict"] == "held"
    comparisons = found["stochastic.ssim"]["evidence"]["comparisons"]
    assert [one["verdict"] for one in comparisons] == ["held", "not testable here"]


def test_without_the_row_of_the_rival_nothing_is_decided(settled):
    rows = {row: cells for row, cells in NUMBERS["T1"].items() if row != "DAVS"}
    found = settled("stochastic", CLAIMS, {"T1": rows})
    assert found["stochastic.psnr"]["verdict"] == "undecided"
    assert found["stochastic.smooth"]["verdict"] == "open"
