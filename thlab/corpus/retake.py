"""The same speech again: what a face might as well have done, from which a model's spread is judged."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from thlab.corpus.build import read_settings
from thlab.corpus.clip import perform, say
from thlab.corpus.settings import clip_rows


def retakes(
    root: Path | str, clip: str, n: int
) -> Iterator[tuple[UInt8[np.ndarray, "t h w 3"], dict[str, np.ndarray]]]:
    """n other performances of a clip: frames and labels of the same speech in the same light, with other motion.

    clip: its id. Head pose, gaze, blinks and how firmly each viseme is said are drawn anew; the first k of n are the
    same for any n. Raises ValueError where the corpus in root has no such clip. Chapter: book/latent-kl.ipynb
    """
    settings = read_settings(Path(root))
    row = next((row for row in clip_rows(settings) if row["id"] == clip), None)
    if row is None:
        raise ValueError(f"{root}: no clip {clip!r} in this corpus")
    with tempfile.TemporaryDirectory(prefix="thlab-") as scratch:
        speech = say(row, Path(scratch))
    for number in range(n):
        yield perform(row, speech, settings, retake=number)
