"""Training the model of [yadav2020] on stretches of clips, its latent sampled from the posterior of frames."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from thlab.data.sampler import open_eyed, within
from thlab.data.tensors import ClipTensors
from thlab.nn.augment import jitter
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.losses import objective
from thlab.papers.stochastic.model import TalkingFace, hear, of_each
from thlab.training import Run, from_card, load_weights, my_part, read_card, save_weights, step_generator
from thlab.training.optim import build_seeded, warmup_cosine

SHOW_EVERY = 250  # steps between two strips in TensorBoard


class Stretches:
    """Batches: some frames of random clips, one after another, what is heard in them, and a frame 1 of each clip.

    Raises ValueError where the memory has no pictures of the config's size, or no clip of so many frames.
    Chapter: book/latent-kl.ipynb
    """

    def __init__(self, memory: ClipTensors, config: StochasticConfig):
        if memory.frames is None or memory.frames.shape[1] != config.size:
            raise ValueError(
                f"clips without pictures of {config.size} px: build or prepare them with --size {config.size}"
            )
        self.frames, self.memory, self.config = memory.frames, memory, config
        self.rows = memory.per_frame(hear)
        self.clips = (memory.start.diff() >= config.frames).nonzero()[:, 0]
        if len(self.clips) == 0:
            raise ValueError(f"no clip has {config.frames} frames: give longer clips, or a preset with fewer frames")
        self.open_frames, self.open_start = open_eyed(memory)

    def draw(self, rng: torch.Generator) -> dict[str, Tensor]:
        """image (B, 3, H, W), real (B, T, 3, H, W), rows (B, T, 28, 12), noise, shown (B, K), alone."""
        config, start = self.config, self.memory.start
        clips = self.clips[torch.randint(len(self.clips), (config.batch,), generator=rng)]
        first = within(start[clips], start[clips + 1] - config.frames + 1, rng)
        frames = first[:, None] + torch.arange(config.frames)
        image = first
        if config.reference == "any":
            image = self.open_frames[within(self.open_start[clips], self.open_start[clips + 1], rng)]
        pictures = self.frames[torch.cat([image[:, None], frames], 1)].permute(0, 1, 4, 2, 3) / 255
        pictures = jitter(pictures, rng)  # few speakers, else few colours
        noise = torch.randn((*frames.shape, config.z), generator=rng)
        shown = torch.rand(frames.shape, generator=rng).argsort(1)[:, : config.shown].sort(1).values
        batch = {"image": pictures[:, 0], "real": pictures[:, 1:], "rows": self.rows[frames], "noise": noise}
        return batch | {"shown": shown, "alone": torch.rand(config.batch, generator=rng) < config.alone}


def train(
    config: StochasticConfig,
    memory: ClipTensors,
    out: str | Path,
    fabric: Any,
    seed: int = 0,
    first: Path | None = None,
) -> TalkingFace:
    """Train a model on a memory's clips; goes on where a run in `out` stopped.

    The first `config.first` steps, in the folder first (default: out/first), are the baseline's: z, which has seen the
    frame, learns faster than sound what a mouth does, and nothing would listen. Models that differ in the objective
    alone may share that folder. Raises ValueError as `Stretches`. Chapter: book/latent-kl.ipynb
    """
    stretches, model = Stretches(memory, config), build_seeded(lambda: TalkingFace(config), seed)
    if config.stochastic and config.first:
        begun = train(config.without_chance(config.first), memory, first or Path(out) / "first", fabric, seed)
        model.load_state_dict(model.state_dict() | begun.cpu().state_dict())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizers = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
    # beside a mean with beta 1e-6 the gradients of the KL are of 1e-10, and the usual epsilon is 1e-8
    optimizer = optimizers[config.optimizer](
        model.parameters(), config.learning_rate, eps=1e-15 if config.reduction == "mean" else 1e-8
    )
    model, optimizer = fabric.setup(model, optimizer)
    run = Run(fabric, out, config, config.steps, seed=seed, corpus=memory.facts)
    for step in run.steps(run.resume(model=model, optimizer=optimizer)):
        batch = my_part(fabric, stretches.draw(step_generator(seed, step)))
        result = model(**batch)
        real = of_each(batch["real"], batch["shown"])
        terms = objective(config, result, real, step)
        run.check(step, terms)
        if config.optimizer == "adam":
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate * warmup_cosine(step, config.steps)
        optimizer.zero_grad()
        fabric.backward(terms["total"])
        optimizer.step()
        run.log(step, terms)
        if step % SHOW_EVERY == 0:
            run.images(step, "real above generated", strip(real, result.frames))
    if config.stochastic:
        model.module.chance.copy_(record(model.module.eval(), stretches, seed, fabric.device))
    return model.module


@torch.no_grad()
def record(model: nn.Module, stretches: Stretches, seed: int, device: Any = "cpu") -> Float[Tensor, "n t z"]:
    """What sound left open in training clips, e_t = (mu_f - mu_a) / sigma_a, in a stretch of each of some clips.

    Were q_a all that q_f can be, e_t would be N(0, I). It is not, as training ends: a blink is far out, moves several
    dimensions at once, and lasts. A clip that is too short goes on backwards. Chapter: book/latent-kl.ipynb
    """
    (n, t), rng, start, made = stretches.config.recorded, step_generator(seed, 0), stretches.memory.start, []
    for clip in torch.randint(len(start) - 1, (n,), generator=rng).tolist():
        turn = max(1, 2 * int(start[clip + 1] - start[clip]) - 2)
        there = torch.arange(t) % turn
        frames = start[clip] + torch.minimum(there, turn - there)
        seen = torch.cat([stretches.open_frames[stretches.open_start[clip]][None], frames])
        pictures = (stretches.frames[seen].permute(0, 3, 1, 2) / 255).to(device)
        rows = stretches.rows[frames].to(device)
        out = model(pictures[:1], pictures[None, 1:], rows[None], shown=torch.zeros((1, 1), dtype=torch.long))
        made.append(out.q_a.noise(out.q_f.mean)[0])
    return torch.stack(made)


def strip(real: Tensor, fake: Tensor) -> UInt8[np.ndarray, "t h w 3"]:
    """The first clip, true frames above generated ones."""
    both = torch.cat([real[0], fake[0].detach().float()], -2)
    return (255 * both).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def save_model(path: str | Path, model: TalkingFace, card: dict[str, Any]) -> None:
    """Weights and a card from which `load_model` builds the same model. Chapter: book/latent-kl.ipynb"""
    save_weights(path, model, card | {"config": asdict(model.config)})


def load_model(name: str | Path = "stochastic-latent") -> TalkingFace:
    """A trained model; "stochastic-plain" is the one without chance. FileNotFoundError where there are no weights.

    Chapter: book/latent-kl.ipynb
    """
    model = TalkingFace(from_card(StochasticConfig, read_card(name)["config"]))
    return load_weights(name, model).eval().requires_grad_(False)
