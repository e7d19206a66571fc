"""What detectors do to landmarks, and what to do about it: jitter, and a constant offset."""

import math

import numpy as np
from jaxtyping import Float

from thlab.face.align import SMOOTH, smooth_tracks
from thlab.face.points import TEMPLATE, anchors, similarity, transform

# One Euro: the cutoff at rest (Hz), what a unit of speed adds to it, the cutoff of the speed. For
# radians, units of a head and logarithms of scale
CUTOFF, BETA, SPEED_CUTOFF = 2.0, 4.0, 1.0
SMOOTHERS = ("gaussian", "one-euro")


def smooth_over_time(
    tracks: Float[np.ndarray, "t n d"], how: str, fps: float = 25.0
) -> Float[np.ndarray, "t n d"]:
    """Tracks steadied over time: by "gaussian", 1 frame wide, or "one-euro", which needs no future.

    Raises ValueError for another `how`. Chapter: book/evp-portrait.ipynb
    """
    if how == "gaussian":
        return smooth_tracks(tracks, SMOOTH)
    if how == "one-euro":
        return one_euro(tracks, fps)
    raise ValueError(f"there is no smoothing {how!r}: choose one of {', '.join(SMOOTHERS)}")


def one_euro(
    tracks: Float[np.ndarray, "t n d"],
    fps: float = 25.0,
    cutoff: float = CUTOFF,
    beta: float = BETA,
) -> Float[np.ndarray, "t n d"]:
    """The One Euro filter of Casiez, Roussel and Vogel 2012: a low-pass that opens with speed.

    Causal. All coordinates of a point share one cutoff, by the length of its velocity; d = 1 is the
    filter as printed. cutoff: Hz; beta: Hz for a unit of speed a second.
    Chapter: book/evp-portrait.ipynb
    """
    out = np.array(tracks, np.float64)
    velocity = np.zeros(out.shape[1:])
    for t in range(1, len(out)):
        now = (tracks[t] - out[t - 1]) * fps
        velocity += _share(SPEED_CUTOFF, fps) * (now - velocity)
        speed = np.linalg.norm(velocity, axis=-1, keepdims=True)
        out[t] = out[t - 1] + _share(cutoff + beta * speed, fps) * (tracks[t] - out[t - 1])
    return out


def _share(cutoff: float | np.ndarray, fps: float) -> float | np.ndarray:
    """How much of a new value an exponential filter of this cutoff in Hz takes in."""
    return 1 / (1 + fps / (2 * math.pi * cutoff))


def detector_offset(
    detected: Float[np.ndarray, "t 68 2"], exact: Float[np.ndarray, "t 68 2"]
) -> Float[np.ndarray, "68 2"]:
    """The constant part of a detector's error, point by point, in the face's own frame.

    detected, exact: the same faces in the same pixels. The frame is that of the `face` view, of
    width 1, so that the size and roll of a face do not matter. Chapter: book/evp-portrait.ipynb
    """
    errors = []
    for found, true in zip(detected, exact, strict=True):
        matrix = similarity(anchors(true), TEMPLATE)
        errors.append(transform(found, matrix) - transform(true, matrix))
    return np.mean(errors, 0)


def remove_offset(
    landmarks: Float[np.ndarray, "t 68 2"], offset: Float[np.ndarray, "68 2"]
) -> Float[np.ndarray, "t 68 2"]:
    """Detected landmarks without what `detector_offset` found, in their own pixels.

    Chapter: book/evp-portrait.ipynb
    """
    seen_anchors = TEMPLATE + anchors(offset)  # the offset moves the anchors of the frame too
    corrected = []
    for points in landmarks:
        linear = similarity(anchors(points), seen_anchors)[:, :2]
        corrected.append(points - offset @ np.linalg.inv(linear).T)
    return np.stack(corrected)
