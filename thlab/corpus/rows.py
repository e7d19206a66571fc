"""The list of clips that settings stand for: who says what, how, and to which part it belongs."""

import numpy as np

from thlab.corpus.expression import EMOTIONS
from thlab.corpus.floor import draw_floor
from thlab.corpus.grammar import COMMON, own_sentences
from thlab.corpus.settings import FIRST_SPEAKER, Preset, Settings, sentence_counts

LEAST_INTENSITY = 0.4  # of an emotional clip; neutral is 0
INTENSITY, FLOOR = 4000, 4100  # seed streams


def clip_rows(settings: Settings) -> list[dict]:
    """The manifest's rows, without the checksums, in order."""
    rows = []
    for part, count in zip(FIRST_SPEAKER, sentence_counts(settings), strict=True):
        for speaker in speakers_of(settings, part):
            parts = sentence_parts(part, count)
            texts = [*COMMON[:count], *own_sentences(speaker, parts[len(COMMON) :])]
            for emotion in settings.emotions:
                for number, words in enumerate(texts):
                    row = clip_row(speaker, part, emotion, number, words, settings)
                    rows.append(row | {"heldout": parts[number] == "heldout"})
    return rows


def speakers_of(preset: Preset, part: str) -> range:
    """The numbers of a part's speakers: train, val, test."""
    count = preset.split[list(FIRST_SPEAKER).index(part)]
    return range(FIRST_SPEAKER[part], FIRST_SPEAKER[part] + count)


def sentence_parts(part: str, count: int) -> list[str]:
    """The part of each of a speaker's sentences; of those trained on a quarter is held out."""
    held = count // 4 if part == "train" else 0
    return [part] * (count - held) + ["heldout"] * held


def clip_row(
    speaker: int,
    part: str,
    emotion: str,
    number: int,
    words: tuple[str, ...],
    settings: Settings,
    intensity: float | None = None,
) -> dict:
    """What is known of a clip before it is made; speaker, emotion and number make its seed.

    Raises ValueError for an unknown emotion, or a speaker, number or intensity out of range.
    """
    _check_mood(emotion, intensity)
    if speaker < 0 or not 0 <= number < 1000:
        raise ValueError(f"speaker {speaker}, sentence {number}: from 0, and from 0 to 999")
    seed = (speaker * len(EMOTIONS) + EMOTIONS.index(emotion)) * 1000 + number
    if intensity is None:
        drawn = np.random.default_rng([INTENSITY, seed]).uniform(LEAST_INTENSITY, 1)
        intensity = drawn if emotion != "neutral" else 0.0
    name = f"s{speaker:03}"
    row = {
        "id": f"{name}_{emotion}_{number:02}",
        "speaker": name,
        "words": list(words),
        "emotion": emotion,
        "intensity": round(intensity, 3),
        "seed": seed,
        "split": part,
        "corpus_version": settings.corpus_version,
    }
    if not settings.quiet:
        row |= draw_floor(np.random.default_rng([FLOOR, seed]))
    return row


def _check_mood(emotion: str, intensity: float | None) -> None:
    if emotion not in EMOTIONS:
        raise ValueError(f"there is no emotion {emotion!r}: choose one of {', '.join(EMOTIONS)}")
    if intensity is not None and not 0 <= intensity <= 1:
        raise ValueError(f"intensity {intensity}: choose a number from 0 to 1")
    if emotion == "neutral" and intensity:
        raise ValueError(f"intensity {intensity}: neutral has none")
