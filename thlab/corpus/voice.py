"""Voices: who speaks (a speaker's settings), in what mood (how emotion sounds)."""

import math
from dataclasses import dataclass

import numpy as np

# espeak-ng's English accents that it can combine with a voice variant, and how often each is drawn
ACCENTS = {
    "gmw/en": 0.30, "gmw/en-US": 0.25, "gmw/en-GB-x-rp": 0.10, "gmw/en-GB-scotland": 0.10,
    "gmw/en-029": 0.05, "gmw/en-GB-x-gbclan": 0.07, "gmw/en-GB-x-gbcwmd": 0.08,
    "gmw/en-US-nyc": 0.05,
}  # fmt: skip


@dataclass(frozen=True)
class Mood:
    """What an emotion does to a voice at intensity 1, after Murray & Arnott 1993.

    Factors first, then offsets.
    """

    rate: float = 1.0
    pitch: float = 1.0
    range: float = 1.0
    formant: float = 1.0
    voicing: float = 1.0
    level: float = 0.0  # dB
    tilt: float = 0.0  # brightness of the spectrum
    rough: float = 0.0
    breath: float = 0.0
    flutter: float = 0.0  # tremor
    stress: tuple[int, ...] = ()  # extra level of stressed syllables
    punctuation: str = "."  # picks the tune of the sentence


MOODS = {
    "neutral": Mood(),
    "happy": Mood(rate=1.06, pitch=1.24, range=1.7, level=2, tilt=0.8, punctuation="!"),
    "sad": Mood(rate=0.80, pitch=0.92, range=0.50, level=-6, tilt=-2.0, breath=1.5, voicing=0.9),
    "angry": Mood(
        1.12,
        1.16,
        1.6,
        level=5,
        tilt=2.2,
        rough=2,
        punctuation="!",
        stress=(0, 0, -5, -5, 0, 0, 25, 40),
    ),
    "fear": Mood(rate=1.22, pitch=1.45, range=1.05, level=-1, tilt=0.3, flutter=4, breath=2.0),
    "disgust": Mood(rate=0.80, pitch=0.86, range=1.1, level=-2, tilt=-0.8, rough=3, formant=0.97),
    "surprise": Mood(rate=1.0, pitch=1.38, range=2.1, level=2, tilt=0.6, punctuation="?"),
    "contempt": Mood(
        rate=0.88,
        pitch=0.94,
        range=0.75,
        level=-2,
        tilt=0.2,
        formant=1.03,
        rough=1,
        punctuation=",",
    ),
}
TUNE_FROM = 0.25  # below this intensity a sentence keeps the neutral tune


class Voice:
    """One speaker's voice and room; always the same for the same speaker number."""

    def __init__(self, speaker: int, male: bool) -> None:
        rng = np.random.default_rng([5000, speaker])
        tract = (1.0 if male else 1.13) * math.exp(rng.normal(0, 0.045))
        self.male, self.room_seed = male, speaker
        self.accent = str(rng.choice(list(ACCENTS), p=list(ACCENTS.values())))
        self.f0 = math.exp(rng.normal(math.log(108 if male else 198), 0.13))  # Hz
        # factors on the frequencies: vocal tract and its bumps
        bumps = rng.normal(0, 0.025, 9)
        self.formant = tract * (1 + bumps)
        # of the formants, per cent
        self.height = rng.uniform(75, 125, 9)
        self.width = rng.uniform(85, 150, 9)
        self.rough = int(rng.integers(0, 3))
        self.flutter = int(rng.integers(1, 4))
        self.voicing = int(rng.uniform(85, 125))
        self.consonants = int(rng.uniform(75, 125))
        self.breath = rng.uniform(0, 2.5 if male else 4)
        self.tilt = rng.normal(0, 1)
        self.rate = rng.normal(185, 11)  # words a minute
        self.range = math.exp(rng.normal(0, 0.15))
        # length (s) and strength of its echo
        self.room = rng.uniform(0.04, 0.14)
        self.wet = rng.uniform(0.03, 0.12)
        self.expressive = rng.uniform(0.75, 1.2)  # how far emotions move this voice


def scaled(factor: float, strength: float) -> float:
    """A mood's factor at a strength: none at 0, all of it at 1."""
    return 1 + (factor - 1) * strength


def pitch_range(
    voice: Voice,
    mood: Mood,
    strength: float,
    rng: np.random.Generator,
) -> tuple[int, int]:
    """Lowest and highest pitch (Hz) of a voice in a mood, a little different each time."""
    f0 = voice.f0 * scaled(mood.pitch, strength) * math.exp(rng.normal(0, 0.04))
    spread = voice.range * scaled(mood.range, strength) * math.exp(rng.normal(0, 0.12))
    return round(f0 * (1 - 0.21 * spread)), round(f0 * (1 + 0.17 * spread))


def variant(voice: Voice, mood: Mood, strength: float, pitch: tuple[int, int]) -> str:
    """The text of an espeak-ng voice file for a voice in a mood.

    strength: 0 is the speaker's neutral voice.
    """
    tilt = voice.tilt + mood.tilt * strength
    breath = voice.breath + mood.breath * strength
    bright = [int(np.clip(110 + slope * tilt, 15, 250)) for slope in (18, 28)]
    lines = ["language variant", "name clip", f"gender {'male' if voice.male else 'female'}"]
    lines.append(f"pitch {pitch[0]} {pitch[1]}")
    formants = 100 * voice.formant * scaled(mood.formant, strength)
    bumps = zip(formants, voice.height, voice.width, strict=True)
    for k, (formant, height, width) in enumerate(bumps):
        lines.append(f"formant {k} {formant:.0f} {height:.0f} {width:.0f}")
    lines.append(f"roughness {int(np.clip(round(voice.rough + mood.rough * strength), 0, 7))}")
    # 1..4 natural, > 8 trembling
    lines.append(f"flutter {round(voice.flutter + mood.flutter * strength)}")
    lines.append(f"voicing {int(voice.voicing * scaled(mood.voicing, strength))}")
    lines.append(f"consonants {voice.consonants} {voice.consonants}")
    breaths = [str(round(breath * share)) for share in (0.6, 0.8, 1, 1, 1, 0.8, 0.6)]
    lines.append("breath 0 " + " ".join(breaths))
    lines.append(f"tone 600 {170 - 8 * tilt:.0f} 1200 135 2000 {bright[0]} 3000 {bright[1]}")
    if mood.stress:
        lines.append("stressAdd " + " ".join(str(int(x * strength)) for x in mood.stress))
    return "\n".join(lines) + "\n"
