"""Forced alignment by a recogniser: when are the words that are known, and their phones, said?"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thlab.audio.stft import Audio, checked
from thlab.audio.visemes import ARPABET_TO_VISEME, GRID_PRONUNCIATIONS, Segment
from thlab.media import SAMPLE_RATE
from thlab.optional import require

FRAME = 0.01  # s, pocketsphinx's frame
QUIET = 0.3  # s of silence added at both ends, for recordings that begin or end within a word
WIDE = 1e-300  # beams so wide that no path is lost: the words are known, so there are few
FILLERS = ("<", "[")  # how the names of silence and noises begin


class Alignment(NamedTuple):
    """What is said when: words and phones in order, in seconds, silences left out."""

    words: list[Segment]
    phones: list[Segment]


def align_pocketsphinx(
    audio: Audio, words: Sequence[str], pronunciations: Mapping[str, Iterable[str]] | None = None
) -> Alignment:
    """Times of known words and their ARPAbet phones, by Viterbi alignment.

    The model is CMU Sphinx's of US English. audio: (n,) at 16 kHz. pronunciations: word to ARPAbet
    phones, instead of the CMU dictionary's. Times lie on a grid of 10 ms. Raises ValueError for a
    word without pronunciation, words that do not fit into the audio, and audio that is empty,
    silent or not finite; ImportError where pocketsphinx is missing. Chapter: book/dtw.ipynb
    """
    clip = one_clip(audio, words)
    decoder = _decoder(
        {word.lower(): _variants(word.lower(), pronunciations or {}) for word in words}
    )
    decoder.set_align_text(" ".join(words).lower())
    decode(decoder, clip)
    if decoder.hyp() is None:
        raise ValueError(
            f"{' '.join(words)!r} does not fit into {len(clip) / SAMPLE_RATE:.2f} s of audio"
        )
    decoder.set_alignment()  # a second pass, for the phones
    decode(decoder, clip)
    return _read(decoder, words, len(clip) / SAMPLE_RATE)


def one_clip(audio: Audio, words: Sequence[str]) -> Float[np.ndarray, "n"]:
    """The audio of one clip as numpy, or the ValueError that says why nothing can be aligned."""
    clip = checked(audio).cpu().numpy()
    if clip.ndim != 1:
        raise ValueError(f"one clip of shape (n,) can be aligned, not {clip.shape}")
    if not len(words):
        raise ValueError("no words to align")
    if not clip.any():
        raise ValueError(f"the audio is silent: {len(clip)} zeros")
    return clip


def _decoder(pronunciations: dict[str, list[tuple[str, ...]]]):
    """A decoder that knows only these words."""
    pocketsphinx = require("pocketsphinx", extra="align")
    beams = {"beam": WIDE, "wbeam": WIDE, "pbeam": WIDE}
    decoder = pocketsphinx.Decoder(
        dict=None, lm=None, bestpath=False, loglevel="FATAL", samprate=SAMPLE_RATE, **beams
    )
    for word, variants in pronunciations.items():
        for number, phones in enumerate(variants, 1):
            decoder.add_word(word if number == 1 else f"{word}({number})", " ".join(phones))
    return decoder


def decode(decoder, clip: Float[np.ndarray, "n"]) -> None:
    """Feed a whole clip to a decoder, with silence at both ends."""
    samples = np.pad(np.clip(clip, -1, 1), round(QUIET * SAMPLE_RATE))
    decoder.start_utt()
    decoder.process_raw((samples * 32767).astype(np.int16).tobytes(), full_utt=True)
    decoder.end_utt()


def _read(decoder, words: Sequence[str], end: float) -> Alignment:
    """The decoder's words and phones.

    In one pass: its entries are gone once the loop has moved on.
    """
    spans = []
    phones = []
    for entry in decoder.get_alignment():
        if not entry.name.startswith(FILLERS):
            spans.append(_segment(entry, words[len(spans)], end))
            phones += [_segment(phone, phone.name, end) for phone in entry]
    return Alignment(spans, phones)


def _segment(entry, label: str, end: float) -> Segment:
    times = np.array([entry.start, entry.start + entry.duration]) * FRAME - QUIET
    start, stop = times.clip(0, end)
    return Segment(round(float(start), 3), round(float(stop), 3), label)


def _variants(word: str, given: Mapping[str, Iterable[str]]) -> list[tuple[str, ...]]:
    """The pronunciation given for a word, or all that are known.

    These are the CMU dictionary's and those of GRID's talkers.
    """
    table = given if word in given else GRID_PRONUNCIATIONS
    variants = [tuple(table[word])] if word in table else []
    if word not in given:
        variants += [phones for phones in _cmu_dictionary().get(word, []) if phones not in variants]
    if not variants:
        raise ValueError(
            f"{word!r} is not in the dictionary: "
            f"give it, as in pronunciations={{{word!r}: ['AA', 'R']}}"
        )
    unknown = set().union(*variants) - set(ARPABET_TO_VISEME)
    if unknown:
        raise ValueError(
            f"{word!r}: {', '.join(sorted(unknown))} is no ARPAbet phone "
            "(without stress, upper case)"
        )
    return variants


@cache
def _cmu_dictionary() -> dict[str, list[tuple[str, ...]]]:
    """The pronunciations that come with pocketsphinx: "read" and "read(2)" are two of one word."""
    table: dict[str, list[tuple[str, ...]]] = {}
    path = Path(require("pocketsphinx", extra="align").get_model_path("en-us/cmudict-en-us.dict"))
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        table.setdefault(word.split("(")[0], []).append(tuple(phones))
    return table
