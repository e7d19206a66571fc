"""FaceEncoder: who is seen, as a unit vector; its maps serve as a perceptual loss, its embedding
for FID.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate, normalize

from thlab.nn.blocks import ConvBlock, Down

SIZE = 64  # pixels at which the net works
TEMPERATURE = 0.1  # of the softmax over cosines


class FaceEncoder(nn.Module):
    """Identity embedding of faces in the aligned view, trained to tell the training speakers apart.

    (b, 3, h, w) in [0, 1], other sizes are resized to 64, to unit vectors (b, 128). Freeze it where
    it is a loss. Chapter: book/content-to-video.ipynb
    """

    def __init__(self, dim: int = 128):
        super().__init__()
        self.stages = nn.ModuleList([ConvBlock(3, 16), Down(16, 32), Down(32, 64), Down(64, 96)])
        self.embed = nn.Linear(96, dim)

    def features(self, x: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """Maps of 64, 32, 16 and 8 pixels: compared for two pictures they are a perceptual loss
        (Johnson et al. 2016).

        Chapter: book/content-to-video.ipynb
        """
        x = (
            x
            if x.shape[-2:] == (SIZE, SIZE)
            else interpolate(x, (SIZE, SIZE), mode="bilinear", antialias=True)
        )
        maps, x = [], 4 * x - 2  # about the mean 0 and deviation 1 of the corpus
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        return normalize(self.embed(self.features(x)[-1].mean((2, 3))), dim=-1)


def identity_loss(
    embedding: Float[Tensor, "b d"], people: Float[Tensor, "n d"], speaker: Int[Tensor, "b"]
) -> Float[Tensor, ""]:
    """Normalised softmax (Wang et al. 2017): cross-entropy of the cosines to one learned direction
    a speaker.

    Chapter: book/content-to-video.ipynb
    """
    return cross_entropy(embedding @ normalize(people, dim=-1).T / TEMPERATURE, speaker)


def equal_error_rate(same: Float[Tensor, "n"], other: Float[Tensor, "m"]) -> float:
    """Where as many pairs of one person are refused as pairs of two are accepted, by a threshold on
    similarity.

    Chapter: book/content-to-video.ipynb
    """
    same, other = same.sort()[0], other.sort()[0]
    thresholds = torch.cat([same, other])
    refused = torch.searchsorted(same, thresholds) / len(same)
    accepted = 1 - torch.searchsorted(other, thresholds) / len(other)
    best = (refused - accepted).abs().argmin()
    return ((refused + accepted) / 2)[best].item()
