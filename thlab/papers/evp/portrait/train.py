"""Training one person's edge-to-video net of [ji2021]: a key frame, what is painted onto it, then
critics.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.face.edges import CHANNELS
from thlab.nn.losses import weighted_total
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.critics import Critics
from thlab.papers.evp.portrait.data import Stretch, Stretches
from thlab.papers.evp.portrait.losses import (
    Terms,
    adversarial_terms,
    critic_loss,
    reconstruction_terms,
)
from thlab.papers.evp.portrait.model import Generator, as_bytes, push
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate

BETAS = (0.8, 0.99)  # of Adam
SHOW_EVERY = 200  # steps between two strips in TensorBoard


def train(job: Job) -> Generator:
    """Train one person's generator; resumes where a run in the job's folder stopped.

    job.data: the person's `Footage`. Raises ValueError as `Stretches` and
    `PortraitConfig.validate`. Chapter: book/evp-portrait.ipynb
    """
    config: PortraitConfig = job.config
    model = build_seeded(lambda: Generator(config), job.seed)
    model.key.begin(job.data)
    stretches = Stretches(job.data, config, model.key)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    critics = build_seeded(lambda: Critics(config), job.seed)
    model, optimizer = with_adam(job, model, config.learning_rate)
    critics, critic_optimizer = with_adam(job, critics, config.critic_rate)
    model.mark_forward_method("roll_out")
    model.mark_forward_method("bend_key")
    parts = {"model": model, "optimizer": optimizer}
    parts |= {"critics": critics, "critic_optimizer": critic_optimizer}
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(**parts)):
        # later it stays: what is still learnt at a high rate would shake its textures
        model.module.key.requires_grad_(step < config.paint_from)
        n, length, warm = config.drawn(step)
        drawn = stretches.draw(n, warm + length, step_generator(job.seed, step))
        stretch = Stretch(**my_part(job.fabric, drawn._asdict()))
        if step < config.paint_from:
            fake = raw = model.bend_key(stretch.points, stretch.plates)  # (B, T, 3, H, W)
        else:
            stretch = warmed(model, stretch, warm)
            fake, raw = painted(model, stretch)
        terms = reconstruction_terms(fake, raw, stretch.real, stretch.weight)
        found: Terms = {}
        if step >= config.critics_from:
            found = critics_step(run, step, critics, critic_optimizer, fake, stretch)
            terms |= generator_terms(critics, fake, stretch)
        terms = weighted_total(terms, config.weights)
        run.check(step, terms)
        set_rate(optimizer, config.rate(step))
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms | found)
        if step % SHOW_EVERY == 0:
            run.images(step, "real above generated", strip(stretch.real, fake))
    return model.module


def with_adam(job: Job, net: nn.Module, rate: float) -> Any:
    """A net and its optimizer on the job's devices. Chapter: book/evp-portrait.ipynb"""
    return job.fabric.setup(net, torch.optim.Adam(net.parameters(), rate, betas=BETAS))


def painted(model: Any, stretch: Stretch) -> tuple[Tensor, Tensor]:
    """The frames of a stretch, (b, t, 3, h, w), and what is painted of each.

    Chapter: book/evp-portrait.ipynb
    """
    made = model.roll_out(stretch.points, stretch.plates, stretch.edges, stretch.before)
    fake = torch.stack([one.frame for one in made], 1)
    raw = torch.stack([one.raw for one in made], 1)
    return fake, raw


@torch.no_grad()
def warmed(model: Any, stretch: Stretch, warm: int) -> Stretch:
    """The stretch without its first frames, in whose place stand the model's own.

    Chapter: book/evp-portrait.ipynb
    """
    first = Stretch(*(part[:, :warm] for part in stretch))._replace(before=stretch.before)
    later = Stretch(*(part[:, warm:] for part in stretch))
    before = stretch.before
    if warm:
        for one in painted(model, first)[0].unbind(1):
            before = push(before, one)
    return later._replace(before=before)


def critics_step(
    run: Run,
    step: int,
    critics: Any,
    optimizer: Any,
    fake: Float[Tensor, "b t 3 h w"],
    stretch: Stretch,
) -> Terms:
    """A step of the critics; afterwards they are frozen: they tell, and are not moved.

    Chapter: book/evp-portrait.ipynb
    """
    critics.requires_grad_(True)
    edges = stretch.edges[:, :, :CHANNELS]
    # detached: the critics learn from what the generator made, and do not change it
    of_fake = critics(fake.detach(), edges, stretch.lips)
    of_real = critics(stretch.real, edges, stretch.lips)
    terms = {"critics": critic_loss(of_fake, of_real)}
    run.check(step, terms)
    optimizer_step(run.fabric, optimizer, terms["critics"])
    critics.requires_grad_(False)
    return terms


def generator_terms(critics: Any, fake: Float[Tensor, "b t 3 h w"], stretch: Stretch) -> Terms:
    """What the critics teach the generator. Chapter: book/evp-portrait.ipynb"""
    edges = stretch.edges[:, :, :CHANNELS]
    # the bare critics: through what Fabric wraps a gradient goes to fabric.backward alone
    bare = critics.module
    of_fake = bare(fake, edges, stretch.lips)
    with torch.no_grad():
        of_real = bare(stretch.real, edges, stretch.lips)
    return adversarial_terms(of_fake, of_real)


def strip(real: Tensor, fake: Tensor) -> Any:
    """The first stretch, true frames above generated ones. Chapter: book/evp-portrait.ipynb"""
    return as_bytes(torch.cat([real[0], fake[0].detach().float()], -2)).numpy()
