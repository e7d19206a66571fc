"""VAEs for the tables: trained where they are missing; and work on one of them that several rows
share.
"""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from thlab.evaluation.experiment import Experiment, Measurements, digest, measured
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import FIRST_STAGE, first_stage, train_vae

# tables compare small VAEs, each of some minutes; for what more steps and a wider one give see the
# table "plateau" and the committed weights
SMALL = {"hidden": 96, "pretrain_steps": 200, "steps": 1200}
VOICES = {"medium": "emotions"}  # what a VAE hears where a table's heads see another corpus
REDUCTION = "log p(x|z) summed over 20 x 200 values, all terms means over segments, nll weight 1"


def table_config(experiment: Experiment) -> VAEConfig:
    """The VAE that tables compare others with. Chapter: book/priors.ipynb"""
    return experiment.config(VAEConfig, **SMALL)


def voices_of(experiment: Experiment) -> Experiment:
    """The experiment on the voices that its VAEs are trained on: more people than have pictures.

    Chapter: book/priors.ipynb
    """
    name = VOICES.get(experiment.corpus)
    return experiment if name is None else experiment.on(name)


def trained_vae(experiment: Experiment, config: VAEConfig, seed: int) -> SequenceVAE:
    """The VAE of a config and a seed, trained as far as it is not yet; variants in beta alone share
    stage 1.

    Chapter: book/priors.ipynb
    """
    first = experiment.folder(FIRST_STAGE, first_stage(config), seed)
    job = experiment.job("vae", config, experiment.train_sound, seed)
    return experiment.trained(job, partial(train_vae, first=first), shared=(first,))


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
    config = table_config(experiment)
    return {
        "steps": {"stage 1": config.pretrain_steps, "stage 2": config.steps},
        "weights": {"alpha": config.alpha, "beta": config.beta, "gamma": config.gamma},
        "hidden": config.hidden,
        "voices": Path(voices_of(experiment).corpus).name,
        "reduction": REDUCTION,
    }
