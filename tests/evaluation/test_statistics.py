"""The interval covers the mean as often as it says: against scipy, and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from thlab.evaluation.statistics import (
    bootstrap,
    cell_means,
    half_width,
    interval,
    mean_squares,
    seeds_to_decide,
    units_to_decide,
)

SIZES = [(3, 3), (3, 6), (3, 12), (5, 3), (5, 8), (8, 3), (8, 12)]  # seeds, speakers
SPREADS = [(0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1), (1, 0.3, 0.3), (0.3, 1, 0.3), (0.1, 1, 0.1)]
TABLES = 2500


def series(table, speakers=(), clips=("",)):
    """Numbers (K, S) as records, each cell split into clips that average to it."""
    index = [
        (seed, speaker, clip)
        for seed in range(table.shape[0])
        for speaker in speakers or [f"s{s}" for s in range(table.shape[1])]
        for clip in clips
    ]
    names = ["seed", "speaker", "clip"]
    index = pd.MultiIndex.from_tuples(index, names=names)
    return pd.Series(np.repeat(table.ravel(), len(clips)), index)


def draw(rng, seeds, speakers, spreads, tables=TABLES):
    """Tables (n, K, S) of effects of seeds, of speakers and of the rest about 0."""
    of_seed, of_speaker, of_rest = spreads
    table = of_seed * rng.standard_normal((tables, seeds, 1))
    table = table + of_speaker * rng.standard_normal((tables, 1, speakers))
    return table + of_rest * rng.standard_normal((tables, seeds, speakers))


@pytest.mark.parametrize(("seeds", "speakers"), SIZES)
def test_intervals_cover_the_truth_as_often_as_they_say(seeds, speakers):
    for number, spreads in enumerate(SPREADS):
        tables = draw(np.random.default_rng(number), seeds, speakers, spreads)
        half, _ = half_width(mean_squares(tables))
        covered = (abs(tables.mean((1, 2))) <= half).mean()
        assert 0.92 <= covered <= 0.995, (seeds, speakers, spreads, covered)


@pytest.mark.parametrize("n", [3, 8, 12])
def test_intervals_over_one_factor_cover_95_in_100(n):
    tables = np.random.default_rng(n).normal(3, 2, (4000, n, 1))
    for one in (tables, tables.swapaxes(1, 2)):
        half, df = half_width(mean_squares(one))
        assert (abs(one.mean((1, 2)) - 3) <= half).mean() == pytest.approx(0.95, abs=0.015)
        np.testing.assert_allclose(df, n - 1)


@pytest.mark.parametrize("shape", [(7, 1), (1, 7)])
def test_with_one_seed_or_one_speaker_the_interval_is_students(shape):
    values = np.random.default_rng(0).standard_normal(7)
    found = interval(series(values.reshape(shape)))
    low, high = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high, found.df) == pytest.approx((low, high, 6))
    assert found.over == ("7 seeds" if shape == (7, 1) else "1 seed, 7 speakers")


def test_mean_squares_are_those_of_the_analysis_of_variance():
    table = np.array([[1.0, 2.0, 6.0], [3.0, 5.0, 7.0]])
    squares = mean_squares(table)
    mean = table.mean()
    rows = table.mean(1)
    columns = table.mean(0)
    assert squares.seed == pytest.approx(3 * ((rows - mean) ** 2).sum() / 1)
    assert squares.unit == pytest.approx(2 * ((columns - mean) ** 2).sum() / 2)
    rest = sum((table[k, s] - rows[k] - columns[s] + mean) ** 2 for k in range(2) for s in range(3))
    assert squares.rest == pytest.approx(rest / 2)


def test_variance_and_degrees_of_freedom_by_hand():
    table = np.array([[1.0, 2.0, 6.0], [3.0, 5.0, 7.0]])
    a, b, e = (getattr(mean_squares(table), name) for name in ("seed", "unit", "rest"))
    half, df = half_width(mean_squares(table))
    assert df == pytest.approx((a + b - e) ** 2 / (a**2 / 1 + b**2 / 2 + e**2 / 2))
    assert half == pytest.approx(stats.t.ppf(0.975, df) * math.sqrt((a + b - e) / 6))
    noise = np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])  # no effect of either
    half, df = half_width(mean_squares(noise))
    assert df == 4
    assert half == pytest.approx(stats.t.ppf(0.975, 4) * math.sqrt(4 / 4 / 9))


def test_one_number_has_no_interval_and_equal_numbers_have_one_without_width():
    assert math.isinf(interval(series(np.ones((1, 1)))).half)
    assert interval(series(np.ones((3, 4)))).half == 0
    assert interval(series(np.ones((3, 1)))).half == 0


def test_clips_are_averaged_first_so_that_each_speaker_counts_the_same():
    names = ["seed", "speaker", "clip"]
    index = [(0, "a", "1"), (0, "a", "2"), (0, "a", "3"), (0, "b", "4")]
    values = pd.Series([1.0, 2.0, 3.0, 6.0], pd.MultiIndex.from_tuples(index, names=names))
    found = interval(values)
    assert found.mean == 4
    assert found.over == "1 seed, 2 speakers"


def test_clips_of_one_speaker_take_the_speakers_place():
    index = [(seed, "s1", f"c{clip}") for seed in range(2) for clip in range(5)]
    values = pd.Series(
        np.random.default_rng(0).standard_normal(10),
        pd.MultiIndex.from_tuples(index, names=["seed", "speaker", "clip"]),
    )
    found = interval(values)
    assert found.over == "2 seeds, 5 clips of one speaker"
    half, _ = half_width(mean_squares(values.to_numpy().reshape(2, 5)))
    assert found.half == pytest.approx(half)
    assert interval(values.loc[[0]]).over == "1 seed, 5 clips of one speaker"


def test_a_table_with_holes_is_refused_by_name():
    values = series(np.ones((2, 3)))
    with pytest.raises(ValueError, match="seed 1 has no number of speaker s2"):
        cell_means(values.drop((1, "s2", "")))
    with pytest.raises(ValueError, match="no numbers"):
        interval(values.iloc[:0])


def test_the_bootstrap_is_narrower_where_speakers_are_few_and_agrees_where_they_are_many():
    rng = np.random.default_rng(1)
    covered = []
    for table in draw(rng, 3, 3, (1, 1, 1), 300):
        low, high = bootstrap(table, draws=300)
        covered.append(low <= 0 <= high)
    assert 0.68 < np.mean(covered) < 0.9
    large = draw(rng, 40, 40, (1, 1, 1), 1)[0]
    low, high = bootstrap(large)
    half, _ = half_width(mean_squares(large))
    assert (high - low) / 2 == pytest.approx(half, rel=0.15)


def test_so_many_seeds_decide_and_no_fewer():
    values = np.random.default_rng(3).normal(0, 1, 4)
    found = interval(series(values.reshape(4, 1)))
    deviation = values.std(ddof=1)
    n = seeds_to_decide(found, 0.5)
    assert n is not None
    assert stats.t.ppf(0.975, n - 1) * deviation / math.sqrt(n) < 0.5
    assert stats.t.ppf(0.975, n - 2) * deviation / math.sqrt(n - 1) >= 0.5


def test_speakers_that_differ_are_not_averaged_out_by_seeds():
    rng = np.random.default_rng(0)
    found = interval(series(draw(rng, 5, 4, (0.01, 2, 0.01), 1)[0]))
    assert seeds_to_decide(found, 0.5) is None
    assert units_to_decide(found, 0.5) > 4
    single = interval(series(rng.standard_normal((1, 4))))
    assert seeds_to_decide(single, 0.5) is None
    assert units_to_decide(single, 0.5) > 4
