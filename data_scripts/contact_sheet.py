"""See whether crops hold eyes and mouth in place.

    python data_scripts/contact_sheet.py <prepared> <sheet.png>

A row a clip, a column a moment; crosses mark where the template puts the eyes and the point under
the nose. Reads any folder of aligned clips, prepared or embedded. --raw takes a corpus in its
official layout instead, aligned on the spot.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from command_line import OneLineParser
from jaxtyping import UInt8

from thlab.data import Clip, Corpus, open_corpus
from thlab.data.prepare import face_view
from thlab.face.points import TEMPLATE
from thlab.optional import require

GREEN = (0, 255, 0)


def row_of(
    crops: UInt8[np.ndarray, "t s s 3"], columns: int, cell: int
) -> UInt8[np.ndarray, "cell width 3"]:
    """`columns` moments of a clip, evenly spread, each of `cell` pixels or more and marked."""
    moments = np.linspace(0, len(crops) - 1, columns).round().astype(int)
    times = max(1, round(cell / crops.shape[1]))
    enlarged = crops[moments].repeat(times, 1).repeat(times, 2)
    mark(enlarged)
    return np.concatenate(list(enlarged), axis=1)


def mark(pictures: UInt8[np.ndarray, "n s s 3"]) -> None:
    """Draw a small cross at each place of the template."""
    size = pictures.shape[1]
    for x, y in (TEMPLATE * size).astype(int):
        pictures[:, y, x - 3 : x + 4] = GREEN
        pictures[:, y - 3 : y + 4, x] = GREEN


def speakers_in_turn(corpus: Corpus, n: int) -> list[Clip]:
    """n clips, the first of each speaker before the second of any."""
    taken: Counter[str] = Counter()
    ranked = []
    for clip in corpus:
        ranked.append((taken[clip.speaker], clip.speaker, clip.id, clip))
        taken[clip.speaker] += 1
    return [clip for *_, clip in sorted(ranked, key=lambda rank: rank[:3])[:n]]


def crops_of(clip: Clip, raw: bool, size: int) -> UInt8[np.ndarray, "t s s 3"]:
    """A clip's frames, aligned first where they are not yet."""
    return face_view(clip, size)[0] if raw else clip.frames


def save(picture: UInt8[np.ndarray, "h w 3"], path: Path) -> None:
    """Write a PNG under a temporary name and rename it."""
    part = path.with_name(f".{path.name}.part")
    require("PIL.Image", extra="book").fromarray(picture).save(part, format="PNG")
    os.replace(part, path)


def main(argv: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    parser = OneLineParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "root", type=Path, help="a folder of aligned clips (with --raw: a corpus's official layout)"
    )
    parser.add_argument("sheet", type=Path, help="the PNG to write")
    parser.add_argument(
        "--raw", metavar="CORPUS", help="read this corpus's official layout and align it now"
    )
    parser.add_argument("--rows", type=int, default=8, help="clips, speaker by speaker (default 8)")
    parser.add_argument("--columns", type=int, default=10, help="moments a clip (default 10)")
    parser.add_argument("--size", type=int, default=128, help="pixels of a crop (default 128)")
    arguments = parser.parse_args(argv)
    try:
        corpus = open_corpus(arguments.raw or "embedded", arguments.root, check="none")
        rows = []
        for clip in speakers_in_turn(corpus, arguments.rows):
            frames = crops_of(clip, bool(arguments.raw), arguments.size)
            rows.append(row_of(frames, arguments.columns, arguments.size))
        save(np.concatenate(rows), arguments.sheet)
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))
    print(f"{arguments.sheet}: {len(rows)} clips, {arguments.columns} moments each")
    return 0


if __name__ == "__main__":
    sys.exit(main())
