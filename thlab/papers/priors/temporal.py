"""The second generator: a temporal GAN in the manner of Vougioukas et al. 2019, reference 30 of [mittal2020]."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.papers.priors.generator import Content, GeneratorConfig, Goal, Image, Painter, Points, Video

NOISE, RNN = 10, 64  # numbers of noise a frame; state of the GRU that hears the content


class TemporalGenerator(nn.Module):
    """GRUs over content and over noise, whose states take the place of content in the painter's conditions.

    Where Generator shows itself the frame before, this one remembers in its GRUs' states, and all frames are painted at
    once from the image. Content is of `WaveformContent` ("original") or of a VAE ("with ours").
    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config, self.painter = config, Painter(config, RNN + NOISE)
        self.content_rnn = nn.GRU(config.content, RNN, batch_first=True)
        self.noise_rnn = nn.GRU(NOISE, NOISE, batch_first=True)

    def states(self, content: Content, noise: Float[Tensor, "b t n"] | None) -> Float[Tensor, "b t s"]:
        """What is remembered of content and noise at each frame; without noise, of its mean."""
        noise = content.new_zeros(*content.shape[:2], NOISE) if noise is None else noise
        return torch.cat([self.content_rnn(content)[0], self.noise_rnn(noise)[0]], -1)

    def moves(self, content: Content, points: Points) -> Float[Tensor, "b t p 2"]:
        """How far content moves the points of an image."""
        states = self.states(content, None)
        return self.painter.geometry(states, points[:, None].expand(-1, content.shape[1], -1, -1))

    def forward(
        self, image: Image, content: Content, noise: Tensor | None = None, goal: Goal | None = None, unseen: int = 0
    ) -> Video:
        """All frames in [0, 1] but the first, unseen ones; goal: where the points shall go, as in `Painter.frame`."""
        frames, states = content.shape[1] - unseen, self.states(content, noise)[:, unseen:].flatten(0, 1)  # (B·K, s)
        image, points = (x.repeat_interleave(frames, 0) for x in (image, self.painter.find(image)))
        there = None if goal is None else goal.flatten(0, 1)
        return self.painter.frame(image, image, states, points, there).unflatten(0, (-1, frames))
