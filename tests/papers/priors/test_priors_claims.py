"""By its own numbers every claim of [mittal2020] holds, and each falls when its number does."""

import pytest
from paper_claims import PaperClaims, with_number

from thlab.corpus import EMOTIONS
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate.collapse import ACCURACIES, SPREADS
from thlab.papers.priors.reported import DAVS, GAN, LEVELS, ROWS, TABLE_1, TABLE_3

# −40 dB is drawn in Fig. 5 without numbers, so it is made up
DRAWN = {"ours": 1.27, "ours without margin loss": 1.29}
T1 = {row: dict(zip(LEVELS, numbers, strict=True)) for row, numbers in TABLE_1.items()}
T1 = {row: cells | {"-40": DRAWN[row]} if row in DRAWN else cells for row, cells in T1.items()}
T1 |= {"mean mouth": dict.fromkeys((*LEVELS, "-40"), 2.6)}  # the paper has none
T3_COLUMNS = ["viseme, with margin", "emotion, with margin", "viseme, without", "emotion, without"]
T3 = {row: dict(zip(T3_COLUMNS, numbers, strict=True)) for row, numbers in TABLE_3.items()}
COLLAPSE = dict.fromkeys(ACCURACIES.values(), 0.9)
EMOTIONAL = dict.fromkeys(EMOTIONS, 1.0) | {f"{emotion}, range": 1.0 for emotion in EMOTIONS}
NUMBERS = {
    "T1": T1,
    "T3": T3 | {"chance": dict.fromkeys(T3_COLUMNS, 10.0)},
    # the paper shows both in pictures, so the numbers are made up
    "collapse": {
        "with": COLLAPSE | dict.fromkeys(SPREADS.values(), 1.0),
        "without": dict.fromkeys(SPREADS.values(), 0.01) | dict.fromkeys(ACCURACIES.values(), 0.1),
        "chance": dict.fromkeys(ACCURACIES.values(), 0.1),
    },
    "emotions": {
        "ours": EMOTIONAL | {"sad": 1.1, "sad, range": 0.9},
        DAVS: EMOTIONAL | {"sad": 1.5, "sad, range": 0.4},
        "mean mouth": dict.fromkeys(EMOTIONAL, 0.0) | {"neutral": 2.0},
    },
}
BREAKS = [  # claim, cell, a number that breaks it
    ("low-noise", "T1", ROWS[0], "-60", 1.5),
    ("low-noise", "T1", ROWS[0], "-60", 1.1),
    ("robust", "T1", "ours", "-30", 1.5),
    ("robust", "T1", DAVS, "-30", 1.25),
    ("robust", "T1", GAN, "clean", 1.95),
    ("augment-helps", "T1", "baseline + augmentation", "-30", 1.8),
    ("augment-not-enough", "T1", "ours", "-30", 1.5),
    ("asr-not-enough", "T1", "baseline (recogniser)", "-30", 1.2),
    ("margin-robust", "T1", "ours", "-30", 1.5),
    ("margin-robust", "T1", "ours", "-40", 1.1),
    ("compatible", "T1", ROWS[1], "-30", 2.0),
    ("high-noise-fails", "T1", "ours without margin loss", "-10", 1.8),
    ("clean-par", "T1", "DAVS", "clean", 1.1),
    ("margin-content-viseme", "T3", "content", "viseme, without", 78.0),
    ("margin-content-emotion", "T3", "content", "emotion, with margin", 38.0),
    ("margin-emotion-viseme", "T3", "emotion", "viseme, without", 29.0),
    ("margin-emotion-emotion", "T3", "emotion", "emotion, with margin", 55.0),
    ("emotion-robust", "emotions", "ours", "fear", 1.6),
    ("emotion-robust", "emotions", "ours", "happy, range", 0.3),
    ("collapse-visemes", "collapse", "without", "visemes, spread", 0.2),
    ("collapse-visemes", "collapse", "without", "visemes, accuracy", 0.3),
    ("collapse-visemes", "collapse", "with", "visemes, accuracy", 0.4),
    ("collapse-emotions", "collapse", "without", "emotions, spread", 0.2),
    ("collapse-emotions", "collapse", "with", "emotions, accuracy", 0.15),
    ("collapse-sequences", "collapse", "without", "sequences, spread", 0.2),
]


class TestPriorsClaims(PaperClaims):
    paper = "priors"
    claims = CLAIMS
    numbers = NUMBERS
    breaks = BREAKS


def test_what_is_not_measured_is_open_and_what_was_not_run_undecided(settled):
    assert {record["verdict"] for record in settled("priors", CLAIMS, {}).values()} == {"open"}
    rows = {row: cells for row, cells in NUMBERS["T1"].items() if row != DAVS}
    found = settled("priors", CLAIMS, {"T1": rows})
    assert found["priors.robust"]["verdict"] == "undecided"
    assert found["priors.compatible"]["verdict"] == "held"
    verdicts = [one["verdict"] for one in found["priors.robust"]["evidence"]["comparisons"]]
    assert sorted(verdicts) == ["held"] * 4 + ["undecided"]


def test_a_single_seed_decides_nothing(settled):
    found = settled("priors", CLAIMS, NUMBERS, seeds=1)
    assert {record["verdict"] for record in found.values()} == {"undecided"}


def test_wide_seeds_are_undecided_and_say_how_many_would_decide(settled):
    record = settled("priors", CLAIMS, NUMBERS, noise=0.3)["priors.augment-not-enough"]
    assert record["verdict"] == "undecided"
    assert record["evidence"]["comparisons"][0]["decides"].endswith(" seeds")


def test_an_effect_far_below_the_papers_is_excluded(settled):
    numbers = with_number(NUMBERS, "T1", "ours", "-30", 1.48)
    record = settled("priors", CLAIMS, numbers)["priors.augment-not-enough"]
    assert record["verdict"] == "excluded"
    assert record["evidence"]["comparisons"][0]["smallest"] == pytest.approx(0.075)


def test_generators_that_are_not_built_do_not_decide(settled):
    comparisons = settled("priors", CLAIMS, NUMBERS)["priors.clean-par"]["evidence"]["comparisons"]
    untested = [one["what"] for one in comparisons if one["verdict"] == "not testable here"]
    assert untested == ["ours − 1.1 × Chung (ref. 7), LMD", "ours − 1.1 × Chen (ref. 6), LMD"]


def test_a_method_that_hears_nothing_is_not_robust(settled):
    """Its LMD does not rise with noise, for it is that of the mean mouth from the start."""
    rows = NUMBERS["T1"] | {"ours": NUMBERS["T1"]["ours"] | {"clean": 2.5, "-30": 2.59}}
    record = settled("priors", CLAIMS, NUMBERS | {"T1": rows})["priors.robust"]
    assert record["verdict"] == "against"
