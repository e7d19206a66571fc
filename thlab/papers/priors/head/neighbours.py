"""Content of three frames in a row, so that what hears 200 ms hears the 280 ms that MFCC have."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from thlab.papers.priors.head.content import ContentNet, Features, Source

NEAR = (-1, 0, 1)  # frames of 40 ms each: 200 ms around each of them are 280 in all


class NeighbourFeatures(Features):
    """The rows of the frame before, of the frame, and of the one after; at an end, the end's."""

    def __init__(self, inner: Features):
        super().__init__()
        self.inner = inner

    def forward(self, audio: Float[Tensor, "n"], n_frames: int) -> Shaped[Tensor, "n_frames 3 *r"]:
        rows = self.inner(audio, n_frames)
        near = torch.arange(n_frames)[:, None] + torch.tensor(NEAR)
        return rows[near.clamp(0, n_frames - 1)]


class NeighbourContent(ContentNet):
    """The contents of three frames, side by side."""

    def __init__(self, inner: ContentNet):
        super().__init__()
        self.inner = inner
        self.width = len(NEAR) * inner.width

    def forward(
        self, rows: Shaped[Tensor, "b 3 *row"], noise: Float[Tensor, "b d"] | None = None
    ) -> Float[Tensor, "b d"]:
        own = None if noise is None else noise.reshape(-1, self.inner.width)
        return self.inner(rows.flatten(0, 1), own).view(len(rows), self.width)


def with_neighbours(source: Source) -> Source:
    """A source that hears 40 ms more on each side. Chapter: book/content-to-video.ipynb"""
    return Source(NeighbourFeatures(source.features), NeighbourContent(source.content))
