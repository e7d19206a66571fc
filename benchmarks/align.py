"""Forced alignment against GRID's official .align files: pocketsphinx, and time warping.

The warping is ours, of synthetic voices.

    THLAB_REAL_DATA=<folder with grid/> python benchmarks/align.py [--clips 160]

Scored are the start and the end of each of the six words, 12 boundaries a clip, those next to the
silence at both ends included; a boundary between two words counts twice, as the end of one and the
start of the next. Official times lie on a grid of 10 ms, pocketsphinx's too.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy and torch load

import numpy as np
import torch
from tqdm import tqdm

from thlab.audio import align_dtw, align_pocketsphinx
from thlab.corpus import GRAMMAR
from thlab.data import Clip, open_corpus


def errors_of(aligner, clips: list[Clip]) -> tuple[np.ndarray, float]:
    """Signed errors in ms, (clips, 6 words, start and end), and CPU seconds a clip.

    Decoding the file is not counted.
    """
    errors = []
    seconds = 0.0
    for clip in tqdm(clips, desc=aligner.__name__, leave=False):
        audio = clip.audio
        words = [word.label for word in clip.words]
        start = time.process_time()
        found = aligner(audio, words).words
        seconds += time.process_time() - start
        errors.append(
            [(f.start - w.start, f.end - w.end) for f, w in zip(found, clip.words, strict=True)]
        )
    return 1000 * np.array(errors), seconds / len(clips)


def line(label: str, errors: np.ndarray) -> str:
    size = np.abs(errors)
    return (
        f"{label:28s}{np.median(size):8.1f}{np.percentile(size, 90):8.1f}{size.mean():8.1f}"
        f"{np.median(errors):8.1f}{100 * (size <= 40).mean():8.0f}%{errors.size:8d}"
    )


def table(name: str, errors: np.ndarray, seconds: float) -> None:
    print(f"\n{name}, {seconds:.2f} s of CPU a clip")
    print(
        f"{'|error| in ms':28s}{'median':>8s}{'p90':>8s}{'mean':>8s}{'bias':>8s}"
        f"{'≤ 40 ms':>9s}{'n':>8s}"
    )
    print(line("all", errors))
    print(line("between two words", np.concatenate([errors[:, 1:, 0], errors[:, :-1, 1]])))
    print(line("first start, after silence", errors[:, 0, 0]))
    print(line("last end, before silence", errors[:, -1, 1]))
    for number, slot in enumerate(GRAMMAR):
        print(line(f"{slot}, start", errors[:, number, 0]))
        print(line(f"{slot}, end", errors[:, number, 1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=160)
    root = os.environ.get("THLAB_REAL_DATA")
    count = parser.parse_args().clips
    if not root:
        raise SystemExit("THLAB_REAL_DATA is not set: point it at a folder with grid/")
    clips = [
        clip for clip in open_corpus("grid", f"{root}/grid") if clip.speaker == "s1" and clip.timed
    ][:count]
    torch.set_num_threads(1)
    print(f"{len(clips)} clips; threads 1; load {os.getloadavg()}")
    for aligner in (align_pocketsphinx, align_dtw):
        table(aligner.__name__, *errors_of(aligner, clips))


if __name__ == "__main__":
    main()
