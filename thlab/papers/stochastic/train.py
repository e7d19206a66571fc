"""Training the model of [yadav2020]: its latent is sampled from the posterior of frames."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn

from thlab.data.sampler import StretchSampler
from thlab.data.tensors import ClipTensors
from thlab.nn.augment import jitter
from thlab.nn.mouth import to_box
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.losses import Terms, neg_log_likelihood, objective
from thlab.papers.stochastic.model import Output, TalkingFace, audio_features, of_each
from thlab.training import Run, from_card, load_weights, my_part, read_card, step_generator
from thlab.training.job import Job
from thlab.training.mouth_critic import MouthTeacher
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine

SHOW_EVERY = 250  # steps between two strips in TensorBoard


class Batch(NamedTuple):
    """What `TalkingFace.forward` is given in training, in its order."""

    image: Float[Tensor, "b 3 h w"]  # frame 1
    real: Float[Tensor, "b t 3 h w"]
    rows: Float[Tensor, "b t 28 12"]  # what is heard in each frame
    noise: Float[Tensor, "b t z"]
    shown: Int[Tensor, "b k"]  # the frames that are painted
    alone: Bool[Tensor, "b"]  # the clips that are painted from sound alone


class Drawn(NamedTuple):
    """A batch, and of the frames that are painted chin and lips, in 32nds of the mouth's box."""

    batch: Batch
    lips: Float[Tensor, "b k p 2"]


class Stretches:
    """Batches: frames of random clips, one after another, their sound, and a frame 1 of each.

    Raises ValueError where the clips have no pictures of the config's size, or none has so many
    frames. Chapter: book/latent-kl.ipynb
    """

    def __init__(self, clips: ClipTensors, config: StochasticConfig):
        self.config = config
        self.sampler = StretchSampler(clips, config.frames, config.size)
        self.clips = clips
        self.rows = clips.per_frame(audio_features)

    def draw(self, rng: torch.Generator) -> Drawn:
        """A random batch, its noise included."""
        config = self.config
        clips, frames = self.sampler.stretch(config.batch, config.frames, rng)
        image = frames[:, 0]  # as published h_{t-1} begins with it
        if not config.as_published:
            image = self.sampler.open_eyed(clips, rng)
        pictures = self.sampler.pictures(torch.cat([image[:, None], frames], 1))
        pictures = jitter(pictures, rng)  # few speakers, else few colours
        noise = torch.randn((*frames.shape, config.z), generator=rng)
        order = torch.rand(frames.shape, generator=rng).argsort(1)
        shown = order[:, : config.shown].sort(1).values
        alone = torch.rand(config.batch, generator=rng) < config.alone
        lips = to_box(self.sampler.landmarks[of_each(frames, shown)], config.size)
        batch = Batch(pictures[:, 0], pictures[:, 1:], self.rows[frames], noise, shown, alone)
        return Drawn(batch, lips)


def train(job: Job, first: Job | None = None) -> TalkingFace:
    """Train a model; resumes where a run in the job's folder stopped.

    The first `config.first` steps, by the job `first` (default: in the folder "first" within this
    one's), are the deterministic baseline's: z, which has seen the frame, learns faster than sound
    what a mouth does, and nothing would listen. Models that differ in the objective alone may share
    them. Raises ValueError as `Stretches` and `StochasticConfig.validate`.
    Chapter: book/latent-kl.ipynb
    """
    config: StochasticConfig = job.config
    stretches = Stretches(job.data, config)
    model = build_seeded(lambda: TalkingFace(config), job.seed)
    if config.stochastic and config.first:
        begun = train(first or first_job(job))
        model.load_state_dict(model.state_dict() | begun.cpu().state_dict())
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = job.fabric.setup(model, make_optimizer(model, config))
    teacher = MouthTeacher(job.fabric, job.seed, config.steps) if config.mouth_critic else None
    parts = {"model": model, "optimizer": optimizer} | (teacher.parts if teacher else {})
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(**parts)):
        batch, lips = shared_out(job.fabric, stretches.draw(step_generator(job.seed, step)))
        out = model(*batch)
        real = of_each(batch.real, batch.shown)
        terms = objective(config, out, real, step, lips)
        if teacher is not None:
            terms |= teacher_terms(teacher, config, step, out, real, lips)
            terms["total"] = terms["total"] + terms["mouth"]
        run.check(step, terms)
        set_rate(optimizer, config, step)
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms)
        if step % SHOW_EVERY == 0:
            run.images(step, "real above generated", strip(real, out.frames))
    if config.stochastic:
        found = record_residuals(model.module.eval(), stretches, job.seed, job.fabric.device)
        model.module.residuals.copy_(found)
    return model.module


def shared_out(fabric: Any, drawn: Drawn) -> Drawn:
    """This process's part of what was drawn. Chapter: book/latent-kl.ipynb"""
    part = my_part(fabric, drawn.batch._asdict() | {"lips": drawn.lips})
    lips = part.pop("lips")
    return Drawn(Batch(**part), lips)


def teacher_terms(
    teacher: MouthTeacher,
    config: StochasticConfig,
    step: int,
    out: Output,
    real: Float[Tensor, "b k 3 h w"],
    lips: Float[Tensor, "b k p 2"],
) -> Terms:
    """A step of the critic of mouths, and what it teaches: "mouth", already weighted.

    Chapter: book/latent-kl.ipynb
    """

    def pixels(frames: Tensor) -> Tensor:
        return neg_log_likelihood(frames, real, config, out.alone, lips)

    found = teacher.learn(out.frames, real, lips)
    return {"mouth_critic": found, "mouth": teacher.teach(step, pixels, out.frames, real, lips)}


def first_job(job: Job) -> Job:
    """The steps before all others of a job, as one of their own. Chapter: book/latent-kl.ipynb"""
    config = job.config.deterministic(job.config.first)
    return Job(config, job.data, job.folder, "first", job.fabric, job.seed)


def make_optimizer(model: nn.Module, config: StochasticConfig) -> torch.optim.Optimizer:
    """RMSprop as published, else Adam, of what learns. Chapter: book/latent-kl.ipynb"""
    kind = torch.optim.RMSprop if config.as_published else torch.optim.Adam
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    # beside a mean the gradients of a KL with beta 1e-6 are of 1e-10; the usual epsilon is 1e-8
    eps = 1e-15 if config.reduction == "mean" else 1e-8
    return kind(weights, config.learning_rate, eps=eps)


def set_rate(optimizer: Any, config: StochasticConfig, step: int) -> None:
    """Adam's learning rate rises and falls; RMSprop's stays. Chapter: book/latent-kl.ipynb"""
    if config.as_published:
        return
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * warmup_cosine(step, config.steps)


@torch.no_grad()
def record_residuals(
    model: nn.Module,
    stretches: Stretches,
    seed: int,
    device: Any = "cpu",
) -> Float[Tensor, "n t z"]:
    """What sound left open in some training clips, e_t = (mu_f - mu_a) / sigma_a.

    Were q_a all that q_f can be, e_t would be N(0, I). It is not, as training ends: a blink is far
    out, moves several dimensions at once, and lasts. Chapter: book/latent-kl.ipynb
    """
    n, length = stretches.config.recorded
    start = stretches.clips.start
    sampler = stretches.sampler
    # one frame must be painted; its picture is not used
    nothing = torch.zeros((1, 1), dtype=torch.long)
    residuals = []
    for clip in torch.randint(len(start) - 1, (n,), generator=step_generator(seed, 0)).tolist():
        frames = start[clip] + there_and_back(int(start[clip + 1] - start[clip]), length)
        open_eyed = sampler.open_frames[sampler.open_start[clip]]
        image = sampler.pictures(open_eyed[None]).to(device)
        real = sampler.pictures(frames)[None].to(device)
        rows = stretches.rows[frames][None].to(device)
        out = model(image, real, rows, shown=nothing)
        residuals.append(out.q_a.noise(out.q_f.mean)[0])
    return torch.stack(residuals)


def there_and_back(frames: int, length: int) -> Int[Tensor, "length"]:
    """So many numbers of a clip's frames: where it ends they go on backwards, and forwards again.

    Chapter: book/latent-kl.ipynb
    """
    turn = max(1, 2 * frames - 2)
    forwards = torch.arange(length) % turn
    return torch.minimum(forwards, turn - forwards)


def strip(real: Tensor, fake: Tensor) -> UInt8[np.ndarray, "t h w 3"]:
    """The first clip, true frames above generated ones."""
    both = torch.cat([real[0], fake[0].detach().float()], -2)
    return (255 * both).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def load_model(name: str | Path = "stochastic-latent") -> TalkingFace:
    """A trained model; "stochastic-plain" is the deterministic one.

    FileNotFoundError where there are no weights. Chapter: book/latent-kl.ipynb
    """
    config = from_card(StochasticConfig, read_card(name)["config"])
    return load_weights(name, TalkingFace(config)).eval().requires_grad_(False)
