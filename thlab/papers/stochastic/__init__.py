"""Stochastic talking faces, [yadav2020]: one latent, guessed from the frame and from the sound."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from thlab.papers.paper import AUDIO, IMAGE, Option, Paper, Stage
from thlab.papers.stochastic import train
from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate import TABLES
from thlab.papers.stochastic.head import Take, load_head, takes_of
from thlab.training.job import Job


def steps_in_all(job: Job, module: nn.Module) -> dict[str, Any]:
    """For the card: the steps, those of sound alone with them."""
    return {"steps": job.config.first + job.config.steps}


def as_deterministic(config: StochasticConfig) -> StochasticConfig:
    """The baseline's config, of as many steps as the model has in all."""
    return config.deterministic(config.first + config.steps)


def takes_and_paths(options: Mapping[str, Any], out: Path) -> tuple[list[Path], list[Take]]:
    """Where the takes that are asked for are written, and the takes: out.mp4, or out-1.mp4, …

    Raises ValueError where a number is out of range.
    """
    samples, seed, temperature = options["samples"], options["seed"], options["temperature"]
    if samples < 1:
        raise ValueError(f"--samples {samples}: ask for at least 1")
    if seed < 0:
        raise ValueError(f"--seed {seed}: give a whole number from 0 on")
    if not math.isfinite(temperature) or temperature < 0:
        raise ValueError(f"--temperature {temperature}: give a finite number from 0 on")
    takes = takes_of(samples, seed, temperature)
    if samples == 1:
        return [out], takes
    return [out.with_stem(f"{out.stem}-{take.number + 1}") for take in takes], takes


PAPER = Paper(
    key="stochastic",
    about="many takes of one voice, drawn from a latent that sound and frames share [yadav2020]",
    stages={
        "latent": Stage(StochasticConfig, train.train, steps_in_all),
        "plain": Stage(StochasticConfig, train.train, steps_in_all, variant=as_deterministic),
    },
    tables=TABLES,
    claims=CLAIMS,
    options=(
        AUDIO,
        IMAGE,
        Option("--samples", "generate", "takes: out-1.mp4, out-2.mp4, … (default: 1)", int, 1),
        Option("--seed", "generate", "of the takes' noise (default: 0)", int, 0),
        Option("--temperature", "generate", "scales the noise; 0: none (default: 1)", float, 1.0),
        Option(
            "--beside", "evaluate", "quality with that paper's head beside ours", choices=("davs",)
        ),
    ),
    default_table="quality",
    head=load_head,
    outputs=takes_and_paths,
)
