"""`thlab train|generate` for [yadav2020]."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thlab.corpus.settings import CORPUS_VERSION
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation.claims import notes, settle
from thlab.evaluation.test_set import Speaker
from thlab.papers.stochastic import generate as video
from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate import evaluate as evaluate_tables
from thlab.papers.stochastic.train import load_model, save_model
from thlab.papers.stochastic.train import train as train_model
from thlab.training import make_fabric, minutes, presets

STAGES = ("latent", "plain")  # with chance and without


def train(corpus: str, preset: str | None, stage: str, out: Path, seed: int, **device: Any) -> Iterator[Path]:
    """Train the model, then the baseline without chance; yields the weights that are finished.

    stage: "latent", "plain" or "all". device: as `make_fabric` takes it. A run that was stopped goes on. Raises
    ValueError for an unknown stage, preset or corpus. Chapter: book/latent-kl.ipynb
    """
    names, preset = presets.chosen("stage", stage, STAGES), presets.current(preset)
    config: StochasticConfig = getattr(StochasticConfig, preset)()
    memory = load_clips(open_splits(corpus)["train"])
    fabric = make_fabric(**device)
    card = {"paper": "stochastic", "preset": preset, "corpus": corpus, "corpus_version": CORPUS_VERSION, "seed": seed}
    card |= {"clips": len(memory.ids), "steps": config.first + config.steps}
    stages = {"latent": config, "plain": config.without_chance(card["steps"])}
    for name in names:
        model = train_model(stages[name], memory, out / name, fabric, seed)
        if fabric.is_global_zero:
            path = out / f"stochastic-{name}.safetensors"
            save_model(path, model, card | {"minutes": minutes(out, f"{name}/**")})
            yield path
        fabric.barrier()


def generate(
    audio: Path,
    image: Path,
    out: Path,
    weights: Path | None,
    samples: int = 1,
    seed: int = 0,
    temperature: float = 1.0,
    overwrite: bool = False,
) -> list[Path]:
    """`thlab.papers.stochastic.generate.generate` with the model of a finished training, or the committed one.

    Chapter: book/latent-kl.ipynb
    """
    model = load_model(weights / "stochastic-latent" if weights else "stochastic-latent")
    return video.generate(audio, image, out, model, samples, seed, temperature, overwrite)


def evaluate(
    corpus: str, preset: str | None, seeds: int, weights: Path | None, out: Path, table: str = "T1",
    beside: dict[str, Speaker] | None = None,
) -> Iterator[str]:  # fmt: skip
    """Run tables again, write them to `out`, and yield each as Markdown with the verdicts that it settles.

    beside: other models, by the names of their rows in T1. Chapter: book/latent-kl.ipynb
    """
    fabric = make_fabric(precision="32-true")
    tables = evaluate_tables(fabric, table, corpus, presets.current(preset), seeds, out, weights, beside=beside)
    verdicts = settle(CLAIMS, out)
    for made in tables.values():
        yield made.markdown(notes(made, verdicts))
