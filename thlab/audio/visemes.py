"""Visemes, the phones that look alike on the lips: 20 groups and silence, from phones and words."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

# espeak-ng's phone mnemonics (Kirshenbaum-like ASCII) of each group, in the order of VISEMES
_GROUPS = {
    "sil": "",
    "Ah": "A A: 0 V A@ a# O2 0#",
    "Aa": "a aa",
    "Eh": "E e e@ E2",
    "Ee": "i i:",
    "Ih": "I I2 I#",
    "Oh": "O O: o o@ O@",
    "Uh": "U U@",
    "U": "u u: uU",
    "Eu": "3: 3 V@",
    "Schwa": "@ @2 @L @5",
    "R": "r r- r/",
    "S": "s z",
    "ShChZh": "S Z tS dZ",
    "Th": "T D t[",
    "JY": "j",
    "LNTD": "l n t d t# t2 ? L",
    "GK": "g k h N x",
    "MBP": "m b p",
    "FV": "f v",
    "WA": "w w#",
}
VISEMES: tuple[str, ...] = tuple(_GROUPS)

# a diphthong is two mouth shapes, one after the other
_DIPHTHONGS = {
    "aI": ("Aa", "Ih"),
    "aI2": ("Aa", "Ih"),
    "aI@": ("Aa", "Schwa"),
    "eI": ("Eh", "Ee"),
    "OI": ("Oh", "Ih"),
    "aU": ("Aa", "U"),
    "oU": ("Oh", "U"),
    "i@": ("Ee", "Schwa"),
    "i@3": ("Ee", "Schwa"),
}
ESPEAK_TO_VISEME: dict[str, tuple[str, ...]] = {}
for _viseme, _phones in _GROUPS.items():
    ESPEAK_TO_VISEME |= dict.fromkeys(_phones.split(), (_viseme,))
ESPEAK_TO_VISEME |= _DIPHTHONGS
FIRST_HALF = 0.55  # of a diphthong's time
# labels of silence in .align files, aligners and dictionaries
SILENCES = ("sil", "sp", "<sil>", "<s>", "</s>", "")

# the 39 phones of ARPAbet and their nearest in espeak-ng's alphabet. "S", "T", "D" … are in both
# and mean different sounds (espeak's S is ARPAbet's SH), so that a phone is only ever looked up in
# the map of its own alphabet.
_NEAREST = {
    "AA": "A:",
    "AE": "a",
    "AH": "V",
    "AO": "O:",
    "AW": "aU",
    "AY": "aI",
    "B": "b",
    "CH": "tS",
    "D": "d",
    "DH": "D",
    "EH": "E",
    "ER": "3:",
    "EY": "eI",
    "F": "f",
    "G": "g",
    "HH": "h",
    "IH": "I",
    "IY": "i:",
    "JH": "dZ",
    "K": "k",
    "L": "l",
    "M": "m",
    "N": "n",
    "NG": "N",
    "OW": "oU",
    "OY": "OI",
    "P": "p",
    "R": "r",
    "S": "s",
    "SH": "S",
    "T": "t",
    "TH": "T",
    "UH": "U",
    "UW": "u:",
    "V": "v",
    "W": "w",
    "Y": "j",
    "Z": "z",
    "ZH": "Z",
}
ARPABET_TO_VISEME: dict[str, tuple[str, ...]] = {
    phone: ESPEAK_TO_VISEME[near] for phone, near in _NEAREST.items()
}

GRID_PRONUNCIATIONS: dict[str, tuple[str, ...]] = {
    word: tuple(phones.split())
    for word, phones in {
        "bin": "B IH N",
        "lay": "L EY",
        "place": "P L EY S",
        "set": "S EH T",
        "blue": "B L UW",
        "green": "G R IY N",
        "red": "R EH D",
        "white": "W AY T",
        "at": "AE T",
        "by": "B AY",
        "in": "IH N",
        "with": "W IH DH",
        "a": "EY",
        "b": "B IY",
        "c": "S IY",
        "d": "D IY",
        "e": "IY",
        "f": "EH F",
        "g": "JH IY",
        "h": "EY CH",
        "i": "AY",
        "j": "JH EY",
        "k": "K EY",
        "l": "EH L",
        "m": "EH M",
        "n": "EH N",
        "o": "OW",
        "p": "P IY",
        "q": "K Y UW",
        "r": "AA R",
        "s": "EH S",
        "t": "T IY",
        "u": "Y UW",
        "v": "V IY",
        "x": "EH K S",
        "y": "W AY",
        "z": "Z EH D",  # the talkers are British
        "zero": "Z IH R OW",
        "one": "W AH N",
        "two": "T UW",
        "three": "TH R IY",
        "four": "F AO R",
        "five": "F AY V",
        "six": "S IH K S",
        "seven": "S EH V AH N",
        "eight": "EY T",
        "nine": "N AY N",
        "again": "AH G EH N",
        "now": "N AW",
        "please": "P L IY Z",
        "soon": "S UW N",
    }.items()
}


class Segment(NamedTuple):
    """A word or a phone and when it is said, in seconds from the first frame.

    Times are nan where the corpus tells none.
    Chapter: book/sound-and-faces.ipynb
    """

    start: float
    end: float
    label: str


def viseme_segments(
    start: np.ndarray, end: np.ndarray, phones: list[str]
) -> list[tuple[float, float, str]]:
    """Phone times to viseme times (seconds); a diphthong gives two segments."""
    shapes = []
    for a, b, phone in zip(start, end, phones, strict=True):
        shapes += shape_times(a, b, ESPEAK_TO_VISEME[phone])
    return shapes


def shape_times(
    start: float, end: float, shapes: tuple[str, ...]
) -> list[tuple[float, float, str]]:
    """When each mouth shape of a phone is made: the first of two holds FIRST_HALF of the time."""
    if len(shapes) == 1:
        return [(start, end, shapes[0])]
    middle = start + FIRST_HALF * (end - start)
    return [(start, middle, shapes[0]), (middle, end, shapes[1])]


def frame_centres(n_frames: int, fps: float = 25) -> Float[np.ndarray, " t"]:
    """Times of the frames' centres in seconds."""
    return (np.arange(n_frames) + 0.5) / fps


def sample_visemes(
    segments: list[tuple[float, float, str]], n_frames: int, fps: float = 25
) -> UInt8[np.ndarray, " t"]:
    """Index into VISEMES of what is being said at each frame's centre; silence elsewhere."""
    times = frame_centres(n_frames, fps)
    track = np.zeros(n_frames, np.uint8)
    for start, end, viseme in segments:
        track[(times >= start) & (times < end)] = VISEMES.index(viseme)
    return track


def pronounce(
    word: str, pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS
) -> tuple[str, ...]:
    """The ARPAbet phones of a word; upper or lower case. ValueError where the table lacks it.

    Chapter: book/sound-and-faces.ipynb
    """
    if word.lower() not in pronunciations:
        raise ValueError(
            f"no pronunciation is known for {word!r}: "
            f"give pronunciations={{{word.lower()!r}: 'AA R …'.split()}}"
        )
    return tuple(pronunciations[word.lower()])


def phone_visemes(
    phone: str, phone_map: Mapping[str, tuple[str, ...]] = ARPABET_TO_VISEME
) -> tuple[str, ...]:
    """The viseme of a phone, two for a diphthong; stress digits (AH0) don't matter.

    Raises ValueError for an unknown phone.
    Chapter: book/sound-and-faces.ipynb
    """
    if phone.lower() in SILENCES:
        return (VISEMES[0],)
    for name in (phone, phone.rstrip("012")):
        if name in phone_map:
            return phone_map[name]
    raise ValueError(f"{phone!r} is no phone of this alphabet: {' '.join(phone_map)}")


def word_to_visemes(
    word: str, pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS
) -> tuple[str, ...]:
    """The visemes of a word in order; ValueError where the table lacks it.

    Chapter: book/sound-and-faces.ipynb
    """
    visemes = []
    for phone in pronounce(word, pronunciations):
        visemes += phone_visemes(phone)
    return tuple(visemes)


def words_to_phones(
    words: Iterable[tuple[float, float, str]],
    pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS,
) -> list[Segment]:
    """Timed words to timed phones, each phone an equal share of its word.

    What is left where nothing can listen. words: (start, end, word) in seconds; silences are
    dropped. ValueError where the table lacks a word.
    Chapter: book/sound-and-faces.ipynb
    """
    segments = []
    for start, end, word in words:
        if word not in SILENCES:
            phones = pronounce(word, pronunciations)
            cuts = np.linspace(start, end, len(phones) + 1).tolist()
            segments += [Segment(*each) for each in zip(cuts[:-1], cuts[1:], phones, strict=True)]
    return segments


def viseme_track(
    phones: Iterable[tuple[float, float, str]],
    n_frames: int,
    fps: float = 25,
    phone_map: Mapping[str, tuple[str, ...]] = ARPABET_TO_VISEME,
) -> UInt8[np.ndarray, "n_frames"]:
    """Index into VISEMES of what the mouth says at each video frame's centre.

    Silence where no phone is. phones: (start, end, phone) in seconds, start inclusive; of a
    diphthong the first shape holds 55 % of the time, as in the embedded corpus. phone_map: of the
    phones' alphabet. ValueError for an unknown phone.
    Chapter: book/sound-and-faces.ipynb
    """
    shapes = []
    for start, end, phone in phones:
        shapes += shape_times(start, end, phone_visemes(phone, phone_map))
    return sample_visemes(shapes, n_frames, fps)
