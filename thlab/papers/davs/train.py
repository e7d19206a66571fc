"""Training the model of [zhou2019]: in each step first what learns against it, then encoders, C_w
and G.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.critics import Critics
from thlab.papers.davs.losses import (
    Terms,
    critic_phase,
    encoder_phase,
    loss_weights,
    reconstruction_loss,
)
from thlab.papers.davs.model import DAVS, Output, WordBatch
from thlab.papers.davs.words import WordClips
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.mouth_critic import MouthTeacher
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine

# the stage of the word space alone, which models that differ in what comes after share
FIRST = "first"
BEGIN_ANEW = ("e_p_v.", "c_p.", "g.")  # the parts that the word space does not have


def train(job: Job) -> DAVS:
    """Train a model on word clips; trains or resumes the word space's steps before, in
    job.out/first.

    Raises ValueError where the pictures have not the config's size. Chapter: book/davs.ipynb
    """
    config: DAVSConfig = job.config
    clips: WordClips = job.data
    fabric = job.fabric
    check_pictures(clips, config.size)
    counts = len(clips.words), len(clips.tensors.speakers)
    model = build_seeded(lambda: DAVS(config, *counts), job.seed)
    critics = build_seeded(lambda: Critics(config, *counts), job.seed)
    if config.first:
        word_space = train(replace(job, config=config.word_space(), stage=FIRST))
        model.load_state_dict(model.state_dict() | word_space.cpu().state_dict())
    model, optimizer = fabric.setup(model, torch.optim.Adam(parameter_groups(model, config)))
    critic_groups = [{"params": list(critics.parameters()), "pace": config.pace}]
    critics, critic_optimizer = fabric.setup(critics, torch.optim.Adam(critic_groups))
    teacher = MouthTeacher(fabric, job.seed, config.steps) if config.mouth_critic else None
    run = Run(fabric, job.folder, config, config.steps, seed=job.seed, corpus=clips.tensors.facts)
    parts = {"model": model, "critics": critics}
    parts |= {"optimizer": optimizer, "critic_optimizer": critic_optimizer}
    parts |= teacher.parts if teacher else {}
    for step in run.steps(run.resume(**parts)):
        drawn = clips.draw(config, step_generator(job.seed, step))
        batch = WordBatch(**my_part(fabric, drawn.given()))
        set_rates(config, step, optimizer, critic_optimizer)
        output = model(batch)
        critic_terms = critics_half(config, run, step, critics, critic_optimizer, output, batch)
        terms = encoder_phase(config, critics.module, output, batch)
        if teacher is not None:
            terms |= teacher_terms(teacher, config, step, output, batch)
            terms["total"] = terms["total"] + terms["inside"]
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms | critic_terms)
    return model.module


def teacher_terms(
    teacher: MouthTeacher, config: DAVSConfig, step: int, out: Output, batch: WordBatch
) -> Terms:
    """A step of the critic of mouths, and what it teaches G: "inside", already weighted.

    Chapter: book/davs.ipynb
    """
    assert out.fake_v is not None
    assert out.fake_a is not None
    assert batch.real is not None
    assert batch.lips is not None
    fake = torch.cat([out.fake_v, out.fake_a])
    real = torch.cat([batch.real, batch.real])
    lips = torch.cat([batch.lips, batch.lips])
    weights = loss_weights(config)

    def pixels(frames: Tensor) -> Tensor:
        terms = reconstruction_loss(frames, real, lips, config.inside)
        return weights.l1 * terms["l1"] + weights.mouth * terms["mouth"]

    found = teacher.learn(fake, real, lips)
    return {"mouth_critic": found, "inside": teacher.teach(step, pixels, fake, real, lips)}


def critics_half(
    config: DAVSConfig,
    run: Run,
    step: int,
    critics: Any,
    optimizer: Any,
    output: Output,
    batch: WordBatch,
) -> Terms:
    """The critics' steps on what the model made; afterwards they are frozen: they tell, and are not
    moved.
    """
    critics.requires_grad_(True)
    terms = {}
    for _ in range(config.critic_steps):
        terms = critic_phase(critics, output, batch)
        run.check(step, terms)
        optimizer_step(run.fabric, optimizer, terms["critics"])
    critics.requires_grad_(False)  # the dashed lines of Fig. 3
    return terms


def parameter_groups(model: nn.Module, config: DAVSConfig) -> list[dict[str, Any]]:
    """The weights that read words, at the rate itself; those that begin anew after them, at `pace`
    times it.
    """
    readers = []
    others = []
    for name, parameter in model.named_parameters():
        (others if name.startswith(BEGIN_ANEW) else readers).append(parameter)
    return [{"params": readers, "pace": 1.0}, {"params": others, "pace": config.pace}]


def set_rates(config: DAVSConfig, step: int, *optimizers: Any) -> None:
    """The learning rate of each group at a step: times its pace, and rising and falling where the
    config says so.
    """
    share = warmup_cosine(step, config.steps) if config.falls else 1
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * group["pace"] * share


def check_pictures(clips: WordClips, size: int) -> None:
    """ValueError where word clips have no pictures of this size."""
    frames = clips.tensors.frames
    if frames is None or frames.shape[1] != size:
        raise ValueError(
            f"clips without pictures of {size} px: build or prepare them with --size {size}"
        )


def facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """What the card of a model holds beside its config: its words, and how many people it learnt to
    tell apart.
    """
    return {
        "words": list(job.data.words),
        "people": len(job.data.tensors.speakers),
        "steps": [job.config.first, job.config.steps],
    }
