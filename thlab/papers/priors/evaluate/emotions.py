"""Sect. 4.4 and Fig. 3 of [mittal2020]: does a mouth move in emotional speech as in neutral?

Nets that move lips are trained on neutral clips alone, and hear all emotions.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from thlab.corpus import EMOTIONS
from thlab.data.tensors import ClipTensors, load_clips
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import lmd, opening_range
from thlab.nn.mouth import POINTS, SIDE
from thlab.papers.priors.evaluate import mouths
from thlab.papers.priors.evaluate.mouths import Asked
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.reported import DAVS, NO_MARGIN, OURS, PLAIN

HEARING = (OURS, NO_MARGIN, PLAIN, DAVS)
ROWS = (*HEARING, mouths.MEAN)
RANGE = ", range"  # after an emotion's name: the column of the opening's range
COLUMNS = dict.fromkeys(EMOTIONS, "LMD") | {
    f"{emotion}{RANGE}": "range of opening" for emotion in EMOTIONS
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """LMD and range of opening by emotion, of clips of new sentences: a mean a speaker.

    An emotion's clips are paired with no other's: what a speaker does in each is compared.
    Chapter: book/content-to-video.ipynb
    """
    asked = experiment.once("asked", lambda: all_new(experiment))
    pixels = experiment.config(GANConfig).generator.size / 2 / SIDE
    if row == mouths.MEAN:
        moved = [mouths.true_points(asked, clip).mean(0, keepdim=True) for clip in asked.clips]
    else:
        moved = moved_points(experiment, asked, row, seed)
    values: dict[tuple[str, str], list[float]] = {}
    for clip, points in zip(asked.clips, moved, strict=True):
        speaker, found = of_clip(asked, clip, pixels * points, pixels)
        for column, value in found.items():
            values.setdefault((column, speaker), []).append(value)
    return [(row, *where, "", float(np.mean(several))) for where, several in values.items()]


def all_new(experiment: Experiment) -> Asked:
    """The test clips of new sentences, in all emotions. Chapter: book/content-to-video.ipynb"""
    return mouths.as_asked(experiment, load_clips(mouths.new_sentences(experiment), False))


def moved_points(
    experiment: Experiment, asked: Asked, row: str, seed: int
) -> list[Float[Tensor, "_ p 2"]]:
    """Where a net that was trained on neutral speech moves the points of each clip's image.

    Chapter: book/content-to-video.ipynb
    """
    data = experiment.once("neutral clips", lambda: neutral(experiment.train_sound))
    features, net = mouths.trained_moves(experiment, row, seed, data, "moves-neutral")
    contents = mouths.contents(asked, features, net)
    return mouths.moved(asked, contents, net)


def neutral(tensors: ClipTensors) -> ClipTensors:
    """The neutral clips of some. Chapter: book/content-to-video.ipynb"""
    which = (tensors.emotion == tensors.emotions.index("neutral")).nonzero()[:, 0]
    return replace(tensors.only(which), facts=tensors.facts | {"emotions": "neutral"})


def of_clip(
    asked: Asked, clip: int, points: Float[Tensor, "t p 2"], pixels: float
) -> tuple[str, dict[str, float]]:
    """Who speaks in a clip; its LMD and range of opening, by the columns of its emotion.

    Chapter: book/content-to-video.ipynb
    """
    tensors = asked.tensors
    true = pixels * mouths.true_points(asked, clip)
    made = points.expand_as(true)
    emotion = tensors.emotions[int(tensors.emotion[clip])]
    found = {
        emotion: lmd(made[:, mouths.MOUTH], true[:, mouths.MOUTH]),
        f"{emotion}{RANGE}": opening_range(opening(made), opening(true)),
    }
    return tensors.speakers[int(tensors.speaker[clip])], found


def opening(points: Float[Tensor, "t p 2"]) -> Float[Tensor, "t"]:
    """The gap between the inner lips, in the points' unit. Chapter: book/content-to-video.ipynb"""
    top, bottom = (points[:, POINTS.index(i)] for i in (62, 66))
    return (top - bottom).norm(dim=-1)


def evidence(experiment: Experiment) -> dict[str, Any]:
    """What the numbers rest on. Chapter: book/content-to-video.ipynb"""
    return mouths.mouths_evidence(experiment) | {
        "test_clips": len(mouths.new_sentences(experiment)),
        "trained on": "neutral clips",
    }
