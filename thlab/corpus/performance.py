"""perform: a sentence said by someone in a mood, every factor exact, pictures only on demand."""

import atexit
import functools
import os
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

from thlab.audio.visemes import Segment, sample_visemes, viseme_segments
from thlab.corpus.clip import labels, say, stage
from thlab.corpus.grammar import check_sentence
from thlab.corpus.rows import clip_row
from thlab.corpus.scene import Scene
from thlab.corpus.settings import Preset, Settings, read_settings, settle
from thlab.corpus.speech import Speech
from thlab.corpus.version import check_version

ONE_VOICE = threading.Lock()  # the voice's file has one name


@dataclass(frozen=True)
class Performance:
    """One sentence as someone says it, 25 frames a second and 16 kHz; motion is made on demand.

    row: what the manifest would say of it. Times are in seconds, angles in radians, a row a frame.
    Chapter: book/sound-and-faces.ipynb
    """

    row: dict[str, Any]
    speech: Speech
    settings: Settings
    retake: int | None = None

    @cached_property
    def scene(self) -> Scene:
        """Who is seen, moving how, in what light: what `swap` exchanges parts of."""
        return stage(self.row, self.speech, self.settings, self.retake)

    @property
    def id(self) -> str:
        """The id that a corpus would give the clip."""
        return self.row["id"]

    @property
    def text(self) -> str:
        """The words, with spaces between them."""
        return " ".join(self.row["words"])

    @property
    def emotion(self) -> str:
        """One of EMOTIONS."""
        return self.row["emotion"]

    @property
    def intensity(self) -> float:
        """Of the emotion, 0 to 1; 0 where it is neutral."""
        return self.row["intensity"]

    @property
    def audio(self) -> Float[np.ndarray, " n"]:
        """The sound, float32 in -1..1: 640 samples a frame."""
        return self.speech.audio

    @property
    def pitch(self) -> tuple[int, int]:
        """Lowest and highest pitch in Hz that the synthesiser was told."""
        return self.speech.pitch

    @property
    def rate(self) -> float:
        """Phones a second, from the start of the first to the end of the last."""
        speech = self.speech
        return len(speech.phone) / float(speech.phone_end[-1] - speech.phone_start[0])

    @property
    def words(self) -> tuple[Segment, ...]:
        """The words and when they are said."""
        of = self.speech.phone_word
        spans = []
        for number, word in enumerate(self.row["words"]):
            own = np.flatnonzero(of == number)
            start, end = self.speech.phone_start[own[0]], self.speech.phone_end[own[-1]]
            spans.append(Segment(float(start), float(end), word))
        return tuple(spans)

    @property
    def phones(self) -> tuple[Segment, ...]:
        """espeak-ng's phones and when they are said."""
        speech = self.speech
        times = zip(speech.phone_start.tolist(), speech.phone_end.tolist(), strict=True)
        return tuple(Segment(*span, phone) for span, phone in zip(times, speech.phone, strict=True))

    @property
    def visemes(self) -> tuple[Segment, ...]:
        """The mouth shapes and when they are made; a diphthong makes two."""
        speech = self.speech
        spans = viseme_segments(speech.phone_start, speech.phone_end, speech.phone)
        return tuple(Segment(float(start), float(end), name) for start, end, name in spans)

    @property
    def viseme(self) -> UInt8[np.ndarray, " t"]:
        """Index into VISEMES of what is said at each frame's centre."""
        return sample_visemes(list(self.visemes), self.speech.n_frames)

    @property
    def face_units(self) -> Float[np.ndarray, "t 52"]:
        """Weights of the face units."""
        return self.scene.motion.face_units

    @property
    def pose(self) -> Float[np.ndarray, "t 3"]:
        """Yaw, pitch and roll of the head."""
        return self.scene.motion.pose

    @property
    def gaze(self) -> Float[np.ndarray, "t 2"]:
        """Yaw and pitch of the eyes in the head."""
        return self.scene.motion.gaze

    @property
    def blink(self) -> Float[np.ndarray, " t"]:
        """Closure of the lids, 0 open to 1 shut."""
        return self.scene.motion.blink

    def landmarks(self, view: str = "face", size: int = 64) -> Float[np.ndarray, "t 68 2"]:
        """Exact landmarks in a view's pixels, unrendered. ValueError: an unknown view or size."""
        return self.scene.landmarks(view, size)

    def render(self, view: str = "face", size: int = 64) -> UInt8[np.ndarray, "t h w 3"]:
        """The pictures, not yet compressed. ValueError for an unknown view or size."""
        return self.scene.render(view, size)

    def labels(self, view: str = "face", size: int = 64) -> dict[str, np.ndarray]:
        """The arrays of a clip's .npz."""
        return labels(self.row, self.speech, self.scene, self.landmarks(view, size))


def perform(
    speaker: int,
    sentence: Sequence[str],
    emotion: str = "neutral",
    intensity: float | None = None,
    *,
    number: int = 0,
    head_motion: float = 1.0,
    motion_seed: int = 0,
    retake: int | None = None,
    light: str = "clip",
    quiet: bool = False,
) -> Performance:
    """Speech, motion, exact landmarks and factors of a sentence; its `render()` makes pictures.

    speaker: any number from 0; those of a corpus look and sound as there. sentence: six words, one
    of each slot of the grammar. intensity: 0 to 1, or what a corpus would draw. number: which of
    the speaker's sentences it is in this emotion, 0 to 999: all chance comes from it and from
    speaker and emotion, so that a clip of a corpus is had by its own. retake: another performance
    of the same speech. Other words as `build` takes them. Raises ValueError for what is out of
    range.
    Chapter: book/sound-and-faces.ipynb
    """
    one = Preset((1, 0, 0), 1, 64)
    settings = settle(one, "face", None, head_motion, motion_seed, light, quiet)
    words = check_sentence(sentence)
    row = clip_row(speaker, "train", emotion, number, words, settings, intensity)
    return replay(row, settings, retake)


def replay(clip: Any, settings: Settings | None = None, retake: int | None = None) -> Performance:
    """The performance that a clip of a built corpus shows.

    clip: of `open_corpus`, or a manifest's row with the corpus's settings. Raises ValueError where
    it is not of a corpus that was built here.
    Chapter: book/sound-and-faces.ipynb
    """
    row = clip if isinstance(clip, dict) else clip.extra
    if row.get("seed") is None:
        name = row.get("id", clip)
        raise ValueError(f"{name}: not a clip of the embedded corpus, so nobody knows its factors")
    check_version(row["id"], row["corpus_version"])
    if settings is None and row is clip:
        raise ValueError(f"{row['id']}: a row does not say how its corpus moves: give settings")
    settings = settings or read_settings(Path(getattr(clip, "path", "")).parent)
    with ONE_VOICE:
        speech = say(row, _scratch(os.getpid()))
    return Performance(row, speech, settings, retake)


@functools.cache
def _scratch(process: int) -> Path:
    """A folder for espeak-ng's data, kept as long as the process; a forked one gets its own."""
    folder = Path(tempfile.mkdtemp(prefix="thlab-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
