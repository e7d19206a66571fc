"""Sect. 4.1 of [ji2021]: portraits adapt to head poses, and to backgrounds.

Each of four invented people has a backdrop of their own.
"""

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float

from thlab.data.tensors import as_floats
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.image import psnr
from thlab.papers.evp.evaluate.portraits import FIRST
from thlab.papers.evp.evaluate.videos import PEOPLE, generator_of
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import HELD_OUT, footage_of, performances
from thlab.papers.evp.portrait.measure import painted_again, repeated_first
from thlab.papers.evp.reported import OURS

BANDS = {"yaw up to 3": (0, 3), "yaw 3 to 7": (3, 7), "yaw from 7": (7, 90)}  # degrees
ROWS = (OURS, FIRST)
COLUMNS = dict.fromkeys(BANDS, "PSNR")
LEAST = 5  # frames of a clip in a band, that say anything


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """PSNR of held-out clips by how far the head is turned, painted from the true landmarks.

    Chapter: book/evp-portrait.ipynb
    """
    found: Measurements = []
    size = experiment.config(PortraitConfig).size
    for person in PEOPLE:
        clips = performances(person, HELD_OUT)
        footage = footage_of(clips, size)
        if row == FIRST:
            made = repeated_first(footage)
        else:
            made = painted_again(generator_of(experiment, person), footage)
        near = psnr(as_floats(made), as_floats(torch.from_numpy(footage.frames))).numpy()
        for number, (first, end) in enumerate(pairwise(footage.start.tolist())):
            yaw = np.degrees(np.abs(clips[number].pose[:, 0]))
            # the first frame is the still one's own
            for band, value in by_band(near[first + 1 : end], yaw[1:]).items():
                found.append((row, band, f"s{person:03}", clips[number].id, value))
    return found


def by_band(values: Float[np.ndarray, " t"], yaw: Float[np.ndarray, " t"]) -> dict[str, float]:
    """Means of a clip's frames by band of yaw, where enough of them lie in it.

    Chapter: book/evp-portrait.ipynb
    """
    found = {}
    for name, (low, high) in BANDS.items():
        inside = (yaw >= low) & (yaw < high)
        if inside.sum() >= LEAST:
            found[name] = float(values[inside].mean())
    return found
