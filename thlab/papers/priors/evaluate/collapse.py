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
from thlab.papers.priors.evaluate.vaes import trained_vae
from thlab.papers.priors.losses import log_p_labels
from thlab.papers.priors.model import VAEConfig

SIDES = {"with": {"beta": 0.0}, "without": {"alpha": 0.0, "beta": 0.0}}  # neither has margin terms
CHANCE = "chance"
COLUMNS = {
    "spread": "spread of means",
    "accuracy": "balanced accuracy",
    "emotion, spread": "spread of means",
    "emotion, accuracy": "balanced accuracy",
}
PREFIXES = {"c": "", "e": "emotion, "}  # of the columns, by latent


def collapse(experiment: Experiment, row: str, seed: int) -> Measurements:
    """The priors with and without the discriminative terms.

    accuracy: of the label that the table mu_c itself gives a segment of a test speaker, balanced
    over the labels, a number a speaker; then that of mu_e. spread: a number a model, for it is of
    its table alone.
    Chapter: book/priors.ipynb
    """
    segments = SpeechSegments(experiment.test_sound)
    batch = segments.batch(segments.frames)
    labels = {"c": batch.viseme, "e": batch.emotion}
    speaker = segments.tensors.speaker[segments.tensors.clip_of]
    if row == CHANCE:
        return chance(labels, speaker, segments.tensors.speakers)
    vae = trained_vae(experiment, replace(experiment.config(VAEConfig), **SIDES[row]), seed)
    codes = encode(vae, segments, segments.frames)
    made: Measurements = []
    for k, prefix in PREFIXES.items():
        made.append((row, f"{prefix}spread", "", "", spread(vae.mu[k])))
        said = log_p_labels(codes[k], vae.mu[k], vae.config.var_latent).argmax(1)
        for number, name in enumerate(segments.tensors.speakers):
            mine = speaker == number
            made.append(
                (row, f"{prefix}accuracy", name, "", balanced_accuracy(said[mine], labels[k][mine]))
            )
    return made


def chance(
    labels: dict[str, Int[Tensor, "n"]], speaker: Int[Tensor, "n"], speakers: tuple[str, ...]
) -> Measurements:
    """The balanced accuracy of a guess, for each speaker. Chapter: book/priors.ipynb"""
    made = []
    for k, prefix in PREFIXES.items():
        for number, name in enumerate(speakers):
            found = labels[k][speaker == number].unique()
            made.append((CHANCE, f"{prefix}accuracy", name, "", 1 / len(found)))
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
