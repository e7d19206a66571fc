"""Batches for the talking head of [mittal2020]: clips to paint, and clips whose content says where
the lips go.
"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from thlab.data.sampler import StretchSampler
from thlab.data.tensors import ClipTensors
from thlab.media import SAMPLES_A_FRAME
from thlab.nn.augment import jitter
from thlab.nn.mouth import to_box
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import Source
from thlab.papers.priors.head.temporal import NOISE
from thlab.training import my_part

MISS = 0.4  # 32nds of the mouth box: what is found in an image is off by about that
CANDIDATES = 6  # images tried for the one whose head is turned alike
NOSE = slice(27, 36)  # the landmarks that tell how it is turned


class Painted(NamedTuple):
    """Clips to paint: the image, k frames, and of these and the unseen ones before them rows and
    noise.
    """

    image: Float[Tensor, "b 3 h w"]
    real: Float[Tensor, "b k 3 h w"]
    viseme: Int[Tensor, "b k"]
    goal: Float[Tensor, "b k p 2"]  # where the points are in truth, in 32nds of the mouth box
    rows: Shaped[Tensor, "b t *row"]
    noise: Float[Tensor, "b t n"]


class Heard(NamedTuple):
    """Clips to hear: rows, noise, the points of an image, and how far they are from it in each
    frame.
    """

    rows: Shaped[Tensor, "b t *row"]
    noise: Float[Tensor, "b t n"]
    points: Float[Tensor, "b p 2"]
    moves: Float[Tensor, "b t p 2"]


class HeadBatch(NamedTuple):
    """What one step needs; mix: for the gradient penalty, a column a step of the critics."""

    painted: Painted
    heard: Heard
    mix: Float[Tensor, "b c"]


class HeadSampler:
    """Batches: frames of random clips, and of each clip an open-eyed image.

    pictures: False where nothing is painted, but only lips are moved.
    Chapter: book/content-to-video.ipynb
    """

    def __init__(
        self, tensors: ClipTensors, source: Source, config: GANConfig, pictures: bool = True
    ):
        least = max(config.frames_unseen + config.frames_seen, config.frames_heard)
        size = config.generator.size
        self.stretches = StretchSampler(tensors, least, size if pictures else None)
        self.tensors = tensors
        self.source = source
        self.config = config
        self.nose = self.stretches.landmarks[:, NOSE]
        self.points = to_box(self.stretches.landmarks, size)
        self.rows = None if source.features.fresh else tensors.per_frame(source.features)
        self.noise_width = source.content.width + NOISE

    def draw(self, n: int, k: int, rng: torch.Generator) -> HeadBatch:
        """n clips of k frames to paint and others to hear, with the noise and the mixtures that a
        step will need.
        """
        painted = self.painted(n, k, rng)
        heard = self.heard(rng)
        return HeadBatch(painted, heard, torch.rand((n, self.config.critic_steps), generator=rng))

    def painted(self, n: int, k: int, rng: torch.Generator) -> Painted:
        """n clips of k frames; where k > 1, rows and noise begin with those of unseen frames, some
        random number.
        """
        unseen = 0
        if k > 1:
            unseen = int(torch.randint(self.config.frames_unseen + 1, (), generator=rng))
        clips, stretch, rows = self.stretch(n, unseen + k, rng)
        frames = stretch[:, unseen:]
        image = self.image(frames[:, k // 2], clips, rng)
        pictures = jitter(self.stretches.pictures(torch.cat([image[:, None], frames], 1)), rng)
        return Painted(
            image=pictures[:, 0],
            real=pictures[:, 1:],
            viseme=self.tensors.viseme[frames],
            goal=self.points[frames],
            rows=rows,
            noise=torch.randn((*stretch.shape, self.noise_width), generator=rng),
        )

    def heard(self, rng: torch.Generator) -> Heard:
        """Clips whose content says where the lips go."""
        clips, frames, rows = self.stretch(self.config.clips_heard, self.config.frames_heard, rng)
        points = self.points[self.stretches.open_eyed(clips, rng)]
        noise = torch.randn((*frames.shape, self.noise_width), generator=rng)
        # what is found in an image is off a little, all points alike for the most part
        missed = MISS * torch.randn((len(points), 1, 2), generator=rng)
        return Heard(rows, noise, points + missed, self.points[frames] - points[:, None])

    def stretch(
        self, n: int, k: int, rng: torch.Generator
    ) -> tuple[Int[Tensor, "n"], Int[Tensor, "n k"], Tensor]:
        """k frames of n random clips: the clips, the frames, and the source's rows of these."""
        clips, frames = self.stretches.stretch(n, k, rng)
        if self.rows is not None:
            return clips, frames, self.rows[frames]
        features = self.source.features
        first = frames[:, 0] - self.tensors.start[clips]
        rows = []
        for clip, at in zip(clips.tolist(), first.tolist(), strict=True):
            audio = features.augmented(self.tensors.audio[clip], rng)
            rows.append(features(audio, len(audio) // SAMPLES_A_FRAME)[at : at + k])
        return clips, frames, torch.stack(rows)

    def image(
        self, frames: Int[Tensor, "n"], clips: Int[Tensor, "n"], rng: torch.Generator
    ) -> Int[Tensor, "n"]:
        """Of a few random open-eyed frames of the clip, the one whose nose is turned most like this
        frame's.
        """
        tried = self.stretches.open_eyed(clips.repeat(CANDIDATES, 1), rng)  # (candidates, n)
        distance = (self.nose[tried] - self.nose[frames]).square().sum((-1, -2))
        return tried.gather(0, distance.argmin(0, keepdim=True))[0]


def shared_out(fabric: Any, batch: HeadBatch) -> HeadBatch:
    """This process's part of a batch. Chapter: book/content-to-video.ipynb"""
    painted = Painted(**my_part(fabric, batch.painted._asdict()))
    heard = Heard(**my_part(fabric, batch.heard._asdict()))
    return HeadBatch(painted, heard, my_part(fabric, {"mix": batch.mix})["mix"])
