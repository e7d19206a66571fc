"""The table of SyncNet's objectives."""

import pytest

from thlab.evaluation.table import Table
from thlab.papers import load_paper
from thlab.papers.evaluators.objectives import COLUMNS, ROWS
from thlab.papers.runner import evaluate, train


def test_all_objectives_are_measured_on_the_same_clips(tiny_corpus, tmp_path, monkeypatch):
    (tmp_path / "corpus").symlink_to(tiny_corpus.parent)
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    list(evaluate(load_paper("evaluators"), "tiny", "fast", 1, tmp_path / "out"))
    table = Table.load(tmp_path / "out" / "evaluators.sync.json")
    assert table.rows == list(ROWS)
    clips = {row: set(table.values(row, "LSE-D").index) for row in ROWS}
    assert len({frozenset(of_row) for of_row in clips.values()}) == 1
    assert set(table.records["column"]) == set(COLUMNS)
    found = {row: table.numbers(row, "confidence") for row in ROWS}
    assert len({tuple(values) for values in found.values()}) == len(ROWS)  # each net is its own


def test_an_unknown_objective_is_named(tiny_corpus, tmp_path):
    paper = load_paper("evaluators")
    with pytest.raises(ValueError, match="objective=hinge: choose one of softmax, bce, margin"):
        list(train(paper, str(tiny_corpus), "fast", "sync", tmp_path, 0, ["objective=hinge"]))
