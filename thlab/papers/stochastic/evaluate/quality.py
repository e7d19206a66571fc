"""Table 1 of [yadav2020]: SSIM and PSNR, with landmark distances and controls."""

from typing import Any

import numpy as np
from jaxtyping import Float

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import Scores, TestSet, Video
from thlab.inference import Speech
from thlab.metrics.registry import metric_of
from thlab.papers import load_paper
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MANY,
    MEAN_Z,
    SHUFFLED,
    WHITE,
    K,
    card_facts,
    latent_head,
    make_test_set,
    takes_a_clip,
    thinned,
    videos_of,
)
from thlab.papers.stochastic.reported import TAKE

BEST = f"ours, best of {K}"
ROWS = (TAKE, MEAN_Z, WHITE, DETERMINISTIC, SHUFFLED, "repeated frame", "mean frame")
COLUMNS = {
    "SSIM": "SSIM",
    "PSNR": "PSNR",
    "LMD": "LMD",
    "LMD, exact": "LMD, exact",
    "LMD, mediapipe": "LMD, mediapipe",
    "opening": "opening",
    "sharpness": "sharpness",
    "contrast inside": "contrast inside",
    "pattern inside": "pattern inside",
}
SEEN_BY_MEDIAPIPE = (TAKE, DETERMINISTIC, SHUFFLED, "repeated frame")
MEDIAPIPE_CLIPS = 12


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a clip, of all frames but the image's own.

    With the row of one take come those of the best take, of the same work, and of the model that
    stands beside ours. Chapter: book/latent-kl.ipynb
    """
    test_set = make_test_set(experiment, MANY)
    if row == TAKE:
        return measure_takes(experiment, test_set) + measure_beside(experiment, test_set)
    videos = test_set.baselines().get(row) or videos_of(experiment, test_set, row)
    mediapipe = thinned(experiment, MEDIAPIPE_CLIPS) if row in SEEN_BY_MEDIAPIPE else 0
    return test_set.measurements(row, test_set.scores(videos, mediapipe))


def measure_takes(experiment: Experiment, test_set: TestSet) -> Measurements:
    """Of K takes of each clip the best one, by each score on its own, and the mean over them.

    mediapipe looks at take 0. Chapter: book/latent-kl.ipynb
    """
    made = takes_a_clip(test_set, latent_head(experiment))
    takes = [list(videos) for videos in zip(*made, strict=True)]  # K lists of a video a clip
    scores = [test_set.scores(videos) for videos in takes]
    best: Scores = {}
    mean: Scores = {}
    for column in scores[0]:
        of_takes = np.array([one[column] for one in scores])  # (K, clips)
        best[column] = best_of(of_takes, metric_of(COLUMNS[column]).direction).tolist()
        mean[column] = of_takes.mean(0).tolist()
    mean |= test_set.mediapipe(takes[0], thinned(experiment, MEDIAPIPE_CLIPS))
    return test_set.measurements(BEST, best) + test_set.measurements(TAKE, mean)


def best_of(of_takes: Float[np.ndarray, "k n"], direction: str) -> Float[np.ndarray, " n"]:
    """Of each clip the take that is best by a metric of that direction.

    Chapter: book/latent-kl.ipynb
    """
    if direction == "lower":
        return of_takes.min(0)
    if direction == "nearest 1":
        nearest = np.abs(of_takes - 1).argmin(0)
        return of_takes[nearest, np.arange(of_takes.shape[1])]
    return of_takes.max(0)


def measure_beside(experiment: Experiment, test_set: TestSet) -> Measurements:
    """Another paper's committed head, from sound alone, in a row of its name; none unasked.

    Chapter: book/latent-kl.ipynb
    """
    key = experiment.options.get("beside")
    if not key:
        return []
    head = load_paper(key).head
    if head is None:
        raise ValueError(f"{key} has no talking head to stand beside ours")
    other = head(None)
    sounds = [Speech(speech.audio) for speech in test_set.speeches()]  # without the lips
    contents = [other.content(sound) for sound in sounds]
    videos: list[Video] = test_set.videos(other, contents)
    scores = test_set.scores(videos, thinned(experiment, MEDIAPIPE_CLIPS))
    return test_set.measurements(key.upper(), scores)


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the card, and which model stands beside ours. Chapter: book/latent-kl.ipynb"""
    key = experiment.options.get("beside")
    return card_facts(experiment) | ({"beside": key} if key else {})
