"""Enc_f and the decoder of [yadav2020], Fig. 2: from a frame to numbers, and back to a frame."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, silu

from thlab.face.align import eyes
from thlab.nn.blocks import GROUPS, Down
from thlab.nn.warp import Changes, apply_changes, covering_changes
from thlab.papers.stochastic.config import COARSE, StochasticConfig

EMBED = 128  # numbers of h_f, h_a and g_t
CLEARER = 4.0  # than in the pictures is what sound alone gets wrong of them
FIRST_OUTLET = 0.1  # of the first weights of a decoder that bends
SKIN = 0.14  # widths of the picture over which skin is averaged: as wide as an eye
PAINTED, BENT = 3, 6  # maps of the outlet: colours, or changes of colour, motion and cover


class FrameEncoder(nn.Module):
    """Enc_f of Eq. 3, and its maps from fine to coarse, which are the skips where the frame is F_1.

    The finest map has no norm, which would take from the picture how bright it is.
    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.fold = config.fold
        self.compares = not config.as_published
        widths = config.widths
        channels = 6 if self.compares else 3
        self.stem = nn.Conv2d(channels * self.fold**2, widths[0], 3, padding=1)
        self.downs = nn.ModuleList(Down(fine, coarse) for fine, coarse in pairwise(widths))
        linear = nn.Linear(widths[-1] * COARSE**2, EMBED)
        self.embed = nn.Sequential(linear, nn.LayerNorm(EMBED))
        pixels = 3 * eyes(torch.empty(config.size, config.size)).numel()
        self.glance = nn.Linear(pixels, EMBED, bias=False) if config.fine else None

    def forward(
        self, pictures: Float[Tensor, "b 3 h w"], expected: Float[Tensor, "b 3 h w"]
    ) -> tuple[Float[Tensor, "b d"], list[Tensor]]:
        """h_f of pictures in [0, 1], and their maps.

        expected: what sound alone makes of them; of frame 1 itself.
        """
        x = pictures - 0.5
        if self.compares:
            x = torch.cat([x, CLEARER * (pictures - expected)], 1)
        maps = [silu(self.stem(pixel_unshuffle(x, self.fold)))]
        for down in self.downs:
            maps.append(down(maps[-1]))
        coarsest = maps.pop()
        linear, norm = self.embed
        h = linear(coarsest.flatten(1))
        if self.glance is not None:
            h = h + self.glance(CLEARER * eyes(pictures - expected).flatten(1))
        return torch.tanh(norm(h)), maps


class FrameDecoder(nn.Module):
    """p(f_t | g_t), with skips from frame 1; only g_t, and a fine z_t, differ between frames.

    A convolution of two maps side by side is the sum of one of each, so the skips' are computed
    once a clip. Unless as published it bends and recolours frame 1 and covers its eyes, and begins
    as a copier of it: its finest skip is the picture. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, config: StochasticConfig):
        super().__init__()
        self.fold = config.fold
        self.bends = not config.as_published
        widths = config.widths
        finer = widths[:-1]
        self.grow = nn.Linear(EMBED, widths[-1] * COARSE**2)
        self.carried = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for c in finer)
        ups = [nn.Conv2d(b, a, 3, padding=1, bias=False) for a, b in pairwise(widths)]
        self.ups = nn.ModuleList(ups)
        self.norms = nn.ModuleList([nn.Identity(), *(nn.GroupNorm(GROUPS, c) for c in finer[1:])])
        self.scales = None
        if config.fine:
            self.scales = nn.ModuleList(nn.Linear(config.z, c, bias=False) for c in finer)
        maps = BENT if self.bends else PAINTED
        # where skin may cover frame 1: elsewhere it would only blur
        near_eyes = torch.zeros(1, 1, config.size, config.size)
        eyes(near_eyes).fill_(1.0)
        self.near_eyes = nn.Buffer(near_eyes, persistent=False)
        self.skin = 1 + 2 * max(1, round(SKIN * config.size / 2))
        self.outlet = nn.Conv2d(widths[0], maps * self.fold**2, 3, padding=1)
        if self.bends:
            # nearly a copier, but none whose gradients are all zero
            for weight in self.outlet.parameters():
                weight.data *= FIRST_OUTLET

    def carry(self, image: Float[Tensor, "b 3 h w"], maps: list[Tensor]) -> list[Tensor]:
        """Frame 1, and what its maps add to each level, from fine to coarse."""
        added = [conv(skip) for conv, skip in zip(self.carried, maps, strict=True)]
        return [image, *added]

    def maps(
        self, g: Float[Tensor, "b t d"], skips: list[Tensor], z: Float[Tensor, "b t z"]
    ) -> Float[Tensor, "n c h w"]:
        """The outlet's maps of all frames: colours as logits, or how frame 1 changes.

        skips: as `carry` gives them; those of one clip serve all. z is read where it is fine.
        """
        x = self.grow(g.flatten(0, 1)).unflatten(1, (-1, COARSE, COARSE))  # (B·T, C, 4, 4)
        x = silu(x).contiguous(memory_format=torch.channels_last)
        carried = [of_each_frame(skip, len(x)) for skip in skips[1:]]
        for level in reversed(range(len(carried))):
            x = self.ups[level](interpolate(x, scale_factor=2)) + carried[level]
            x = self.norms[level](x)
            if self.scales is not None:
                x = x * (1 + self.scales[level](z.flatten(0, 1))[..., None, None])
            x = silu(x)
        return pixel_shuffle(self.outlet(x), self.fold)

    def forward(
        self, g: Float[Tensor, "b t d"], skips: list[Tensor], z: Float[Tensor, "b t z"]
    ) -> Float[Tensor, "b t 3 h w"]:
        """Frames in [0, 1]; what it is given is that of `maps`."""
        if self.bends:
            changes = self.changes(g, skips, z)
            image = of_each_frame(skips[0], len(changes.motion))
            return apply_changes(image, changes).unflatten(0, g.shape[:2])
        return torch.sigmoid(self.maps(g, skips, z)).unflatten(0, g.shape[:2])

    def changes(
        self, g: Float[Tensor, "b t d"], skips: list[Tensor], z: Float[Tensor, "b t z"]
    ) -> Changes:
        """What makes each frame from frame 1, where it bends."""
        maps = self.maps(g, skips, z)
        image = of_each_frame(skips[0], len(maps))
        return covering_changes(image, maps, self.near_eyes, self.skin)


def of_each_frame(skip: Float[Tensor, "b c h w"], frames: int) -> Float[Tensor, "n c h w"]:
    """What is one a clip, repeated for each of so many frames in all.

    Chapter: book/latent-kl.ipynb
    """
    return skip.repeat_interleave(frames // len(skip), 0)
