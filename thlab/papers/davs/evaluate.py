"""Every table of [zhou2019] as one call: trains what is missing, tests on people and sentences held out, writes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from thlab.evaluation.experiment import meets_new_people, saved
from thlab.evaluation.table import Table
from thlab.evaluation.test_set import TestSet
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.davs import tables
from thlab.papers.davs.bench import open_experiment
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.train import load_model
from thlab.training import load_weights, read_card
from thlab.training.presets import chosen

TABLES = ("T1", "T3", "SVM", "T4", "identity", "words")
OF_WEIGHTS = ("identity", "words")  # tables that judge trained weights; the others train their own
NAME = "davs-disentangled"


def evaluate(
    fabric: Any, table: str = "identity", corpus: str = "words", preset: str = "book", seeds: int | Sequence[int] = 3,
    out: str | Path = "book/results", weights: Path | None = None, n_clips: int = 36,
) -> dict[str, Table]:  # fmt: skip
    """Re-run a table, or all; saves each as out/davs.<table>.json and returns them by name.

    table: one of TABLES, or "all". seeds: how many, or which, of what is trained here; a training that was cut off goes
    on where it stopped. weights: the folder of a finished training whose model "identity" and "words" judge (default:
    the committed one). n_clips: on the stage of T1 and "identity". Raises ValueError for an unknown table, preset or
    corpus, and for weights that have met its test people. Chapter: book/davs.ipynb
    """
    names = chosen("table", table, TABLES)
    seeds, name = range(seeds) if isinstance(seeds, int) else seeds, str(weights / NAME) if weights else NAME
    card = {} if set(names).isdisjoint(OF_WEIGHTS) else read_card(name)
    if card:
        meets_new_people(card, corpus)
    known = card["words"] if set(names) <= set(OF_WEIGHTS) else ()
    bench = open_experiment(fabric, corpus, preset, seeds, known)

    def stage() -> TestSet:
        return TestSet(bench.test, load_weights("landmarks", LandmarkNet()), n_clips)

    def judges() -> dict[str, tables.Judge]:
        net = load_weights("faces", FaceEncoder()).eval()
        return {"ours": tables.face_judge(net), "dlib": tables.dlib_judge()}

    def reader() -> DAVS:
        model, words = load_model(name)
        if words != bench.words.words:
            raise ValueError(f"{name} was trained on other words than {corpus} has: ask for table words alone")
        return model

    def of_weights() -> dict[str, Any]:
        return {"weights": "given" if weights else "committed", "steps": card["steps"], "seeds": [card["seed"]]}

    makers: dict[str, Callable[[], Table]] = {
        "T1": lambda: tables.table_1(bench, stage()),
        "T3": lambda: tables.table_3(bench),
        "SVM": lambda: tables.leakage(bench),
        "T4": lambda: tables.table_4(bench),
        "identity": lambda: tables.identity(bench, stage(), load_model(name)[0], judges(), **of_weights()),
        "words": lambda: tables.words_read(bench, reader(), **of_weights()),
    }
    return saved((makers[one]() for one in names), out)
