"""`thlab results`: every table of every paper again, on several cores; resumes where it stopped."""

import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch

from thlab.evaluation.experiment import Experiment, measured
from thlab.papers import PAPERS, load_paper
from thlab.papers.runner import evaluate, open_experiment
from thlab.training import read_card
from thlab.training.run import IN_USE

WAIT = 10.0  # seconds between two looks at a run that another process trains


class Unit(NamedTuple):
    """One seed of one table: what a process does at a time."""

    paper: str
    table: str
    seed: int


def results(papers: Sequence[str], preset: str, out: Path, jobs: int) -> Iterator[str]:
    """Measure all tables of some papers (none: of all), and write each as soon as it is whole.

    Rows that were measured before are not measured again. Yields lines on what was done and what is
    left. ValueError for an unknown paper.
    """
    units = plan(papers or [key for key in PAPERS if load_paper(key).tables])
    left = Counter((unit.paper, unit.table) for unit in units)
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        work = [(unit, preset) for unit in units]
        for done, unit in enumerate(pool.imap_unordered(measure_unit, work), 1):
            yield f"{done} of {len(units)} seeds of tables; {time_left(units[done:], out, jobs)}"
            left[unit.paper, unit.table] -= 1
            if not left[unit.paper, unit.table]:
                for _ in evaluate(load_paper(unit.paper), None, preset, None, out, unit.table):
                    yield f"{out / unit.paper}.{unit.table}.json is written"


def plan(papers: Sequence[str]) -> list[Unit]:
    """All seeds of all tables, in the order in which they are measured."""
    units = []
    for key in papers:
        for table, spec in load_paper(key).tables.items():
            seeds = range(spec.seeds)
            if spec.of_weights:
                seeds = [read_card(spec.of_weights).get("seed", 0)]
            units += [Unit(key, table, seed) for seed in seeds]
    return units


def time_left(units: Sequence[Unit], out: Path, jobs: int) -> str:
    """How long some units took the last time, as far as the tables in a folder say it."""
    known = [minutes_of_a_seed(out / f"{unit.paper}.{unit.table}.json") for unit in units]
    found = [minutes for minutes in known if minutes is not None]
    text = f"about {sum(found) / jobs:.0f} minutes left"
    unknown = len(known) - len(found)
    return f"{text}, and {unknown} that were never timed" if unknown else text


def minutes_of_a_seed(path: Path) -> float | None:
    """Minutes of all rows of a table, a mean a seed; None where it was not timed."""
    if not path.exists():
        return None
    evidence = json.loads(path.read_text())["evidence"]
    if "minutes_of_rows" not in evidence:
        return None
    return evidence["minutes"] / len(evidence["seeds"])


@cache
def experiment_of(key: str, table: str, preset: str) -> Experiment:
    """The experiment of a table; tables of one corpus share it, and the clips that it holds."""
    paper = load_paper(key)
    spec = paper.tables[table]
    if spec.of_weights:
        return open_experiment(paper, spec, None, preset, (0,))
    return trained_experiment(key, spec.corpus, preset, spec.seeds)


@cache
def trained_experiment(key: str, corpus: str, preset: str, seeds: int) -> Experiment:
    """The experiment of all tables that train so many seeds on a corpus."""
    paper = load_paper(key)
    spec = next(one for one in paper.tables.values() if not one.of_weights)
    return open_experiment(paper, spec, corpus, preset, tuple(range(seeds)))


def measure_unit(work: tuple[Unit, str]) -> Unit:
    """Measure the rows of one seed of a table, in a process of its own."""
    unit, preset = work
    torch.set_num_threads(1)
    experiment = experiment_of(unit.paper, unit.table, preset)
    for row in load_paper(unit.paper).tables[unit.table].rows:
        begin = time.monotonic()
        measure_row(experiment, unit, row)
        minutes = (time.monotonic() - begin) / 60
        print(f"{unit.paper} {unit.table}, {row}, seed {unit.seed}: {minutes:.1f} min", flush=True)
    return unit


def measure_row(experiment: Experiment, unit: Unit, row: str) -> None:
    """Measure a row; wait where another process trains what it needs."""
    spec = load_paper(unit.paper).tables[unit.table]
    while True:
        try:
            measured(experiment, unit.table, row, unit.seed, spec.measure, spec.of_weights)
            return
        except ValueError as error:
            if IN_USE not in str(error):
                raise
            time.sleep(WAIT)
