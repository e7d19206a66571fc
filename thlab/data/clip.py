"""Clip: the one record that every corpus, face tracker and model of this project reads."""

from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from thlab.audio.visemes import Segment
from thlab.files import load_arrays
from thlab.media import read_audio, read_video

AUDIO_SUFFIXES = (".wav", ".flac", ".m4a")


def untimed(words: str) -> tuple[Segment, ...]:
    """Segments of words whose times are not known."""
    return tuple(Segment(nan, nan, word) for word in words.split())


@dataclass(repr=False)
class Clip:
    """One recording of one person, cheap to hold.

    It is decoded when `frames` or `audio` is first asked for, then kept.
    path: the video, or the audio where there are no pictures. audio_path: the sound where it lies
    in a file of its own. intensity in [0, 1]. split: train, val, test or what the corpus calls it.
    extra: what only this corpus knows.
    Chapter: book/sound-and-faces.ipynb
    """

    id: str
    path: Path
    speaker: str
    emotion: str | None = None
    intensity: float | None = None
    words: tuple[Segment, ...] = ()
    phones: tuple[Segment, ...] = ()
    split: str | None = None
    audio_path: Path | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def has_video(self) -> bool:
        """Whether there are pictures, judged by the suffix."""
        return self.path.suffix.lower() not in AUDIO_SUFFIXES

    @property
    def text(self) -> str:
        """The words, with spaces between them."""
        return " ".join(word.label for word in self.words)

    @property
    def timed(self) -> bool:
        """Whether there are words and their times are known."""
        return bool(self.words) and all(isfinite(word.start) for word in self.words)

    @cached_property
    def _video(self) -> tuple[UInt8[np.ndarray, "t h w 3"], float]:
        return read_video(self.path)

    @property
    def frames(self) -> UInt8[np.ndarray, "t h w 3"]:
        """Pictures (T, H, W, 3), uint8 RGB. Raises ValueError where the file cannot be decoded."""
        return self._video[0]

    @property
    def fps(self) -> float:
        """Pictures a second."""
        return self._video[1]

    @cached_property
    def audio(self) -> Float[np.ndarray, "n"]:
        """Sound, mono 16 kHz float32; no picture is decoded for it.

        Raises ValueError where it cannot be decoded.
        """
        return read_audio(self.audio_path or self.path)

    @cached_property
    def labels(self) -> dict[str, np.ndarray]:
        """Arrays of the .npz beside the clip: viseme, pose, …; empty where there is none."""
        path = self.path.with_suffix(".npz")
        return load_arrays(path) if path.exists() else {}

    def __repr__(self) -> str:
        who = f"speaker={self.speaker!r}, emotion={self.emotion!r}"
        return f"Clip({self.id!r}, {who}, text={self.text!r})"
