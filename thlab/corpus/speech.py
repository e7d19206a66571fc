"""From a sentence and a mood to a waveform with the exact time of every phone and word."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import fftconvolve, resample_poly

from thlab.audio.espeak import Utterance, synthesize, time_phones
from thlab.corpus.grammar import LETTER_SLOT
from thlab.corpus.voice import MOODS, TUNE_FROM, Voice, pitch_range, variant
from thlab.media import FPS, SAMPLE_RATE

LEVEL, LEVEL_JITTER_DB = 0.07, 1.5  # RMS of the voiced samples of a neutral clip
TAIL = 0.18  # s of silence after the last phone


@dataclass(frozen=True)
class Speech:
    """Audio (float32, T*640 samples at 16 kHz) and what is said when, in seconds.

    clean: the audio without its recording floor. level: RMS of its voiced samples. pitch: the range
    that the synthesiser was told, lowest and highest Hz. rate: the words a minute that it was told.
    """

    audio: np.ndarray
    clean: np.ndarray
    level: float
    pitch: tuple[int, int]
    rate: float
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
    voice: Voice,
    words: tuple[str, ...],
    emotion: str,
    intensity: float,
    rng: np.random.Generator,
    data: Path,
) -> Speech:
    """Say `words`; at intensity 0 every emotion is the neutral reading.

    data: from `english_data`.
    """
    mood = MOODS[emotion]
    strength = intensity * voice.expressive
    pitch = pitch_range(voice, mood, strength, rng)
    (data / "voices/!v/clip").write_text(variant(voice, mood, strength, pitch))
    rate = voice.rate * (1 + (mood.rate - 1) * strength) * math.exp(rng.normal(0, 0.05))
    tune = mood.punctuation if intensity > TUNE_FROM else "."
    seed = int(rng.integers(1 << 30))
    said = synthesize(spell(words) + tune, f"{voice.accent}+clip", rate, data, seed)
    phones, start, end, word = time_phones(said)
    lead = rng.uniform(0.14, 0.26)
    n_frames = math.ceil((lead + end[-1] + TAIL) * FPS)
    level = LEVEL * 10 ** ((mood.level * intensity + rng.normal(0, LEVEL_JITTER_DB)) / 20)
    audio = record(said, voice, level, lead, n_frames)
    times = start + lead, end + lead
    return Speech(audio, audio, level, pitch, rate, n_frames, phones, *times, word)


def record(said: Utterance, voice: Voice, level: float, lead: float, n_frames: int) -> np.ndarray:
    """The utterance at 16 kHz in the speaker's small room.

    At an RMS level, `lead` seconds into the clip.
    """
    dry = resample_poly(said.audio, SAMPLE_RATE // 50, said.rate // 50)
    n = int(2 * voice.room * SAMPLE_RATE)
    decay = np.exp(-np.arange(n) / (voice.room * SAMPLE_RATE / 3))
    echo = np.random.default_rng(voice.room_seed).standard_normal(n) * decay
    echo *= voice.wet / np.sqrt((echo**2).sum())
    echo[0] += 1
    wet = fftconvolve(dry, echo)
    loud = wet[np.abs(wet) > 0.01 * np.abs(wet).max()]
    wet *= level / np.sqrt((loud**2).mean())
    audio = np.zeros(n_frames * SAMPLE_RATE // FPS, np.float32)
    first = round(lead * SAMPLE_RATE)
    length = min(len(wet), len(audio) - first)
    audio[first : first + length] = wet[:length]
    return np.clip(audio, -1, 1)
