"""Training SyncNet, and what it finds on people and sentences that it never met."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

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
WRONG = 7  # the clip whose sound a clip is given for a false pair, counted from it


@dataclass(frozen=True)
class SyncConfig:
    """How SyncNet is trained: within a clip, so that only time tells windows apart."""

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


def sync_terms(model: nn.Module, batch: SyncBatch) -> Terms:
    """A softmax over the windows of the same clip, both ways: which sound goes with these lips?"""
    clips, windows = batch.mels.shape[:2]
    lips, sound = model(batch.mouths.flatten(0, 1), batch.mels.flatten(0, 1))
    lips = lips.view(clips, windows, -1)
    logits = SCALE * lips @ sound.view(clips, windows, -1).mT
    label = torch.arange(windows, device=logits.device).expand(clips, -1)
    heard = cross_entropy(logits.flatten(0, 1), label.flatten())
    seen = cross_entropy(logits.mT.flatten(0, 1), label.flatten())
    return {"heard": heard, "seen": seen, "total": heard + seen}


def train_sync(job: Job) -> SyncNet:
    """Train a SyncNet; a run that was stopped resumes. Chapter: book/content-to-video.ipynb"""
    model = build_seeded(SyncNet, job.seed)
    fit(model, sync_terms, job, SyncSampler(job.data.train, job.config))
    return model


@torch.no_grad()
def embeddings(
    model: SyncNet, tensors: ClipTensors, clip: int
) -> tuple[Float[Tensor, "w d"], Float[Tensor, "w d"]]:
    """Of all windows of a clip. Chapter: book/content-to-video.ipynb"""
    assert tensors.frames is not None  # load_clips(…, frames=True)
    start, end = tensors.start[clip : clip + 2].tolist()
    return model.embed(mouth(as_floats(tensors.frames[start:end])), tensors.audio[clip])


def sync_errors(model: SyncNet, tensors: ClipTensors) -> dict[str, float]:
    """Confidence and distance of true clips, and of clips with another's sound; and how often the
    offset is found within a frame.
    """
    found = [embeddings(model, tensors, clip) for clip in range(len(tensors.ids))]
    true = []
    false = []
    for clip, (lips, sound) in enumerate(found):
        other = found[(clip + WRONG) % len(found)][1]
        n = min(len(lips), len(other))
        true.append(lip_sync_scores(lips, sound))
        false.append(lip_sync_scores(lips[:n], other[:n]))
    within = [abs(one.offset) <= 1 for one in true]
    return {
        "confidence": fmean([one.confidence for one in true]),
        "confidence, shuffled": fmean([one.confidence for one in false]),
        "at once": fmean([one.at_once for one in true]),
        "at once, shuffled": fmean([one.at_once for one in false]),
        "distance": fmean([one.distance for one in true]),
        "distance, shuffled": fmean([one.distance for one in false]),
        "offset within a frame": fmean([float(one) for one in within]),
    }


def sync_facts(job: Job, model: nn.Module) -> dict[str, Any]:
    """What SyncNet finds on people whom it never met, for its card.

    Chapter: book/content-to-video.ipynb
    """
    assert isinstance(model, SyncNet)
    found = {part: sync_errors(model, getattr(job.data, part)) for part in ("val", "test")}
    return {"metrics": found}
