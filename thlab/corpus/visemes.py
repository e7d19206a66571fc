"""Visemes: the phones that look alike on the lips, as 20 groups and silence."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

# espeak-ng's phone mnemonics (Kirshenbaum-like ASCII) of each group, in the order of VISEMES
_GROUPS = {
    "sil": "", "Ah": "A A: 0 V A@ a# O2 0#", "Aa": "a aa", "Eh": "E e e@ E2", "Ee": "i i:", "Ih": "I I2 I#",
    "Oh": "O O: o o@ O@", "Uh": "U U@", "U": "u u: uU", "Eu": "3: 3 V@", "Schwa": "@ @2 @L @5",
    "R": "r r- r/", "S": "s z", "ShChZh": "S Z tS dZ", "Th": "T D t[",
    "JY": "j", "LNTD": "l n t d t# t2 ? L", "GK": "g k h N x", "MBP": "m b p", "FV": "f v", "WA": "w w#",
}  # fmt: skip
VISEMES: tuple[str, ...] = tuple(_GROUPS)

# a diphthong is two mouth shapes, one after the other
_DIPHTHONGS = {
    "aI": ("Aa", "Ih"), "aI2": ("Aa", "Ih"), "aI@": ("Aa", "Schwa"), "eI": ("Eh", "Ee"), "OI": ("Oh", "Ih"),
    "aU": ("Aa", "U"), "oU": ("Oh", "U"), "i@": ("Ee", "Schwa"), "i@3": ("Ee", "Schwa"),
}  # fmt: skip
ESPEAK_TO_VISEME: dict[str, tuple[str, ...]] = {
    phone: (viseme,) for viseme, phones in _GROUPS.items() for phone in phones.split()
} | _DIPHTHONGS
FIRST_HALF = 0.55  # of a diphthong's time


class Segment(NamedTuple):
    """A word or a phone and when it is said: seconds from the first frame, nan where the corpus tells no times.

    Chapter: book/sound-and-faces.ipynb
    """

    start: float
    end: float
    label: str


def viseme_segments(start: np.ndarray, end: np.ndarray, phones: list[str]) -> list[tuple[float, float, str]]:
    """Phone times to viseme times (seconds); a diphthong gives two segments."""
    times = zip(start, end, phones, strict=True)
    return [part for a, b, phone in times for part in shape_times(a, b, ESPEAK_TO_VISEME[phone])]


def shape_times(start: float, end: float, shapes: tuple[str, ...]) -> list[tuple[float, float, str]]:
    """When each mouth shape of a phone is made: the first of two holds FIRST_HALF of the time."""
    if len(shapes) == 1:
        return [(start, end, shapes[0])]
    middle = start + FIRST_HALF * (end - start)
    return [(start, middle, shapes[0]), (middle, end, shapes[1])]


def frame_centres(n_frames: int, fps: float = 25) -> Float[np.ndarray, " t"]:
    """Times of the frames' centres in seconds."""
    return (np.arange(n_frames) + 0.5) / fps


def viseme_track(segments: list[tuple[float, float, str]], n_frames: int, fps: float = 25) -> UInt8[np.ndarray, " t"]:
    """Index into VISEMES of what is being said at each frame's centre; silence elsewhere."""
    times, track = frame_centres(n_frames, fps), np.zeros(n_frames, np.uint8)
    for start, end, viseme in segments:
        track[(times >= start) & (times < end)] = VISEMES.index(viseme)
    return track
