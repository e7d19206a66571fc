"""The talking-head generator of [mittal2020], Sect. 3.3: a U-Net from face image, last frame and
content to a frame.

What the paper has not: content first says where lips and chin go, the image is bent so that they
are there, and the U-Net paints over that. The paper's way, in the time that a CPU has, copies the
image and ignores what is said.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.face.align import mouth
from thlab.nn.blocks import Down, Up
from thlab.nn.landmark_net import LandmarkNet
from thlab.nn.mouth import Points, mouth_box, mouth_mask, to_box
from thlab.nn.warp import Changes
from thlab.papers.priors.head import geometry
from thlab.papers.priors.head.geometry import Geometry, paste, place_teeth

FILM_STD = 0.1  # of the first weights of FiLM
GAIN = 2.0  # of the change that is asked of a pixel's logit
EDGE = 0.02  # logits are taken between this and 1 − EDGE
PICTURES = 7  # channels that the U-Net sees besides content: bent mouth, mouth before, mask

Image = Float[Tensor, "b 3 h w"]
Content = Float[Tensor, "b t d"]
Goal = Float[Tensor, "b k p 2"]  # points of frames, in 32nds of the mouth box
Video = Float[Tensor, "b k 3 h w"]


@dataclass(frozen=True)
class GeneratorConfig:
    """Sizes of the generator."""

    size: int = 64  # pixels of a side; the mouth box, which is what is painted, has half of them
    widths: tuple[int, ...] = (24, 48, 96, 160)  # channels a level, each half as large

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


class MouthMaps(NamedTuple):
    """What a frame's mouth box is made of."""

    places: Float[Tensor, "b s s 2"]  # each pixel is fetched from there, in 32nds
    teeth: Float[Tensor, "b 3 s s"]
    gap: Float[Tensor, "b 1 s s"]  # where the teeth show
    bent: Float[Tensor, "b 3 s s"]  # the image's mouth after both
    colour: Float[Tensor, "b 3 s s"]  # added to the logits of that


class FrameGenerator(nn.Module):
    """Bends an image's mouth box and paints over it, for both generators; d: numbers of content a
    frame.

    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, config: GeneratorConfig, d: int):
        super().__init__()
        widths = config.widths
        # finds the points in an image; trained elsewhere
        self.finder = LandmarkNet().requires_grad_(False)
        self.geometry = Geometry(d)
        self.teeth = nn.Parameter(torch.full((3, 10, 20), 0.4))  # the mean mouth's inside
        self.downs = nn.ModuleList(
            Down(fine, coarse, d) for fine, coarse in pairwise((PICTURES + d, *widths[1:]))
        )
        joins = zip(widths[1:], (PICTURES, *widths[1:-1]), widths[:-1], strict=True)
        self.ups = nn.ModuleList(
            Up(coarse, skip, fine, d) for coarse, skip, fine in reversed(list(joins))
        )
        self.outlet = nn.Conv2d(widths[0], 3, 3, padding=1)
        nn.init.normal_(self.outlet.weight, std=0.01)  # the first frames are what was bent
        for name, weight in self.named_parameters():
            # FiLM begins as the identity, and so deaf; here it must hear at once
            if name.endswith("film.weight"):
                nn.init.normal_(weight, std=FILM_STD)

    @torch.no_grad()
    def find(self, image: Image) -> Points:
        """Chin and mouth of an image."""
        return to_box(self.finder.eval()(image), image.shape[-1])

    def frame(
        self,
        image: Float[Tensor, "b 3 h w"],
        previous: Float[Tensor, "b 3 h w"],
        z_c: Float[Tensor, "b d"],
        points: Float[Tensor, "b p 2"],
        goal: Float[Tensor, "b p 2"] | None = None,
    ) -> Float[Tensor, "b 3 h w"]:
        """One frame in [0, 1] from the face image I_f, the frame before, the content and the
        image's points.

        goal: as in `maps`.
        Chapter: book/content-to-video.ipynb
        """
        return self.paint(image, self.maps(image, previous, z_c, points, goal))

    def maps(
        self,
        image: Float[Tensor, "b 3 h w"],
        previous: Float[Tensor, "b 3 h w"],
        z_c: Float[Tensor, "b d"],
        points: Float[Tensor, "b p 2"],
        goal: Float[Tensor, "b p 2"] | None = None,
    ) -> MouthMaps:
        """How one frame's mouth is bent, opened and coloured.

        goal: where the points shall go, in training where they went in truth; None: where content
        says.
        Chapter: book/content-to-video.ipynb
        """
        here = mouth(image)
        side = here.shape[-1]
        # the moves learn from landmarks alone: what pixels say of them is faint, and wrong where a
        # mouth opens
        moves = self.geometry(z_c, points).detach() if goal is None else goal - points
        places = geometry.fetched_from(points, moves, side)
        gap = mouth_mask(points + moves, side)
        teeth = place_teeth(self.teeth, points + moves, side)
        bent = geometry.fetch(here, places)
        # lips that part bare the mouth; bending alone would swell them
        bent = bent + gap * (teeth - bent)
        colour = GAIN * self.unet(torch.cat([bent, mouth(previous), gap], 1), z_c)
        return MouthMaps(places, teeth, gap, bent, colour)

    def unet(
        self, pictures: Float[Tensor, "b 7 s s"], z_c: Float[Tensor, "b d"]
    ) -> Float[Tensor, "b 3 s s"]:
        """What is asked of each pixel's colour.

        z_c is broadcast over the picture and joined to the channels, as in the paper, and scales
        and shifts every level (FiLM), which the paper has not.
        """
        pictures = pictures.contiguous(memory_format=torch.channels_last) - 0.5
        everywhere = z_c[:, :, None, None].expand(-1, -1, *pictures.shape[-2:])
        x = torch.cat([pictures, everywhere], 1)  # (B, 7 + d, H/2, W/2)
        skips = [pictures]
        for down in self.downs:
            x = down(x, z_c)
            skips.append(x)
        skips.pop()
        for up in self.ups:
            x = up(x, skips.pop(), z_c)
        return self.outlet(x)

    def paint(self, image: Image, maps: MouthMaps) -> Image:
        """The frame that maps make of an image: σ(logit(bent) + colour) in the mouth box, the image
        around it.
        """
        painted = torch.sigmoid(torch.logit(maps.bent, EDGE) + maps.colour)
        return image + paste(painted - mouth(image), *image.shape[-2:])


def as_changes(maps: MouthMaps, height: int, width: int) -> Changes:
    """Maps of the mouth box on the grid of the whole view, zeros around it.

    Chapter: book/content-to-video.ipynb
    """
    return Changes(
        motion=paste(geometry.motion_of(maps.places), height, width),
        colour=paste(maps.colour, height, width),
        texture=paste(maps.teeth, height, width),
        cover=paste(maps.gap, height, width),
        edge=EDGE,
        box=mouth_box(height, width),
    )


class Generator(nn.Module):
    """G of Sect. 3.3; d: numbers of content a frame. Chapter: book/content-to-video.ipynb"""

    def __init__(self, config: GeneratorConfig, d: int):
        super().__init__()
        self.config = config
        self.painter = FrameGenerator(config, d)  # the committed weights know it by this name

    def moves(self, content: Content, points: Points) -> Float[Tensor, "b t p 2"]:
        """How far content moves the points of an image."""
        return self.painter.geometry(content, points[:, None].expand(-1, content.shape[1], -1, -1))

    def forward(
        self,
        image: Image,
        content: Content,
        noise: Tensor | None = None,
        goal: Goal | None = None,
        unseen: int = 0,
    ) -> Video:
        """Frame after frame, each shown the one before, the first shown the image; the noise is for
        other generators.

        goal: as in `FrameGenerator.maps`. unseen: so many first frames are painted as in use and
        not returned; training that only met first frames would leave later ones to drift.
        """
        frames = [frame for frame, _ in self._frames(image, content, goal, unseen)]
        return torch.stack(frames[unseen:], 1)

    def changes(self, image: Image, content: Content) -> Changes:
        """What makes each frame of one clip from its image."""
        of_frames = [maps for _, maps in self._frames(image, content, None, 0)]
        together = MouthMaps(*(torch.cat(parts) for parts in zip(*of_frames, strict=True)))
        return as_changes(together, *image.shape[-2:])

    def _frames(
        self, image: Image, content: Content, goal: Goal | None, unseen: int
    ) -> Iterator[tuple[Tensor, MouthMaps]]:
        """Each frame and its maps, the unseen ones without gradient.

        The frame before is detached: through it a frame would be blamed for its successors, at
        three times the memory, and the temporal smoothing needs only its picture.
        """
        points = self.painter.find(image)
        frame = image
        for n, z_c in enumerate(content.unbind(1), -unseen):
            there = None if goal is None or n < 0 else goal[:, n]
            with torch.set_grad_enabled(torch.is_grad_enabled() and n >= 0):
                maps = self.painter.maps(image, frame.detach(), z_c, points, there)
                frame = self.painter.paint(image, maps)
            yield frame, maps


@torch.inference_mode()
def generate(generator: nn.Module, image: Image, content: Content) -> Video:
    """A face image's video in [0, 1], by a Generator or what is called alike.

    Chapter: book/content-to-video.ipynb
    """
    return generator.eval()(image, content)
