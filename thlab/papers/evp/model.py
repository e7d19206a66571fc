"""E_c, E_e, C_e and D of [ji2021], Sect. 3.2: one window of speech as content and emotion."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import interpolate

from thlab.audio.features import MFCC_WINDOW, N_MFCC
from thlab.training import from_card, load_weights, read_card

DISENTANGLER = "evp-disentangle"  # the name of its weights
COEFFICIENTS = N_MFCC - 1  # C0, which is loudness, is left out

Windows = Float[Tensor, "b 28 12"]


@dataclass(frozen=True)
class LossWeights:
    """Weights of Eq. 6; the paper names lambda_cla and lambda_con, and gives neither a value."""

    l_cross: float = 1.0
    l_self: float = 1.0
    l_cla: float = 1.0
    l_con: float = 1.0


@dataclass(frozen=True)
class DisentangleConfig:
    """Sizes, weights and steps of cross-reconstruction."""

    widths: tuple[int, ...] = (64, 128, 256, 256, 512)  # channels of each encoder's five layers
    hidden: int = 2048  # of each encoder's last layer but one
    content: int = 256  # numbers in E_c(x)
    emotion: int = 128  # in E_e(x)
    norm: Literal["l1", "l2"] = "l2"  # of Eq. 2 and 3: as printed squared, or the public code's
    weights: LossWeights = LossWeights()
    learning_rate: float = 2e-4  # of each encoder alone
    crossing_rate: float = 2e-4  # of everything: E_c is not to forget the words
    batch: int = 16  # quadruples
    enrolled: int = 2  # neutral clips of a speaker by which MFCC are standardised
    content_steps: int = 20_000  # E_c alone, on words
    emotion_steps: int = 20_000  # E_e alone, on emotions
    steps: int = 40_000  # everything, on pseudo pairs

    @classmethod
    def paper(cls) -> "DisentangleConfig":
        """The public code's sizes; its steps are not known."""
        return cls(norm="l1")

    @classmethod
    def book(cls) -> "DisentangleConfig":
        """What the committed weights were trained with."""
        return cls(
            widths=(16, 32, 48, 48, 64),
            hidden=128,
            weights=LossWeights(l_cla=0.3, l_con=0.05),
            learning_rate=1e-3,
            crossing_rate=1e-3,
            content_steps=1000,
            emotion_steps=2000,
            steps=2000,
        )

    @classmethod
    def fast(cls) -> "DisentangleConfig":
        """Seconds, for tests."""
        return cls(
            widths=(8, 8, 16, 16, 16),
            hidden=32,
            content=32,
            emotion=16,
            weights=LossWeights(l_con=0.05),
            learning_rate=1e-3,
            crossing_rate=1e-3,
            batch=8,
            content_steps=10,
            emotion_steps=10,
            steps=20,
        )


class Convolution(nn.Sequential):
    """3 x 3 convolution, normalised over the batch as in the public code, rectified.

    With groups of channels normalised instead, E_e needed twice the steps. Several processes each
    normalise by their own part of a batch.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )


class ContentEncoder(nn.Module):
    """E_c: a window to what is said in its middle.

    The last step gives all codes the same length: else L_con (Eq. 5) is least where they shrink.
    """

    def __init__(self, config: DisentangleConfig):
        super().__init__()
        a, b, c, d, e = config.widths
        self.maps = nn.Sequential(
            Convolution(1, a),
            Convolution(a, b),
            nn.MaxPool2d((1, 2)),  # (28, 6): time stays
            Convolution(b, c),
            Convolution(c, d),
            Convolution(d, e),
            nn.MaxPool2d((2, 2)),  # (14, 3)
        )
        self.code = outlet(e * 14 * 3, config, config.content)
        self.length = nn.LayerNorm(config.content, elementwise_affine=False)

    def forward(self, x: Windows) -> Float[Tensor, "b c"]:
        return self.length(self.code(self.maps(x[:, None])))


class EmotionEncoder(nn.Module):
    """E_e: a window to its mood; halving time as often as coefficients, it forgets when."""

    def __init__(self, config: DisentangleConfig):
        super().__init__()
        a, b, c, d, e = config.widths
        self.maps = nn.Sequential(
            Convolution(1, a),
            Convolution(a, b),
            nn.MaxPool2d((2, 2)),  # (14, 6)
            Convolution(b, c),
            Convolution(c, d),
            nn.MaxPool2d((2, 2)),  # (7, 3)
            Convolution(d, e),
        )
        self.code = outlet(e * 7 * 3, config, config.emotion)

    def forward(self, x: Windows) -> Float[Tensor, "b e"]:
        return self.code(self.maps(x[:, None]))


class Decoder(nn.Module):
    """D: content and emotion to a window of standardised MFCC."""

    def __init__(self, config: DisentangleConfig):
        super().__init__()
        a, b, c, _, e = config.widths
        self.start = nn.Sequential(nn.Linear(config.content + config.emotion, e * 7 * 3), nn.ReLU())
        self.channels = e
        self.maps = nn.ModuleList([Convolution(e, c), Convolution(c, b), Convolution(b, a)])
        self.last = nn.Conv2d(a, 1, 3, padding=1)

    def forward(self, content: Float[Tensor, "b c"], emotion: Float[Tensor, "b e"]) -> Windows:
        x = self.start(torch.cat([content, emotion], 1)).view(-1, self.channels, 7, 3)
        sizes = ((7, 3), (14, 6), (MFCC_WINDOW, COEFFICIENTS))
        for size, maps in zip(sizes, self.maps, strict=True):
            x = maps(interpolate(x, size, mode="nearest"))
        return self.last(x)[:, 0]


def outlet(inputs: int, config: DisentangleConfig, outputs: int) -> nn.Sequential:
    """The two last layers of an encoder, on all of its maps. Chapter: book/evp-disentangle.ipynb"""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(inputs, config.hidden),
        nn.ReLU(),
        nn.Linear(config.hidden, outputs),
    )


class Codes(NamedTuple):
    """What the encoders make of windows."""

    content: Float[Tensor, "b c"]
    emotion: Float[Tensor, "b e"]


class Crossed(NamedTuple):
    """What becomes of quadruples x_{i,m}, x_{j,n}, x_{j,m}, x_{i,n}.

    content, emotion, logits (of C_e): of each window. crossed: the two windows made of one clip's
    content and the other's emotion, x_{i,n} and x_{j,m}. own: x_{i,m} and x_{j,n}, made of both of
    their codes.
    """

    content: Float[Tensor, "b 4 c"]
    emotion: Float[Tensor, "b 4 e"]
    logits: Float[Tensor, "b 4 n"]
    crossed: Float[Tensor, "b 2 28 12"]
    own: Float[Tensor, "b 2 28 12"]


class Disentangler(nn.Module):
    """E_c, E_e, D, and the classifier C_e of emotions, on standardised MFCC.

    moods: the mean code of each emotion in training, which a label asks for. voice: mean and
    deviation of the MFCC of all training voices, for one that nobody enrols.
    """

    def __init__(self, config: DisentangleConfig, n_emotions: int):
        super().__init__()
        self.config = config
        self.content = ContentEncoder(config)
        self.emotion = EmotionEncoder(config)
        self.decoder = Decoder(config)
        self.classifier = nn.Linear(config.emotion, n_emotions)
        self.moods = nn.Buffer(torch.zeros(n_emotions, config.emotion))
        self.voice = nn.Buffer(torch.stack([torch.zeros(COEFFICIENTS), torch.ones(COEFFICIENTS)]))

    def encode(self, x: Windows) -> Codes:
        """Content and emotion of windows."""
        return Codes(self.content(x), self.emotion(x))

    def forward(self, x: Float[Tensor, "b 4 28 12"]) -> Crossed:
        """Codes and reconstructions of quadruples, Eq. 2 and 3."""
        codes = self.encode(x.flatten(0, 1))
        content = codes.content.unflatten(0, (-1, 4))
        emotion = codes.emotion.unflatten(0, (-1, 4))
        im, jn = 0, 1
        # D(E_c(x_{i,m}), E_e(x_{j,n})), D(E_c(x_{j,n}), E_e(x_{i,m})), and both with their own
        of_content = content[:, [im, jn, im, jn]].flatten(0, 1)
        of_emotion = emotion[:, [jn, im, im, jn]].flatten(0, 1)
        made = self.decoder(of_content, of_emotion).unflatten(0, (-1, 4))
        logits = self.classifier(emotion)
        return Crossed(content, emotion, logits, made[:, :2], made[:, 2:])


def load_disentangler(name: str | Path = DISENTANGLER) -> Disentangler:
    """Trained E_c, E_e, C_e and D, frozen, by the path or name of their weights.

    FileNotFoundError where there are none, ValueError where they are of another model.
    Chapter: book/evp-disentangle.ipynb
    """
    card = read_card(name)
    model = Disentangler(from_card(DisentangleConfig, card["config"]), len(card["emotions"]))
    return load_weights(name, model).eval().requires_grad_(False)


class Reader(nn.Module):
    """An encoder and a linear classifier of its codes: how E_c and E_e are trained beforehand."""

    def __init__(self, encoder: nn.Module, classifier: nn.Module):
        super().__init__()
        self.encoder = encoder
        self.classifier = classifier

    def forward(self, x: Windows) -> Float[Tensor, "b n"]:
        return self.classifier(self.encoder(x))
