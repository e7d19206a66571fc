"""How much footage of a person does a generator need? Sect. 3.3 of [ji2021] trains one a target."""

from dataclasses import replace

import torch

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.papers.evp.evaluate.portraits import clip_scores
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import (
    HELD_OUT,
    Footage,
    footage_of,
    footage_to_learn,
    performances,
)
from thlab.papers.evp.portrait.measure import painted_again
from thlab.papers.evp.portrait.train import train
from thlab.training import step_generator

PEOPLE = (0, 1)
SECONDS = {"6 s": 6.0, "20 s": 20.0, "60 s": 60.0, "all of it": float("inf")}
ROWS = tuple(SECONDS)
COLUMNS = {
    "PSNR": "PSNR",
    "SSIM": "SSIM",
    "sharpness": "sharpness",
    "flicker": "flicker",
    "mouth: PSNR": "PSNR",
    "mouth: sharpness": "sharpness",
}


def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
    """A number a held-out clip, of generators that learnt from so much footage.

    All of them take as many steps. Chapter: book/evp-portrait.ipynb
    """
    found: Measurements = []
    for person in PEOPLE:
        config = replace(experiment.config(PortraitConfig), speaker=person)
        whole = footage_to_learn(config, {})
        some = part_of(whole, SECONDS[row], seed)
        # the same training as that of the table "video", where it is the whole footage
        name = f"portrait of {person}" + (f", {row}" if some is not whole else "")
        job = experiment.job("portrait", config, some, seed, name)
        generator = experiment.trained(job, train)
        clips = performances(person, HELD_OUT)
        footage = footage_of(clips, config.size)
        made = painted_again(generator, footage)
        names = [clip.id for clip in clips]
        found += clip_scores(row, f"s{person:03}", names, made, footage, COLUMNS)
    return found


def part_of(footage: Footage, seconds: float, seed: int) -> Footage:
    """Clips drawn at random until they last so long; the footage itself where it is shorter.

    seconds: 0 gives one clip. Chapter: book/evp-portrait.ipynb
    """
    if footage.seconds <= seconds:
        return footage
    drawn = torch.randperm(footage.n_clips, generator=step_generator(seed, 0)).tolist()
    chosen = drawn[:1]
    for clip in drawn[1:]:
        if footage.clips(chosen).seconds >= seconds:
            break
        chosen.append(clip)
    return footage.clips(chosen)
