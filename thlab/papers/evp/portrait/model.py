"""The edge-to-video generator of [ji2021], Sect. 3.3, after vid2vid (Wang et al. 2018)."""

from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle

from thlab.face.edges import CHANNELS
from thlab.nn.blocks import ConvBlock, Down, Up
from thlab.nn.warp import bend
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.keyframe import KeyFrame
from thlab.training import from_card, load_weights, read_card

PORTRAIT = "evp-portrait"  # the name of a person's weights
MOTION = 0.05  # widths of the picture: the motion that a map of 1 says
HIDDEN = -3.0  # logit of the mask at first: little of the frame before shows through
CHUNK = 16  # frames for which the key frame is bent at once

Edges = Float[Tensor, "b c h w"]  # guidance of a frame, then of those before it
Before = Float[Tensor, "b k 3 h w"]  # frames before, the last one first; zeros where there is none


class Painted(NamedTuple):
    """A frame, and what was painted of it before the frame before showed through."""

    frame: Float[Tensor, "b 3 h w"]
    raw: Float[Tensor, "b 3 h w"]


class Generator(nn.Module):
    """A frame from the key frame as its landmarks bend it, guidance maps of it and the frames
    before, and those frames themselves.

    As in vid2vid, a frame is the frame before, bent along a motion, where a mask says so, and
    painted elsewhere: x_t = m · bend(x_{t−1}, w) + (1 − m) · h. Here h is painted onto the bent key
    frame, without which it flickers: textures that a net paints anew do not move with the face.
    What is simplified: coarse to fine is one U-Net on folded pixels (a square of `fold` pixels a
    side is one with more channels), not nets that are trained one inside the other; motion is
    learnt from the pixels alone, with no FlowNet to teach it.
    """

    def __init__(self, config: PortraitConfig, key: nn.Module | None = None):
        """key: what bends a picture, in place of a key frame that learns; it says what moves."""
        super().__init__()
        config.validate()
        self.config = config
        fold = config.fold**2
        widths = config.widths
        self.key: Any = KeyFrame(config) if key is None else key
        seen = CHANNELS * (1 + config.history) + 3 * config.history + 3
        self.stem = ConvBlock(fold * seen, widths[0])
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(widths))
        ups = []
        for fine, coarse in pairwise(widths):
            ups.insert(0, Up(coarse, fine, fine))
        self.ups = nn.ModuleList(ups)
        self.colour = nn.Conv2d(widths[0], 3 * fold, 3, padding=1)
        # a mask and a motion only where there is a frame before
        self.mask = nn.Conv2d(widths[0], fold, 3, padding=1) if config.history else None
        self.motion = nn.Conv2d(widths[0], 2, 3, padding=1) if config.history else None
        if self.mask is not None and self.mask.bias is not None:
            nn.init.constant_(self.mask.bias, HIDDEN)
        for end in (self.colour, self.motion):
            if end is not None and end.bias is not None:
                nn.init.normal_(end.weight, std=1e-3)
                nn.init.zeros_(end.bias)

    def forward(self, bent: Float[Tensor, "b 3 h w"], edges: Edges, before: Before) -> Painted:
        """bent: the key frame, to the frame's landmarks. edges: of the frame, then of those before
        it, the last one first; zeros where there is none.

        Colours may lie outside 0 to 1.
        """
        fold = self.config.fold
        x = pixel_unshuffle(torch.cat([edges, before.flatten(1, 2), bent], 1), fold)
        maps = [self.stem(x.contiguous(memory_format=torch.channels_last))]
        for down in self.downs:
            maps.append(down(maps[-1]))
        x = maps.pop()
        for up in self.ups:
            x = up(x, maps.pop())
        moves = self.key.moves  # nothing is painted where nothing ever moved
        raw = bent + moves * pixel_shuffle(self.colour(x), fold)  # (B, 3, H, W)
        if self.mask is None or self.motion is None:
            return Painted(raw, raw)
        last = before[:, 0]
        known = (last.flatten(1) != 0).any(1).view(-1, 1, 1, 1)
        mask = known * moves * torch.sigmoid(pixel_shuffle(self.mask(x), fold))  # (B, 1, H, W)
        motion = MOTION * interpolate(self.motion(x), scale_factor=fold, mode="bilinear")
        return Painted(mask * bend(last, motion) + (1 - mask) * raw, raw)

    def bend_key(
        self, points: Float[Tensor, "b t 68 2"], plates: Float[Tensor, "b t 2 n n"]
    ) -> Float[Tensor, "b t 3 h w"]:
        """The key frame bent to the landmarks of frames, with nothing painted onto it."""
        bent = self.key(points.flatten(0, 1), plates.flatten(0, 1))
        return bent.unflatten(0, points.shape[:2])

    def roll_out(
        self,
        points: Float[Tensor, "b t 68 2"],
        plates: Float[Tensor, "b t 2 n n"],
        edges: Float[Tensor, "b t c h w"],
        before: Before,
    ) -> list[Painted]:
        """Frames one after another, each from its own guidance and from the frames made before."""
        bent = self.bend_key(points, plates)
        made = []
        for t in range(edges.shape[1]):
            painted = self(bent[:, t], edges[:, t], before)
            made.append(painted)
            # detached: what a frame is made from is given to it, as in use
            before = push(before, painted.frame.detach())
        return made

    def render(
        self, edges: UInt8[Tensor, "t 4 h w"], landmarks: Float[np.ndarray, "t 68 2"]
    ) -> UInt8[Tensor, "t h w 3"]:
        """The frames of one clip's guidance maps and landmarks, as `render` below."""
        return render(self, edges, landmarks)


def push(before: Before, frame: Float[Tensor, "b 3 h w"]) -> Before:
    """The frames before the next one: a frame is added, in [0, 1], and the oldest goes.

    Chapter: book/evp-portrait.ipynb
    """
    return torch.cat([frame.clamp(0, 1)[:, None], before], 1)[:, : before.shape[1]]


def with_history(
    edges: UInt8[Tensor, "f 4 h w"], frames: Int[Tensor, "*n"], begin: Int[Tensor, "*n"], k: int
) -> Float[Tensor, "*n c h w"]:
    """Guidance in [0, 1] of some frames, each with that of the k before it, the last one first.

    begin: where each one's clip begins; maps from before it are zeros.
    Chapter: book/evp-portrait.ipynb
    """
    maps = []
    for age in range(k + 1):
        then = frames - age
        inside = (then >= begin)[..., None, None, None]
        maps.append(inside * edges[then.clamp(min=0)] / 255)
    return torch.cat(maps, -3)


def load_generator(name: str | Path) -> Generator:
    """A person's trained generator, by the path or name of its weights.

    FileNotFoundError where there are no weights, ValueError where they are of another net.
    Chapter: book/evp-portrait.ipynb
    """
    config = from_card(PortraitConfig, read_card(name)["config"])
    return load_weights(name, Generator(config)).eval().requires_grad_(False)


@torch.inference_mode()
def render(
    generator: Generator,
    edges: UInt8[Tensor, "t 4 h w"],
    landmarks: Float[np.ndarray, "n 68 2"],
    start: Int[Tensor, "c1"] | None = None,
) -> UInt8[Tensor, "t h w 3"]:
    """The frames of guidance maps, as `thlab.face.edges.edge_maps` makes them, from its own frames
    before.

    landmarks: of the sketch in the maps, px: the driven ones where a face is driven. start: where
    clips begin, and where the last one ends (default: all is one clip); nothing is carried over
    from one to the next. Raises ValueError where maps have not the generator's size, or where there
    are not as many landmarks as maps. Chapter: book/evp-portrait.ipynb
    """
    size = generator.config.size
    if edges.shape[-2:] != (size, size):
        given = "x".join(map(str, edges.shape[-2:]))
        raise ValueError(f"guidance maps of {given} pixels: this generator makes {size}x{size}")
    if len(landmarks) != len(edges):
        raise ValueError(f"{len(edges)} guidance maps and {len(landmarks)} faces: give one each")
    generator.eval()
    device = generator.key.texture.device
    bent = bent_key(generator, landmarks)
    ends = [0, len(edges)] if start is None else start.tolist()
    frames = []
    for first, end in pairwise(ends):
        before = torch.zeros(1, generator.config.history, 3, size, size, device=device)
        for t in range(first, end):
            now = torch.tensor([t])
            given = with_history(edges, now, torch.tensor([first]), generator.config.history)
            frame = generator(bent[t : t + 1], given.to(device), before).frame
            before = push(before, frame)
            frames.append(as_bytes(frame))
    return torch.cat(frames)


@torch.inference_mode()
def bent_key(
    generator: Generator, landmarks: Float[np.ndarray, "t 68 2"]
) -> Float[Tensor, "t 3 h w"]:
    """A person's key frame, bent to landmarks in px; colours may lie outside 0 to 1.

    Chapter: book/evp-portrait.ipynb
    """
    points = torch.from_numpy(landmarks).float().to(generator.key.texture.device)
    bent = [generator.key(some, generator.key.plates(some)) for some in points.split(CHUNK)]
    return torch.cat(bent)


def as_bytes(frames: Float[Tensor, "t 3 h w"]) -> UInt8[Tensor, "t h w 3"]:
    """Frames in [0, 1], or a little outside, as pictures. Chapter: book/evp-portrait.ipynb"""
    return (255 * frames.clamp(0, 1)).round().byte().permute(0, 2, 3, 1).cpu()
