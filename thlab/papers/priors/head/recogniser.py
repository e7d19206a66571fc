"""A recogniser of visemes, trained on the corpus: stands in for DeepSpeech in Table 1 of
[mittal2020].
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.audio.visemes import VISEMES
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.model import X
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step


class Recogniser(nn.Module):
    """Logits of the viseme of segments. Chapter: book/content-to-video.ipynb"""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(X, 128, 5, 2, padding=2),
            nn.SiLU(),
            nn.Conv1d(128, 128, 5, 2, padding=2),
            nn.SiLU(),
            nn.Flatten(),
            nn.Linear(128 * 5, 128),
            nn.SiLU(),
            nn.Linear(128, len(VISEMES)),
        )

    def forward(self, x: Float[Tensor, "b 20 200"]) -> Float[Tensor, "b v"]:
        return self.net((x.mT + 4) / 2)  # about mean 0 and deviation 1


@dataclass(frozen=True)
class RecogniserConfig:
    """How the recogniser is trained."""

    steps: int = 1500
    batch: int = 64
    learning_rate: float = 1e-3

    @classmethod
    def fast(cls) -> "RecogniserConfig":
        """Seconds, for tests."""
        return cls(steps=20, batch=16)

    @classmethod
    def book(cls) -> "RecogniserConfig":
        """As for the book's tables."""
        return cls()

    @classmethod
    def paper(cls) -> "RecogniserConfig":
        """The same: the paper's recogniser was trained elsewhere."""
        return cls()


def train_recogniser(job: Job) -> Recogniser:
    """Train the recogniser on clean speech; resumes. Chapter: book/content-to-video.ipynb"""
    config = job.config
    segments = SpeechSegments(job.data)
    net = build_seeded(Recogniser, job.seed)
    net, optimizer = job.fabric.setup(net, torch.optim.Adam(net.parameters(), config.learning_rate))
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.facts)
    for step in run.steps(run.resume(net=net, optimizer=optimizer)):
        frames = torch.randint(
            len(job.data.clip_of), (config.batch,), generator=step_generator(job.seed, step)
        )
        drawn = segments.batch(frames)
        batch = my_part(job.fabric, {"x": drawn.x, "viseme": drawn.viseme})
        loss = cross_entropy(net(batch["x"]), batch["viseme"])
        run.check(step, {"viseme": loss})
        optimizer_step(job.fabric, optimizer, loss)
        run.log(step, {"viseme": loss})
    return net.module
