"""Learned priors with and without the discriminative terms, Eq. 4 of [mittal2020]: do they
collapse?
"""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.evaluate.codes import encode
from thlab.papers.priors.evaluate.vaes import table_config, trained_vae
from thlab.papers.priors.losses import log_p_labels
from thlab.papers.priors.model import SequenceVAE
from thlab.papers.priors.train import new_vae

SIDES = {"with": {"beta": 0.0}, "without": {"alpha": 0.0, "beta": 0.0}}  # neither has margin terms
START = "at the start"  # the tables as they were drawn
CHANCE = "chance"
ROWS = (*SIDES, START, CHANCE)
NAMES = {"c": "visemes", "e": "emotions", "s": "sequences"}  # of what the tables' rows stand for
SPREADS = {k: f"{name}, spread" for k, name in NAMES.items()}
# of people who are tested, no sequence is in the table
ACCURACIES = {k: f"{NAMES[k]}, accuracy" for k in ("c", "e")}
COLUMNS = dict.fromkeys(SPREADS.values(), "spread of means") | dict.fromkeys(
    ACCURACIES.values(), "balanced accuracy"
)


def collapse(experiment: Experiment, row: str, seed: int) -> Measurements:
    """The priors with and without the discriminative terms, and before any training.

    spread: of the rows that occur in training, a number a model, for it is of its tables alone.
    accuracy: of the label that the table itself gives a segment of a test speaker, balanced over
    the labels, a number a speaker. Chapter: book/priors.ipynb
    """
    if row == CHANCE:
        return chance(experiment)
    config = replace(table_config(experiment), **SIDES.get(row, {}))
    if row == START:
        segments = experiment.once("segments", lambda: SpeechSegments(experiment.train_sound))
        return spreads(experiment, row, new_vae(config, segments, seed))
    vae = trained_vae(experiment, config, seed)
    return spreads(experiment, row, vae) + accuracies(experiment, row, vae)


def spreads(experiment: Experiment, row: str, vae: SequenceVAE) -> Measurements:
    """How far apart the rows of each table lie. Chapter: book/priors.ipynb"""
    known = {
        "c": experiment.train_sound.viseme.unique(),
        "e": experiment.train_sound.emotion.unique(),
        "s": torch.arange(len(vae.mu["s"])),
    }
    return [
        (row, column, "", "", spread(vae.mu[k].detach()[known[k]])) for k, column in SPREADS.items()
    ]


def accuracies(experiment: Experiment, row: str, vae: SequenceVAE) -> Measurements:
    """How often the tables' own posteriors tell the label. Chapter: book/priors.ipynb"""
    segments = SpeechSegments(experiment.test_sound)
    batch = segments.batch(segments.frames)
    labels = {"c": batch.viseme, "e": batch.emotion}
    speaker = segments.tensors.speaker[segments.tensors.clip_of]
    codes = encode(vae, segments, segments.frames)
    made = []
    for k, column in ACCURACIES.items():
        said = log_p_labels(codes[k], vae.mu[k], vae.config.var_latent).argmax(1)
        for number, name in enumerate(segments.tensors.speakers):
            mine = speaker == number
            value = balanced_accuracy(said[mine], labels[k][mine])
            made.append((row, column, name, "", value))
    return made


def chance(experiment: Experiment) -> Measurements:
    """The balanced accuracy of a guess, for each speaker. Chapter: book/priors.ipynb"""
    tensors = experiment.test_sound
    labels = {"c": tensors.viseme, "e": tensors.emotion[tensors.clip_of]}
    speaker = tensors.speaker[tensors.clip_of]
    made = []
    for k, column in ACCURACIES.items():
        for number, name in enumerate(tensors.speakers):
            found = labels[k][speaker == number].unique()
            made.append((CHANCE, column, name, "", 1 / len(found)))
    return made


def spread(table: Float[Tensor, "n d"]) -> float:
    """RMS distance of a table's rows from their mean, 0 for trivial priors.

    Chapter: book/priors.ipynb
    """
    return (table - table.mean(0)).square().sum(1).mean().sqrt().item()


def balanced_accuracy(said: Int[Tensor, "n"], label: Int[Tensor, "n"]) -> float:
    """Mean over labels of the share of their samples that is told: chance is 1 / labels, however
    rare some are.

    Chapter: book/priors.ipynb
    """
    shares = [said[label == v].eq(v).float().mean() for v in label.unique()]
    return torch.stack(shares).mean().item()
