"""What measurements rest on: what a training belongs to, what a cached number depends on."""

from dataclasses import dataclass, replace

import pytest
from torch import nn

from thlab.data import open_splits
from thlab.data.corpora import corpus_facts
from thlab.evaluation import experiment as module
from thlab.evaluation.experiment import Experiment, measured
from thlab.papers.runner import evidence_of


@dataclass(frozen=True)
class Config:
    steps: int = 3

    @classmethod
    def fast(cls):
        return cls()


@pytest.fixture
def experiment(tiny_corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path / "home"))
    splits = open_splits(str(tiny_corpus))
    return Experiment("priors", None, "tiny", splits, "fast", (0,), ("thlab.nn.gaussian",))


def test_trainings_belong_to_clips_config_code_and_seed(experiment, tmp_path):
    root = tmp_path / "tiny"
    root.mkdir()
    (root / "manifest.jsonl").write_text('{"id": "other", "corpus_version": null}\n')
    other = {
        name: replace_facts(part, corpus_facts("embedded", root))
        for name, part in experiment.splits.items()
    }
    folders = {
        experiment.folder("vae", Config(), 0),
        experiment.folder("vae", Config(4), 0),
        experiment.folder("vae", Config(), 1),
        experiment.folder("head", Config(), 0),
        replace(experiment, splits=other).folder("vae", Config(), 0),
        replace(experiment, code=("thlab.nn.blocks",)).folder("vae", Config(), 0),
    }
    assert len(folders) == 6
    assert experiment.folder("vae", Config(), 0) in folders


def replace_facts(corpus, facts):
    return type(corpus)(corpus.name, list(corpus), corpus.table, facts)


def test_settings_reach_the_configs_that_have_the_field(experiment):
    set_to_9 = replace(experiment, overrides=("steps=9", "width=3"))
    assert set_to_9.config(Config) == Config(9)


def test_a_measurement_is_kept_until_what_it_rests_on_changes(experiment):
    calls = []

    def measure(_, row, seed):
        calls.append((row, seed))
        return [(row, "LMD", "s0", "clip", float(len(calls)))]

    first = measured(experiment, "T1", "ours", 0, measure)
    assert measured(experiment, "T1", "ours", 0, measure) == first
    assert first["measurements"] == [["ours", "LMD", "s0", "clip", 1.0]]
    assert {"commit", "time", "minutes", "hardware"} <= set(first)
    for changed in (
        (experiment, "T1", "ours", 1),
        (experiment, "T1", "other", 0),
        (experiment, "T2", "ours", 0),
        (replace(experiment, preset="book"), "T1", "ours", 0),
        (replace(experiment, overrides=("steps=9",)), "T1", "ours", 0),
        (replace(experiment, options={"beside": "davs"}), "T1", "ours", 0),
        (replace(experiment, code=("thlab.nn.blocks",)), "T1", "ours", 0),
    ):
        before = len(calls)
        measured(*changed, measure)
        assert len(calls) == before + 1


def test_other_committed_weights_measure_anew(experiment, monkeypatch):
    def measure(_, row, seed):
        calls.append(row)
        return []

    calls = []
    measured(experiment, "T1", "ours", 0, measure)
    monkeypatch.setattr(module, "committed_weights", lambda: "others")
    measured(experiment, "T1", "ours", 0, measure)
    assert calls == ["ours", "ours"]


def test_the_oldest_commit_of_several_is_shown_and_what_is_shared_costs_once():
    shared = {"vae": 3.0}
    work = [
        {"commit": "b", "time": 2.0, "minutes": 1.0, "hardware": "one", "parts": shared},
        {"commit": "a", "time": 1.0, "minutes": 0.5, "hardware": "two", "parts": shared},
    ]
    assert evidence_of(work, ["ours", "other"]) == {
        "minutes": 4.5,
        "minutes_of_rows": {"ours": 4.0, "other": 3.5},
        "commit": "a",
        "hardware": "two; one",
    }


def test_minutes_are_those_from_nothing(experiment, monkeypatch):
    """A row that finds its training and another measurement done has their minutes all the same."""
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])

    def inner(_, row, seed):
        now[0] += 120
        return []

    def outer(experiment, row, seed):
        measured(experiment, "codes", "all", seed, inner)
        experiment.add_parts({"a training": 7.0})
        now[0] += 60
        return []

    first = measured(experiment, "T1", "ours", 0, outer)
    second = measured(experiment, "T1", "another", 0, outer)
    for found in (first, second):
        assert found["minutes"] == 1.0
        assert sorted(found["parts"].values()) == [2.0, 7.0]


def test_the_same_measurement_comes_back_after_its_file_is_lost(experiment):
    def measure(_, row, seed):
        return [(row, "LMD", "s0", "clip", 0.1 + seed)]

    first = measured(experiment, "T1", "ours", 0, measure)
    for path in (module.home() / "results").rglob("*.json"):
        path.unlink()
    assert measured(experiment, "T1", "ours", 0, measure)["measurements"] == first["measurements"]


def test_a_training_counts_for_each_row_that_uses_it_on_whatever_corpus(experiment, monkeypatch):
    """It is done once; the second row, and the row that asks another corpus, have its minutes."""
    monkeypatch.setattr(module, "open_splits", lambda corpus: experiment.splits)
    monkeypatch.setattr(module, "minutes", lambda out, runs: 7.0)
    done = []

    def train(job):
        done.append(job.folder)
        return nn.Linear(1, 1)

    def measure(experiment, row, seed):
        other = experiment.on("another")
        other.trained(other.job("net", Config(), None, seed), train)
        return []

    for row in ("ours", "another row"):
        assert list(measured(experiment, "T1", row, 0, measure)["parts"].values()) == [7.0]
    assert len(done) == 1
