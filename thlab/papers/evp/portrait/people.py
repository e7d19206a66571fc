"""One edge-to-video net over many people, which knows a person by one photo alone.

[ji2021], Sect. 3.3, trains a net a person. Here the photo takes the place of all that is learnt of
a person: thin plates bend it to the landmarks, and the net paints what it lacks then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn.functional import interpolate

from thlab.face.edges import edge_maps
from thlab.face.thin_plates import thin_plate_motion
from thlab.papers.evp.portrait.config import PortraitConfig, PortraitWeights
from thlab.papers.evp.portrait.footage import Footage
from thlab.papers.evp.portrait.keyframe import centres, fetch, finer
from thlab.papers.evp.portrait.model import CHUNK, Generator, as_bytes
from thlab.training import from_card, load_weights, read_card
from thlab.training.optim import build_seeded, warmup_cosine

PEOPLE = "evp-people"  # the name of the weights


@dataclass(frozen=True)
class PeopleConfig:
    """Sizes, objective and training of the net over many people.

    Its U-Net is that of a person's net with one frame before, whose place the photo takes; critics
    join at `critics_from`.
    """

    people: int = 100  # the first so many training speakers of the embedded corpus
    # of a speaker's list, which has 8: each person says one of them in all emotions
    sentences: tuple[int, ...] = (0, 1, 2, 3, 4, 5)
    pairs: int = 4  # of neighbouring frames, of each clip
    size: int = 128  # pixels of a side
    fold: int = 2  # pixels a side of the square that becomes one pixel with more channels
    cells: int = 32  # a side of the grid on which the photo is bent
    widths: tuple[int, ...] = (24, 48, 72, 96)  # of the U-Net, each half the size of the last
    scales: int = 2  # of the critics of frames, each half the size of the last
    critic_widths: tuple[int, ...] = (32, 64, 96)
    # weight of a pixel of the face, where others have 1, and what is added between the lips: of
    # that a photo shows the least
    face: float = 4.0
    inside: float = 30.0
    # pairs are too short for the critic of clips; frames of one photo flicker little, and where
    # changes weigh much mouths stay shut
    weights: PortraitWeights = field(default_factory=lambda: PortraitWeights(changes=1.0, clip=0.0))
    batch: int = 4  # pairs of frames of a step, each with a photo
    learning_rate: float = 3e-3
    critic_rate: float = 5e-4
    critics_from: int = 1800  # the step at which critics join; `steps` or more: never
    steps: int = 2100

    @property
    def net(self) -> PortraitConfig:
        """The same as the config of a generator and its critics."""
        return PortraitConfig(
            size=self.size,
            fold=self.fold,
            cells=self.cells,
            widths=self.widths,
            history=1,
            scales=self.scales,
            critic_widths=self.critic_widths,
            weights=self.weights,
        )

    def rate(self, step: int) -> float:
        """The learning rate at a step: up, and down to 0."""
        return self.learning_rate * warmup_cosine(step, max(2, self.steps))

    @classmethod
    def fast(cls) -> "PeopleConfig":
        """Seconds, for tests."""
        return cls(
            people=3,
            sentences=(0,),
            pairs=1,
            size=64,
            cells=16,
            widths=(8, 16, 16),
            critic_widths=(8, 8),
            scales=1,
            batch=2,
            critics_from=12,
            steps=20,
        )

    @classmethod
    def book(cls) -> "PeopleConfig":
        """A quarter of an hour of one core."""
        return cls()

    @classmethod
    def paper(cls) -> "PeopleConfig":
        """The public code's size, widths and rates of a person's net: it has none over people."""
        return cls(
            people=600,
            pairs=10,
            size=512,
            cells=64,
            widths=(64, 128, 256, 512, 1024),
            critic_widths=(64, 128, 256, 512),
            learning_rate=2e-4,
            critic_rate=2e-4,
            critics_from=10_000,
            steps=100_000,
        )


class Photos(nn.Module):
    """Bends photos by thin plates. It has no weights, and everything in a photo may move."""

    moves: Tensor
    grid: Tensor

    def __init__(self, size: int):
        super().__init__()
        self.size = size
        self.register_buffer("moves", torch.ones(1, size, size), persistent=False)
        self.register_buffer("grid", centres(size), persistent=False)

    def forward(
        self, photos: Float[Tensor, "b 3 h w"], plates: Float[Tensor, "b 2 n n"]
    ) -> Float[Tensor, "b 3 h w"]:
        """plates: how far from the centre of each cell lies its place in the photo, in widths."""
        motion = interpolate(plates, size=self.size, mode="bilinear", align_corners=False)
        return fetch(finer(photos), self.grid + 2 * motion.movedim(1, -1))


def new_net(config: PeopleConfig, seed: int) -> Generator:
    """The net before training.

    Chapter: book/evp-portrait.ipynb
    """
    return build_seeded(lambda: Generator(config.net, Photos(config.size)), seed)


def load_people(name: str | Path) -> Generator:
    """The trained net, by the path or name of its weights.

    FileNotFoundError where there are no weights, ValueError where they are of another net.
    Chapter: book/evp-portrait.ipynb
    """
    config = from_card(PeopleConfig, read_card(name)["config"])
    return load_weights(name, new_net(config, 0)).eval().requires_grad_(False)


class PhotoGenerator:
    """The net over many people with one person's photo: it paints as that person's generator would.

    photo: footage of one frame; ValueError where it has more, or another size than the net's.
    """

    def __init__(self, net: Generator, photo: Footage):
        self.net = net.eval()
        self.config = net.config
        size = self.config.size
        if photo.frames.shape != (1, size, size, 3):
            given = "x".join(map(str, photo.frames.shape))
            raise ValueError(f"a photo of {given}: this net wants one of {size}x{size} pixels")
        self.picture = torch.from_numpy(photo.frames).movedim(-1, 1) / 255  # (1, 3, H, W)
        self.points = torch.from_numpy(photo.landmarks[0]).float() / size
        self.edges = torch.from_numpy(edge_maps(photo.frames, photo.landmarks))

    def bend(self, landmarks: Float[np.ndarray, "t 68 2"]) -> Float[Tensor, "t 3 h w"]:
        """The photo bent to landmarks (px), with nothing painted onto it."""
        points = torch.from_numpy(landmarks).float() / self.config.size
        plates = thin_plate_motion(points, self.points, self.config.cells)
        return self.net.key(self.picture.expand(len(points), -1, -1, -1), plates)

    @torch.inference_mode()
    def render(
        self, edges: UInt8[Tensor, "t 4 h w"], landmarks: Float[np.ndarray, "t 68 2"]
    ) -> UInt8[Tensor, "t h w 3"]:
        """The frames of guidance maps and landmarks (px), each from the photo alone."""
        frames = []
        for maps, points in zip(edges.split(CHUNK), in_chunks(landmarks), strict=True):
            before = self.edges.expand(len(maps), -1, -1, -1)
            given = torch.cat([maps, before], 1) / 255  # (B, 8, H, W)
            photo = self.picture.expand(len(maps), -1, -1, -1)
            made = self.net(self.bend(points), given, photo[:, None]).frame
            frames.append(as_bytes(made))
        return torch.cat(frames)

    @torch.inference_mode()
    def plates_alone(self, landmarks: Float[np.ndarray, "t 68 2"]) -> UInt8[Tensor, "t h w 3"]:
        """The photo bent to landmarks (px) as frames, without the net."""
        return torch.cat([as_bytes(self.bend(points)) for points in in_chunks(landmarks)])


def in_chunks(landmarks: Float[np.ndarray, "t 68 2"]) -> Sequence[np.ndarray]:
    """Landmarks, as many at once as are painted at once.

    Chapter: book/evp-portrait.ipynb
    """
    return np.split(landmarks, range(CHUNK, len(landmarks), CHUNK))
