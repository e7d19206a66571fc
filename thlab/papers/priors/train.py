"""Training the VAE of [mittal2020] in two stages: content on neutral speech, then everything on
emotional.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from thlab.audio.visemes import VISEMES
from thlab.nn.gaussian import Gaussian
from thlab.papers.priors.data import SpeechSegments, shared_out
from thlab.papers.priors.losses import content_objective, objective
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig
from thlab.papers.priors.readers import ReaderTeacher
from thlab.training import Run, from_card, load_weights, read_card, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine

FIRST_STAGE = "vae-stage1"  # its run folder
SEGMENTS_TO_INFER = 16  # of a sequence, spread over it, when its mu_s is inferred


class ContentPipeline(nn.Module):
    """Stage 1, Sect. 4.2: content encoder, mu_c and decoder, with z_e and z_s held at 0.

    Chapter: book/priors.ipynb
    """

    def __init__(self, vae: SequenceVAE):
        super().__init__()
        self.content = vae.content
        self.decoder = vae.decoder
        self.mu_c = vae.mu["c"]

    def forward(
        self, scaled: Float[Tensor, "b 20 200"], noise: Float[Tensor, "b 3 d"]
    ) -> tuple[Gaussian, Gaussian]:
        """q(z_c | x) and p(x | z_c, 0, 0)."""
        c = self.content(scaled)
        z_c = c.sample(noise[:, 0])
        others = z_c.new_zeros(len(z_c), 2 * z_c.shape[1])
        return c, self.decoder(torch.cat([z_c, others], -1))


def train_vae(job: Job, first: Path | None = None) -> SequenceVAE:
    """Both stages of a VAE; resumes where its runs stopped.

    first: the folder of the first stage, for VAEs that share it; default: beside the second one's.
    Chapter: book/priors.ipynb
    """
    segments = SpeechSegments(job.data)
    vae = new_vae(job.config, segments, job.seed)
    pretrain(vae, segments.neutral(), first or job.out / FIRST_STAGE, job.fabric, job.seed)
    train(vae, segments, job.folder, job.fabric, job.seed)
    return vae


def new_vae(config: VAEConfig, segments: SpeechSegments, seed: int = 0) -> SequenceVAE:
    """An untrained VAE for the labels of some speech, which standardises its inputs.

    Chapter: book/priors.ipynb
    """
    rows = (len(VISEMES), len(segments.tensors.emotions), len(segments.clips))
    vae = build_seeded(lambda: SequenceVAE(config, *rows), seed)
    vae.x_mean.copy_(segments.hops.mean(0))
    vae.x_std.copy_(segments.hops.std(0))
    return vae


def first_stage(config: VAEConfig) -> VAEConfig:
    """The config of stage 1, which knows no margin terms: VAEs that differ in beta alone share it.

    Chapter: book/priors.ipynb
    """
    return replace(config, beta=0.0)


def pretrain(
    vae: SequenceVAE, segments: SpeechSegments, out: Path, fabric: Any, seed: int = 0
) -> None:
    """Stage 1: content on neutral speech. Resumes where a run in `out` stopped.

    Chapter: book/priors.ipynb
    """
    config = first_stage(vae.config)
    pipeline = ContentPipeline(vae.to(fabric.device))
    optimizer = make_optimizer(pipeline, config)
    pipeline, optimizer = fabric.setup(pipeline, optimizer)
    run = Run(fabric, out, config, config.pretrain_steps, seed=seed, corpus=segments.tensors.facts)
    for step in run.steps(run.resume(model=pipeline, optimizer=optimizer)):
        batch = shared_out(fabric, segments.draw(config, step_generator(seed, step)))
        x = vae.scale(batch.x)
        set_rates(optimizer, config, step, config.pretrain_steps)
        c, p = pipeline(x, batch.noise)
        terms = content_objective(x, c, p, vae.mu["c"], batch.viseme, config)
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms)


def train(
    vae: SequenceVAE, segments: SpeechSegments, out: Path, fabric: Any, seed: int = 0
) -> None:
    """Stage 2: everything, on emotional speech. Resumes where a run in `out` stopped.

    Chapter: book/priors.ipynb
    """
    config = vae.config
    model, optimizer = fabric.setup(vae, make_optimizer(vae, config))
    teacher = ReaderTeacher(fabric, vae, seed) if config.readers else None
    parts = {"model": model, "optimizer": optimizer} | (teacher.parts if teacher else {})
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=segments.tensors.facts)
    first = run.resume(**parts)
    drawn = draw_sequences(segments, config, seed, first)
    for step in run.steps(first):
        if step % config.refill == 0 and len(segments.clips) > config.table:
            drawn = draw_sequences(segments, config, seed, step)
            refill_table(vae, optimizer, drawn)
        batch = shared_out(fabric, drawn.draw(config, step_generator(seed, step)))
        set_rates(optimizer, config, step, config.steps)
        found = model(batch.x, batch.noise)
        teaching = teacher.step(found, batch) if teacher else None
        terms = objective(vae, found, batch, teaching)
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms)


def make_optimizer(module: nn.Module, config: VAEConfig) -> torch.optim.Adam:
    """Adam of networks and tables; each group's "pace" is its rate in units of the config's.

    Chapter: book/priors.ipynb
    """
    tables = []
    networks = []
    for name, parameter in module.named_parameters():
        (tables if name.startswith("mu") else networks).append(parameter)
    groups = [{"params": networks, "pace": 1.0}, {"params": tables, "pace": config.table_rate}]
    return torch.optim.Adam(groups, config.learning_rate)


def set_rates(optimizer: Any, config: VAEConfig, step: int, steps: int) -> None:
    """The rate of each group at one of so many steps. Chapter: book/priors.ipynb"""
    share = warmup_cosine(step, steps) if config.falls else 1.0
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * group["pace"] * share


def draw_sequences(
    segments: SpeechSegments, config: VAEConfig, seed: int, step: int
) -> SpeechSegments:
    """The sequences in the table of mu_s at a step: all, or with hierarchical sampling those of its
    block of steps.

    Chapter: book/priors.ipynb
    """
    if len(segments.clips) <= config.table:
        return segments
    generator = step_generator(seed, step - step % config.refill)
    order = torch.randperm(len(segments.clips), generator=generator)
    return segments.only(segments.clips[order[: config.table]])


@torch.no_grad()
def refill_table(
    vae: SequenceVAE, optimizer: torch.optim.Optimizer, segments: SpeechSegments
) -> None:
    """Hierarchical sampling: other sequences' mu_s, by the test rule, in place of those in the
    table.

    Adam's moments belong to the old rows and are forgotten.
    Chapter: book/priors.ipynb
    """
    mu_s = vae.mu["s"]
    for row, clip in enumerate(segments.clips):
        start, end = segments.tensors.start[clip : clip + 2].tolist()
        frames = torch.linspace(start, end - 1, min(end - start, SEGMENTS_TO_INFER)).long()
        mu_s[row] = vae.infer_mu_s(segments.batch(frames).x.to(mu_s.device))
    for moment in optimizer.state[mu_s].values():
        if moment.shape == mu_s.shape:
            moment.zero_()


def vae_facts(job: Job, vae: nn.Module) -> dict[str, Any]:
    """Of a VAE's card: the rows of its three tables, and the emotions that mu_e's stand for.

    Chapter: book/priors.ipynb
    """
    assert isinstance(vae, SequenceVAE)
    return {"tables": [len(vae.mu[k]) for k in LATENTS], "emotions": list(job.data.emotions)}


def load_vae(name: str | Path = "priors-vae") -> SequenceVAE:
    """A trained VAE, frozen; FileNotFoundError where there is none. Chapter: book/priors.ipynb"""
    card = read_card(name)
    vae = SequenceVAE(from_card(VAEConfig, card["config"]), *card["tables"])
    return load_weights(name, vae).requires_grad_(False).eval()
