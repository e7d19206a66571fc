"""Whether lips and sound belong together, from embeddings of their windows."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

REACH = 15  # frames by which the sound is shifted, to both sides


class Sync(NamedTuple):
    """confidence: median minus minimum of the distances over all shifts; distance: their minimum
    (LSE-D). offset: the shift of the minimum; above 0 the sound is that many frames late.
    at_once: median minus the distance without a shift.
    """

    confidence: float
    distance: float
    offset: int
    at_once: float


def lip_sync_scores(
    lips: Float[Tensor, "w d"], sound: Float[Tensor, "w d"], reach: int = REACH
) -> Sync:
    """How well windows of lips and of sound agree, for shifts of the sound by up to `reach` frames.

    Distances of unit vectors are at most 2. Raises ValueError where a clip is too short to be
    shifted so far, and where the lips stand still: such a mouth cannot be judged.
    Chapter: book/content-to-video.ipynb
    """
    if len(lips) < reach + 2:
        frames = len(lips)
        raise ValueError(f"{frames} windows cannot be shifted by {reach}: give a longer clip")
    if (lips - lips.mean(0)).abs().max() < 1e-6:
        raise ValueError("the lips stand still: there is nothing to compare with the sound")
    distances = torch.stack([mean_distance(lips, sound, k) for k in range(-reach, reach + 1)])
    median = distances.median().item()
    lowest, at = distances.min(0)
    return Sync(
        confidence=median - lowest.item(),
        distance=lowest.item(),
        offset=int(at) - reach,
        at_once=median - distances[reach].item(),
    )


def mean_distance(
    lips: Float[Tensor, "w d"], sound: Float[Tensor, "w d"], late: int
) -> Float[Tensor, ""]:
    """Mean distance of lips from the sound `late` windows after them.

    Chapter: book/content-to-video.ipynb
    """
    n = len(lips)
    first = max(0, -late)
    last = min(n, n - late)
    return (lips[first:last] - sound[first + late : last + late]).norm(dim=1).mean()
