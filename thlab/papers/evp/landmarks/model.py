"""The audio-to-landmark network, Eq. 7 of [ji2021]: codes of speech move a person's landmarks."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.papers.evp.model import DISENTANGLER, Disentangler
from thlab.training import from_card, load_weights, read_card
from thlab.training.weights import state_digest

LANDMARKS = "evp-landmarks"  # the name of the network's weights


@dataclass(frozen=True)
class LandmarkWeights:
    """Weights of the three terms that stand for Eq. 7, and of one that is not the paper's."""

    points: float = 10.0  # squared error of landmarks, in px of 64
    axes: float = 1.0  # of the standardised coordinates on the axes
    velocity: float = 0.0  # of the steps from frame to frame
    opening: float = 0.0  # of the gap between the lips, relative to it


@dataclass(frozen=True)
class LandmarkConfig:
    """Sizes, weights and steps."""

    axes: int = 16  # principal axes of displacements
    identity: tuple[int, int] = (256, 512)  # the MLP that makes f_a of l_a
    hidden: int = 256  # of the LSTM, and of the MLP behind it
    layers: int = 3  # of the LSTM
    weights: LandmarkWeights = LandmarkWeights()
    clips: int = 100_000  # of the training ones, at most: each one's head is fitted first
    emotion_noise: float = 0.0  # in training, as a share of the codes' deviation
    learning_rate: float = 2e-4
    batch: int = 16
    frames: int = 16  # of a sequence
    steps: int = 20_000

    @classmethod
    def paper(cls) -> "LandmarkConfig":
        """The public code's sizes; its steps are not known."""
        return cls()

    @classmethod
    def book(cls) -> "LandmarkConfig":
        """What the committed weights were trained with."""
        return cls(
            axes=20,
            identity=(64, 32),
            hidden=128,
            layers=1,
            weights=LandmarkWeights(points=4.0, axes=0.1, velocity=2.0, opening=5.0),
            clips=4000,
            emotion_noise=1.0,
            learning_rate=2e-3,
            frames=32,
            steps=1200,
        )

    @classmethod
    def fast(cls) -> "LandmarkConfig":
        """Seconds, for tests."""
        return cls(axes=6, identity=(16, 8), hidden=16, layers=1, frames=8, batch=4, steps=10)


class Sizes(NamedTuple):
    """Of what a network takes and gives: numbers of both codes, points of a face, axes."""

    content: int
    emotion: int
    points: int
    axes: int


class Shapes(NamedTuple):
    """What the landmarks of training people do: the mean of their faces at rest, and the mean,
    principal axes and deviations of displacements.
    """

    rest: Float[Tensor, "p 2"]
    mean: Float[Tensor, "d"]
    axes: Float[Tensor, "k d"]
    deviation: Float[Tensor, "k"]


class AudioToLandmark(nn.Module):
    """l_a, E_c(x) and E_e(x) to displacements l_d.

    Landmarks are in px of the 64-px `face` view, in which eyes and nose stand still: sound does not
    tell how a head turns.
    """

    def __init__(self, config: LandmarkConfig, sizes: Sizes):
        super().__init__()
        self.config = config
        self.sizes = sizes
        _, _, n_points, n_axes = sizes
        first, second = config.identity
        self.identity = nn.Sequential(
            nn.Linear(2 * n_points, first), nn.ReLU(), nn.Linear(first, second)
        )
        inputs = second + sizes.content + sizes.emotion
        self.lstm = nn.LSTM(inputs, config.hidden, config.layers, batch_first=True)
        self.outlet = nn.Sequential(
            nn.Linear(config.hidden, config.hidden), nn.ReLU(), nn.Linear(config.hidden, n_axes)
        )
        self.rest = nn.Buffer(torch.zeros(n_points, 2))
        self.mean = nn.Buffer(torch.zeros(2 * n_points))
        self.axes = nn.Buffer(torch.zeros(n_axes, 2 * n_points))
        self.deviation = nn.Buffer(torch.ones(n_axes))

    def set_shapes(self, shapes: Shapes) -> None:
        """Take the axes of training people."""
        for name, value in shapes._asdict().items():
            getattr(self, name).copy_(value)

    def forward(
        self,
        l_a: Float[Tensor, "b p 2"],
        content: Float[Tensor, "b t c"],
        emotion: Float[Tensor, "b e"],
    ) -> Float[Tensor, "b t k"]:
        """Standardised coordinates on the axes, a row a frame."""
        f_a = self.identity((l_a - self.rest).flatten(1))
        once = torch.cat([f_a, emotion], 1)
        every = once[:, None].expand(-1, content.shape[1], -1)
        h, _ = self.lstm(torch.cat([every, content], 2))
        return self.outlet(h)

    def speak(
        self,
        l_a: Float[Tensor, "p 2"],
        content: Float[Tensor, "t c"],
        emotion: Float[Tensor, "e"],
    ) -> Float[Tensor, "t p 2"]:
        """l_a + l_d of one clip, in px, Eq. 7."""
        coordinates = self(l_a[None], content[None], emotion[None])
        return l_a + self.displacements(coordinates)[0]

    def displacements(self, coordinates: Float[Tensor, "*b k"]) -> Float[Tensor, "*b p 2"]:
        """l_d of coordinates on the axes, in px."""
        flat = self.mean + (coordinates * self.deviation) @ self.axes
        return flat.unflatten(-1, (-1, 2))

    def coordinates(self, displacements: Float[Tensor, "*b p 2"]) -> Float[Tensor, "*b k"]:
        """Displacements on the axes, standardised."""
        return (displacements.flatten(-2) - self.mean) @ self.axes.T / self.deviation


def load_network(name: str | Path, model: Disentangler) -> AudioToLandmark:
    """A trained network, frozen, by the path or name of its weights.

    model: whose codes it is to move landmarks by. FileNotFoundError where there are no weights,
    ValueError where they are of another net, or learnt from the codes of another model.
    Chapter: book/evp-disentangle.ipynb
    """
    card = read_card(name)
    if card["codes"] != state_digest(model.state_dict()):
        raise ValueError(
            f"{name} was trained on the codes of another {DISENTANGLER}: give both files of one "
            "training"
        )
    net = AudioToLandmark(from_card(LandmarkConfig, card["config"]), Sizes(*card["sizes"]))
    return load_weights(name, net).eval().requires_grad_(False)


def principal_axes(displacements: Float[Tensor, "n p 2"], count: int) -> Shapes:
    """Mean, axes and deviations of displacements; `rest` is left at zero.

    Chapter: book/evp-disentangle.ipynb
    """
    flat = displacements.flatten(1)
    mean = flat.mean(0)
    covariance = (flat - mean).T @ (flat - mean) / len(flat)
    variance, vectors = torch.linalg.eigh(covariance.double())
    count = min(count, len(variance))
    axes = vectors.flip(1)[:, :count].T.to(flat)
    deviation = variance.flip(0)[:count].clamp(min=1e-8).sqrt().to(flat)
    return Shapes(torch.zeros(displacements.shape[1:]), mean, axes, deviation)
