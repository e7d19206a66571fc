"""Training SyncNet, and what it finds on people and sentences that it never met."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from thlab.data.tensors import ClipTensors, as_floats
from thlab.face.align import mouth
from thlab.metrics.lip_sync import lip_sync_scores
from thlab.nn.syncnet import FRAMES, SyncNet, windows_of_sound
from thlab.papers.evaluators.train import Terms, fit
from thlab.training import step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded

SHIFT = 2  # pixels by which training moves the mouth's box, to each side
GAIN = 0.2  # of colours, to each side
SCALE = 12.0  # of cosines, before the softmax
MARGIN = 1.0  # of Eq. 11 of [cai2024]: the distance from which a false pair costs nothing
WRONG = 7  # the clip whose sound a clip is given for a false pair, counted from it


@dataclass(frozen=True)
class SyncConfig:
    """How SyncNet is trained: within a clip, so that only time tells windows apart.

    objective: a key of OBJECTIVES.
    """

    objective: str = "softmax"
    steps: int = 1400
    clips: int = 8
    windows: int = 8  # of each
    learning_rate: float = 2e-3

    @classmethod
    def fast(cls) -> "SyncConfig":
        """Seconds, for tests."""
        return cls(steps=10, clips=2)

    @classmethod
    def book(cls) -> "SyncConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "SyncConfig":
        """As `book`: only the net is the paper's."""
        return cls()


class SyncBatch(NamedTuple):
    """Windows of clips: of each some, at different moments."""

    mouths: Float[Tensor, "c w 5 3 32 32"]
    mels: Float[Tensor, "c w 20 40"]


class SyncSampler:
    """Batches of windows. Raises ValueError where no clip has enough of them."""

    def __init__(self, tensors: ClipTensors, config: SyncConfig):
        assert tensors.frames is not None  # load_clips(…, frames=True)
        self.config = config
        self.frames = tensors.frames
        self.start = tensors.start
        n_windows = tensors.start.diff() - FRAMES + 1
        self.clips = (n_windows >= config.windows).nonzero()[:, 0]
        if len(self.clips) == 0:
            raise ValueError(f"no clip has {config.windows} windows of {FRAMES} frames")
        self.sounds = []
        for audio, length in zip(tensors.audio, tensors.start.diff().tolist(), strict=True):
            self.sounds.append(windows_of_sound(audio, length))

    def draw(self, seed: int, step: int) -> SyncBatch:
        """A batch, all of it from (seed, step)."""
        generator = step_generator(seed, step)
        which = torch.randint(len(self.clips), (self.config.clips,), generator=generator)
        mouths = []
        mels = []
        for clip in self.clips[which].tolist():
            n = len(self.sounds[clip])
            starts = torch.randperm(n, generator=generator)[: self.config.windows]
            mouths.append(self.lips(int(self.start[clip]) + starts, generator))
            mels.append(self.sounds[clip][starts])
        return SyncBatch(torch.stack(mouths), torch.stack(mels))

    def lips(
        self, starts: Int[Tensor, "w"], generator: torch.Generator
    ) -> Float[Tensor, "w 5 3 32 32"]:
        """The mouths of some windows of one clip, moved and coloured alike."""
        frames = self.frames[starts[:, None] + torch.arange(FRAMES)]  # (w, 5, h, w, 3)
        down, right = torch.randint(-SHIFT, SHIFT + 1, (2,), generator=generator).tolist()
        moved = frames.roll((down, right), (2, 3)).movedim(-1, -3) / 255
        gain = 1 + GAIN * (2 * torch.rand((3, 1, 1), generator=generator) - 1)
        return (mouth(moved) * gain).clamp(0, 1)


Embedded = Float[Tensor, "c w d"]  # windows of clips, unit vectors


def softmax_terms(lips: Embedded, sound: Embedded) -> Terms:
    """A softmax over the windows of the same clip, both ways: which sound goes with these lips?

    Chapter: book/content-to-video.ipynb
    """
    clips, windows = lips.shape[:2]
    logits = SCALE * lips @ sound.mT
    label = torch.arange(windows, device=logits.device).expand(clips, -1)
    heard = cross_entropy(logits.flatten(0, 1), label.flatten())
    seen = cross_entropy(logits.mT.flatten(0, 1), label.flatten())
    return {"heard": heard, "seen": seen, "total": heard + seen}


def bce_terms(lips: Embedded, sound: Embedded) -> Terms:
    """Binary cross-entropy of scaled cosines, after Prajwal et al. 2020: true pairs, and as many
    false ones, each with the sound of another window of its clip.

    Chapter: book/content-to-video.ipynb
    """
    true = SCALE * (lips * sound).sum(-1)
    false = SCALE * (lips * sound.roll(1, 1)).sum(-1)
    terms = {
        "true": binary_cross_entropy_with_logits(true, torch.ones_like(true)),
        "false": binary_cross_entropy_with_logits(false, torch.zeros_like(false)),
    }
    return terms | {"total": terms["true"] + terms["false"]}


def margin_terms(lips: Embedded, sound: Embedded) -> Terms:
    """Eq. 11 of [cai2024]: squared distances d of true pairs, and of false ones the square of what
    they lack of the margin. The pairs are those of `bce_terms`.

    Chapter: book/content-to-video.ipynb
    """
    true = (lips - sound).norm(dim=-1)
    false = (lips - sound.roll(1, 1)).norm(dim=-1)
    # 1/2N \sum_n y_n d_n^2 + (1 - y_n) \max(margin - d_n, 0)^2, of N pairs half true
    terms = {
        "true": true.square().mean() / 4,
        "false": (MARGIN - false).clamp(min=0).square().mean() / 4,
    }
    return terms | {"total": terms["true"] + terms["false"]}


OBJECTIVES: dict[str, Callable[[Embedded, Embedded], Terms]] = {
    "softmax": softmax_terms,
    "bce": bce_terms,
    "margin": margin_terms,
}


def sync_terms(
    objective: Callable[[Embedded, Embedded], Terms], model: nn.Module, batch: SyncBatch
) -> Terms:
    """The terms of a batch, by one of OBJECTIVES. Chapter: book/content-to-video.ipynb"""
    clips = len(batch.mels)
    lips, sound = model(batch.mouths.flatten(0, 1), batch.mels.flatten(0, 1))
    return objective(lips.unflatten(0, (clips, -1)), sound.unflatten(0, (clips, -1)))


def train_sync(job: Job) -> SyncNet:
    """Train a SyncNet; a run that was stopped resumes.

    ValueError for an unknown objective. Chapter: book/content-to-video.ipynb
    """
    config: SyncConfig = job.config
    if config.objective not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        raise ValueError(f"objective={config.objective}: choose one of {known}")
    terms_of = partial(sync_terms, OBJECTIVES[config.objective])
    model = build_seeded(SyncNet, job.seed)
    fit(model, terms_of, job, SyncSampler(job.data.train, config))
    return model


@torch.no_grad()
def embeddings(
    model: SyncNet, tensors: ClipTensors, clip: int
) -> tuple[Float[Tensor, "w d"], Float[Tensor, "w d"]]:
    """Of all windows of a clip. Chapter: book/content-to-video.ipynb"""
    assert tensors.frames is not None  # load_clips(…, frames=True)
    start, end = tensors.start[clip : clip + 2].tolist()
    return model.embed(mouth(as_floats(tensors.frames[start:end])), tensors.audio[clip])


def sync_of_clips(model: SyncNet, tensors: ClipTensors) -> list[dict[str, float]]:
    """Of each clip confidence and distance, of its own sound and of another clip's; and whether its
    offset, which is 0, is found within a frame.

    Chapter: book/content-to-video.ipynb
    """
    embedded = [embeddings(model, tensors, clip) for clip in range(len(tensors.ids))]
    found = []
    for clip, (lips, sound) in enumerate(embedded):
        other = embedded[(clip + WRONG) % len(embedded)][1]
        n = min(len(lips), len(other))
        true = lip_sync_scores(lips, sound)
        false = lip_sync_scores(lips[:n], other[:n])
        found.append(
            {
                "confidence": true.confidence,
                "confidence, shuffled": false.confidence,
                "at once": true.at_once,
                "at once, shuffled": false.at_once,
                "distance": true.distance,
                "distance, shuffled": false.distance,
                "offset within a frame": float(abs(true.offset) <= 1),
            }
        )
    return found


def sync_errors(model: SyncNet, tensors: ClipTensors) -> dict[str, float]:
    """Means of `sync_of_clips`. Chapter: book/content-to-video.ipynb"""
    of_clips = sync_of_clips(model, tensors)
    return {name: fmean([clip[name] for clip in of_clips]) for name in of_clips[0]}


def sync_facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """What SyncNet finds on people whom it never met, for its card.

    Chapter: book/content-to-video.ipynb
    """
    assert isinstance(model, SyncNet)
    found = {part: sync_errors(model, getattr(job.data, part)) for part in ("val", "test")}
    return {"metrics": found}
