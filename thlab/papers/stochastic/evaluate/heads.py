"""The models that the tables look at: finished weights, or trainings that the tables share."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from jaxtyping import Float
from torch import Tensor

from thlab.evaluation.experiment import Experiment
from thlab.evaluation.test_set import TestSet, Video
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate.takes import (
    DETERMINISTIC,
    MEAN_Z,
    SHUFFLED,
    K,
    Takes,
)
from thlab.papers.stochastic.head import StochasticHead, Take, load_head, make_head, takes_of
from thlab.papers.stochastic.reported import SAMPLED
from thlab.papers.stochastic.train import train

LATENT = "stochastic-latent"  # the weights that are judged
Heads = Callable[[str], StochasticHead]  # by stage: "latent", or "plain", the deterministic one

# what the short trainings of a table have instead of the preset's own
SHORT: dict[str, Any] = {"first": 700, "steps": 450, "warm_up": 225, "batch": 4, "free_bits": 0.0}


def judged_heads(experiment: Experiment) -> Heads:
    """Those of a folder of weights, or of the committed ones. Chapter: book/latent-kl.ipynb"""
    return partial(load_head, experiment.weights)


def trained_heads(experiment: Experiment, seed: int) -> Heads:
    """Those of one training of each stage, which all tables share. Chapter: book/latent-kl.ipynb"""
    return partial(trained_head, experiment, seed)


def trained_head(experiment: Experiment, seed: int, stage: str) -> StochasticHead:
    """A stage at the preset, trained as far as it is not yet. Chapter: book/latent-kl.ipynb"""
    config = experiment.config(StochasticConfig)
    if stage == "plain":
        config = config.deterministic(config.first + config.steps)
    job = experiment.job(stage, config, experiment.train, seed)
    return make_head(experiment.trained(job, train))


def short_config(experiment: Experiment) -> StochasticConfig:
    """Of the short trainings: fewer steps than the preset's, but for fast.

    Chapter: book/latent-kl.ipynb
    """
    config = experiment.config(StochasticConfig)
    return config if experiment.preset == "fast" else replace(config, **SHORT)


def short_head(experiment: Experiment, seed: int, **changes: Any) -> StochasticHead:
    """A model of a short training with other values of its config.

    Equal configs share a training, and all that differ in the objective alone share the steps of
    sound alone. Chapter: book/latent-kl.ipynb
    """
    config = replace(short_config(experiment), **changes)
    before = config.deterministic(config.first)
    first = experiment.job("first", before, experiment.train, seed)
    job = experiment.job("short", config, experiment.train, seed)
    return make_head(experiment.trained(job, partial(train, first=first), shared=(first.folder,)))


def recorded_take(clip: int) -> Take:
    """Take 0 of a clip, whose number is the seed. Chapter: book/latent-kl.ipynb"""
    return Take(seed=clip)


def mean_of_z(clip: int) -> Take:
    """The mean prediction. Chapter: book/latent-kl.ipynb"""
    return Take(seed=clip, temperature=0.0)


def sampled_take(clip: int) -> Take:
    """Take 0 of a clip, drawn as the paper does: z_t ~ q(z | a_t), each frame for itself.

    Chapter: book/latent-kl.ipynb
    """
    return Take(seed=clip, lasting=False)


CONTROLS = {MEAN_Z: mean_of_z, SAMPLED: sampled_take}  # of rows of one video a clip


def videos_of(heads: Heads, test_set: TestSet, row: str) -> list[Video]:
    """One video a clip: of the deterministic model, or of the other as the row's name says.

    Chapter: book/latent-kl.ipynb
    """
    if row == DETERMINISTIC:
        plain = heads("plain")
        return test_set.videos(plain, test_set.contents(plain))
    head = heads("latent")
    contents = test_set.contents(head)
    if row == SHUFFLED:
        contents = test_set.shuffled(contents)
    return test_set.videos(head, contents, CONTROLS.get(row, recorded_take))


def takes_a_clip(
    test_set: TestSet,
    head: StochasticHead,
    contents: Sequence[Float[Tensor, "_ 28 12"]] | None = None,
    lasting: bool = True,
) -> list[Takes]:
    """K takes of each clip, from its sound or from other contents; the seed is the clip's number.

    Chapter: book/latent-kl.ipynb
    """
    contents = contents or test_set.contents(head)
    made = []
    for clip, image, content in zip(test_set.clips, test_set.images(), contents, strict=True):
        made.append(head.takes(image, content, takes_of(K, clip, lasting=lasting)))
    return made


def card_facts(experiment: Experiment) -> dict[str, Any]:
    """What a table of judged weights says of them beside the rest. Chapter: book/latent-kl.ipynb"""
    card = experiment.card(LATENT)
    return {
        "pixels": card["config"]["size"],
        "takes": K,
        "weights": "given" if experiment.weights else "committed",
        "steps": card["steps"],
    }


def training_facts(experiment: Experiment) -> dict[str, Any]:
    """The same of a table over trainings. Chapter: book/latent-kl.ipynb"""
    config = experiment.config(StochasticConfig)
    return {"pixels": config.size, "takes": K, "steps": config.first + config.steps}
