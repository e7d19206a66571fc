"""The talking-head generator of [mittal2020], Sect. 3.3: a U-Net from face image, last frame and content to a frame.

What the paper has not: content first says where lips and chin go, the image is bent so that they are there, and the
U-Net paints over that. The paper's way, in the time that a CPU has, copies the image and ignores what is said.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad

from thlab.face.align import mouth
from thlab.nn.blocks import Down, Up
from thlab.nn.landmark_net import LandmarkNet

BOX = 32  # points are given in 32nds of the mouth box's side
POINTS = (*range(4, 13), *range(48, 68))  # iBUG: chin and mouth
UPPER, LOWER = (60, 61, 62, 63, 64), (60, 67, 66, 65, 64)  # the inner lips, from corner to corner
DEPTH = 10.0  # 32nds below the upper lip that the picture of the teeth reaches
REACH = 2.0  # 32nds: how far around a point the image moves with it
FILM_STD = 0.1  # of the first weights of FiLM
GAIN, EDGE = 2.0, 0.02  # of the change that is asked of a pixel's logit; logits are taken between EDGE and 1 − EDGE

Image = Float[Tensor, "b 3 h w"]
Content = Float[Tensor, "b t d"]
Points = Float[Tensor, "b p 2"]  # in 32nds of the mouth box
Goal = Float[Tensor, "b k p 2"]  # points of frames, likewise
Video = Float[Tensor, "b k 3 h w"]


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator."""

    size: int = 64  # pixels of a side; the mouth box, which is what is painted, has half of them
    content: int = 32  # of z_c, or of what stands in its place
    widths: tuple[int, ...] = (24, 48, 96, 160)  # channels a level, each half the size of the one before
    bend: bool = True  # the image first, and paint over that; else paint over the image as it is

    @classmethod
    def fast(cls) -> "GeneratorConfig":
        """Seconds, for tests."""
        return cls(widths=(8, 16, 24))

    @classmethod
    def book(cls) -> "GeneratorConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "GeneratorConfig":
        """The paper's 256 pixels; its channels are not known."""
        return cls(size=256, widths=(32, 64, 128, 256, 256, 256))


def paste(box: Float[Tensor, "b c h2 w2"], image: Image) -> Float[Tensor, "b c h w"]:
    """The mouth box where it belongs in the picture, zeros around it."""
    h, w = image.shape[-2:]
    return pad(box, (w // 4, w - 3 * w // 4, 15 * h // 32, h - 31 * h // 32))


def to_box(landmarks: Float[Tensor, "*b 68 2"], size: int) -> Float[Tensor, "*b p 2"]:
    """Chin and mouth of landmarks in a picture's pixels, in 32nds of its box. Chapter: book/content-to-video.ipynb"""
    return landmarks[..., POINTS, :] * (2 * BOX / size) - landmarks.new_tensor([BOX / 2, 15 * BOX / 16])


class Geometry(nn.Module):
    """How far content moves lips and chin from where they are in the image. Chapter: book/content-to-video.ipynb"""

    def __init__(self, content: int, hidden: int = 192):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(content + 2 * len(POINTS), hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(),
            nn.Linear(hidden, 2 * len(POINTS)),
        )  # fmt: skip

    def forward(self, z_c: Float[Tensor, "*b d"], points: Float[Tensor, "*b p 2"]) -> Float[Tensor, "*b p 2"]:
        """Moves, from content and the image's points, all in 32nds of the box."""
        shape = (points - points.mean(-2, keepdim=True)) / 4
        return self.net(torch.cat([z_c, shape.flatten(-2)], -1)).unflatten(-1, (-1, 2))


def bend(box: Float[Tensor, "b 3 s s"], points: Points, moves: Points) -> Float[Tensor, "b 3 s s"]:
    """The mouth box bent so that what is at `points` comes to points + moves; its upper and side rims stay.

    Each pixel is fetched from where the points around it come from, weighted by a Gaussian of their distance.
    Chapter: book/content-to-video.ipynb
    """
    b, side = len(box), box.shape[-1]
    along = torch.linspace(0, BOX, 7, device=box.device)
    still = torch.cat([
        torch.cartesian_prod(along, along.new_tensor([-4.0, 0.0])),
        torch.cartesian_prod(along.new_tensor([-2.0, BOX + 2.0]), along),
    ]).expand(b, -1, -1)  # fmt: skip
    ticks = (torch.arange(side, device=box.device) + 0.5) * BOX / side
    grid = torch.cartesian_prod(ticks, ticks).flip(-1).expand(b, -1, -1)  # (B, S·S, 2), x before y
    ends = torch.cat([points + moves, still], 1)
    weight = (-torch.cdist(grid, ends).square() / (2 * REACH**2)).softmax(-1)
    fetched = grid - weight @ torch.cat([moves, torch.zeros_like(still)], 1)
    at = (fetched * 2 / BOX - 1).view(b, side, side, 2)
    return grid_sample(box, at, mode="bicubic", padding_mode="border", align_corners=False).clamp(0, 1)


def inside(points: Points, side: int) -> Float[Tensor, "b 1 s s"]:
    """Where the mouth is open: 1 between the inner lips, 0 elsewhere, soft. Chapter: book/content-to-video.ipynb"""
    column, upper, lower, left, right = inner_lips(points, side)
    y = column.transpose(1, 2)
    between = torch.sigmoid(4 * (y - upper)) * torch.sigmoid(4 * (lower - y))  # (B, S, S)
    return (between * torch.sigmoid(2 * (column - left)) * torch.sigmoid(2 * (right - column)))[:, None]


def inner_lips(points: Points, side: int) -> tuple[Float[Tensor, "..."], ...]:
    """x of columns (1, 1, S); y of the upper and lower lip in each (B, 1, S); x of both corners (B, 1, 1)."""
    column = ((torch.arange(side, device=points.device) + 0.5) * BOX / side).view(1, 1, -1)
    edges = []
    for contour in (UPPER, LOWER):
        at = points[:, [POINTS.index(i) for i in contour]]  # (B, 5, 2), from corner to corner
        weight = (-(column[..., None] - at[:, None, None, :, 0]).square() / 4).softmax(-1)  # (B, 1, S, 5): near ones
        edges.append((weight * at[:, None, None, :, 1]).sum(-1))
    left, right = (points[:, POINTS.index(i), 0].view(-1, 1, 1) for i in (UPPER[0], UPPER[-1]))
    return column, *edges, left, right


def hang(texture: Float[Tensor, "c v u"], points: Points, side: int) -> Float[Tensor, "b c s s"]:
    """Teeth: a texture below the upper lip, corner to corner, DEPTH 32nds deep. Chapter: book/content-to-video.ipynb"""
    column, upper, _, left, right = inner_lips(points, side)
    u = ((column - left) / (right - left).clamp(min=1)).expand(-1, side, -1)
    v = (column.transpose(1, 2) - upper) / DEPTH
    at = 2 * torch.stack([u, v], -1) - 1
    return grid_sample(texture.expand(len(points), -1, -1, -1), at, padding_mode="border", align_corners=False)


class Painter(nn.Module):
    """Bends an image's mouth box and paints over it, for both generators. Chapter: book/content-to-video.ipynb"""

    def __init__(self, config: GeneratorConfig, d: int):
        super().__init__()
        self.config, widths = config, config.widths
        self.finder = LandmarkNet().requires_grad_(False)  # of the points in an image; trained elsewhere
        self.geometry = Geometry(d)
        self.teeth = nn.Parameter(torch.full((3, 10, 20), 0.4))  # the mean mouth's inside
        self.downs = nn.ModuleList(Down(fine, coarse, d) for fine, coarse in pairwise((7 + d, *widths[1:])))
        joins = list(zip(widths[1:], (7, *widths[1:-1]), widths[:-1], strict=True))[::-1]
        self.ups = nn.ModuleList(Up(coarse, skip, fine, d) for coarse, skip, fine in joins)
        self.outlet = nn.Conv2d(widths[0], 3, 3, padding=1)
        nn.init.normal_(self.outlet.weight, std=0.01)  # the first frames are what was bent
        for name, weight in self.named_parameters():
            if name.endswith("film.weight"):  # FiLM begins as the identity, and so deaf; here it must hear at once
                nn.init.normal_(weight, std=FILM_STD)

    @torch.no_grad()
    def find(self, image: Image) -> Points:
        """Chin and mouth of an image."""
        return to_box(self.finder.eval()(image), image.shape[-1])

    def frame(
        self, image: Float[Tensor, "b 3 h w"], previous: Float[Tensor, "b 3 h w"], z_c: Float[Tensor, "b d"],
        points: Float[Tensor, "b p 2"], goal: Float[Tensor, "b p 2"] | None = None,
    ) -> Float[Tensor, "b 3 h w"]:  # fmt: skip
        """One frame in [0, 1] from the face image I_f, the frame before, the content and the image's points.

        goal: where the points shall go, in training where they went in truth; None: where content says. z_c is
        broadcast over the picture and joined to the channels, as in the paper, and scales and shifts every level
        (FiLM), which the paper has not. Chapter: book/content-to-video.ipynb
        """
        here = mouth(image)
        # the moves learn from landmarks alone: what pixels say of them is faint, and wrong where a mouth opens
        moves = self.geometry(z_c, points).detach() if goal is None else goal - points
        moves = moves if self.config.bend else torch.zeros_like(points)
        bent, gap = bend(here, points, moves), inside(points + moves, here.shape[-1])
        teeth = hang(self.teeth, points + moves, here.shape[-1])
        bent = bent + gap * (teeth - bent)  # lips that part bare the mouth; bending alone would swell them
        pictures = torch.cat([bent, mouth(previous), gap], 1).contiguous(memory_format=torch.channels_last) - 0.5
        x = torch.cat([pictures, z_c[:, :, None, None].expand(-1, -1, *here.shape[-2:])], 1)  # (B, 7 + d, H/2, W/2)
        skips = [pictures]
        for down in self.downs:
            x = down(x, z_c)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = up(x, skips.pop(), z_c)
        painted = torch.sigmoid(torch.logit(bent, EDGE) + GAIN * self.outlet(x))
        return image + paste(painted - here, image)


class Generator(nn.Module):
    """G of Sect. 3.3. Chapter: book/content-to-video.ipynb"""

    def __init__(self, config: GeneratorConfig):
        super().__init__()
        self.config, self.painter = config, Painter(config, config.content)

    def moves(self, content: Content, points: Points) -> Float[Tensor, "b t p 2"]:
        """How far content moves the points of an image."""
        return self.painter.geometry(content, points[:, None].expand(-1, content.shape[1], -1, -1))

    def forward(
        self, image: Image, content: Content, noise: Tensor | None = None, goal: Goal | None = None, unseen: int = 0
    ) -> Video:
        """Frame after frame, each shown the one before, the first shown the image; the noise is for other generators.

        goal: as in `Painter.frame`. unseen: so many first frames are painted as in use and not returned; training that
        only met first frames would leave later ones to drift. The frame before is detached: through it a frame would
        be blamed for its successors, at three times the memory, and the temporal smoothing needs only its picture.
        """
        frames, points = [image], self.painter.find(image)
        for n, z_c in enumerate(content.unbind(1), -unseen):
            there = None if goal is None or n < 0 else goal[:, n]
            with torch.set_grad_enabled(torch.is_grad_enabled() and n >= 0):
                frames.append(self.painter.frame(image, frames[-1].detach(), z_c, points, there))
        return torch.stack(frames[unseen + 1 :], 1)


@torch.inference_mode()
def roll_out(generator: nn.Module, image: Image, content: Content) -> Video:
    """A face image's video in [0, 1], by a Generator or what is called alike. Chapter: book/content-to-video.ipynb"""
    return generator.eval()(image, content)
