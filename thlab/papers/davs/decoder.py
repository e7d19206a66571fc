"""G of [zhou2019], Sect. 3.3: frames from a person's code and word codes."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate, layer_norm

from thlab.nn.blocks import ConvBlock
from thlab.nn.mouth import POINTS
from thlab.nn.warp import repaint
from thlab.papers.davs.config import DAVSConfig

COARSE = 4  # pixels a side of the coarsest map, in E_w^v and in G
SHORTCUT = 16  # pixels a side of the coarse maps beside the levels of a G that bends
FIRST_OUTLET = 0.1  # of the first weights of a G that bends: it begins nearly as a copier

Video = Float[Tensor, "b t 3 h w"]


class DecoderLevel(nn.ModuleList):
    """Twice the size (bilinear), joined with what lies beside it, then some convolutions.

    Chapter: book/davs.ipynb
    """

    def __init__(self, cin: int, cout: int, n_convs: int, cond_dim: int):
        super().__init__([ConvBlock(cin, cout, cond_dim)])
        for _ in range(n_convs - 1):
            self.append(ConvBlock(cout, cout, cond_dim))

    def forward(
        self, x: Float[Tensor, "n c h w"], beside: list[Tensor], codes: Float[Tensor, "n d2"]
    ) -> Tensor:
        x = interpolate(x, scale_factor=2, mode="bilinear")
        x = torch.cat([x, *beside], 1)
        for block in self:
            x = block(x, codes)
        return x


class Decoder(nn.Module):
    """G of Sect. 3.3: frames in [0, 1] from f_p, with maps of E_p^v, and f_w of each frame.

    One that paints sees E_p^v's map number 1, and the codes as its 4 x 4 maps alone. One that bends
    sees numbers 0 and 1 and the image at full size; the codes scale and shift its maps at every
    level, and coarse maps that are linear in them are added at its end: mouths move earlier in
    training. Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        codes = 2 * config.dim
        self.bends = config.bends
        self.skips = (0, 1) if config.bends else (1,)  # which of E_p^v's maps it sees
        # map k is as large as G's after doubling number n - 3 - k of n, from 0
        self.skip_at = {len(config.widths) - 3 - k: k for k in self.skips}
        self.grow = nn.Linear(codes, config.widths[0] * COARSE**2)
        self.levels = nn.ModuleList()
        before = config.widths[0]
        for i, width in enumerate(config.widths):
            cin = before + self.channels_beside(i, config)
            n_convs = (
                2 if i < len(config.widths) // 2 else 1
            )  # with the outlet ten at the paper's size
            self.levels.append(DecoderLevel(cin, width, n_convs, codes if config.bends else 0))
            before = width
        n_maps = 5 if config.bends else 3
        self.outlet = nn.Conv2d(config.widths[-1], n_maps, 3, padding=1)
        self.shortcut = nn.Linear(codes, n_maps * SHORTCUT**2) if config.bends else None
        if self.shortcut is not None:
            for weight in (*self.outlet.parameters(), *self.shortcut.parameters()):
                weight.data *= FIRST_OUTLET

    def channels_beside(self, i: int, config: DAVSConfig) -> int:
        """Channels that doubling number i is given beside what it doubles."""
        channels = config.person_widths[self.skip_at[i]] if i in self.skip_at else 0
        if self.bends and i == len(config.widths) - 1:
            channels += 3  # the image
        return channels

    def forward(
        self,
        f_p: Float[Tensor, "b d"],
        f_w: Float[Tensor, "b t d"],
        maps: list[Tensor],
        image: Float[Tensor, "b 3 h w"],
    ) -> Video:
        x = self.outlet_maps(f_p, f_w, maps, image)
        images = image.repeat_interleave(f_w.shape[1], 0)
        frames = repaint(images, x) if self.bends else torch.sigmoid(x)
        return frames.unflatten(0, f_w.shape[:2])

    def outlet_maps(
        self,
        f_p: Float[Tensor, "b d"],
        f_w: Float[Tensor, "b t d"],
        maps: list[Tensor],
        image: Float[Tensor, "b 3 h w"],
    ) -> Float[Tensor, "bt c h w"]:
        """What the frames are made of: logits of colours, or five maps for `changes_of`."""
        n_frames = f_w.shape[1]
        codes = join_codes(f_p.repeat_interleave(n_frames, 0), f_w.flatten(0, 1))
        x = self.grow(codes).unflatten(1, (-1, COARSE, COARSE))
        for i, level in enumerate(self.levels):
            beside = self.beside(i, maps, image)
            x = level(x, [each.repeat_interleave(n_frames, 0) for each in beside], codes)
        x = self.outlet(x)
        if self.shortcut is not None:
            coarse = self.shortcut(codes / codes.shape[1] ** 0.5)
            coarse = coarse.unflatten(1, (-1, SHORTCUT, SHORTCUT))
            x = x + interpolate(coarse, size=x.shape[2:], mode="bilinear")
        return x

    def beside(self, i: int, maps: list[Tensor], image: Float[Tensor, "b 3 h w"]) -> list[Tensor]:
        """What doubling number i is given beside what it doubles: one of E_p^v's maps, at the end
        the image.
        """
        given = [maps[self.skip_at[i]]] if i in self.skip_at else []
        if self.bends and i == len(self.levels) - 1:
            given.append(image)
        return given


class PointDecoder(nn.Module):
    """G as landmarks of chin and mouth from both codes: f_p alone tells it whose they are.

    A G that bends sees the person's picture beside f_p, and what f_p holds does not matter to it.
    Chapter: book/davs.ipynb
    """

    def __init__(self, config: DAVSConfig):
        super().__init__()
        self.net = three_layers(2 * config.dim, 2 * len(POINTS), 2 * config.dim)

    def forward(
        self,
        f_p: Float[Tensor, "b d"],
        f_w: Float[Tensor, "b t d"],
        maps: list[Tensor],
        image: Float[Tensor, "b p 2"],
    ) -> Float[Tensor, "b t p 2"]:
        codes = join_codes(f_p.repeat_interleave(f_w.shape[1], 0), f_w.flatten(0, 1))
        return self.net(codes).view(*f_w.shape[:2], len(POINTS), 2)


def three_layers(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    """A perceptron of three layers."""
    return nn.Sequential(
        nn.Linear(inputs, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, outputs),
    )


def join_codes(f_p: Float[Tensor, "n d"], f_w: Float[Tensor, "n d"]) -> Float[Tensor, "n d2"]:
    """Both codes side by side, each normed for itself.

    f_p begins six times as large, and what differs between frames would hardly be seen.
    """
    return torch.cat([layer_norm(f_p, f_p.shape[1:]), layer_norm(f_w, f_w.shape[1:])], 1)
