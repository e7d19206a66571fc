"""From words and phones to mouth shapes: ARPAbet's visemes, the words of GRID as phones, a label for each frame."""

from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import UInt8

from thlab.corpus import visemes
from thlab.corpus.visemes import ESPEAK_TO_VISEME, VISEMES, Segment, shape_times

SILENCES = ("sil", "sp", "<sil>", "<s>", "</s>", "")  # labels of silence in .align files, aligners and dictionaries

# the 39 phones of ARPAbet and their nearest in espeak-ng's alphabet. "S", "T", "D" … are in both and mean different
# sounds (espeak's S is ARPAbet's SH), so that a phone is only ever looked up in the map of its own alphabet.
_NEAREST = {
    "AA": "A:", "AE": "a", "AH": "V", "AO": "O:", "AW": "aU", "AY": "aI", "B": "b", "CH": "tS", "D": "d", "DH": "D",
    "EH": "E", "ER": "3:", "EY": "eI", "F": "f", "G": "g", "HH": "h", "IH": "I", "IY": "i:", "JH": "dZ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "N", "OW": "oU", "OY": "OI", "P": "p", "R": "r", "S": "s", "SH": "S",
    "T": "t", "TH": "T", "UH": "U", "UW": "u:", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "Z",
}  # fmt: skip
ARPABET_TO_VISEME: dict[str, tuple[str, ...]] = {phone: ESPEAK_TO_VISEME[near] for phone, near in _NEAREST.items()}

GRID_PRONUNCIATIONS: dict[str, tuple[str, ...]] = {
    word: tuple(phones.split())
    for word, phones in {
        "bin": "B IH N", "lay": "L EY", "place": "P L EY S", "set": "S EH T",
        "blue": "B L UW", "green": "G R IY N", "red": "R EH D", "white": "W AY T",
        "at": "AE T", "by": "B AY", "in": "IH N", "with": "W IH DH",
        "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH",
        "i": "AY", "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY",
        "q": "K Y UW", "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "x": "EH K S", "y": "W AY",
        "z": "Z EH D",  # the talkers are British
        "zero": "Z IH R OW", "one": "W AH N", "two": "T UW", "three": "TH R IY", "four": "F AO R",
        "five": "F AY V", "six": "S IH K S", "seven": "S EH V AH N", "eight": "EY T", "nine": "N AY N",
        "again": "AH G EH N", "now": "N AW", "please": "P L IY Z", "soon": "S UW N",
    }.items()
}  # fmt: skip


def pronounce(word: str, pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS) -> tuple[str, ...]:
    """The ARPAbet phones of a word; upper or lower case. ValueError where the table lacks it.

    Chapter: book/sound-and-faces.ipynb
    """
    if word.lower() not in pronunciations:
        raise ValueError(
            f"no pronunciation is known for {word!r}: give pronunciations={{{word.lower()!r}: 'AA R …'.split()}}"
        )
    return tuple(pronunciations[word.lower()])


def phone_visemes(phone: str, phone_map: Mapping[str, tuple[str, ...]] = ARPABET_TO_VISEME) -> tuple[str, ...]:
    """The viseme of a phone, two for a diphthong; stress digits (AH0) don't matter. ValueError for an unknown phone.

    Chapter: book/sound-and-faces.ipynb
    """
    if phone.lower() in SILENCES:
        return (VISEMES[0],)
    for name in (phone, phone.rstrip("012")):
        if name in phone_map:
            return phone_map[name]
    raise ValueError(f"{phone!r} is no phone of this alphabet: {' '.join(phone_map)}")


def word_to_visemes(word: str, pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS) -> tuple[str, ...]:
    """The visemes of a word in order. ValueError where the table lacks it. Chapter: book/sound-and-faces.ipynb"""
    return tuple(viseme for phone in pronounce(word, pronunciations) for viseme in phone_visemes(phone))


def words_to_phones(
    words: Iterable[tuple[float, float, str]], pronunciations: Mapping[str, Iterable[str]] = GRID_PRONUNCIATIONS
) -> list[Segment]:
    """Timed words to timed phones, each phone an equal share of its word: what is left where nothing can listen.

    words: (start, end, word) in seconds; silences are dropped. ValueError where the table lacks a word.
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
    """Index into VISEMES of what the mouth says at each video frame's centre; silence where no phone is.

    phones: (start, end, phone) in seconds, start inclusive; of a diphthong the first shape holds 55 % of the time, as
    in the embedded corpus. phone_map: of the phones' alphabet. ValueError for an unknown phone.
    Chapter: book/sound-and-faces.ipynb
    """
    shapes = [part for start, end, phone in phones for part in shape_times(start, end, phone_visemes(phone, phone_map))]
    return visemes.viseme_track(shapes, n_frames, fps)
