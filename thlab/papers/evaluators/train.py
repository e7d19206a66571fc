"""Training the nets that only score, LandmarkNet and FaceEncoder, on the corpus's training speakers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from thlab.data.corpora import Corpus
from thlab.data.tensors import ClipTensors, load_clips
from thlab.face.points import MOUTH
from thlab.nn.augment import augment
from thlab.nn.face_encoder import FaceEncoder, identity_loss
from thlab.nn.landmark_net import LandmarkNet
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine

LIPS = ([61, 62, 63], [67, 66, 65])  # inner points of the upper lip, and those below them

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class EvaluatorConfig:
    """How long and how fast; the defaults made the committed landmark net."""

    steps: int = 1800
    batch: int = 24
    learning_rate: float = 2e-3  # its peak: a short rise, then a cosine to 0

    @classmethod
    def fast(cls) -> "EvaluatorConfig":
        """Seconds, for tests."""
        return cls(steps=10, batch=4)

    @classmethod
    def book(cls) -> "EvaluatorConfig":
        """What the committed weights were trained with."""
        return cls()

    @classmethod
    def paper(cls) -> "EvaluatorConfig":
        """As `book`: there is no paper of these."""
        return cls()


@dataclass(frozen=True)
class FaceConfig(EvaluatorConfig):
    """The face encoder's; it has learnt sooner."""

    steps: int = 1000


class Splits(NamedTuple):
    """The corpus in memory: what is trained on, and what the nets are tested on."""

    train: ClipTensors
    val: ClipTensors
    test: ClipTensors


def load_splits(splits: Mapping[str, Corpus], frames: bool) -> Splits:
    """All three splits with pictures. Chapter: book/content-to-video.ipynb"""
    return Splits(*(load_clips(splits[name], frames) for name in Splits._fields))


def draw(tensors: ClipTensors, config: EvaluatorConfig, seed: int, step: int) -> dict[str, Tensor]:
    """A batch of augmented frames, with their landmarks and speakers: all from (seed, step)."""
    generator = step_generator(seed, step)
    frames = torch.randint(len(tensors.clip_of), (config.batch,), generator=generator)
    x, landmarks = augment(pictures(tensors, frames), points(tensors, frames), generator)
    return {"x": x, "landmarks": landmarks, "speaker": tensors.speaker[tensors.clip_of[frames]]}


def pictures(tensors: ClipTensors, frames: Int[Tensor, "b"] | slice) -> Float[Tensor, "b 3 h w"]:
    """Frames in [0, 1]."""
    assert tensors.frames is not None  # load_clips(…, frames=True)
    chosen = tensors.frames[frames].permute(0, 3, 1, 2)
    return chosen.contiguous(memory_format=torch.channels_last) / 255


def points(tensors: ClipTensors, frames: Int[Tensor, "b"] | slice) -> Float[Tensor, "b 68 2"]:
    """Their landmarks in px."""
    assert tensors.landmarks is not None
    return tensors.landmarks[frames]


def fit(model: nn.Module, terms_of: Callable[[Any, dict[str, Tensor]], Terms], job: Job) -> None:
    """The loop of both nets: terms_of(model, batch) names the losses, `total` is what is minimised."""
    config = job.config
    tensors = job.data.train
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=1e-3)
    model, optimizer = job.fabric.setup(model.to(memory_format=torch.channels_last), optimizer)  # type: ignore[call-overload]
    run = Run(job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=tensors.facts)
    for step in run.steps(run.resume(model=model, optimizer=optimizer)):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * warmup_cosine(step, config.steps)
        terms = terms_of(model, my_part(job.fabric, draw(tensors, config, job.seed, step)))
        run.check(step, terms)
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms)


def landmark_terms(model: nn.Module, batch: dict[str, Tensor]) -> Terms:
    """Mean distance of all points and, twice as heavy, of the mouth's; and the error of the lips' opening, in px."""
    target = batch["landmarks"]
    prediction = model(batch["x"])
    distance = torch.linalg.vector_norm(prediction - target, dim=-1)
    wrong = lip_gaps(prediction) - lip_gaps(target)
    terms = {"face": distance.mean(), "mouth": distance[:, MOUTH].mean(), "opening": wrong.abs().mean()}
    return terms | {"total": terms["face"] + 2 * terms["mouth"] + 2 * terms["opening"]}


def lip_gaps(landmarks: Float[Tensor, "b 68 2"]) -> Float[Tensor, "b 3"]:
    """How far three points of the upper inner lip lie above those below them, in px."""
    upper, lower = LIPS
    return landmarks[:, lower, 1] - landmarks[:, upper, 1]


def train_landmarks(job: Job) -> LandmarkNet:
    """Train a LandmarkNet; a run that was stopped resumes. Chapter: book/content-to-video.ipynb"""
    model = build_seeded(LandmarkNet, job.seed)
    fit(model, landmark_terms, job)
    return model


def face_terms(model: nn.Module, batch: dict[str, Tensor]) -> Terms:
    """The normalised softmax over the training speakers."""
    return {"total": model(batch["x"], batch["speaker"])}


class Classifier(nn.Module):
    """A face encoder and one direction a training speaker, which training alone needs."""

    def __init__(self, n_speakers: int):
        super().__init__()
        self.encoder = FaceEncoder()
        self.people = nn.Parameter(torch.randn(n_speakers, self.encoder.embed.out_features))

    def forward(self, x: Float[Tensor, "b 3 h w"], speaker: Int[Tensor, "b"]) -> Float[Tensor, ""]:
        return identity_loss(self.encoder(x), self.people, speaker)


def train_faces(job: Job) -> FaceEncoder:
    """Train a FaceEncoder; a run that was stopped resumes. Chapter: book/content-to-video.ipynb"""
    model = build_seeded(lambda: Classifier(len(job.data.train.speakers)), job.seed)
    fit(model, face_terms, job)
    return model.encoder
