"""The talking head of [zhou2019]: any face, moved by sound or by the lips of another."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.inference import Speech, read_lips, read_speech
from thlab.nn.warp import Changes
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import DAVS, audio_features
from thlab.training import load_weights, read_card
from thlab.training.config import from_card

DISENTANGLED = (
    "davs-disentangled"  # the weights' name; "davs-entangled" are those without Eq. 3 and 5
)


class LipSpeech(Speech):
    """Speech that is to be read from the lips; its sound is only heard beside the video.

    Chapter: book/davs.ipynb
    """

    __slots__ = ()


class DAVSHead:
    """A model that paints whole frames. Chapter: book/davs.ipynb"""

    def __init__(self, model: DAVS):
        self.model = model
        self.size = model.config.size

    @torch.no_grad()
    def content(self, speech: Speech) -> Float[Tensor, "t d"]:
        """The word codes of speech, one a frame: f_w^v of the lips of a `LipSpeech`, else f_w^a of
        the sound.
        """
        if isinstance(speech, LipSpeech):
            assert speech.lips is not None  # what there is to read
            return self.model.e_w_v(speech.lips[None])[0]
        rows = audio_features(speech.audio, speech.n_frames)
        return self.model.e_w_a(rows[None])[0]

    def render(
        self, image: Float[Tensor, "3 h w"], content: Float[Tensor, "t d"], controls: None = None
    ) -> Float[Tensor, "t 3 h w"]:
        """G(f_p, f_w) of the picture's person and the content's words."""
        return self.model.speak(image[None], content[None])[0]


class BendingHead(DAVSHead):
    """A model whose frames are the picture, bent and recoloured. Chapter: book/davs.ipynb"""

    def changes(
        self, image: Float[Tensor, "3 h w"], content: Float[Tensor, "t d"], controls: None = None
    ) -> Changes:
        """Motion and colour of each frame, on the grid of the aligned view."""
        return self.model.changes(image, content)


def make_head(model: DAVS) -> DAVSHead:
    """The head of a model: one that bends also gives its changes. Chapter: book/davs.ipynb"""
    return BendingHead(model) if model.config.bends else DAVSHead(model)


def load_head(weights: Path | None) -> DAVSHead:
    """The head of a finished training's folder, or of the committed weights.

    Chapter: book/davs.ipynb
    """
    model, _ = load_model(weights / DISENTANGLED if weights else DISENTANGLED)
    return make_head(model)


def load_model(name: str | Path = DISENTANGLED) -> tuple[DAVS, tuple[str, ...]]:
    """A trained model and its words, by the name or the path of its weights.

    FileNotFoundError where there are none. Chapter: book/davs.ipynb
    """
    card = read_card(name)
    config = from_card(DAVSConfig, card["config"])
    model = DAVS(config, len(card["words"]), card["people"])
    return load_weights(name, model).eval().requires_grad_(False), tuple(card["words"])


def read_source(options: Mapping[str, Any], size: int) -> Speech:
    """Speech from --audio, or the lips of --video; ValueError where not just one of them is given.

    Chapter: book/davs.ipynb
    """
    audio = options.get("audio")
    video = options.get("video")
    if audio is not None and video is None:
        return read_speech(audio)
    if video is not None and audio is None:
        return LipSpeech(*read_lips(video, size))
    raise ValueError("give one source of speech: a recording (--audio) or a video (--video)")
