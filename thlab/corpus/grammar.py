"""The sentences: the six slots of GRID (Cooke et al. 2006), its 51 words and six more."""

import string
from collections.abc import Sequence

import numpy as np

GRAMMAR: dict[str, tuple[str, ...]] = {
    "command": ("bin", "lay", "place", "set"),
    "colour": ("blue", "green", "red", "white"),
    "preposition": ("at", "by", "in", "with"),
    # "double u" is too long
    "letter": tuple(letter for letter in string.ascii_lowercase if letter != "w"),
    "digit": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "adverb": ("again", "now", "please", "soon"),
}
LETTER_SLOT, PREPOSITION_SLOT = (list(GRAMMAR).index(slot) for slot in ("letter", "preposition"))

# GRID's words never make the visemes Uh and Eu, only two letters make JY: two words more for each
WORDS: dict[str, tuple[str, ...]] = GRAMMAR | {
    "command": (*GRAMMAR["command"], "put", "look", "learn"),
    "colour": (*GRAMMAR["colour"], "pearl", "yellow"),
    "adverb": (*GRAMMAR["adverb"], "yet"),
}
# what everyone says: between them all visemes in every accent
COMMON = (
    ("put", "yellow", "with", "j", "seven", "again"),
    ("learn", "white", "by", "r", "three", "soon"),
)
# to which part a sentence belongs; what is held out is of the training speakers
PARTS = ("train", "heldout", "val", "test")
OWN_WORDS = 8000  # seed stream of a speaker's sentences: this and the speaker's number


def check_sentence(sentence: Sequence[str]) -> tuple[str, ...]:
    """The sentence's words; ValueError where it has not one of each slot."""
    words = tuple(sentence)
    slots = list(WORDS.items())
    if isinstance(sentence, str) or len(words) != len(slots):
        raise ValueError(f"sentence {sentence!r}: give {len(slots)} words, one of each slot")
    for word, (slot, possible) in zip(words, slots, strict=True):
        if word not in possible:
            raise ValueError(f"{word!r} is no {slot}: choose one of {', '.join(possible)}")
    return words


def sentences(count: int, seed: int = 0) -> list[tuple[str, ...]]:
    """The first `count` sentences of a seed's list, which uses the words of each slot evenly.

    Chapter: book/sound-and-faces.ipynb
    """
    columns = []
    for slot, possible in enumerate(WORDS.values()):
        rng = np.random.default_rng([seed, slot])
        column = []
        while len(column) < count:
            column += rng.permutation(possible).tolist()
        columns.append(column[:count])
    return list(zip(*columns, strict=True))


def part_of(sentence: Sequence[str]) -> str:
    """The part that a sentence belongs to: the sum of its words' places in their slots, mod 4."""
    places = [words.index(word) for word, words in zip(sentence, WORDS.values(), strict=True)]
    return PARTS[sum(places) % len(PARTS)]


def own_sentences(speaker: int, parts: Sequence[str]) -> list[tuple[str, ...]]:
    """A speaker's own sentences, the j-th of parts[j]; they use the words of the slots evenly.

    The preposition is chosen so that the sentence falls into its part (see `part_of`): what is said
    in one part is never said in another, by whomever and in whatever preset.
    Chapter: book/sound-and-faces.ipynb
    """
    found: list[tuple[str, ...]] = []
    for drawn in sentences(2 * len(parts) + 8, OWN_WORDS + speaker):
        if len(found) == len(parts):
            break
        part = parts[len(found)]
        belonging = next(words for words in _other_prepositions(drawn) if part_of(words) == part)
        if belonging not in found and belonging not in COMMON:
            found.append(belonging)
    return found


def _other_prepositions(sentence: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The sentence with each of the four prepositions."""
    before = sentence[:PREPOSITION_SLOT]
    after = sentence[PREPOSITION_SLOT + 1 :]
    return [(*before, word, *after) for word in WORDS["preposition"]]
