"""What a reader is: where a corpus keeps its clips, and what a clip's path says about it."""

import re
from pathlib import Path

from thlab.data.clip import Clip


class Reader:
    """One corpus's official layout.

    A subclass names its patterns and writes `clip`; all checking is shared.
    expects: the layout in words, for the error of a wrong root. patterns: globs below the root;
    whatever they match is a clip or ends in the table. suffixes: what a clip's may be. sidecars:
    suffixes of files that lie beside clips. counts: speakers in train, val and test as a paper
    splits them.
    Chapter: book/sound-and-faces.ipynb
    """

    expects: str
    patterns: tuple[str, ...]
    suffixes: tuple[str, ...] = (".mp4",)
    sidecars: tuple[str, ...] = (".txt",)
    counts: tuple[int, int, int] | None = None

    def __init__(self, root: Path):
        self.root = root

    def paths(self) -> list[Path]:
        """Everything that lies where a clip should, sorted."""
        found = {path for pattern in self.patterns for path in self.root.glob(pattern)}
        shown = [path for path in found if path.name[0] != "."]
        return sorted(path for path in shown if path.suffix.lower() not in self.sidecars)

    def clip(self, path: Path) -> Clip:
        """The clip at a path; ValueError where its name or the text beside it makes no sense."""
        raise NotImplementedError


def name_parts(name: str, pattern: str, example: str) -> tuple[str, ...]:
    """The groups of `pattern` in a name; ValueError where it has not the form of `example`."""
    match = re.fullmatch(pattern, name)
    if match is None:
        raise ValueError(f"mislabelled: {name!r} has not the form of {example!r}")
    return match.groups()


def existing(path: Path) -> Path | None:
    """The path, if something is there."""
    return path if path.exists() else None


def read_text(path: Path) -> str:
    """A small text beside a clip; ValueError where it is missing or no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not a readable text ({error})") from error
