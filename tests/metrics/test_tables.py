"""Tables of results: intervals against scipy, the file there and back, and how they read."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from thlab.metrics.tables import Table, interval

TABLE = Table(
    "priors",
    "T1",
    ["clean", "-30"],
    {"baseline": {"clean": [1.30, 1.40, 1.50]}, "ours": {"clean": [1.2], "-30": [1.31, 1.33, 1.35]}},
    {"GRID": {"ours": {"clean": 1.25, "-30": 1.33}, "DAVS": {"clean": 1.21}}, "LRS3": {"ours": {"clean": 1.67}}},
    {"command": "thlab evaluate priors", "seeds": [0, 1, 2]},
)


def test_interval_is_students():
    values = np.random.default_rng(0).standard_normal(7)
    mean, half = interval(values.tolist())
    assert (mean - half, mean + half) == pytest.approx(stats.ttest_1samp(values, 0).confidence_interval(0.95))


def test_intervals_cover_the_truth_95_times_in_100():
    samples = np.random.default_rng(1).normal(3, 2, (2000, 3)).tolist()
    covered = [abs(mean - 3) <= half for mean, half in map(interval, samples)]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.02)


def test_one_seed_has_no_interval():
    assert interval([2.5]) == (2.5, math.inf)


def test_file_there_and_back(tmp_path):
    path = TABLE.save(tmp_path)
    assert path.name == "priors.T1.json"
    assert Table.load(path) == TABLE
    assert set(json.loads(path.read_text())) == {
        *("paper", "table", "columns", "rows", "paper_numbers", "evidence", "better")
    }


def test_a_file_that_is_no_table_is_an_error(tmp_path):
    path = tmp_path / "priors.T1.json"
    for text in ('{"paper": "priors"', '{"paper": "priors"}', '{"losses": []}'):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"priors.T1.json is not a table of results"):
            Table.load(path)


def test_markdown_has_our_numbers_the_papers_and_the_verdicts():
    verdict = {"id": "priors.robust", "verdict": "not held", "evidence": {"interval": "−0.1 [−0.3, 0.1]"}}
    lines = TABLE.markdown([verdict]).splitlines()
    assert lines[:5] == [
        "| priors T1 | clean | -30 |",
        "| --- | --- | --- |",
        "| baseline | 1.40 ± 0.25 | – |",
        "| ours | 1.2 (1.25, 1.67) | 1.330 ± 0.050 (1.33) |",
        "| DAVS | – (1.21) | – |",
    ]
    assert "in brackets the paper's (GRID, LRS3)" in lines[6]
    assert lines[-1] == "- priors.robust: **not held**. −0.1 [−0.3, 0.1]"
    assert TABLE._repr_markdown_() == TABLE.markdown()


def test_a_mixed_table_says_of_each_column_which_way_is_better():
    table = Table("priors", "T2", ["LMD", "PSNR", "LMD, exact", "SSIM"], {}, better="mixed")
    assert "Higher is better in PSNR, SSIM, lower in LMD; LMD, exact." in table.markdown()


@pytest.mark.parametrize(
    ("better", "says"), [("nearer to the truth", "Nearer to the truth is better. Mean"), ("", "Mean")]
)
def test_a_table_says_what_is_better_where_something_is(better, says):
    foot = Table("stochastic", "beta", ["KL"], {}, better=better).markdown().splitlines()[3]
    assert foot.startswith(says)


@pytest.mark.parametrize(
    ("values", "cell"),
    [
        ([0.1 + 0.2, 0.3, 0.3], "0.3 ± 0"),
        ([0.0, 0.0], "0 ± 0"),
        ([25.1, 64.9, 65.0], "52 ± 57"),
        ([2.5], "2.5"),
        ([], "–"),
    ],
)
def test_a_mean_is_as_fine_as_its_interval(values, cell):
    assert f"| ours | {cell} |" in Table("davs", "T1", ["SSIM"], {"ours": {"SSIM": values}}).markdown()
