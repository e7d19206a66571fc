"""Fig. 7 of [ji2021]: landmarks of one clip in the head pose of another, with and without 3D."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thlab.corpus import Performance, perform, swap
from thlab.data import Clip
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.face.head3d import fit_head, repose, smooth_pose
from thlab.face.points import MOUTH, anchors, similarity, transform

SIZE = 128  # px of the portrait view
JAW = slice(0, 17)  # the face's contour
TURNED = math.radians(12)  # from which a head counts as turned away from the other's pose
CAMERA = 11.0  # distance of the corpus's camera, in units of the head
COLUMNS = {
    "contour": "LD",
    "mouth": "LD",
    "all points": "LD",
    "contour, turned": "LD",
}

Track = Float[np.ndarray, "t 68 2"]


class Pair(NamedTuple):
    """What clip A does, and clip B, whose pose it shall have: landmarks of both, and the answer.

    turned: whether B's head is turned away from A's in a frame.
    """

    name: str
    speaker: str
    source: Track
    target: Track
    exact: Track
    turned: np.ndarray


def once_a_clip(source: Track, target: Track) -> Track:
    """One similarity brings the mean of A's anchors to B's: no pose at all.

    Chapter: book/evp-portrait.ipynb
    """
    matrix = similarity(anchors(source).mean(0), anchors(target).mean(0))
    return transform(source, matrix)


def flat(source: Track, target: Track) -> Track:
    """A similarity a frame: position, size and roll, without 3D.

    Chapter: book/evp-portrait.ipynb
    """
    moved = []
    for points, wanted in zip(source, target, strict=True):
        moved.append(transform(points, similarity(anchors(points), anchors(wanted))))
    return np.stack(moved)


def turned_in_3d(
    residual: bool = True, distance: float = math.inf, smoothing: str = ""
) -> Callable[[Track, Track], Track]:
    """Eq. 8: the pose of B's fit on A's. Chapter: book/evp-portrait.ipynb"""

    def align(source: Track, target: Track) -> Track:
        fit = fit_head(source, distance=distance)
        pose = fit_head(target, distance=distance).pose
        if smoothing:
            pose = smooth_pose(pose, smoothing)
        return repose(fit, pose, source if residual else None)

    return align


WAYS = {
    "one similarity a clip": once_a_clip,
    "a similarity a frame": flat,
    "3D, Eq. 8": turned_in_3d(residual=False),
    "3D, residual carried along": turned_in_3d(),
    "3D, residual and perspective": turned_in_3d(distance=CAMERA),
    "3D, residual, Gaussian pose": turned_in_3d(smoothing="gaussian"),
    "3D, residual, One Euro pose": turned_in_3d(smoothing="one-euro"),
}
ROWS = tuple(WAYS)


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Distances to the exact landmarks, in px of 128, of all test people.

    Chapter: book/evp-portrait.ipynb
    """
    found: Measurements = []
    for pair in experiment.once("pairs of poses", lambda: list(pairs(experiment))):
        made = WAYS[row](pair.source, pair.target)
        error = np.linalg.norm(made - pair.exact, axis=-1)  # (T, 68)
        values = {
            "contour": error[:, JAW].mean(),
            "mouth": error[:, MOUTH].mean(),
            "all points": error.mean(),
        }
        if pair.turned.any():
            values["contour, turned"] = error[pair.turned, JAW].mean()
        for column, value in values.items():
            found.append((row, column, pair.speaker, pair.name, float(value)))
    return found


def pairs(experiment: Experiment) -> Iterator[Pair]:
    """Of each test person two emotional clips, each in the pose of the other.

    Chapter: book/evp-portrait.ipynb
    """
    by_speaker: dict[str, list[Clip]] = {}
    for clip in experiment.splits["test"]:
        by_speaker.setdefault(clip.speaker, []).append(clip)
    for speaker, clips in by_speaker.items():
        one, other = clips[0], clips[-1]
        for a, b in ((one, other), (other, one)):
            yield pair_of(performance(a), performance(b), speaker)


def performance(clip: Clip) -> Performance:
    """The sentence of a clip, said with a lively head. Chapter: book/evp-portrait.ipynb"""
    words = [word.label for word in clip.words]
    return perform(int(clip.speaker[1:]), words, clip.emotion or "neutral", head_motion=1.0)


def pair_of(a: Performance, b: Performance, speaker: str) -> Pair:
    """Both as far as both last. Chapter: book/evp-portrait.ipynb"""
    n = min(len(a.scene), len(b.scene))
    exact = swap(a, pose_from=b).landmarks("portrait", SIZE)
    difference = np.abs(a.pose[:n] - b.pose[:n]).max(1)
    return Pair(
        name=f"{a.id} as {b.id}",
        speaker=speaker,
        source=a.landmarks("portrait", SIZE)[:n],
        target=b.landmarks("portrait", SIZE)[:n],
        exact=exact[:n],
        turned=difference > TURNED,
    )
