"""How takes of one voice differ, and that they say the same."""

from itertools import combinations
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet
from thlab.face.align import eyes, mouth
from thlab.media import FPS
from thlab.metrics.landmark import blinks, correlation, lmd, mouth_opening
from thlab.papers.stochastic.evaluate.heads import (
    Heads,
    takes_a_clip,
    trained_heads,
    training_facts,
    videos_of,
)
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    FEW,
    OURS,
    SHUFFLED,
    Observation,
    Takes,
    difference,
    make_test_set,
    observe,
    true_takes,
)
from thlab.papers.stochastic.reported import SAMPLED

TRUTH = "truth, performed anew"
ROWS = (TRUTH, OURS, SAMPLED, DETERMINISTIC, SHUFFLED)
COLUMNS = {
    "mouth": "difference of takes",
    "eyes": "difference of takes",
    "lips": "difference of openings",
    "gaze": "difference of gazes",
    "blinks a second": "blinks",
    "blink, frames": "blink length",
    "opening": "opening",
    "LMD": "LMD",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Takes of each clip by one training; the truth's are the clip performed anew.

    Only the embedded corpus can do that, and its numbers are the same at every seed. A number a
    clip, as `score_takes` has it. Chapter: book/latent-kl.ipynb
    """
    test_set = make_test_set(experiment, FEW)
    if row != TRUTH:
        takes = takes_of_row(test_set, trained_heads(experiment, seed), row)
        return score_clips(test_set, row, takes)
    if not experiment.embedded:
        return []

    def truth() -> Measurements:
        return score_clips(test_set, TRUTH, true_takes(experiment, test_set))

    return experiment.once(TRUTH, truth)


def score_clips(test_set: TestSet, row: str, takes: list[Takes]) -> Measurements:
    """The measurements of a row, from takes of each clip. Chapter: book/latent-kl.ipynb"""
    scores: dict[str, list[float]] = {column: [] for column in COLUMNS}
    for made, exact in zip(takes, test_set.exact, strict=True):
        for column, value in score_takes(test_set, made, exact).items():
            scores[column].append(value)
    return test_set.measurements(row, scores)


def takes_of_row(test_set: TestSet, heads: Heads, row: str) -> list[Takes]:
    """The takes of each clip that a row of a model is about; the deterministic one has one.

    Chapter: book/latent-kl.ipynb
    """
    if row == DETERMINISTIC:
        return [video[None] for video in videos_of(heads, test_set, row)]
    head = heads("latent")
    contents = test_set.contents(head)
    if row == SHUFFLED:
        contents = test_set.shuffled(contents)
    return takes_a_clip(test_set, head, contents, lasting=row != SAMPLED)


def score_takes(test_set: TestSet, made: Takes, exact: Float[Tensor, "t 68 2"]) -> dict[str, float]:
    """How the takes of one clip differ, blink and follow it; NaN where nothing was seen.

    mouth, eyes: mean difference of two takes in grey levels; lips: that of the gap, px; gaze: in
    widths of the eye, each take's minus its mean; blinks: a second, and their length in frames;
    opening: correlation of a take's gap with the clip's; LMD: in px, of takes with the clip's
    landmarks. Chapter: book/latent-kl.ipynb
    """
    seen = [observe(test_set, take) for take in made]
    gap = mouth_opening(exact)
    rate, length = blinking(seen)
    return {
        "mouth": difference(made, mouth),
        "eyes": difference(made, eyes),
        "lips": between_tracks([one.lips for one in seen]),
        "gaze": between_tracks([one.gaze - one.gaze.mean() for one in seen]),
        "blinks a second": rate,
        "blink, frames": length,
        "opening": float(np.mean([correlation(one.lips, gap) for one in seen])),
        "LMD": float(np.mean([lmd(one.points, exact) for one in seen])),
    }


def between_tracks(tracks: list[Float[Tensor, "t"]]) -> float:
    """Mean absolute difference of two takes' tracks, over all pairs; 0 of one take.

    Chapter: book/latent-kl.ipynb
    """
    pairs = [(a - b).abs().mean() for a, b in combinations(tracks, 2)]
    return torch.stack(pairs).mean().item() if pairs else 0.0


def blinking(seen: list[Observation]) -> tuple[float, float]:
    """Blinks a second, and a blink's mean length in frames; NaN where there are none to see.

    Chapter: book/latent-kl.ipynb
    """
    lengths = [blinks(one.lids) for one in seen if one.lids.isfinite().all()]
    if not lengths:  # mediapipe found no face
        return np.nan, np.nan
    counts = [len(of_take) for of_take in lengths]
    rate = FPS * float(np.mean(counts)) / len(seen[0].lids)
    every = [frames for of_take in lengths for frames in of_take]
    return rate, float(np.mean(every)) if every else np.nan


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the trainings. Chapter: book/latent-kl.ipynb"""
    found = training_facts(experiment)
    return found | {"test_clips": len(make_test_set(experiment, FEW).clips)}
