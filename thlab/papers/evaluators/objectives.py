"""The table of SyncNet's objectives: which finds how late a sound is, and tells true from false?"""

from dataclasses import replace
from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.evaluators.sync import OBJECTIVES, SyncConfig, sync_of_clips, train_sync
from thlab.papers.evaluators.train import Splits
from thlab.papers.paper import TableSpec

ROWS = {  # row -> objective
    "softmax within the clip": "softmax",
    "cross-entropy of pairs": "bce",
    "margin, Eq. 11": "margin",
}
COLUMNS = {
    "offset within a frame": "accuracy",
    "confidence": "sync confidence",
    "confidence, shuffled": "sync confidence of false pairs",
    "at once": "sync confidence",
    "at once, shuffled": "sync confidence of false pairs",
    "LSE-D": "LSE-D",
}
SCORES = {column: column for column in COLUMNS} | {"LSE-D": "distance"}  # column -> score


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a clip of the test people, whose sentences are new as well.

    Chapter: book/content-to-video.ipynb
    """
    config = replace(experiment.config(SyncConfig), objective=ROWS[row])
    # a training looks at the first alone
    data = Splits(experiment.train, experiment.test, experiment.test)
    model = experiment.trained(experiment.job("sync", config, data, seed), train_sync)
    found: Measurements = []
    tensors = experiment.test
    for clip, scores in enumerate(sync_of_clips(model, tensors)):
        speaker = tensors.speakers[int(tensors.speaker[clip])]
        for column, score in SCORES.items():
            value = scores[score]
            if COLUMNS[column] == "accuracy":
                value *= 100
            found.append((row, column, speaker, tensors.ids[clip], value))
    return found


def evidence(experiment: Experiment) -> dict[str, Any]:
    """Steps of a training. Chapter: book/content-to-video.ipynb"""
    return {"steps": experiment.config(SyncConfig).steps, "objectives": list(OBJECTIVES)}


TABLES = {
    "sync": TableSpec(
        "SyncNet by its objective",
        measure,
        tuple(ROWS),
        COLUMNS,
        facts=evidence,
    )
}
