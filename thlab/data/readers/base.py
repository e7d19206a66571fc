"""What a reader is: where a corpus keeps its clips, and what a clip's path says about it."""

from collections.abc import Mapping
from pathlib import Path

from thlab.data.clip import Clip


class Reader:
    """One corpus's official layout. A subclass names its patterns and writes `clip`; all checking is shared.

    expects: the layout in words, for the error of a wrong root. patterns: globs below the root; whatever they match is
    a clip or ends in the table. sidecars: suffixes that lie beside clips and are none. suffixes: what a clip's may be.
    counts: speakers in train, val and test as a paper splits them.
    Chapter: book/sound-and-faces.ipynb
    """

    expects: str
    patterns: tuple[str, ...]
    suffixes: tuple[str, ...]
    sidecars: tuple[str, ...] = (".txt",)
    counts: tuple[int, int, int] | None = None

    def __init__(self, root: Path):
        self.root = root

    def paths(self) -> list[Path]:
        """Everything that lies where a clip should, sorted."""
        found = {path for pattern in self.patterns for path in self.root.glob(pattern)}
        return sorted(p for p in found if p.name[0] != "." and p.suffix.lower() not in self.sidecars)

    def clip(self, path: Path) -> Clip:
        """The clip at a path; ValueError says why the name or a text beside it makes no sense."""
        raise NotImplementedError


def look_up(table: Mapping[str, str], code: str, what: str) -> str:
    """table[code], or a ValueError that says which part of a file's name is wrong."""
    if code not in table:
        raise ValueError(f"mislabelled: {what} {code!r} is none of {', '.join(table)}")
    return table[code]


def read_text(path: Path) -> str:
    """A small text beside a clip; ValueError where it is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not a readable text ({error})") from error
