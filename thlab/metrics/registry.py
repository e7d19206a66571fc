"""What each number of the tables is: its function, which way is better, and its unit.

A table names the metric of each of its columns; direction and unit are looked up here and never
guessed from a column's name. A function takes (prediction, target) and returns the number in the
unit given; where there is none, the number needs more than two things (a trained probe, a gallery,
several takes).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from thlab.metrics.flicker import change_ratio, flicker
from thlab.metrics.frechet import fid
from thlab.metrics.image import psnr, sharpness, ssim
from thlab.metrics.landmark import correlation, landmark_distance, lmd, lvd, opening_range
from thlab.metrics.lip_sync import lip_sync_scores
from thlab.metrics.mouth import contrast_inside, pattern_inside

TRUTH = "nearest the truth"  # of a row that is the truth's own


@dataclass(frozen=True)
class Metric:
    """Which way a number is better ("" where the row decides), its unit, its function if any."""

    direction: Literal["lower", "higher", "nearest 1", "nearest the truth", ""]
    unit: str = ""
    function: Callable[..., Any] | None = None


METRICS: dict[str, Metric] = {
    # pictures
    "PSNR": Metric("higher", "dB", psnr),
    "SSIM": Metric("higher", "", ssim),
    "sharpness": Metric("nearest 1", "of the truth", sharpness),
    "FID": Metric("lower", "", fid),
    "flicker": Metric("lower", "of the truth's change", flicker),
    "change": Metric("nearest 1", "of the truth's", change_ratio),
    "share of squared error": Metric("", "%"),  # how much of a picture's lies in a part of it
    # between the true lips, where a mouth is wide open
    "contrast inside": Metric("nearest 1", "of the truth", contrast_inside),
    "pattern inside": Metric("higher", "correlation", pattern_inside),
    # mouths: by our landmark net on both videos, against exact landmarks, by mediapipe on both
    "LMD": Metric("lower", "px", lmd),
    "LMD, exact": Metric("lower", "px", lmd),
    "LMD, mediapipe": Metric("lower", "px", lmd),
    "LMD of movements": Metric("lower", "px", lmd),  # each mouth minus its own mean over the clip
    "LD": Metric("lower", "px", landmark_distance),
    "LVD": Metric("lower", "px a frame", lvd),
    "opening": Metric("higher", "correlation", correlation),
    "range of opening": Metric("nearest 1", "of the truth", opening_range),
    "time open": Metric("nearest 1", "of the truth"),
    # lips and sound, by SyncNet
    "sync confidence": Metric("higher", "", lip_sync_scores),
    "sync confidence of false pairs": Metric("lower", "", lip_sync_scores),
    "LSE-D": Metric("lower", "", lip_sync_scores),
    "sync offset": Metric("", "frames", lip_sync_scores),
    # words, and clips found again
    "accuracy": Metric("higher", "%"),
    "R@1": Metric("higher", "%"),
    "R@10": Metric("higher", "%"),
    "MedR": Metric("lower", "rank"),
    "emotion shown": Metric("higher", "%"),
    "emotion told": Metric("higher", "%"),
    "silhouette": Metric("higher"),
    "rank correlation": Metric("higher"),
    "of the mean step": Metric("nearest 1"),
    # what a code tells: of what it is for, of what it should not hold, or of both by row
    "probe accuracy": Metric("", "%"),
    "probe accuracy, wanted": Metric("higher", "%"),
    "probe accuracy, unwanted": Metric("lower", "%"),
    "MIG": Metric("higher"),
    "SAP": Metric("higher"),
    "disentanglement": Metric("higher"),
    "completeness": Metric("higher"),
    "informativeness": Metric("higher"),
    # learned priors
    "spread of means": Metric("higher"),
    "balanced accuracy": Metric("higher", "share"),
    # whose face it is
    "cosine to the asked face": Metric("higher"),
    "cosine to the speaker": Metric("lower"),
    "distance to the asked face": Metric("lower", "dlib"),
    "distance to the speaker": Metric("higher", "dlib"),
    # several takes of one voice
    "difference of takes": Metric(TRUTH, "grey levels"),
    "difference of openings": Metric(TRUTH, "px"),
    "difference of gazes": Metric(TRUTH, "eye widths"),
    "blinks": Metric(TRUTH, "a second"),
    "blink length": Metric(TRUTH, "frames"),
    "spread of takes": Metric(TRUTH),
    "spread of true takes": Metric(""),
    "ratio of spreads": Metric("nearest 1"),
    "share inside": Metric(""),  # best at the evidence's `expected_inside`
    # frames in time, and the objective's terms
    "difference of frames": Metric(TRUTH, "grey levels"),
    "KL": Metric("", "nats a frame"),
    "NLL": Metric("lower", "nats"),
}


def metric_of(name: str) -> Metric:
    """The metric of a name. Raises ValueError, with the names there are, for an unknown one.

    Chapter: book/content-to-video.ipynb
    """
    if name not in METRICS:
        raise ValueError(f"{name!r} is not a metric; give the column one of {', '.join(METRICS)}")
    return METRICS[name]
