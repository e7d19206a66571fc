"""GRID: 34 talkers say 1000 six-word sentences each; word times in .align files.

Cooke, Barker, Cunningham & Shao, JASA 120(5), 2006; https://zenodo.org/records/3625687. Tested on
165 real clips of five talkers. Not tested on real files: the folder `alignments/` of the archive,
in which the talkers are said to be mixed up (lhotse's recipe reorders them): a sentence belongs to
one talker, so it is found by its name there.
"""

from pathlib import Path

from thlab.corpus.grammar import GRAMMAR
from thlab.data.clip import Clip, Segment, untimed
from thlab.data.readers.base import Reader, name_parts, read_text

CODES = {slot: {word[0]: word for word in words} for slot, words in GRAMMAR.items()}
CODES["digit"] = dict(zip("z123456789", GRAMMAR["digit"], strict=True))
PATTERN = "".join(f"([{''.join(codes)}])" for codes in CODES.values())
ALIGN_LINE = r"(\d{1,9})\s+(\d{1,9})\s+(\w+)"
ALIGN_RATE = 25_000  # units a second in .align files: 1000 to a frame
SILENCES = ("sil", "sp")


def words_of(name: str) -> list[str]:
    """The six words that a GRID file's name spells: "bbaf2n" is bin blue at f two now.

    ValueError where it is none.
    Chapter: book/sound-and-faces.ipynb
    """
    letters = name_parts(name, PATTERN, "bbaf2n")
    return [codes[letter] for codes, letter in zip(CODES.values(), letters, strict=True)]


def read_align(path: Path) -> tuple[Segment, ...]:
    """The words of an .align file without silences; ValueError where it is none.

    Its lines are "start end word", 25,000 units a second.
    Chapter: book/sound-and-faces.ipynb
    """
    segments = []
    for line in filter(str.strip, read_text(path).split("\n")):
        start, end, word = name_parts(line.strip(), ALIGN_LINE, f"0 12250 sil, in {path.name}")
        segments.append(Segment(int(start) / ALIGN_RATE, int(end) / ALIGN_RATE, word))
    return tuple(segment for segment in segments if segment.label not in SILENCES)


class Grid(Reader):
    """GRID as its archives unpack.

    s1/video/*.mpg with s1/align/*.align, or s1/*.mpg with alignments/s1/*.align.
    Where no .align exists the words come from the name, without times. [mittal2020] splits the
    talkers 28-3-3; talker 21 has no pictures, so that of the whole corpus with video counts=(27, 3,
    3) remains.
    Chapter: book/sound-and-faces.ipynb
    """

    expects = "s1/video/*.mpg or s1/*.mpg, and s1/align/*.align or alignments/s1/*.align"
    patterns = ("s*/video/*", "s*/*.mpg")
    suffixes = (".mpg",)
    sidecars = (".align", ".txt")
    counts = (28, 3, 3)

    def __init__(self, root: Path):
        super().__init__(root)
        self._aligns = {path.stem: path for path in root.glob("alignments/*/*.align")}

    def clip(self, path: Path) -> Clip:
        """A sentence; ValueError where its name spells none, or its .align fits it not."""
        speaker = path.relative_to(self.root).parts[0]
        spelled = words_of(path.stem)
        align = self.root / speaker / "align" / f"{path.stem}.align"
        align = align if align.exists() else self._aligns.get(path.stem)
        words = read_align(align) if align else untimed(" ".join(spelled))
        if [word.label for word in words] != spelled:
            said = " ".join(word.label for word in words)
            named = " ".join(spelled)
            raise ValueError(f"mislabelled: the .align says {said[:60]!r}, the name {named!r}")
        extra = {"expected_frames": 75}
        return Clip(f"{speaker}_{path.stem}", path, speaker, "neutral", words=words, extra=extra)
