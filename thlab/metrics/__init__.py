"""How close a generated video is to the truth, and what a code knows."""

from typing import TYPE_CHECKING, Any

from thlab.lazy import attribute_of

if TYPE_CHECKING:
    from thlab.metrics.disentanglement import dci, mig, sap
    from thlab.metrics.frechet import fid
    from thlab.metrics.image import psnr, sharpness, ssim
    from thlab.metrics.landmark import (
        blinks,
        correlation,
        eye_opening,
        landmark_distance,
        lmd,
        lvd,
        mouth_opening,
        opening_range,
    )
    from thlab.metrics.lip_sync import lip_sync_scores
    from thlab.metrics.probes import linear_probe, svm_probe
    from thlab.metrics.registry import METRICS, Metric, metric_of
    from thlab.metrics.retrieval import partner_ranks

# module -> names, imported when they are first asked for
_HOMES = {
    "disentanglement": ("dci", "mig", "sap"),
    "frechet": ("fid",),
    "image": ("psnr", "sharpness", "ssim"),
    "landmark": (
        "blinks",
        "correlation",
        "eye_opening",
        "landmark_distance",
        "lmd",
        "lvd",
        "mouth_opening",
        "opening_range",
    ),
    "lip_sync": ("lip_sync_scores",),
    "probes": ("linear_probe", "svm_probe"),
    "registry": ("METRICS", "Metric", "metric_of"),
    "retrieval": ("partner_ranks",),
}


def __getattr__(name: str) -> Any:
    return attribute_of(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


__all__ = [
    "METRICS",
    "Metric",
    "blinks",
    "correlation",
    "dci",
    "eye_opening",
    "fid",
    "landmark_distance",
    "linear_probe",
    "lip_sync_scores",
    "lmd",
    "lvd",
    "metric_of",
    "mig",
    "mouth_opening",
    "opening_range",
    "partner_ranks",
    "psnr",
    "sap",
    "sharpness",
    "ssim",
    "svm_probe",
]
