"""GRID: 34 talkers say 1000 six-word sentences each; word times in .align files.

Cooke, Barker, Cunningham & Shao, JASA 120(5), 2006; https://zenodo.org/records/3625687 and the page that came before it.
Tested on 165 real clips of five talkers. Not tested on real files: the folders `alignments/` of the zip, whose talkers
are said to be mixed up (lhotse's recipe reorders them): a sentence belongs to one talker, so it is found by its name.
"""

from pathlib import Path

from thlab.data.clip import Clip, Segment, untimed
from thlab.data.readers.base import Reader, look_up, read_text

COMMANDS = {"b": "bin", "l": "lay", "p": "place", "s": "set"}
COLOURS = {"b": "blue", "g": "green", "r": "red", "w": "white"}
PREPOSITIONS = {"a": "at", "b": "by", "i": "in", "w": "with"}
LETTERS = {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"}  # no w: it alone has three syllables
DIGITS = dict(
    zip("z123456789", ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"], strict=True)
)
ADVERBS = {"a": "again", "n": "now", "p": "please", "s": "soon"}
SLOTS = {
    "command": COMMANDS, "colour": COLOURS, "preposition": PREPOSITIONS, "letter": LETTERS, "digit": DIGITS,
    "adverb": ADVERBS,
}  # fmt: skip
ALIGN_RATE = 25_000  # units a second in .align files: 1000 to a frame
N_FRAMES = 75
SILENCES = ("sil", "sp")


def words_of(name: str) -> tuple[str, ...]:
    """The six words that a GRID file's name spells, as in "bbaf2n": bin blue at f two now.

    Raises ValueError where the name is none.
    Chapter: book/sound-and-faces.ipynb
    """
    if len(name) != len(SLOTS):
        raise ValueError(f"mislabelled: {name!r} is not the six letters of a sentence")
    return tuple(look_up(table, code, slot) for code, (slot, table) in zip(name, SLOTS.items(), strict=True))


def read_align(path: Path) -> tuple[Segment, ...]:
    """The words of an .align file (lines "start end word", 25,000 units a second), silences left out.

    Raises ValueError where a line is none.
    Chapter: book/sound-and-faces.ipynb
    """
    segments = []
    for line in read_text(path).split("\n"):
        match line.split():
            case [start, end, word] if start.isdecimal() and end.isdecimal():
                segments.append(Segment(int(start) / ALIGN_RATE, int(end) / ALIGN_RATE, word))
            case []:
                continue
            case _:
                raise ValueError(f"{path.name}: {line[:40]!r} is not a line of start, end and word")
    return tuple(segment for segment in segments if segment.label not in SILENCES)


class Grid(Reader):
    """GRID as its archives unpack: s1/video/*.mpg with s1/align/*.align, or s1/*.mpg with alignments/s1/*.align.

    Where no .align exists the words come from the name, without times. [mittal2020] splits the talkers 28-3-3; talker 21
    has no pictures, so that of the whole corpus with video counts=(27, 3, 3) remains.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "s1/video/*.mpg or s1/*.mpg, and s1/align/*.align or alignments/s1/*.align"
    patterns = ("s*/video/*", "s*/*.mpg")
    suffixes = (".mpg",)
    sidecars = (".align", ".txt")
    counts = (28, 3, 3)

    def __init__(self, root: Path):
        super().__init__(root)
        self._aligns = {path.stem: path for path in sorted(root.glob("alignments/*/*.align"))}

    def clip(self, path: Path) -> Clip:
        """A sentence; ValueError where its name spells none, or its .align is broken or says other words."""
        speaker = path.relative_to(self.root).parts[0]
        spelled, words = words_of(path.stem), untimed(" ".join(words_of(path.stem)))
        align = self._align(speaker, path.stem)
        if align is not None:
            words = read_align(align)
            if tuple(word.label for word in words) != spelled:
                said = " ".join(word.label for word in words)
                raise ValueError(f"mislabelled: {align.name} says {said[:60]!r}, the name {' '.join(spelled)!r}")
        return Clip(
            f"{speaker}_{path.stem}", path, speaker, "neutral", words=words, extra={"expected_frames": N_FRAMES}
        )

    def _align(self, speaker: str, name: str) -> Path | None:
        beside = self.root / speaker / "align" / f"{name}.align"
        candidates = (beside, self.root / "alignments" / speaker / beside.name, self._aligns.get(name, beside))
        return next((path for path in candidates if path.is_file()), None)
