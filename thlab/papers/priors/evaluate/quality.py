"""How good the book's own head is, beside the truth and what it must beat."""

import math
from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.evaluation.test_set import TestSet
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.priors.head.talking import HEAD, load_head
from thlab.training import load_weights

CLIPS = 48
MEDIAPIPE = 12  # clips that mediapipe looks at
COLUMNS = (
    "LMD",
    "LMD, exact",
    "opening",
    "PSNR",
    "SSIM",
    "sharpness",
    "contrast inside",
    "pattern inside",
    "sync confidence",
    "LSE-D",
    "LMD, mediapipe",
)


def quality(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A trained head on held-out clips beside the truth, the baselines, and itself with shuffled
    audio.

    LMD in pixels by the landmark net (which also trained the head), against the corpus's own
    landmarks, and by mediapipe on some of the clips. A number a clip. No PSNR of the truth, which
    is infinite.
    Chapter: book/content-to-video.ipynb
    """
    device = experiment.fabric.device
    test_set = TestSet(experiment.test, load_weights("landmarks", LandmarkNet()), CLIPS, device)
    truth = test_set.scores(test_set.real, MEDIAPIPE)
    truth["PSNR"] = [math.nan] * len(test_set.clips)
    head = load_head(experiment.weights).to(device)
    return test_set.measurements("truth", truth) + test_set.score(head, row, mediapipe=MEDIAPIPE)


def quality_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the numbers rest on. Chapter: book/content-to-video.ipynb"""
    config = experiment.card(HEAD)["config"]
    return {
        "steps": config["steps"],
        "weights": "given" if experiment.weights else "committed",
        "pixels": config["generator"]["size"],
    }
