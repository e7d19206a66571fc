"""How near a person's generator comes to sentences that it did not learn from."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from jaxtyping import UInt8
from torch import Tensor

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import HELD_OUT, Footage, footage_of, performances
from thlab.papers.evp.portrait.measure import (
    key_frame_alone,
    painted_again,
    repeated_first,
    scores,
)
from thlab.papers.evp.portrait.model import PORTRAIT, load_generator
from thlab.papers.evp.reported import OURS
from thlab.training import from_card

KEY = "key frame, bent"  # with nothing painted onto it
FIRST = "first frame"
ROWS = (OURS, KEY, FIRST)
COLUMNS = {
    "PSNR": "PSNR",
    "SSIM": "SSIM",
    "sharpness": "sharpness",
    "flicker": "flicker",
    "mouth: PSNR": "PSNR",
    "mouth: sharpness": "sharpness",
    "eyes: PSNR": "PSNR",
    "eyes: sharpness": "sharpness",
    "contrast inside": "contrast inside",
    "pattern inside": "pattern inside",
    "blink: PSNR": "PSNR",
    "blink: flicker": "flicker",
    "blink: eyes: sharpness": "sharpness",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a clip of the person of the weights, painted from the true landmarks.

    Chapter: book/evp-portrait.ipynb
    """
    config = config_of_weights(experiment)
    clips = performances(config.speaker, HELD_OUT)
    footage = footage_of(clips, config.size)
    if row == FIRST:
        made = repeated_first(footage)
    else:
        generator = load_generator(experiment.weights_named(PORTRAIT))
        make = key_frame_alone if row == KEY else painted_again
        made = make(generator, footage)
    names = [clip.id for clip in clips]
    return clip_scores(row, f"s{config.speaker:03}", names, made, footage, COLUMNS)


def clip_scores(
    row: str,
    speaker: str,
    names: Sequence[str],
    made: UInt8[Tensor, "f h w 3"],
    footage: Footage,
    columns: Iterable[str],
) -> Measurements:
    """Some scores of each clip, by its name, of frames that were made of footage.

    Chapter: book/evp-portrait.ipynb
    """
    found: Measurements = []
    for number, (first, end) in enumerate(pairwise(footage.start.tolist())):
        of_clip = scores(made[first:end], footage.clips([number]))
        for column in columns:
            if not math.isnan(of_clip[column]):
                found.append((row, column, speaker, names[number], of_clip[column]))
    return found


def config_of_weights(experiment: Experiment) -> PortraitConfig:
    """The config of the weights that are judged.

    ValueError where they are of a person in a video, of whom no sentence is held out.
    Chapter: book/evp-portrait.ipynb
    """
    card = experiment.card(PORTRAIT)
    if "identity" in card:
        raise ValueError(
            f"{experiment.weights_named(PORTRAIT)} are of a person in videos: nothing of these was "
            "held out to judge them by"
        )
    return from_card(PortraitConfig, card["config"])


def portrait_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the table says of the weights. Chapter: book/evp-portrait.ipynb"""
    card = experiment.card(PORTRAIT)
    return {"weights": PORTRAIT, "speaker": card["speaker"], "minutes of training": card["minutes"]}
