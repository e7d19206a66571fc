"""What the tables of an evaluation share: test speakers, seeds, and models that are trained where they are missing."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from thlab.corpus.media import write_whole
from thlab.corpus.settings import CORPUS_VERSION
from thlab.data.clip import Clip
from thlab.data.corpora import open_splits
from thlab.data.memory import Memory, load_memory
from thlab.metrics.tables import Table
from thlab.papers.priors.model import SequenceVAE, VAEConfig
from thlab.papers.priors.train import Speech, new_vae, pretrain, train
from thlab.presets import PRESETS
from thlab.training.weights import commit, hardware


@dataclass(frozen=True)
class Bench:
    """One corpus, cut into clips to train on and to test on, and one set of seeds. Chapter: book/priors.ipynb"""

    fabric: Any
    train: Memory
    test: Memory
    clips: Sequence[Clip]  # of test: their words, phones, …
    config: VAEConfig
    corpus: str
    preset: str = "book"
    seeds: Sequence[int] = (0, 1, 2)

    @cached_property
    def speech(self) -> Speech:
        """The speech to train on."""
        return Speech(self.train)

    @cached_property
    def test_speech(self) -> Speech:
        """The speech to test on."""
        return Speech(self.test)

    def folder(self, name: str, seed: int) -> Path:
        """Where one training of one seed goes on: $THLAB_HOME/runs/priors/<corpus>/<preset>/<name>/seed<k>."""
        home = Path(os.environ.get("THLAB_HOME", "~/.cache/thlab")).expanduser()
        return home / "runs" / "priors" / Path(self.corpus).name / self.preset / name / f"seed{seed}"

    def vae(self, seed: int, **changes: float) -> SequenceVAE:
        """The VAE of a seed, with changes to the preset such as beta=0, trained as far as it is not yet.

        The first stage knows no margin terms: VAEs that differ in beta alone share it. Chapter: book/priors.ipynb
        """
        config = replace(self.config, **changes)
        plain = replace(config, beta=0.0)
        vae = new_vae(plain, self.speech, seed)
        neutral = self.speech.only(neutral_clips(self.train))
        stage_1 = {name: value for name, value in changes.items() if name != "beta"}
        folder = self.folder(self.run_name(f"stage1-{config.pretrain_steps}", stage_1), seed)
        pretrain(vae, neutral, folder, self.fabric, seed)
        vae.config = config
        train(vae, self.speech, self.vae_folder(seed, **changes), self.fabric, seed)
        return vae.requires_grad_(False).eval()

    def vae_folder(self, seed: int, **changes: float) -> Path:
        """The folder of the second stage of a VAE."""
        return self.folder(self.run_name(f"vae-{self.config.pretrain_steps}-{self.config.steps}", changes), seed)

    def run_name(self, start: str, changes: dict[str, float]) -> str:
        """A folder's name that says what is not the preset's: vae-300-1500-beta0."""
        news = {name: value for name, value in sorted(changes.items()) if value != getattr(self.config, name)}
        return "-".join([start, *(f"{name}{value:g}" for name, value in news.items())])

    def table(self, name: str, columns: list[str], rows: dict, paper_numbers: dict | None = None, **evidence) -> Table:
        """A table of the paper with its evidence; `better` may be among what is given."""
        better = evidence.pop("better", "lower")
        evidence = {
            "command": f"thlab evaluate priors --table {name.partition('-')[0]}", "seeds": list(self.seeds),
            "preset": self.preset, "corpus": Path(self.corpus).name, "corpus_version": CORPUS_VERSION,
            "steps": {"stage 1": self.config.pretrain_steps, "stage 2": self.config.steps},
            "weights": {"alpha": self.config.alpha, "beta": self.config.beta, "gamma": self.config.gamma},
            "hardware": hardware(), "commit": commit(),
        } | evidence  # fmt: skip
        rows = {row: dict(cells) for row, cells in rows.items()}
        return Table("priors", name, columns, rows, paper_numbers or {}, evidence, better)


def kept(path: Path, make: Callable[[], Any]) -> Any:
    """What `make` returns, which is kept in a JSON file: the next time it is read from there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(make(), indent=1).encode())
    return json.loads(path.read_text())


def neutral_clips(memory: Memory) -> Int[Tensor, "c"]:
    """Clips of neutral speech; all, where no emotion is called neutral."""
    if "neutral" not in memory.emotions:
        return torch.arange(len(memory.ids))
    return (memory.emotion == memory.emotions.index("neutral")).nonzero()[:, 0]


def open_bench(
    fabric: Any, corpus: str = "medium", preset: str = "book", seeds: Sequence[int] = (0, 1, 2), frames: bool = False,
    **vae: Any,
) -> Bench:  # fmt: skip
    """Load a corpus for tables: the name of a preset of the embedded one, or a folder that was prepared.

    frames: pictures too, for the tables of videos. vae: changes to the VAE's config in all rows, such as steps=1500.
    Raises ValueError for an unknown preset and for a folder without usable clips. Chapter: book/priors.ipynb
    """
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}: choose one of {', '.join(PRESETS)}")
    clips = open_splits(corpus)
    training = load_memory(clips["train"], frames)
    test = load_memory(clips["test"], frames, emotions=training.emotions)
    config = replace(getattr(VAEConfig, preset)(), **vae)
    return Bench(fabric, training, test, clips["test"], config, str(corpus), preset, tuple(seeds))
