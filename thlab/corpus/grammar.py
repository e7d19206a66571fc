"""The sentences of the GRID corpus (Cooke et al. 2006): six slots, 51 words, no two slots alike."""

import string

import numpy as np

GRAMMAR: dict[str, tuple[str, ...]] = {
    "command": ("bin", "lay", "place", "set"),
    "colour": ("blue", "green", "red", "white"),
    "preposition": ("at", "by", "in", "with"),
    "letter": tuple(letter for letter in string.ascii_lowercase if letter != "w"),  # "double u" is too long
    "digit": ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"),
    "adverb": ("again", "now", "please", "soon"),
}
LETTER_SLOT = list(GRAMMAR).index("letter")


def sentences(count: int, seed: int = 0) -> list[tuple[str, ...]]:
    """The first `count` sentences of a fixed list that uses the words of each slot evenly.

    Sentence j is the same in every corpus, whatever its size. Chapter: book/sound-and-faces.ipynb
    """
    columns = []
    for slot, words in enumerate(GRAMMAR.values()):
        rng, column = np.random.default_rng([seed, slot]), []
        while len(column) < count:
            column += rng.permutation(words).tolist()
        columns.append(column[:count])
    return list(zip(*columns, strict=True))
