"""Training the net over many people: what a bent photo lacks is painted onto it, then critics."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.nn.losses import weighted_total
from thlab.papers.evp.portrait.critics import Critics
from thlab.papers.evp.portrait.data import Stretch
from thlab.papers.evp.portrait.losses import Terms, reconstruction_terms
from thlab.papers.evp.portrait.model import Generator
from thlab.papers.evp.portrait.people import PeopleConfig, new_net
from thlab.papers.evp.portrait.people_data import PhotoPairs
from thlab.papers.evp.portrait.train import (
    SHOW_EVERY,
    critics_step,
    generator_terms,
    strip,
    with_adam,
)
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate


def train_people(job: Job) -> Generator:
    """Train the net; resumes where a run in the job's folder stopped.

    job.data: `People`. Raises ValueError as `PortraitConfig.validate`.
    Chapter: book/evp-portrait.ipynb
    """
    config: PeopleConfig = job.config
    pairs = PhotoPairs(job.data, config)
    model = new_net(config, job.seed)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    critics = build_seeded(lambda: Critics(config.net), job.seed)
    model, optimizer = with_adam(job, model, config.learning_rate)
    critics, critic_optimizer = with_adam(job, critics, config.critic_rate)
    parts = {"model": model, "optimizer": optimizer}
    parts |= {"critics": critics, "critic_optimizer": critic_optimizer}
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(**parts)):
        drawn = pairs.draw(config.batch, step_generator(job.seed, step))
        stretch = Stretch(**my_part(job.fabric, drawn._asdict()))
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


def painted(
    model: Any, stretch: Stretch
) -> tuple[Float[Tensor, "b t 3 h w"], Float[Tensor, "b t 3 h w"]]:
    """The frames of a stretch, each from the photo alone, and what is painted of each.

    Chapter: book/evp-portrait.ipynb
    """
    n, t = stretch.edges.shape[:2]
    photos = stretch.before.repeat_interleave(t, 0)  # (B·T, 1, 3, H, W)
    bent = model.key(photos[:, 0], stretch.plates.flatten(0, 1))
    made = model(bent, stretch.edges.flatten(0, 1), photos)
    return made.frame.unflatten(0, (n, t)), made.raw.unflatten(0, (n, t))
