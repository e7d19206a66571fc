"""Training the model of [zhou2019]: in each step first what learns against it, then encoders, C_w and G."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.losses import critic_phase, encoder_phase
from thlab.papers.davs.model import DAVS, Critics
from thlab.papers.davs.words import WordClips
from thlab.training import Run, from_card, load_weights, my_part, read_card, save_weights, step_generator
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine

PAINTERS = ("e_p_v.", "c_p.", "g.")  # what begins anew after the word space


def train(
    config: DAVSConfig, clips: WordClips, out: str | Path, fabric: Any, seed: int = 0, first: Path | None = None
) -> DAVS:
    """Train a model on word clips; goes on where a run in `out` stopped.

    The first `config.first` steps, in the folder first (default: out/first), are the word space's alone; models that
    differ in what comes after may share it. Raises ValueError where the pictures have not the config's size.
    Chapter: book/davs.ipynb
    """
    if clips.memory.frames is None or clips.memory.frames.shape[1] != config.size:
        raise ValueError(f"clips without pictures of {config.size} px: build or prepare them with --size {config.size}")
    counts = len(clips.words), len(clips.memory.speakers)
    model, critics = (
        build_seeded(lambda: DAVS(config, *counts), seed),
        build_seeded(lambda: Critics(config, *counts), seed),
    )
    if config.first:
        begun = train(config.word_space(), clips, first or Path(out) / "first", fabric, seed)
        model.load_state_dict(model.state_dict() | begun.cpu().state_dict())
    painters = {name: p for name, p in model.named_parameters() if name.startswith(PAINTERS)}
    readers = [p for name, p in model.named_parameters() if name not in painters]
    groups = [{"params": readers, "pace": 1.0}, {"params": list(painters.values()), "pace": config.pace}]
    model, optimizer = fabric.setup(model, torch.optim.Adam(groups))
    critic_groups = [{"params": list(critics.parameters()), "pace": config.pace}]
    critics, critic_optimizer = fabric.setup(critics, torch.optim.Adam(critic_groups))
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=clips.memory.facts)
    parts = {"model": model, "critics": critics, "optimizer": optimizer, "critic_optimizer": critic_optimizer}
    for step in run.steps(run.resume(**parts)):
        batch = my_part(fabric, clips.draw(config, step_generator(seed, step)))
        for group in (*optimizer.param_groups, *critic_optimizer.param_groups):
            group["lr"] = (
                config.learning_rate * group["pace"] * (warmup_cosine(step, config.steps) if config.falls else 1)
            )
        output, critic_terms = model(batch), {}
        critics.requires_grad_(True)
        for _ in range(config.critic_steps):
            critic_terms = critic_phase(critics, output, batch)
            run.check(step, critic_terms)
            optimizer_step(fabric, critic_optimizer, critic_terms["critics"])
        critics.requires_grad_(False)  # the dashed lines of Fig. 3: they judge, and are not moved by what they judge
        terms = encoder_phase(config, critics.module, output, batch)
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms | critic_terms)
    return model.module


def save_model(path: str | Path, model: DAVS, words: tuple[str, ...], card: dict[str, Any]) -> None:
    """Weights and a card, from which `load_model` builds the same model. Chapter: book/davs.ipynb"""
    people = model.c_p[-1].out_features
    save_weights(path, model, card | {"config": asdict(model.config), "words": words, "people": people})


def load_model(name: str | Path = "davs-disentangled") -> tuple[DAVS, tuple[str, ...]]:
    """A trained model and its words; "davs-entangled" is the one without Eq. 3 and 5.

    FileNotFoundError where there are no weights. Chapter: book/davs.ipynb
    """
    card = read_card(name)
    model = DAVS(from_card(DAVSConfig, card["config"]), len(card["words"]), card["people"])
    return load_weights(name, model).eval().requires_grad_(False), tuple(card["words"])
