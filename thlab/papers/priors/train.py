"""Training the segment VAE of [mittal2020] in two stages: content on neutral speech, then everything on emotional."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from thlab.audio.features import FLOOR, HOPS_PER_FRAME, SEGMENT, log_spectrogram
from thlab.audio.stft import HOP
from thlab.audio.visemes import VISEMES
from thlab.data.tensors import ClipTensors
from thlab.nn.gaussian import Gaussian
from thlab.papers.priors.losses import Terms, kl_to_prior, log_likelihood, log_p_labels, log_prior, objective, total
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig
from thlab.training import Run, from_card, load_weights, my_part, read_card, save_weights, step_generator
from thlab.training.optim import build_seeded, optimizer_step

MARGIN = (SEGMENT - HOPS_PER_FRAME) // 2  # hops of sound that a segment sees on each side of its frame
SEGMENTS_TO_INFER = 16  # of a sequence, spread over it, when its mu_s is inferred


class Speech:
    """Segments of a memory's clips, cut out of spectrograms when they are asked for, with their labels.

    The i-th of `clips`, which are numbers of clips, has row i in the table of mu_s. Chapter: book/priors.ipynb
    """

    def __init__(self, memory: ClipTensors):
        self.memory = memory
        spectra = (log_spectrogram(audio)[: len(audio) // HOP] for audio in memory.audio)
        self.hops = torch.cat([pad(x, (0, 0, MARGIN, MARGIN), value=math.log(FLOOR)) for x in spectra])
        self._choose(torch.arange(len(memory.ids)))

    def _choose(self, clips: Int[Tensor, "c"]) -> None:
        self.clips = clips
        self.row_of = torch.full((len(self.memory.ids),), -1).scatter(0, clips, torch.arange(len(clips)))
        self.frames = (self.row_of[self.memory.clip_of] >= 0).nonzero()[:, 0]  # a segment a video frame

    def only(self, clips: Int[Tensor, "c"]) -> "Speech":
        """The same spectrograms, other clips."""
        other = copy(self)
        other._choose(clips)
        return other

    def neutral(self) -> "Speech":
        """Clips of neutral speech; all, where no emotion is called neutral."""
        if "neutral" not in self.memory.emotions:
            return self
        return self.only((self.memory.emotion == self.memory.emotions.index("neutral")).nonzero()[:, 0])

    def batch(self, frames: Int[Tensor, "b"]) -> dict[str, Tensor]:
        """x (B, 20, 200) around video frames, their viseme, emotion, row of mu_s, and N of their sequence."""
        clip = self.memory.clip_of[frames]
        first = HOPS_PER_FRAME * frames + 2 * MARGIN * clip
        return {
            "x": self.hops[first[:, None] + torch.arange(SEGMENT)],
            "viseme": self.memory.viseme[frames],
            "emotion": self.memory.emotion[clip],
            "sequence": self.row_of[clip],
            "n_segments": self.memory.start.diff()[clip],
        }

    def draw(self, config: VAEConfig, generator: torch.Generator) -> dict[str, Tensor]:
        """A batch of random segments, and the noise that samples their three latents."""
        frames = self.frames[torch.randint(len(self.frames), (config.batch,), generator=generator)]
        noise = torch.randn((config.batch, len(LATENTS), config.dim), generator=generator)
        return self.batch(frames) | {"noise": noise}


class ContentPipeline(nn.Module):
    """Stage 1, Sect. 4.2: content encoder, mu_c and decoder, with z_e and z_s held at 0. Chapter: book/priors.ipynb"""

    def __init__(self, vae: SequenceVAE):
        super().__init__()
        self.content, self.decoder, self.mu_c = vae.content, vae.decoder, vae.mu["c"]

    def forward(self, scaled: Float[Tensor, "b 20 200"], noise: Float[Tensor, "b 3 d"]) -> tuple[Gaussian, Gaussian]:
        """q(z_c | x) and p(x | z_c, 0, 0)."""
        c = self.content(scaled)
        z_c = c.sample(noise[:, 0])
        return c, self.decoder(torch.cat([z_c, z_c.new_zeros(len(z_c), 2 * z_c.shape[1])], -1))


def content_objective(
    x: Float[Tensor, "b 20 200"], c: Gaussian, p: Gaussian, mu_c: Float[Tensor, "n d"], viseme: Int[Tensor, "b"],
    config: VAEConfig,
) -> Terms:  # fmt: skip
    """The terms of Eq. 6 of [mittal2020] that know of content alone. Chapter: book/priors.ipynb"""
    terms = {
        "nll": -log_likelihood(x, p).mean(),
        "kl_c": kl_to_prior(c, mu_c[viseme], config.var_latent).mean(),
        "prior_c": -log_prior(mu_c[viseme], config.var_prior).mean(),
        "label_c": cross_entropy(log_p_labels(c.mean, mu_c, config.var_latent), viseme),
    }
    return terms | {"total": total(terms, config)}


def new_vae(config: VAEConfig, speech: Speech, seed: int = 0) -> SequenceVAE:
    """An untrained VAE for the labels of some speech, which standardises its inputs. Chapter: book/priors.ipynb"""
    rows = len(VISEMES), len(speech.memory.emotions), len(speech.clips)
    vae = build_seeded(lambda: SequenceVAE(config, *rows), seed)
    vae.x_mean.copy_(speech.hops.mean(0))
    vae.x_std.copy_(speech.hops.std(0))
    return vae


def save_vae(path: str | Path, vae: SequenceVAE, emotions: Sequence[str], card: dict[str, Any]) -> None:
    """Weights and a card from which `load_vae` builds the same VAE. Chapter: book/priors.ipynb"""
    rows = [len(vae.mu[k]) for k in LATENTS]
    save_weights(path, vae, card | {"config": asdict(vae.config), "tables": rows, "emotions": list(emotions)})


def load_vae(name: str | Path = "priors-vae") -> tuple[SequenceVAE, dict[str, Any]]:
    """A trained VAE, frozen, and its card; FileNotFoundError where there is none. Chapter: book/priors.ipynb"""
    card = read_card(name)
    vae = SequenceVAE(from_card(VAEConfig, card["config"]), *card["tables"])
    return load_weights(name, vae).requires_grad_(False), card


def pretrain(vae: SequenceVAE, speech: Speech, out: Path, fabric, seed: int = 0) -> None:
    """Stage 1: content on neutral speech. Goes on where a run in `out` stopped. Chapter: book/priors.ipynb"""
    config, pipeline = vae.config, ContentPipeline(vae)
    optimizer = torch.optim.Adam(pipeline.parameters(), config.learning_rate)
    pipeline, optimizer = fabric.setup(pipeline, optimizer)
    run = Run(fabric, out, config, config.pretrain_steps, seed=seed, corpus=speech.memory.facts)
    for step in run.steps(run.resume(model=pipeline, optimizer=optimizer)):
        batch = my_part(fabric, speech.draw(config, step_generator(seed, step)))
        x = vae.scale(batch["x"])
        c, p = pipeline(x, batch["noise"])
        terms = content_objective(x, c, p, vae.mu["c"], batch["viseme"], config)
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms)


def train(vae: SequenceVAE, speech: Speech, out: Path, fabric, seed: int = 0) -> None:
    """Stage 2: everything, on emotional speech. Goes on where a run in `out` stopped. Chapter: book/priors.ipynb"""
    config = vae.config
    optimizer = torch.optim.Adam(vae.parameters(), config.learning_rate)
    model, optimizer = fabric.setup(vae, optimizer)
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=speech.memory.facts)
    first = run.resume(model=model, optimizer=optimizer)
    drawn = draw_sequences(speech, config, seed, first)
    for step in run.steps(first):
        if step % config.refill == 0 and len(speech.clips) > config.table:
            drawn = draw_sequences(speech, config, seed, step)
            refill_table(vae, optimizer, drawn)
        batch = my_part(fabric, drawn.draw(config, step_generator(seed, step)))
        terms = objective(vae, model(batch["x"], batch["noise"]), batch)
        run.check(step, terms)
        optimizer.zero_grad()
        fabric.backward(terms["total"])
        optimizer.step()
        run.log(step, terms)


def draw_sequences(speech: Speech, config: VAEConfig, seed: int, step: int) -> Speech:
    """The sequences in the table of mu_s at a step: all, or with hierarchical sampling those of its block of steps."""
    if len(speech.clips) <= config.table:
        return speech
    generator = step_generator(seed, step - step % config.refill)
    return speech.only(speech.clips[torch.randperm(len(speech.clips), generator=generator)[: config.table]])


@torch.no_grad()
def refill_table(vae: SequenceVAE, optimizer: torch.optim.Optimizer, speech: Speech) -> None:
    """Hierarchical sampling: other sequences' mu_s, by the test rule, in place of those in the table.

    Adam's moments belong to the old rows and are forgotten.
    """
    mu_s = vae.mu["s"]
    for row, clip in enumerate(speech.clips):
        start, end = speech.memory.start[clip : clip + 2].tolist()
        frames = torch.linspace(start, end - 1, min(end - start, SEGMENTS_TO_INFER)).long()
        mu_s[row] = vae.infer_mu_s(speech.batch(frames)["x"].to(mu_s.device))
    for moment in optimizer.state[mu_s].values():
        if moment.shape == mu_s.shape:
            moment.zero_()
