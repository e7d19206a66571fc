"""The second generator: a temporal GAN in the manner of Vougioukas et al. 2019, reference 30 of
[mittal2020].
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.nn.mouth import Points
from thlab.nn.warp import Changes
from thlab.papers.priors.head.model import (
    Content,
    FrameGenerator,
    GeneratorConfig,
    Goal,
    Image,
    MouthMaps,
    Video,
    as_changes,
)

NOISE = 10  # numbers of noise a frame
RNN = 64  # state of the GRU that hears the content


class TemporalGenerator(nn.Module):
    """GRUs over content and over noise, whose states take the place of content in the frame
    generator's conditions.

    Where Generator shows itself the frame before, this one remembers in its GRUs' states, and all
    frames are painted at once from the image. Content is of `WaveformContent` ("original") or of a
    VAE ("with ours"); d: its numbers a frame.
    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, config: GeneratorConfig, d: int):
        super().__init__()
        self.config = config
        self.painter = FrameGenerator(config, RNN + NOISE)
        self.content_rnn = nn.GRU(d, RNN, batch_first=True)
        self.noise_rnn = nn.GRU(NOISE, NOISE, batch_first=True)

    def states(
        self, content: Content, noise: Float[Tensor, "b t n"] | None
    ) -> Float[Tensor, "b t s"]:
        """What is remembered of content and noise at each frame; without noise, of its mean."""
        noise = content.new_zeros(*content.shape[:2], NOISE) if noise is None else noise
        return torch.cat([self.content_rnn(content)[0], self.noise_rnn(noise)[0]], -1)

    def moves(self, content: Content, points: Points) -> Float[Tensor, "b t p 2"]:
        """How far content moves the points of an image."""
        states = self.states(content, None)
        return self.painter.geometry(states, points[:, None].expand(-1, content.shape[1], -1, -1))

    def forward(
        self,
        image: Image,
        content: Content,
        noise: Tensor | None = None,
        goal: Goal | None = None,
        unseen: int = 0,
    ) -> Video:
        """All frames in [0, 1] but the first, unseen ones; goal: where the points shall go, as in
        `Generator`.
        """
        images, maps = self._maps(image, content, noise, goal, unseen)
        return self.painter.paint(images, maps).unflatten(0, (len(image), -1))

    def changes(self, image: Image, content: Content) -> Changes:
        """What makes each frame of one clip from its image."""
        _, maps = self._maps(image, content, None, None, 0)
        return as_changes(maps, *image.shape[-2:])

    def _maps(
        self, image: Image, content: Content, noise: Tensor | None, goal: Goal | None, unseen: int
    ) -> tuple[Float[Tensor, "n 3 h w"], MouthMaps]:
        """The image and the maps of each frame, (B·K, …)."""
        states = self.states(content, noise)[:, unseen:]  # (B, K, s)
        frames = states.shape[1]
        images = image.repeat_interleave(frames, 0)
        points = self.painter.find(image).repeat_interleave(frames, 0)
        there = None if goal is None else goal.flatten(0, 1)
        return images, self.painter.maps(images, images, states.flatten(0, 1), points, there)
