"""`thlab train|evaluate|generate` for [zhou2019]."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from thlab.corpus.settings import CORPUS_VERSION
from thlab.evaluation.claims import notes, settle
from thlab.evaluation.experiment import meets_new_people
from thlab.evaluation.test_set import Speaker
from thlab.papers.davs.bench import open_words
from thlab.papers.davs.claims import CLAIMS
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.evaluate import evaluate as evaluate_tables
from thlab.papers.davs.generate import generate as generate_video
from thlab.papers.davs.generate import hear_words
from thlab.papers.davs.train import load_model, save_model
from thlab.papers.davs.train import train as train_model
from thlab.training import make_fabric, minutes, presets, read_card

STAGES = ("disentangled", "entangled")  # with Eq. 3 and 5, and without


def train(corpus: str, preset: str | None, stage: str, out: Path, seed: int, **device: Any) -> Iterator[Path]:
    """Train the word space, then the model, and the one that is not disentangled; yields the weights that are finished.

    stage: "disentangled", "entangled" or "all". device: as `make_fabric` takes it. A run that was stopped goes on.
    Raises ValueError for an unknown stage, preset or corpus. Chapter: book/davs.ipynb
    """
    names, preset = presets.chosen("stage", stage, STAGES), presets.current(preset)
    config: DAVSConfig = getattr(DAVSConfig, preset)()
    _, clips = open_words(corpus)["train"]
    fabric = make_fabric(**device)
    card = {"paper": "davs", "preset": preset, "corpus": corpus, "corpus_version": CORPUS_VERSION, "seed": seed}
    card |= {"clips": len(clips.word), "steps": [config.first, config.steps]}
    stages = {"disentangled": config, "entangled": config.entangled()}
    for name in names:
        model = train_model(stages[name], clips, out / name, fabric, seed, out / "first")
        if fabric.is_global_zero:
            path = out / f"davs-{name}.safetensors"
            save_model(path, model, clips.words, card | {"minutes": minutes(out, "first") + minutes(out, name)})
            yield path
        fabric.barrier()


def generate(
    image: Path,
    out: Path,
    weights: Path | None,
    audio: Path | None = None,
    video: Path | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """`thlab.papers.davs.generate.generate` with the model of a finished training, or the committed one.

    Chapter: book/davs.ipynb
    """
    model, _ = load_model(weights / "davs-disentangled" if weights else "davs-disentangled")
    return [generate_video(image, out, audio, video, model, overwrite)]


def speaker(corpus: str) -> Speaker:
    """The committed model as a function of a picture and sound: a row beside another paper's model, on a corpus.

    Raises ValueError where it has met the people of the corpus's test. Chapter: book/latent-kl.ipynb
    """
    meets_new_people(read_card("davs-disentangled"), corpus)
    model, _ = load_model()
    return lambda image, audio: model.speak(image[None], hear_words(model, audio))[0]


def evaluate(
    corpus: str, preset: str | None, seeds: int, weights: Path | None, out: Path, table: str = "identity"
) -> Iterator[str]:
    """Run tables again, write them to `out`, and yield each as Markdown with the verdicts that it settles.

    Chapter: book/davs.ipynb
    """
    fabric = make_fabric(precision="32-true")
    tables = evaluate_tables(fabric, table, corpus, presets.current(preset), seeds, out, weights)
    verdicts = settle(CLAIMS, out)
    for made in tables.values():
        yield made.markdown(notes(made, verdicts))
