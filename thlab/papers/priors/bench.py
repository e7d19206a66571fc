"""What the tables of [mittal2020] share: a bench with VAEs that are trained where they are missing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from thlab.evaluation import experiment
from thlab.evaluation.table import Table
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import Speech, new_vae, pretrain, train


@dataclass(frozen=True)
class Experiment(experiment.Experiment):
    """One corpus, one set of seeds, and one config of the VAE. Chapter: book/priors.ipynb"""

    config: VAEConfig = field(kw_only=True)

    @cached_property
    def speech(self) -> Speech:
        return Speech(self.train)

    @cached_property
    def test_speech(self) -> Speech:
        return Speech(self.test)

    def vae(self, seed: int, **changes: float) -> SequenceVAE:
        """The VAE of a seed, with changes to the preset such as beta=0, trained as far as it is not yet.

        The first stage knows no margin terms: VAEs that differ in beta alone share it. Chapter: book/priors.ipynb
        """
        config = replace(self.config, **changes)
        vae = new_vae(replace(config, beta=0.0), self.speech, seed)
        folder = self.vae_folder(seed, f"stage1-{config.pretrain_steps}", **changes | {"beta": self.config.beta})
        pretrain(vae, self.speech.neutral(), folder, self.fabric, seed)
        vae.config = config
        train(vae, self.speech, self.vae_folder(seed, **changes), self.fabric, seed)
        return vae.requires_grad_(False).eval()

    def vae_folder(self, seed: int, start: str = "", /, **changes: float) -> Path:
        """The run folder of a VAE's second stage; its name says what is not the preset's: vae-300-1500-beta0."""
        start = start or f"vae-{self.config.pretrain_steps}-{self.config.steps}"
        news = {name: value for name, value in sorted(changes.items()) if value != getattr(self.config, name)}
        return self.folder("-".join([start, *(f"{name}{value:g}" for name, value in news.items())]), seed)

    def table(self, name: str, columns: Any, rows: Any, paper_numbers: dict | None = None, **evidence) -> Table:
        """A table with the VAE's steps and weights in its evidence."""
        steps = {"stage 1": self.config.pretrain_steps, "stage 2": self.config.steps}
        weights = {"alpha": self.config.alpha, "beta": self.config.beta, "gamma": self.config.gamma}
        return super().table(name, columns, rows, paper_numbers, **{"steps": steps, "weights": weights} | evidence)


def open_experiment(
    fabric: Any, corpus: str, preset: str, seeds: Sequence[int], frames: bool = False, **vae: Any
) -> Experiment:
    """As that of `thlab.evaluation.experiment`; vae: changes to the VAE's config. Chapter: book/priors.ipynb"""
    opened = experiment.open_experiment("priors", fabric, corpus, preset, seeds, frames)
    return Experiment(**vars(opened), config=replace(getattr(VAEConfig, preset)(), **vae))
