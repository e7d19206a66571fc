"""Verdicts of single comparisons, by numbers whose verdict is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from thlab.evaluation.comparison import (
    Comparison,
    Untestable,
    decide,
    less,
    more,
    paired,
    settle_comparison,
    smallest_effect,
    what_decides,
    within,
)
from thlab.evaluation.statistics import interval_of
from thlab.evaluation.table import Table, make_records

ANCHORS = ("worst", "best")


def table(rows, columns=("accuracy",), metric="accuracy", **evidence):
    return Table("p", "t", dict.fromkeys(columns, metric), make_records(rows), {}, evidence)


def seeds(*values):
    return {(seed, "", ""): float(value) for seed, value in enumerate(values)}


def grid(values, clips=("",)):
    """Numbers (K, S) by seed and speaker, each cell in clips about its value that average to it."""
    offsets = np.linspace(-1, 1, len(clips)) if len(clips) > 1 else [0.0]
    found = {}
    for (seed, speaker), value in np.ndenumerate(np.asarray(values, float)):
        for clip, offset in zip(clips, offsets, strict=True):
            found[seed, f"s{speaker}", f"s{speaker}{clip}"] = value + offset
    return found


def both(ours, other, worst=0.0, best=100.0):
    """A table of two rows with a number a seed, and two anchors."""
    stills = {"worst": [worst] * len(ours), "best": [best] * len(ours)}
    rows = {"ours": ours, "other": other} | stills
    return table({row: {"accuracy": seeds(*values)} for row, values in rows.items()})


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        ((4, 5, 6), "held"),
        ((-4, -5, -6), "against"),
        ((-1, 0, 1), "excluded"),  # ± 2.5, and 5 would matter
        ((-9, 0, 9), "undecided"),
        ((0, 0, 0), "excluded"),
    ],
)
def test_more_and_less_by_half_of_the_papers_effect(difference, verdict):
    other = np.array([50.0, 60.0, 70.0])
    measured = both(other + difference, other)
    assert (
        settle_comparison(more("ours", "other", "accuracy", paper=10), measured)["verdict"]
        == verdict
    )
    mirrored = both(other, other + difference)
    assert (
        settle_comparison(less("ours", "other", "accuracy", paper=-10), mirrored)["verdict"]
        == verdict
    )


def test_the_interval_is_that_of_the_paired_differences():
    random = np.random.default_rng(0)
    ours, other = random.normal(0, 5, (2, 6)) + random.normal(50, 20, 6)
    found = settle_comparison(more("ours", "other", "accuracy", paper=10), both(ours, other))
    low, high = stats.ttest_rel(ours, other).confidence_interval(0.95)
    assert found["mean"] == pytest.approx(np.mean(ours - other), rel=1e-3)
    assert found["interval"] == pytest.approx([low, high], rel=1e-3)
    assert (found["what"], found["over"]) == ("ours − other, accuracy", "6 seeds")


def test_speakers_and_clips_are_units_as_the_statistic_has_them():
    random = np.random.default_rng(1)
    ours, other = random.normal(0, 1, (2, 4, 5))
    rows = {"ours": {"accuracy": grid(ours, "ab")}, "other": {"accuracy": grid(other, "ab")}}
    found = settle_comparison(more("ours", "other", "accuracy", paper=10), table(rows))
    expected = interval_of(ours - other)
    assert found["interval"] == pytest.approx([expected.low, expected.high], rel=1e-3)
    assert found["over"] == "4 seeds, 5 speakers"
    low, high = found["bootstrap"]
    assert low < found["mean"] < high


def test_clips_that_one_row_lacks_are_left_out_of_both():
    ours = {(0, "s1", "a"): 9.0, (0, "s1", "b"): 2.0, (0, "s2", "c"): 4.0}
    other = {(0, "s1", "b"): 1.0, (0, "s2", "c"): 1.0}
    rows = {"ours": {"accuracy": ours}, "other": {"accuracy": other}}
    values, unit = paired(more("ours", "other", "accuracy", paper=1), table(rows))
    assert values.tolist() == [[1.0, 3.0]]
    assert unit == "speaker"


@pytest.mark.parametrize("missing", [(1, "s0", "s0"), (0, "s2", "s2")])
def test_a_seed_or_speaker_without_a_pair_leaves_it_undecided(missing):
    ours = grid(np.ones((2, 3)))
    for speaker in range(3):  # the second seed as a whole, or a single cell
        if missing[0]:
            ours.pop((1, f"s{speaker}", f"s{speaker}"))
    ours.pop(missing, None)
    rows = {"ours": {"accuracy": ours}, "other": {"accuracy": grid(np.zeros((2, 3)))}}
    found = settle_comparison(more("ours", "other", "accuracy", paper=1), table(rows))
    assert found["verdict"] == "undecided"
    assert found["reason"].startswith("not measured: ")
    assert "seed" in found["reason"]


def test_what_was_not_run_is_undecided_by_name():
    found = settle_comparison(more("ours", "DAVS", "accuracy", paper=1), both([1, 2], [1, 2]))
    assert found == {
        "what": "ours − DAVS, accuracy",
        "verdict": "undecided",
        "reason": "not measured: p.t has no number of DAVS, accuracy",
    }


def test_a_single_number_decides_nothing():
    found = settle_comparison(more("ours", "other", "accuracy", paper=1), both([5], [1]))
    assert found["verdict"] == "undecided"
    assert "a second seed or speaker would decide" in found["reason"]


def test_without_a_number_of_the_paper_a_tenth_of_the_anchors_gap_matters():
    compared = more("ours", "other", "accuracy", paper=None, anchors=ANCHORS)
    assert smallest_effect(compared, both([1, 2], [1, 2], 20, 80)) == pytest.approx(6)
    assert (
        settle_comparison(compared, both([49, 50, 51], [50, 50, 50]))["verdict"] == "excluded"
    )  # ± 2.5 of 10
    assert (
        settle_comparison(compared, both([49, 50, 51], [50, 50, 50], 0, 20))["verdict"]
        == "undecided"
    )


def test_the_papers_pixels_are_scaled_to_ours():
    compared = less("ours", "other", "clean", paper=-0.4, unit="px of 256")
    cells = {"clean": seeds(1, 2, 3)}
    measured = table({"ours": cells, "other": cells}, ["clean"], "LMD", pixels=64)
    assert smallest_effect(compared, measured) == pytest.approx(0.05)
    found = settle_comparison(compared, table({"ours": cells, "other": cells}, ["clean"], "LMD"))
    assert found["verdict"] == "undecided"  # of unknown pixels
    band = within("ours", "other", "clean", -0.1, 0.1, unit="px of 256")
    assert settle_comparison(band, measured)["band"] == [-0.025, 0.025]


def test_an_effect_in_gaps_is_scaled_by_the_anchors():
    compared = more("ours", "other", "accuracy", paper=0.5, unit="gap", anchors=ANCHORS)
    assert smallest_effect(compared, both([1, 2], [1, 2], 20, 80)) == pytest.approx(0.25 * 60)


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((0.0, 0.1, -0.1), "held"),
        ((5, 5.1, 4.9), "against"),
        ((0.9, 1.1, 1.0), "undecided"),
        ((-5, 5, 0), "undecided"),
    ],
)
def test_a_band_is_held_inside_and_against_outside(values, verdict):
    other = np.array([50.0, 60.0, 70.0])
    band = within("ours", "other", "accuracy", -1, 1)
    assert settle_comparison(band, both(other + values, other))["verdict"] == verdict


def test_a_ratio_may_be_held_to_a_band():
    band = within("ours", "other", "accuracy", 0.5, 1.5, ratio=True)
    found = settle_comparison(band, both([10, 20, 30], [10, 20, 30]))
    assert (found["what"], found["mean"], found["verdict"]) == ("ours / other, accuracy", 1, "held")


def test_factors_and_other_columns_say_what_they_compare():
    rows = {"ours": {"with": seeds(5, 6, 7), "without": seeds(1, 2, 3)}}
    measured = table(rows, ["with", "without"])
    found = settle_comparison(
        more("ours", "ours", "with", other_column="without", factor=2, paper=1), measured
    )
    assert found["what"] == "ours: with − 2 × without"
    assert found["mean"] == 2
    between = more("ours", "other", "with", other_column="without", paper=1)
    assert between.what == "ours, with − other, without"


def test_a_comparison_is_fixed_before_it_is_measured():
    with pytest.raises(ValueError, match="give the paper's effect, or two anchors"):
        more("ours", "other", "accuracy", paper=None)
    with pytest.raises(ValueError, match="by the paper's -3 the claim does not hold"):
        more("ours", "other", "accuracy", paper=-3)
    with pytest.raises(ValueError, match="a unit of gaps needs two anchors"):
        more("ours", "other", "accuracy", paper=3, unit="gap")


def test_a_quantity_that_is_not_finite_is_not_measured():
    compared = within("ours", "other", "accuracy", 0.5, 1.5, ratio=True)
    with np.errstate(all="ignore"):
        found = settle_comparison(compared, both([1, 2, 3], [0, 0, 0]))
    assert found["verdict"] == "undecided"


def test_what_cannot_be_compared_says_why():
    assert settle_comparison(Untestable("ours − ATVNet", "no code"), None) == {
        "what": "ours − ATVNet",
        "verdict": "not testable here",
        "reason": "no code",
    }


def test_so_many_seeds_would_decide():
    values = np.array([[-3.0], [0.0], [2.0], [3.0]])
    found = interval_of(values, "")
    n = int(what_decides(found, 0, math.inf, 2).split()[0])
    farthest = max(abs(found.mean), 2 - found.mean)
    spread = values.std(ddof=1)
    assert stats.t.ppf(0.975, n - 1) * spread / math.sqrt(n) < farthest
    assert stats.t.ppf(0.975, n - 2) * spread / math.sqrt(n - 1) >= farthest


def test_speakers_are_asked_for_where_seeds_would_not_decide():
    noise = np.random.default_rng(0).standard_normal((3, 3))
    values = np.tile([0.0, 4.0, -2.0], (3, 1)) + 1e-3 * noise
    assert what_decides(interval_of(values), 0, math.inf, 2).endswith(" speakers")
    single = interval_of(np.array([[0.5, 4.0, -2.0]]))
    assert what_decides(single, 0, math.inf, 2).endswith(" speakers")
    hopeless = interval_of(np.array([[100.0, -100.0, 0.3]]))
    assert what_decides(hopeless, 0, math.inf, 0.1) == "more than 99 seeds or speakers"


def test_the_verdict_of_an_interval():
    found = interval_of(np.array([[1.0], [2.0], [3.0]]))  # 2 ± 2.5
    assert decide(found, -1, math.inf, 9) == "held"
    assert decide(found, 5, math.inf, 9) == "against"
    assert decide(found, 0, math.inf, 5) == "excluded"
    assert decide(found, 0, math.inf, 4) == "undecided"
    assert decide(found, -math.inf, 1, 2) == "excluded"
    assert decide(found, -math.inf, 1, 1) == "undecided"


def test_a_general_comparison_takes_any_quantity_of_its_cells():
    numbers = {"a": (1, 2, 3), "b": (1, 2, 4), "c": (0, 0, 1)}
    rows = {row: {"accuracy": seeds(*values)} for row, values in numbers.items()}
    cells = tuple((row, "accuracy") for row in "abc")
    compared = Comparison("a + b − c", cells, lambda a, b, c: a + b - c, low=0, paper=1.0)
    values, _ = paired(compared, table(rows))
    assert values.tolist() == [[2], [4], [6]]


def test_what_a_comparison_needs_is_asked_first():
    made = both([20, 21, 22], [40, 41, 42])
    needs = (("other", "accuracy"), 40.0)
    ends = less("ours", "other", "accuracy", paper=-30.0)
    assert settle_comparison(replace(ends, needs=needs), made)["verdict"] == "held"
    found = settle_comparison(replace(ends, needs=(("other", "accuracy"), 42.0)), made)
    assert found["verdict"] == "undecided"
    assert found["reason"] == "not measured: other, accuracy is 41, and must be 42 at least"
