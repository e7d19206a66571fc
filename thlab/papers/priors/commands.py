"""`thlab train|evaluate|generate` for [mittal2020]."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thlab.corpus.settings import CORPUS_VERSION
from thlab.data import open_splits
from thlab.data.tensors import load_clips
from thlab.evaluation.claims import notes, settle
from thlab.inference import read_inputs, write_talking
from thlab.media import SAMPLES_A_FRAME
from thlab.nn.face_encoder import FaceEncoder
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.content import VAEContent
from thlab.papers.priors.evaluate import evaluate as evaluate_tables
from thlab.papers.priors.generator import roll_out
from thlab.papers.priors.model import VAEConfig
from thlab.papers.priors.train import Speech, load_vae, new_vae, pretrain, save_vae
from thlab.papers.priors.train import train as train_vae
from thlab.papers.priors.train_gan import GANConfig, TalkingHead, load_head, save_head, train_generator
from thlab.training import load_weights, make_fabric, minutes, presets

VAE, HEAD, STAGES = "priors-vae", "priors-head", ("vae", "head")


def train(corpus: str, preset: str | None, stage: str, out: Path, seed: int, **device: Any) -> Iterator[Path]:
    """Train the VAE, then the talking head on its content; yields the weights that are finished.

    stage: "vae", "head" or "all". device: as `make_fabric` takes it. A run that was stopped goes on; the head takes the
    VAE in `out`, or the committed one where there is none. Raises ValueError for an unknown stage, preset or corpus.
    Chapter: book/priors.ipynb
    """
    names, preset = presets.chosen("stage", stage, STAGES), presets.current(preset)
    memory, fabric = load_clips(open_splits(corpus)["train"], frames="head" in names), make_fabric(**device)
    facts = {"paper": "priors", "preset": preset, "corpus": corpus, "corpus_version": CORPUS_VERSION, "seed": seed}
    if "vae" in names:
        config, speech = getattr(VAEConfig, preset)(), Speech(memory)
        vae = new_vae(config, speech, seed)
        pretrain(vae, speech.neutral(), out / "vae-stage1", fabric, seed)
        train_vae(vae, speech, out / "vae", fabric, seed)
        if fabric.is_global_zero:
            found = {"minutes": minutes(out, "vae*"), "clips": len(memory.ids)}
            save_vae(out / VAE, vae, memory.emotions, facts | found | {"steps": [config.pretrain_steps, config.steps]})
            yield out / f"{VAE}.safetensors"
        fabric.barrier()
    if "head" in names:
        config, faces = getattr(GANConfig, preset)(), load_weights("faces", FaceEncoder())
        vae, _ = load_vae(out / VAE if (out / f"{VAE}.safetensors").is_file() else VAE)
        head = train_generator(config, VAEContent(vae), memory, out / "head", fabric, seed, faces)
        if fabric.is_global_zero:
            found = {"minutes": minutes(out, "head*"), "clips": len(memory.ids)}
            save_head(out / HEAD, head, facts | found | {"steps": config.steps})
            yield out / f"{HEAD}.safetensors"
        fabric.barrier()


def trained(weights: Path | None) -> TalkingHead:
    """The head in the folder of a finished training, or the committed one; FileNotFoundError where there is none."""
    return load_head(weights / HEAD, load_vae(weights / VAE)[0]) if weights else load_head()


def evaluate(
    corpus: str, preset: str | None, seeds: int, weights: Path | None, out: Path, table: str = "quality"
) -> Iterator[str]:
    """Run tables again, write them to `out`, yield them as Markdown with their verdicts. Chapter: book/priors.ipynb"""
    fabric, head = make_fabric(precision="32-true"), trained(weights) if weights else None
    tables = evaluate_tables(fabric, table, corpus, presets.current(preset), seeds, out, head)
    verdicts = settle(CLAIMS, out)
    for made in tables.values():
        yield made.markdown(notes(made, verdicts))


def generate(
    audio: Path,
    image: Path,
    out: Path,
    weights: Path | None = None,
    overwrite: bool = False,
    head: TalkingHead | None = None,
) -> list[Path]:
    """Make the face of a picture say what a recording says: an .mp4 with the sound, tagged as synthetic.

    By a given head, or that of a finished training, or the committed one. Raises ValueError, and writes nothing, where
    `thlab.inference.read_inputs` cannot use what it is given. Chapter: book/content-to-video.ipynb
    """
    check_paths([out], [audio, image], overwrite)
    head = head or trained(weights)
    sound, face = read_inputs(audio, image, head.generator.config.size)
    content = head.source.content(sound, len(sound) // SAMPLES_A_FRAME)
    write_talking(out, roll_out(head.generator, face[None], content[None])[0], sound)
    return [out]
