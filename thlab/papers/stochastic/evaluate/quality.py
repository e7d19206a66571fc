"""SSIM and PSNR of takes, as in Table 1 of [yadav2020], with mouths and controls; and what finished
weights score.
"""

import math
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import Scores, TestSet, Video
from thlab.face.align import mouth
from thlab.inference import Speech, TalkingHead
from thlab.metrics.image import psnr, ssim
from thlab.metrics.registry import metric_of
from thlab.papers import load_paper
from thlab.papers.stochastic.evaluate.heads import (
    Heads,
    card_facts,
    judged_heads,
    takes_a_clip,
    videos_of,
)
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MANY,
    MEAN_Z,
    SHUFFLED,
    K,
    make_test_set,
    thinned,
)
from thlab.papers.stochastic.reported import SAMPLED, TAKE

BEST = f"ours, best of {K}"
STILL = ("repeated frame", "mean frame")
CONTROLS = (BEST, MEAN_Z, DETERMINISTIC, SHUFFLED, *STILL)
ROWS = (TAKE, SAMPLED, MEAN_Z, DETERMINISTIC, SHUFFLED, *STILL)
COLUMNS = {
    "SSIM": "SSIM",
    "PSNR": "PSNR",
    "SSIM, mouth": "SSIM",
    "PSNR, mouth": "PSNR",
    "error in mouth": "share of squared error",
    "LMD": "LMD",
    "LMD, exact": "LMD, exact",
    "LMD, mediapipe": "LMD, mediapipe",
    "opening": "opening",
    "sharpness": "sharpness",
    "contrast inside": "contrast inside",
    "pattern inside": "pattern inside",
    "sync confidence": "sync confidence",
    "LSE-D": "LSE-D",
}
SEEN_BY_MEDIAPIPE = (DETERMINISTIC, SHUFFLED, "repeated frame")
MEDIAPIPE_CLIPS = 12
MOST_PSNR = 10 * math.log10(12 * 255**2)  # dB: of the mean square of what rounding takes, 1 / 12
OfTakes = dict[str, Float[np.ndarray, "k n"]]  # by column, a number a take and clip


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A row of the weights that are judged.

    With the row of one take come those of the best take, of the same work, and of the model that
    stands beside ours, where one is asked for. Chapter: book/latent-kl.ipynb
    """
    test_set = make_test_set(experiment, MANY)
    heads = judged_heads(experiment)
    if row != TAKE:
        return measure_row(experiment, test_set, heads, row)
    first, scores = scores_of_takes(test_set, heads, lasting=True)
    made = test_set.measurements(TAKE, mean_take(experiment, test_set, first, scores))
    made += test_set.measurements(BEST, best_take(scores))
    return made + measure_beside(experiment, test_set)


def measure_row(experiment: Experiment, test_set: TestSet, heads: Heads, row: str) -> Measurements:
    """A number a clip, of all frames but the image's own. Chapter: book/latent-kl.ipynb"""
    if row in (TAKE, SAMPLED, BEST):
        first, of_takes = scores_of_takes(test_set, heads, lasting=row != SAMPLED)
        if row == BEST:
            return test_set.measurements(BEST, best_take(of_takes))
        return test_set.measurements(row, mean_take(experiment, test_set, first, of_takes))
    videos = test_set.baselines()[row] if row in STILL else videos_of(heads, test_set, row)
    scores = score_videos(test_set, videos)
    if row in SEEN_BY_MEDIAPIPE:
        scores |= test_set.mediapipe(videos, thinned(experiment, MEDIAPIPE_CLIPS))
    return test_set.measurements(row, scores)


def score_videos(test_set: TestSet, videos: list[Video]) -> Scores:
    """All scores of a video a clip but mediapipe's. Chapter: book/latent-kl.ipynb"""
    return test_set.scores(videos) | mouth_pictures(test_set, videos)


def mouth_pictures(test_set: TestSet, videos: list[Video]) -> Scores:
    """PSNR and SSIM in the mouth's box alone, and how much (%) of the squared error lies there.

    The box is a quarter of the picture. NaN for the share where there is no error. PSNR, here and
    of the whole picture, is no higher than rounding to 8 bits allows: a still mouth may be shown
    exactly. Chapter: book/latent-kl.ipynb
    """
    names = ("PSNR", "SSIM, mouth", "PSNR, mouth", "error in mouth")
    scores: Scores = {name: [] for name in names}
    for video, real, i in zip(videos, test_set.real, test_set.image, strict=True):
        others = torch.arange(len(real)) != i
        prediction = video[others]
        target = real[others]
        error = (prediction - target).square()
        in_mouth = psnr(mouth(prediction), mouth(target)).clamp(max=MOST_PSNR)
        scores["PSNR"].append(psnr(prediction, target).clamp(max=MOST_PSNR).mean().item())
        scores["SSIM, mouth"].append(ssim(mouth(prediction), mouth(target)).mean().item())
        scores["PSNR, mouth"].append(in_mouth.mean().item())
        scores["error in mouth"].append(100 * (mouth(error).sum() / error.sum()).item())
    return scores


def scores_of_takes(test_set: TestSet, heads: Heads, lasting: bool) -> tuple[list[Video], OfTakes]:
    """Take 0 of each clip, and the scores of K takes of each. Chapter: book/latent-kl.ipynb"""
    made = takes_a_clip(test_set, heads("latent"), lasting=lasting)
    takes = [list(videos) for videos in zip(*made, strict=True)]  # K lists of a video a clip
    scores = [score_videos(test_set, videos) for videos in takes]
    return takes[0], {name: np.array([one[name] for one in scores]) for name in scores[0]}


def mean_take(
    experiment: Experiment, test_set: TestSet, first: list[Video], of_takes: OfTakes
) -> Scores:
    """The mean score of the takes of each clip; mediapipe looks at the first.

    Chapter: book/latent-kl.ipynb
    """
    mean: Scores = {name: scores.mean(0).tolist() for name, scores in of_takes.items()}
    return mean | test_set.mediapipe(first, thinned(experiment, MEDIAPIPE_CLIPS))


def best_take(of_takes: OfTakes) -> Scores:
    """Of the takes of each clip the best one, by each score on its own.

    No share of the error is better than another: of these the mean. Chapter: book/latent-kl.ipynb
    """
    best: Scores = {}
    for name, scores in of_takes.items():
        best[name] = best_of(scores, metric_of(COLUMNS[name]).direction).tolist()
    return best


def best_of(of_takes: Float[np.ndarray, "k n"], direction: str) -> Float[np.ndarray, " n"]:
    """Of each clip the take that is best by a metric of that direction; the mean without one.

    Chapter: book/latent-kl.ipynb
    """
    if direction == "lower":
        return of_takes.min(0)
    if direction == "nearest 1":
        nearest = np.abs(of_takes - 1).argmin(0)
        return of_takes[nearest, np.arange(of_takes.shape[1])]
    return of_takes.max(0) if direction == "higher" else of_takes.mean(0)


def measure_beside(experiment: Experiment, test_set: TestSet) -> Measurements:
    """Another paper's head, from sound alone, in a row of its name; none unasked.

    Its weights are looked for beside ours, in the folder that was given; else they are the
    committed ones. Chapter: book/latent-kl.ipynb
    """
    key = experiment.options.get("beside")
    if not key:
        return []
    head = load_paper(key).head
    if head is None:
        raise ValueError(f"{key} has no talking head to stand beside ours")
    other = head(experiment.weights if has_weights(experiment, key) else None)
    return measure_head(experiment, test_set, other, key.upper())


def has_weights(experiment: Experiment, key: str) -> bool:
    """Whether the folder that was given holds weights of that paper.

    Chapter: book/latent-kl.ipynb
    """
    folder = experiment.weights
    return folder is not None and any(folder.glob(f"{key}-*.safetensors"))


def measure_head(
    experiment: Experiment, test_set: TestSet, head: TalkingHead, row: str
) -> Measurements:
    """A head of another paper: it hears, and sees no lips. Chapter: book/latent-kl.ipynb"""
    contents = [head.content(Speech(speech.audio)) for speech in test_set.speeches()]
    videos: list[Video] = test_set.videos(head, contents)
    scores = score_videos(test_set, videos)
    scores |= test_set.mediapipe(videos, thinned(experiment, MEDIAPIPE_CLIPS))
    return test_set.measurements(row, scores)


def facts(experiment: Experiment) -> dict[str, Any]:
    """Those of the card, and which model stands beside ours. Chapter: book/latent-kl.ipynb"""
    found = card_facts(experiment) | {"test_clips": len(make_test_set(experiment, MANY).clips)}
    key = experiment.options.get("beside")
    if not key:
        return found
    weights = "given" if has_weights(experiment, key) else "committed"
    return found | {"beside": key, "beside_weights": weights}
