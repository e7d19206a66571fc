"""`thlab train|evaluate|generate` for [mittal2020]."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from thlab import presets
from thlab.claims import settle
from thlab.corpus.settings import CORPUS_VERSION
from thlab.data import open_splits
from thlab.data.memory import Memory, load_memory
from thlab.nn.faces import FaceEncoder
from thlab.papers.priors import generate as video
from thlab.papers.priors.content import VAEContent
from thlab.papers.priors.evaluate import evaluate as evaluate_tables
from thlab.papers.priors.model import VAEConfig
from thlab.papers.priors.train import Speech, load_vae, new_vae, pretrain, save_vae
from thlab.papers.priors.train import train as train_vae
from thlab.papers.priors.train_gan import GANConfig, TalkingHead, load_head, save_head, train_generator
from thlab.training import load_weights, make_fabric, minutes

VAE, HEAD = "priors-vae", "priors-head"
Save = Callable[[dict[str, Any]], None]


def train(corpus: str, preset: str | None, stage: str, out: Path, seed: int, **device: Any) -> Iterator[Path]:
    """Train the VAE, then the talking head on its content; yields the weights that are finished.

    stage: "vae", "head" or "all". device: as `make_fabric` takes it. A run that was stopped goes on; the head takes the
    VAE in `out`, or the committed one where there is none. Raises ValueError for an unknown stage, preset or corpus.
    Chapter: book/priors.ipynb
    """
    stages = {"vae": _train_vae, "head": _train_head}
    if stage not in (*stages, "all"):
        raise ValueError(f"there is no stage {stage!r}: choose one of {', '.join(stages)}, all")
    preset = presets.current(preset)
    memory = load_memory(open_splits(corpus)["train"], frames=stage != "vae")
    fabric = make_fabric(**device)
    card = {"paper": "priors", "preset": preset, "corpus": corpus, "corpus_version": CORPUS_VERSION, "seed": seed}
    for name in stages if stage == "all" else (stage,):
        save = stages[name](memory, preset, out, seed, fabric)
        if fabric.is_global_zero:
            save(card | {"minutes": minutes(out, f"{name}*"), "clips": len(memory.ids)})
            yield out / f"priors-{name}.safetensors"
        fabric.barrier()


def _train_vae(memory: Memory, preset: str, out: Path, seed: int, fabric) -> Save:
    config, speech = getattr(VAEConfig, preset)(), Speech(memory)
    vae = new_vae(config, speech, seed)
    pretrain(vae, speech.neutral(), out / "vae-stage1", fabric, seed)
    train_vae(vae, speech, out / "vae", fabric, seed)
    steps = [config.pretrain_steps, config.steps]
    return lambda card: save_vae(out / VAE, vae, memory.emotions, card | {"steps": steps})


def _train_head(memory: Memory, preset: str, out: Path, seed: int, fabric) -> Save:
    config = getattr(GANConfig, preset)()
    vae, _ = load_vae(out / VAE if (out / f"{VAE}.safetensors").is_file() else VAE)
    faces = FaceEncoder()
    load_weights("faces", faces)
    head = train_generator(config, VAEContent(vae), memory, out / "head", fabric, seed, faces)
    return lambda card: save_head(out / HEAD, head, card | {"steps": config.steps})


def trained(weights: Path | None) -> TalkingHead:
    """The head in the folder of a finished training, or the committed one; FileNotFoundError where there is none."""
    vae, _ = load_vae(weights / VAE if weights else VAE)
    return load_head(weights / HEAD if weights else HEAD, vae)


def evaluate(
    corpus: str, preset: str | None, seeds: int, weights: Path | None, out: Path, table: str = "quality"
) -> Iterator[str]:
    """Run tables again, write them to `out`, yield them as Markdown with their verdicts. Chapter: book/priors.ipynb"""
    fabric = make_fabric(precision="32-true")
    head = trained(weights) if weights else None
    tables = evaluate_tables(fabric, table, corpus, presets.current(preset), seeds, out, head)
    verdicts = settle("priors", out)
    for made in tables.values():
        yield made.markdown([v for v in verdicts if v["evidence"]["file"] == f"priors.{made.table}.json"])


def generate(audio: Path, image: Path, out: Path, weights: Path | None) -> list[Path]:
    """A talking head by the head of a finished training, or the committed one. Chapter: book/content-to-video.ipynb"""
    return [video.generate(audio, image, out, trained(weights))]
