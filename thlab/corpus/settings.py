"""What a corpus holds: its presets, and the list of clips that settings stand for."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thlab.corpus.expression import EMOTIONS
from thlab.corpus.grammar import sentences
from thlab.corpus.render import VIEWS
from thlab.corpus.version import CORPUS_VERSION

SETTINGS = "corpus.json"  # the file in a corpus's folder that says what it holds
SMALLEST, LARGEST = 64, 256  # pixels
LEAST_INTENSITY = 0.4  # of an emotional clip; neutral is 0


@dataclass(frozen=True)
class Preset:
    """How many clips of what size; every speaker says every sentence in every emotion."""

    split: tuple[int, int, int]  # speakers for training, validation, test
    sentences: int
    size: int  # pixels
    emotions: tuple[str, ...] = EMOTIONS
    head_motion: float = 1.0  # 0 still to 1 lively; .4 moves like the talkers of GRID


PRESETS = {
    "tiny": Preset(split=(4, 1, 1), sentences=4, size=64),
    "small": Preset(split=(8, 2, 2), sentences=10, size=128),
    "medium": Preset(split=(20, 3, 3), sentences=8, size=64, head_motion=0.4),
    # every word in many contexts, and 25 sentences more, each word among them, to hold out
    "words": Preset(split=(20, 3, 3), sentences=75, size=64, emotions=("neutral",), head_motion=0.4),
    "full": Preset(split=(28, 3, 3), sentences=40, size=128),
}


@dataclass(frozen=True)
class Settings(Preset):
    """Everything that the bytes of a corpus in one view depend on."""

    view: str = "face"
    motion_seed: int = 0
    corpus_version: str = CORPUS_VERSION


def settle(preset: str | Preset, view: str, size: int | None, head_motion: float | None, motion_seed: int) -> Settings:
    """Settings from a preset and what is asked otherwise; ValueError names what is out of range."""
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
        preset = PRESETS[preset]
    size = preset.size if size is None else size
    head_motion = float(preset.head_motion if head_motion is None else head_motion)
    chosen = {"size": size, "head_motion": head_motion, "view": view, "motion_seed": motion_seed}
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}: choose one of {', '.join(VIEWS)}")
    if not SMALLEST <= size <= LARGEST or size % 2:
        raise ValueError(f"size {size}: choose an even number of pixels from {SMALLEST} to {LARGEST}")
    if not 0 <= head_motion <= 1:
        raise ValueError(f"head motion {head_motion}: choose a number from 0 to 1")
    if motion_seed < 0:
        raise ValueError(f"motion seed {motion_seed}: choose a whole number from 0")
    return Settings(**vars(preset) | chosen)


def read_settings(root: Path) -> Settings:
    """The settings a corpus was built with."""
    fields = json.loads((root / SETTINGS).read_text())
    return Settings(**fields | {key: tuple(fields[key]) for key in ("split", "emotions")})


def clip_rows(settings: Settings) -> list[dict]:
    """The manifest's rows, without the checksums, in order."""
    texts = sentences(settings.sentences)
    return [
        clip_row(speaker, part, emotion, number, words)
        for speaker, part in enumerate(np.repeat(["train", "val", "test"], settings.split).tolist())
        for emotion in settings.emotions
        for number, words in enumerate(texts)
    ]


def clip_row(speaker: int, part: str, emotion: str, number: int, words: tuple[str, ...]) -> dict:
    """What is known of a clip before it is made; its seed is made of its speaker, emotion and sentence."""
    seed = (speaker * len(EMOTIONS) + EMOTIONS.index(emotion)) * 1000 + number
    intensity = np.random.default_rng([4000, seed]).uniform(LEAST_INTENSITY, 1) if emotion != "neutral" else 0.0
    return {
        "id": f"s{speaker:02}_{emotion}_{number:02}",
        "speaker": f"s{speaker:02}",
        "words": list(words),
        "emotion": emotion,
        "intensity": round(intensity, 3),
        "seed": seed,
        "split": part,
        "corpus_version": CORPUS_VERSION,
    }
