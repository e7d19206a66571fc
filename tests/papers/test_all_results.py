"""`thlab results`: all seeds of all tables, each written when it is whole, nothing done twice."""

import json
import shutil
from dataclasses import replace

import pytest
from toy_paper import PAPER as TOY

from thlab.evaluation.experiment import Experiment
from thlab.evaluation.table import Table
from thlab.papers import results, runner
from thlab.training.run import IN_USE


def test_all_tables_are_written_and_nothing_is_measured_twice(tiny_corpus, tmp_path, monkeypatch):
    class Here:
        """A pool whose work is done by the process itself."""

        def __init__(self, jobs):
            self.imap_unordered = map

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

    class Context:
        Pool = Here

    table = replace(TOY.tables["opening"], corpus=str(tiny_corpus), seeds=2)
    paper = replace(TOY, tables={"opening": table})
    for module in (results, runner):
        monkeypatch.setattr(module, "load_paper", lambda key: paper, raising=False)
    monkeypatch.setenv("THLAB_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(results.multiprocessing, "get_context", lambda kind: Context)
    for kept in (results.experiment_of, results.trained_experiment):
        kept.cache_clear()
    lines = list(results.results(["toy"], "fast", tmp_path, 1))
    assert [line.partition(";")[0] for line in lines[:2]] == [
        "1 of 2 seeds of tables",
        "2 of 2 seeds of tables",
    ]
    stored = Table.load(tmp_path / f"toy.opening-{tiny_corpus.name}.json")
    assert set(stored.records["seed"]) == {0, 1}
    assert set(stored.evidence["minutes_of_rows"]) == {"ours", "shuffled audio"}
    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "home").rglob("seed*.json")}
    assert len(stamps) == 4
    list(results.results(["toy"], "fast", tmp_path, 1))
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    one = next(iter(stamps))  # what is lost is measured again, to the same values
    before = json.loads(one.read_text())["measurements"]
    one.unlink()
    shutil.rmtree(next((tmp_path / "home" / "runs").iterdir()))
    list(results.results(["toy"], "fast", tmp_path, 1))
    assert json.loads(one.read_text())["measurements"] == before


def test_a_plan_has_each_seed_of_each_table():
    units = results.plan(["priors"])
    tables = {unit.table for unit in units}
    assert tables == set(results.load_paper("priors").tables)
    assert [unit.seed for unit in units if unit.table == "T1"] == list(range(4))
    assert [unit.seed for unit in units if unit.table == "quality"] == [0]


def test_what_another_process_trains_is_waited_for(monkeypatch):
    waits = []
    monkeypatch.setattr(results.time, "sleep", waits.append)

    def busy(*_):
        if len(waits) < 2:
            raise ValueError(f"folder {IN_USE}")

    monkeypatch.setattr(results, "measured", busy)
    none = object.__new__(Experiment)  # what is replaced asks it nothing
    results.measure_row(none, results.Unit("priors", "T1", 0), "ours")
    assert len(waits) == 2

    def broken(*_):
        raise ValueError("something else")

    monkeypatch.setattr(results, "measured", broken)
    with pytest.raises(ValueError, match="something else"):
        results.measure_row(none, results.Unit("priors", "T1", 0), "ours")


def test_time_left_says_what_was_never_timed(tmp_path):
    (tmp_path / "priors.T1.json").write_text(
        '{"evidence": {"minutes": 24.0, "minutes_of_rows": {"ours": 3.0}, "seeds": [0, 1]}}'
    )
    units = [results.Unit("priors", "T1", seed) for seed in (0, 1, 2)]
    assert results.time_left(units, tmp_path, 2) == "about 18 minutes left"
    units.append(results.Unit("priors", "T9", 0))
    assert results.time_left(units, tmp_path, 2).endswith("and 1 that were never timed")
