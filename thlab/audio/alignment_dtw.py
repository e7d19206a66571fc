"""Forced alignment with nothing but time warping, onto synthetic voices of known times."""

import string
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.signal import resample_poly

from thlab.audio.alignment import Alignment, one_clip
from thlab.audio.espeak import synthesize, time_phones
from thlab.audio.pairs import align
from thlab.audio.stft import HOP, Audio
from thlab.audio.time_warping import map_times
from thlab.audio.visemes import Segment
from thlab.media import SAMPLE_RATE
from thlab.optional import require

# one accent, so that every voice says the same phones
VOICES = tuple(f"gmw/en+{variant}" for variant in ("f1", "f2", "f3", "f4", "m1", "m2", "m3", "m4"))
WORDS_A_MINUTE = 160
LEAST_QUIET = 0.2  # s of silence around the synthetic sentence


class Take(NamedTuple):
    """A sentence in a synthetic voice, with times of its phones (s) and the word of each."""

    audio: Float[np.ndarray, "n"]
    phones: list[str]
    times: Float[np.ndarray, "phones 2"]
    word: np.ndarray


def align_dtw(audio: Audio, words: Sequence[str], voices: Sequence[str] = VOICES) -> Alignment:
    """Times of known words and their espeak-ng phones: the median over several synthetic voices.

    Each voice is warped onto the recording. audio: (n,) at 16 kHz. A single letter is spelled by
    its name. L1 distance of `mean_free_cepstra`. Phones are espeak-ng's mnemonics
    (ESPEAK_TO_VISEME). Raises ValueError where espeak-ng reads the words as another number of
    words, and for audio that is empty, silent or not finite; ImportError where espeakng_loader is
    missing. Chapter: book/dtw.ipynb
    """
    clip = one_clip(audio, words)
    takes = [say(words, voice) for voice in voices]
    times = np.median([_onto(clip, take) for take in takes], axis=0)  # (phones, 2)
    labels = takes[0].phones
    of_word = takes[0].word
    phones = []
    for (start, end), label in zip(times.tolist(), labels, strict=True):
        phones.append(Segment(start, end, label))
    spans = []
    for number, word in enumerate(words):
        own = np.flatnonzero(of_word == number)
        spans.append(Segment(phones[own[0]].start, phones[own[-1]].end, word))
    return Alignment(spans, phones)


def say(words: Sequence[str], voice: str) -> Take:
    """The words in one of espeak-ng's voices at 16 kHz, without silence around them.

    Raises ValueError for an unknown voice, or words that are read as fewer or more.
    Chapter: book/dtw.ipynb
    """
    data = Path(require("espeakng_loader", extra="corpus").get_data_path())
    said = synthesize(" ".join(map(_spell, words)) + ".", voice, WORDS_A_MINUTE, data, seed=0)
    phones, start, end, word = time_phones(said)
    if set(word.tolist()) != set(range(len(words))):
        read = len(set(word.tolist()))
        raise ValueError(f"espeak-ng reads {' '.join(words)!r} as {read} words, not {len(words)}")
    audio = resample_poly(said.audio, SAMPLE_RATE // 50, said.rate // 50)
    audio = audio[: round(end[-1] * SAMPLE_RATE)]
    return Take(audio.astype(np.float32), phones, np.stack([start, end], 1), word)


def _spell(word: str) -> str:
    """A letter by its name; espeak-ng reads a lone "A" as the article."""
    letter = word.upper()
    return word if letter not in string.ascii_uppercase else "eh" if letter == "A" else letter


def _onto(clip: Float[np.ndarray, "n"], take: Take) -> Float[np.ndarray, "phones 2"]:
    """The take's phone times where its best path through the recording puts them.

    It gets as much silence around as the recording has.
    """
    quiet = max(round(LEAST_QUIET * SAMPLE_RATE), (len(clip) - len(take.audio)) // 2)
    path = align(np.pad(take.audio, quiet), clip).path
    times = map_times(path, take.times.ravel() + quiet / SAMPLE_RATE, hop=HOP / SAMPLE_RATE)
    return times.reshape(-1, 2).clip(0, len(clip) / SAMPLE_RATE)
