"""VAEs for the tables: trained where they are missing; and work on one of them that several rows
share.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements, digest, measured
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import FIRST_STAGE, first_stage, train_vae

REDUCTION = "log p(x|z) summed over 20 x 200 values, all terms means over segments, nll weight 1"


def trained_vae(experiment: Experiment, config: VAEConfig, seed: int) -> SequenceVAE:
    """The VAE of a config and a seed, trained as far as it is not yet; variants in beta alone share
    stage 1.

    Chapter: book/priors.ipynb
    """
    first = experiment.folder(FIRST_STAGE, first_stage(config), seed)
    job = experiment.job("vae", config, experiment.train_sound, seed)
    return experiment.trained(job, partial(train_vae, first=first))


def shared_work(
    experiment: Experiment,
    name: str,
    config: VAEConfig,
    seed: int,
    measure: Callable[[Experiment, SequenceVAE], Measurements],
) -> Measurements:
    """What `measure` finds of a config's VAE, done once for all rows and tables that show a part of
    it.

    name: of the work; measure: from the experiment and the VAE.
    Chapter: book/priors.ipynb
    """

    def work(experiment: Experiment, row: str, seed: int) -> Measurements:
        return measure(experiment, trained_vae(experiment, config, seed))

    work.__module__ = measure.__module__  # its code is what the numbers rest on
    found = measured(experiment, name, digest(asdict(config)), seed, work)
    return [
        (row, column, speaker, clip, value)
        for row, column, speaker, clip, value in found["measurements"]
    ]


def vae_evidence(experiment: Experiment) -> dict[str, Any]:
    """Steps and weights of a table's VAEs. Chapter: book/priors.ipynb"""
    config = experiment.config(VAEConfig)
    return {
        "steps": {"stage 1": config.pretrain_steps, "stage 2": config.steps},
        "weights": {"alpha": config.alpha, "beta": config.beta, "gamma": config.gamma},
        "reduction": REDUCTION,
    }
