"""Stretches of clips and reference pictures, drawn at random, for every talking head."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.data.tensors import ClipTensors

EYES_OPEN = 0.1  # a blink below this does not show


class StretchSampler:
    """Random clips of at least some length.

    Of each, frames one after another, and an open-eyed picture. size: pixels of a side of the
    pictures; None: they are not asked for. Raises ValueError where the clips have no landmarks or
    no pictures of that size, or none is long enough.
    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, tensors: ClipTensors, n_frames: int, size: int | None):
        if tensors.landmarks is None:
            raise ValueError("clips without landmarks: prepare the corpus with data_scripts first")
        if size is not None:
            check_pictures(tensors, size)
        self.tensors = tensors
        self.frames = tensors.frames
        self.landmarks = tensors.landmarks
        self.clips = (tensors.start.diff() >= n_frames).nonzero()[:, 0]
        if len(self.clips) == 0:
            ask = "give longer clips, or a preset with fewer frames"
            raise ValueError(f"no clip has {n_frames} frames: {ask}")
        self.open_frames, self.open_start = open_eyed(tensors)

    def stretch(
        self,
        n: int,
        k: int,
        rng: torch.Generator,
    ) -> tuple[Int[Tensor, "n"], Int[Tensor, "n k"]]:
        """n random clips, and k frames of each, one after another: their numbers in the tensors."""
        clips = self.clips[torch.randint(len(self.clips), (n,), generator=rng)]
        start = self.tensors.start[clips]
        end = self.tensors.start[clips + 1]
        first = within(start, end - k + 1, rng)
        return clips, first[:, None] + torch.arange(k)

    def open_eyed(self, clips: Int[Tensor, "*n"], rng: torch.Generator) -> Int[Tensor, "*n"]:
        """A random frame with open eyes of each clip."""
        return self.open_frames[within(self.open_start[clips], self.open_start[clips + 1], rng)]

    def pictures(self, frames: Int[Tensor, "*n"]) -> Float[Tensor, "*n 3 h w"]:
        """Pictures in [0, 1]."""
        assert self.frames is not None  # a size was asked for
        return self.frames[frames].movedim(-1, -3) / 255


def check_pictures(tensors: ClipTensors, size: int) -> None:
    """ValueError where clips have no pictures of a size. Chapter: book/content-to-video.ipynb"""
    if tensors.frames is None:
        raise ValueError("the clips were loaded without pictures: load_clips(..., frames=True)")
    if tensors.frames.shape[1] != size:
        ask = f"build or prepare them with --size {size}"
        raise ValueError(f"clips without pictures of {size} px: {ask}")


def open_eyed(tensors: ClipTensors) -> tuple[Int[Tensor, "n"], Int[Tensor, "c1"]]:
    """Frames with open eyes, at least one a clip: a shut eye leaves a ghost.

    Also where each clip begins among them.
    Chapter: book/content-to-video.ipynb
    """
    lengths = tensors.start.diff().tolist()
    widest = torch.stack([blink.min() for blink in tensors.blink.split(lengths)])
    frames = (tensors.blink <= widest[tensors.clip_of].clamp(min=EYES_OPEN)).nonzero()[:, 0]
    return frames, torch.searchsorted(frames, tensors.start)


def within(
    low: Int[Tensor, "*n"],
    high: Int[Tensor, "*n"],
    rng: torch.Generator,
) -> Int[Tensor, "*n"]:
    """A random whole number from each low to below each high.

    Chapter: book/content-to-video.ipynb
    """
    return low + (torch.rand(low.shape, generator=rng, dtype=torch.float64) * (high - low)).long()
