"""Guidance maps, masks and frames of one person, and stretches of them drawn at random."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from thlab.data.sampler import within
from thlab.face.edges import edge_maps, face_mask, mouth_mask
from thlab.face.points import MOUTH
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.keyframe import KeyFrame
from thlab.papers.evp.portrait.model import with_history


class Stretch(NamedTuple):
    """Frames of clips, one after another; those before the first are the true ones, or zeros."""

    edges: Float[Tensor, "b t c h w"]  # of each frame, and of those before it
    before: Float[Tensor, "b k 3 h w"]  # the last one first
    real: Float[Tensor, "b t 3 h w"]
    weight: Float[Tensor, "b t 1 h w"]  # of each pixel
    lips: Float[Tensor, "b t 2"]  # the mouth's middle, (x, y) in pixels
    points: Float[Tensor, "b t 68 2"]  # px
    plates: Float[Tensor, "b t 2 n n"]  # of the key frame, as `KeyFrame.plates` finds them


class Stretches:
    """Random stretches of one person's clips.

    key: bent to each frame once, not at each step. Raises ValueError where the frames have not the
    config's size, or no clip is long enough.
    """

    def __init__(self, footage: Footage, config: PortraitConfig, key: KeyFrame):
        size = config.size
        if footage.frames.shape[1:3] != (size, size):
            given = "x".join(map(str, footage.frames.shape[1:3]))
            raise ValueError(f"frames of {given} pixels, but size={size}: set the other's size")
        self.config = config
        self.longest = config.warm + config.frames
        self.start = footage.start
        self.clips = (self.start.diff() >= self.longest).nonzero()[:, 0]
        if len(self.clips) == 0:
            raise ValueError(f"no clip has {self.longest} frames: give longer ones")
        self.frames = torch.from_numpy(footage.frames)
        self.edges = torch.from_numpy(edge_maps(footage.frames, footage.landmarks))
        self.face = torch.from_numpy(face_mask(footage.landmarks, size, size))
        self.inside = torch.from_numpy(mouth_mask(footage.landmarks, size, size))
        self.points = torch.from_numpy(footage.landmarks).float()
        self.lips = self.points[:, MOUTH].mean(1)
        self.plates = key.plates(self.points)

    def draw(self, n: int, length: int, rng: torch.Generator) -> Stretch:
        """n random stretches of some frames; some begin as a clip does, with nothing before."""
        config = self.config
        clips = self.clips[torch.randint(len(self.clips), (n,), generator=rng)]
        first = within(self.start[clips], self.start[clips + 1] - length + 1, rng)
        alone = torch.rand(n, generator=rng) < config.begin
        begin = torch.where(alone, first, self.start[clips])
        frames = first[:, None] + torch.arange(length)
        return Stretch(
            edges=with_history(
                self.edges, frames, begin[:, None].expand_as(frames), config.history
            ),
            before=self.frames_before(first, begin),
            real=self.pictures(frames),
            weight=pixel_weights(config, self.face[frames], self.inside[frames]),
            lips=self.lips[frames],
            points=self.points[frames],
            plates=self.plates[frames],
        )

    def pictures(self, frames: Int[Tensor, "*n"]) -> Float[Tensor, "*n 3 h w"]:
        """Frames in [0, 1]."""
        return self.frames[frames].movedim(-1, -3) / 255

    def frames_before(
        self, first: Int[Tensor, "b"], begin: Int[Tensor, "b"]
    ) -> Float[Tensor, "b k 3 h w"]:
        """The true frames before each, the last one first; zeros before its clip's beginning."""
        ages = torch.arange(1, self.config.history + 1)
        then = first[:, None] - ages
        inside = (then >= begin[:, None])[..., None, None, None]
        return inside * self.pictures(then.clamp(min=0))


def pixel_weights(
    config: Any, face: Bool[Tensor, "*n h w"], inside: Bool[Tensor, "*n h w"]
) -> Float[Tensor, "*n 1 h w"]:
    """What each pixel weighs: 1, in the face more, between the lips still more.

    config: with `face` and `inside`, how much. Chapter: book/evp-portrait.ipynb
    """
    of_face = (config.face - 1) * face.float()
    return (1 + of_face + config.inside * inside.float()).unsqueeze(-3)
