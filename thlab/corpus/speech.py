"""From a sentence and a mood to a waveform with the exact time of every phone and word."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve, resample_poly

from thlab.corpus.espeak import Utterance, synthesize
from thlab.corpus.grammar import LETTER_SLOT
from thlab.corpus.visemes import ESPEAK_TO_VISEME
from thlab.corpus.voice import MOODS, TUNE_FROM, Voice, variant

SAMPLE_RATE, FPS = 16000, 25
STOPS = frozenset(["p", "b", "t", "d", "k", "g", "tS", "dZ", "t[", "t2", "t#", "?"])
LEVEL, LEVEL_JITTER_DB = 0.07, 1.5  # RMS of the voiced samples of a neutral clip
TAIL = 0.18  # s of silence after the last phone


@dataclass(frozen=True)
class Speech:
    """Audio (float32, T*640 samples at 16 kHz) and what is said when, in seconds."""

    audio: np.ndarray
    n_frames: int
    phone: list[str]
    phone_start: np.ndarray
    phone_end: np.ndarray
    phone_word: np.ndarray


def spell(words: tuple[str, ...]) -> str:
    """The text that makes espeak-ng say the letter's name; it reads a lone "A" as the article."""
    tokens = list(words)
    tokens[LETTER_SLOT] = "eh" if tokens[LETTER_SLOT] == "a" else tokens[LETTER_SLOT].upper()
    return " ".join(tokens)


def speak(
    voice: Voice, words: tuple[str, ...], emotion: str, intensity: float, rng: np.random.Generator, data: Path
) -> Speech:
    """Say `words`; at intensity 0 every emotion is the neutral reading. `data` is from `english_data`."""
    mood, strength = MOODS[emotion], intensity * voice.expressive
    (data / "voices/!v/clip").write_text(variant(voice, mood, strength, rng))
    rate = voice.rate * (1 + (mood.rate - 1) * strength) * math.exp(rng.normal(0, 0.05))
    tune = mood.punctuation if intensity > TUNE_FROM else "."
    said = synthesize(spell(words) + tune, f"{voice.accent}+clip", rate, data, int(rng.integers(1 << 30)))
    phones, start, end, word = time_phones(said)
    lead = rng.uniform(0.14, 0.26)
    n_frames = math.ceil((lead + end[-1] + TAIL) * FPS)
    level = LEVEL * 10 ** ((mood.level * intensity + rng.normal(0, LEVEL_JITTER_DB)) / 20)
    audio = record(said, voice, level, lead, n_frames)
    return Speech(audio, n_frames, phones, start + lead, end + lead, word)


def time_phones(said: Utterance) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names, starts, ends (s) and word numbers of the phones, contiguous, without the closing silence."""
    events = [(sample, _plain(name), word) for sample, name, word in said.phones if _plain(name)]
    while events[-2][1].startswith("_"):
        events.pop()
    *events, (end, _, _) = events
    phones = [name for _, name, _ in events]
    starts = _with_closures(said, phones, np.array([sample for sample, _, _ in events] + [end])) / said.rate
    return phones, starts[:-1], starts[1:], np.array([word for _, _, word in events])


def _plain(mnemonic: str) -> str:
    """A mnemonic without its stress marks; empty for a mark that makes no sound."""
    phone = mnemonic.lstrip("',%=")
    return phone if phone in ESPEAK_TO_VISEME or phone.startswith("_") else phone.rstrip(":;|-")


def _with_closures(said: Utterance, phones: list[str], starts: np.ndarray) -> np.ndarray:
    """Move each stop's start back over the silence before it: espeak-ng's event marks the release."""
    hop = int(0.005 * said.rate)
    rms = np.sqrt(np.convolve(said.audio**2, np.ones(hop) / hop, "same"))
    quiet, moved = 0.02 * rms.max(), starts.copy()
    for j in range(1, len(phones)):
        if phones[j] in STOPS:
            earliest = max(starts[j - 1] + int(0.03 * said.rate), starts[j] - int(0.12 * said.rate))
            while moved[j] > earliest and rms[max(0, moved[j] - hop)] < quiet:
                moved[j] -= hop // 2
    return moved


def record(said: Utterance, voice: Voice, level: float, lead: float, n_frames: int) -> np.ndarray:
    """The utterance at 16 kHz in the speaker's small room, at an RMS level, `lead` seconds into the clip."""
    dry = resample_poly(said.audio, SAMPLE_RATE // 50, said.rate // 50)
    n = int(2 * voice.room * SAMPLE_RATE)
    decay = np.exp(-np.arange(n) / (voice.room * SAMPLE_RATE / 3))
    echo = np.random.default_rng(voice.room_seed).standard_normal(n) * decay
    echo *= voice.wet / np.sqrt((echo**2).sum())
    echo[0] += 1
    wet = fftconvolve(dry, echo)
    loud = wet[np.abs(wet) > 0.01 * np.abs(wet).max()]
    wet *= level / np.sqrt((loud**2).mean())
    audio, first = np.zeros(n_frames * SAMPLE_RATE // FPS, np.float32), round(lead * SAMPLE_RATE)
    length = min(len(wet), len(audio) - first)
    audio[first : first + length] = wet[:length]
    return np.clip(audio, -1, 1)
