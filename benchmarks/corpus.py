"""How fast the corpus is made: clips a second by size and view, and where the time goes.

    python benchmarks/corpus.py [clips]

Times are CPU time of one process; with two workers on two idle cores twice as many clips are made
in a second. The first clip, which pays for compiling, is reported by itself. Every clip is made
twice and must be the same.
"""

import os

os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from thlab.corpus import clip, settings
from thlab.corpus.rows import clip_rows
from thlab.media import write_mp4


def timed(function, *arguments):
    """Result and CPU seconds."""
    start = time.process_time()
    result = function(*arguments)
    return result, time.process_time() - start


def measure(size: int, view: str, count: int, scratch: Path) -> dict[str, float]:
    """CPU time of the steps of `count` clips of one speaker."""
    chosen = settings.settle(settings.Preset((2, 0, 0), 4, size), view, None, 1.0, 0)
    rows = clip_rows(chosen)[:: 64 // count][:count]
    spent = {"frames": 0.0, "speech": 0.0, "render": 0.0, "encode": 0.0}
    clip.film(rows[0], clip.say(rows[0], scratch), chosen)  # sets up the studio
    for row in rows:
        speech, seconds = timed(clip.say, row, scratch)
        spent["speech"] += seconds
        (frames, _), seconds = timed(clip.film, row, speech, chosen)
        spent["render"] += seconds
        assert np.array_equal(frames, clip.film(row, speech, chosen)[0])
        spent["encode"] += timed(write_mp4, scratch / "clip.mp4", frames, speech.audio)[1]
        spent["frames"] += len(frames)
    return spent


def main() -> None:
    """Print one line a size and view."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        row = clip_rows(settings.settle("tiny", "face", None, 1.0, 0))[0]
        first = timed(
            clip.make_clip, scratch, row, settings.settle("tiny", "face", None, 1.0, 0), scratch
        )[1]
        print(
            f"first clip, compiling or loading the kernels: {first:.1f} s; "
            f"one thread; load {os.getloadavg()[0]:.1f}"
        )
        print(
            f"{'view':9}{'size':>5}{'clips/s':>9}"
            f"{'ms/frame: render':>18}{'encode':>8}{'speech ms/clip':>16}"
        )
        for view in ("face", "portrait"):
            for size in (64, 128, 256):
                spent = measure(size, view, count, scratch)
                per_frame = {
                    step: 1000 * spent[step] / spent["frames"] for step in ("render", "encode")
                }
                rate = count / (spent["speech"] + spent["render"] + spent["encode"])
                times = f"{per_frame['render']:18.2f}{per_frame['encode']:8.2f}"
                line = f"{view:9}{size:5}{rate:9.2f}{times}"
                print(f"{line}{1000 * spent['speech'] / count:16.1f}")
        print(f"load at the end {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
