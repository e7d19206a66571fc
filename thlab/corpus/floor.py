"""The recording floor: coloured noise under every recording, its level and colour exact."""

import numpy as np
from jaxtyping import Float

from thlab.media import SAMPLE_RATE

FACTORS = ("floor_db", "floor_colour")
LEVELS_DB = (-60.0, -30.0)  # below the speech
COLOURS = (-6.0, 0.0)  # dB an octave: brown to white
FLAT_BELOW = 100.0  # Hz: else a brown floor would lie where nobody hears it


def draw_floor(rng: np.random.Generator) -> dict[str, float]:
    """A floor's level (dB, relative to the speech where it sounds) and colour (dB an octave)."""
    level = rng.uniform(*LEVELS_DB)
    colour = rng.uniform(*COLOURS)
    return {"floor_db": round(level, 2), "floor_colour": round(colour, 2)}


def add_floor(
    audio: Float[np.ndarray, " n"], level: float, db: float, colour: float, rng: np.random.Generator
) -> Float[np.ndarray, " n"]:
    """Audio plus noise that lies db below level, the RMS of the speech; float32, clipped to -1..1.

    The noise's RMS over the whole clip is exact. Its power falls by `colour` dB an octave above
    FLAT_BELOW.
    """
    spectrum = np.fft.rfft(rng.standard_normal(len(audio)))
    spectrum[0] = 0  # no microphone hears a constant pressure
    hertz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE)
    octaves = np.log2(np.maximum(hertz, FLAT_BELOW) / FLAT_BELOW)
    noise = np.fft.irfft(spectrum * 10 ** (colour * octaves / 20), len(audio))
    noise *= level * 10 ** (db / 20) / np.sqrt((noise**2).mean())
    return np.clip(audio + noise, -1, 1).astype(np.float32)
