"""Training the talking head of [mittal2020], Sect. 3.2 to 3.4: first what the frames are, then what
the critics say.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn

from thlab.audio.visemes import VISEMES
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.losses import weighted_total
from thlab.papers.priors.head import losses
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import Source, vae_source
from thlab.papers.priors.head.critics import FrameCritic, VideoCritic
from thlab.papers.priors.head.data import HeadSampler, Heard, shared_out
from thlab.papers.priors.head.losses import Critics, Shown, Terms
from thlab.papers.priors.head.model import Generator
from thlab.papers.priors.head.talking import VAE, HeadNet, MovingLips, encoder_digest
from thlab.papers.priors.train import load_vae
from thlab.training import Run, load_weights, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate


class Parts(NamedTuple):
    """What is trained, as a fabric wraps it, and its optimizers."""

    head: Any
    d_frame: Any
    d_video: Any
    optimizer: Any
    critic_optimizer: Any


def train_head(job: Job) -> HeadNet:
    """The generator on the z_c of the VAE that was trained before; resumes.

    Chapter: book/content-to-video.ipynb
    """
    faces = load_weights("faces", FaceEncoder())
    return train_generator(job, vae_source(load_vae(job.weights(VAE))), faces=faces)


def train_generator(
    job: Job,
    source: Source,
    make: Callable[..., nn.Module] = Generator,
    faces: FaceEncoder | None = None,
) -> HeadNet:
    """Train a generator and its source's content net on clips; resumes.

    make: which generator. faces: a trained encoder; without it the perceptual term is left out.
    FileNotFoundError where the weights of the landmark net are missing, which finds the lips in an
    image.
    Chapter: book/content-to-video.ipynb
    """
    config = job.config
    fabric = job.fabric
    if faces is not None:
        faces = faces.to(fabric.device).eval().requires_grad_(False)
    parts = set_up(job, source, make)
    critics = Critics(parts.d_frame, parts.d_video)
    sampler = HeadSampler(job.data, source, config)
    run = Run(fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(**parts._asdict())):
        n, k = config.batch_size(step)
        painted, heard, mix = shared_out(fabric, sampler.draw(n, k, step_generator(job.seed, step)))
        fake, content, moves = parts.head(painted, heard)
        terms = {"points": losses.landmark_l2(moves, heard.moves)}
        terms |= losses.reconstruction_loss(config.weights, fake, painted.real, painted.goal, faces)
        critic_terms: Terms = {}
        if step >= config.critics_from:
            shown = Shown(painted.real, fake, content, painted.viseme, painted.goal)
            for one_mix in mix.unbind(1):
                critic_terms = losses.critic_phase(config.weights, critics, shown, one_mix)
                run.check(step, critic_terms)
                optimizer_step(fabric, parts.critic_optimizer, critic_terms["critics"])
            terms |= judged(critics.bare(), shown)
        terms = weighted_total(terms, config.weights)
        run.check(step, terms)
        set_rate(parts.optimizer, rate(config, step))
        optimizer_step(fabric, parts.optimizer, terms["total"])
        run.log(step, terms | critic_terms)
    return parts.head.module


def train_moves(job: Job, source: Source, make: Callable[..., nn.Module] = Generator) -> HeadNet:
    """Train only where content moves lips and chin, by exact landmarks; resumes.

    No picture is painted: what is compared is what sources hear. make: as in `train_generator`.
    Chapter: book/content-to-video.ipynb
    """
    config = job.config
    lips = MovingLips(new_net(job, source, make))
    lips, optimizer = job.fabric.setup(lips, make_optimizer(lips, config))
    sampler = HeadSampler(job.data, source, config, pictures=False)
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(lips=lips, optimizer=optimizer)):
        drawn = sampler.heard(step_generator(job.seed, step))
        heard = Heard(**my_part(job.fabric, drawn._asdict()))
        terms = {"points": losses.landmark_l2(lips(heard), heard.moves)}
        run.check(step, terms)
        set_rate(optimizer, rate(config, step))
        optimizer_step(job.fabric, optimizer, terms["points"])
        run.log(step, terms)
    return lips.module.net


def new_net(job: Job, source: Source, make: Callable[..., nn.Module]) -> HeadNet:
    """A source's content net and a generator, begun from the job's seed.

    Chapter: book/content-to-video.ipynb
    """
    generator = build_seeded(lambda: make(job.config.generator, source.content.width), job.seed)
    load_weights("landmarks", generator.painter.finder)
    return HeadNet(source.content, generator)


def make_optimizer(module: nn.Module, config: GANConfig) -> torch.optim.Adam:
    """Adam of what learns of a head. Chapter: book/content-to-video.ipynb"""
    learning = [p for p in module.parameters() if p.requires_grad]
    return torch.optim.Adam(learning, config.learning_rate, betas=(0.5, 0.99))


def set_up(job: Job, source: Source, make: Callable[..., nn.Module]) -> Parts:
    """Generator, critics and their optimizers, begun from the job's seed.

    Chapter: book/content-to-video.ipynb
    """
    fabric = job.fabric
    width = source.content.width
    head = new_net(job, source, make)
    d_frame = build_seeded(lambda: FrameCritic(width, len(VISEMES)), job.seed)
    d_video = build_seeded(lambda: VideoCritic(width), job.seed)
    judging = [*d_frame.parameters(), *d_video.parameters()]
    optimizer = make_optimizer(head, job.config)
    critic_optimizer = torch.optim.Adam(judging, job.config.critic_rate, betas=(0.0, 0.9))
    modules = [fabric.setup_module(module) for module in (head, d_frame, d_video)]
    return Parts(*modules, *fabric.setup_optimizers(optimizer, critic_optimizer))


def judged(critics: Critics, shown: Shown) -> Terms:
    """The generator's terms by its critics, which get no gradient: this phase moves none of them.

    Chapter: book/content-to-video.ipynb
    """
    for critic in critics:
        critic.requires_grad_(False)
    terms = losses.generator_phase(critics, shown)
    for critic in critics:
        critic.requires_grad_(True)
    return terms


def rate(config: GANConfig, step: int) -> float:
    """The generator's learning rate: a cosine down to a tenth in each of the two phases.

    Chapter: book/content-to-video.ipynb
    """
    begin = 0
    end = min(config.critics_from, config.steps)
    top = config.learning_rate
    if step >= end:
        begin, end, top = end, config.steps, config.late_rate
    return top * (0.55 + 0.45 * math.cos(math.pi * (step - begin) / (end - begin)))


def head_facts(job: Job, net: nn.Module) -> dict[str, str]:
    """Of a head's card: the digest of the encoder that its content is of.

    Chapter: book/content-to-video.ipynb
    """
    return {"content_digest": encoder_digest(load_vae(job.weights(VAE)))}
