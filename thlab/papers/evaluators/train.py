"""Training the nets that only score: LandmarkNet, FaceEncoder and EmotionNet.

They see the corpus's training speakers, and stills of many people whom no clip shows: nets that see
people need many people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from thlab.corpus import EMOTIONS, stills
from thlab.data.corpora import Corpus
from thlab.data.tensors import ClipTensors, as_floats, load_clips
from thlab.face.points import MOUTH
from thlab.nn.augment import augment
from thlab.nn.emotion_net import EmotionNet
from thlab.nn.face_encoder import FaceEncoder, identity_loss
from thlab.nn.landmark_net import LandmarkNet
from thlab.training import Run, my_part, step_generator
from thlab.training.job import Job
from thlab.training.optim import build_seeded, optimizer_step, set_rate, warmup_cosine

STILL_PEOPLE = 100
STILLS_EACH = 96
UNKNOWN = -1  # the number of an emotion that no clip shows
LIPS = ([61, 62, 63], [67, 66, 65])  # inner points of the upper lip, and those below them

Terms = dict[str, Tensor]


@dataclass(frozen=True)
class EvaluatorConfig:
    """How long and how fast; the defaults made the committed landmark net."""

    steps: int = 4800
    batch: int = 24
    from_stills: int = 16  # of a batch; the others are frames of clips; 0 where there are no stills
    learning_rate: float = 2e-3  # its peak: a short rise, then a cosine to 0

    @classmethod
    def fast(cls) -> "EvaluatorConfig":
        """Seconds, for tests."""
        return cls(steps=10, batch=4, from_stills=0)

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

    steps: int = 2000


@dataclass(frozen=True)
class EmotionConfig(EvaluatorConfig):
    """The emotion net's: by clips alone, of few people, it would learn faces for emotions."""

    steps: int = 2400
    batch: int = 32
    from_stills: int = 24


class Splits(NamedTuple):
    """The corpus in memory: what is trained on, and what the nets are tested on."""

    train: ClipTensors
    val: ClipTensors
    test: ClipTensors


class Pictures(NamedTuple):
    """Single pictures to train on: their landmarks in px, who they show, and which emotion."""

    frames: UInt8[Tensor, "n h w 3"]
    landmarks: Float[Tensor, "n 68 2"]
    person: Int[Tensor, "n"]
    emotion: Int[Tensor, "n"]

    def some(self, n: int, generator: torch.Generator) -> "Pictures":
        """n random ones."""
        which = torch.randint(len(self.person), (n,), generator=generator)
        return Pictures(*(values[which] for values in self))


class Batch(NamedTuple):
    """Augmented pictures in [0, 1], their landmarks in px, who they show, and which emotion."""

    x: Float[Tensor, "b 3 h w"]
    landmarks: Float[Tensor, "b 68 2"]
    person: Int[Tensor, "b"]
    emotion: Int[Tensor, "b"]


class Sampler:
    """Batches of clips' frames and of stills; people of stills are numbered after the speakers."""

    def __init__(self, tensors: ClipTensors, config: EvaluatorConfig):
        assert tensors.frames is not None  # load_clips(…, frames=True)
        assert tensors.landmarks is not None
        self.config = config
        speaker = tensors.speaker[tensors.clip_of]
        emotion = tensors.emotion[tensors.clip_of]
        self.sources = [Pictures(tensors.frames, tensors.landmarks, speaker, emotion)]
        self.counts = [config.batch - config.from_stills]
        self.n_people = len(tensors.speakers)
        if config.from_stills:
            self.sources.append(drawn_stills(tensors))
            self.counts.append(config.from_stills)
            self.n_people += STILL_PEOPLE

    def draw(self, seed: int, step: int) -> Batch:
        """A batch, all of it from (seed, step)."""
        generator = step_generator(seed, step)
        chosen = []
        for source, count in zip(self.sources, self.counts, strict=True):
            chosen.append(source.some(count, generator))
        drawn = Pictures(*(torch.cat(parts) for parts in zip(*chosen, strict=True)))
        x, landmarks = augment(as_floats(drawn.frames), drawn.landmarks, generator)
        return Batch(x, landmarks, drawn.person, drawn.emotion)


def drawn_stills(tensors: ClipTensors) -> Pictures:
    """Stills of STILL_PEOPLE people whom no clip shows, numbered after the clips' speakers.

    Their emotions have the numbers that the clips give them, UNKNOWN where no clip shows them.
    """
    assert tensors.frames is not None  # load_clips(…, frames=True)
    found = stills(STILL_PEOPLE, STILLS_EACH, size=tensors.frames.shape[1])
    person = len(tensors.speakers) + found.speaker - found.speaker.min()
    number = {emotion: i for i, emotion in enumerate(tensors.emotions)}
    numbers = [number.get(emotion, UNKNOWN) for emotion in EMOTIONS]
    return Pictures(
        torch.from_numpy(np.array(found.frames)),
        torch.from_numpy(np.array(found.landmarks)),
        torch.from_numpy(person).long(),
        torch.tensor(numbers)[torch.from_numpy(np.array(found.emotion)).long()],
    )


def load_splits(splits: Mapping[str, Corpus], frames: bool) -> Splits:
    """All three splits with pictures, their emotions numbered alike.

    Chapter: book/content-to-video.ipynb
    """
    emotions = {clip.emotion or "" for name in Splits._fields for clip in splits[name]}
    loaded = []
    for name in Splits._fields:
        loaded.append(load_clips(splits[name], frames, emotions=sorted(emotions)))
    return Splits(*loaded)


def fit(model: nn.Module, terms_of: Callable[[Any, Any], Terms], job: Job, sampler: Any) -> None:
    """The loop of all nets: terms_of(model, batch) names the losses, `total` is minimised."""
    config = job.config
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=1e-3)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = job.fabric.setup(model, optimizer)
    run = Run(
        job.fabric, job.folder, config, config.steps, seed=job.seed, corpus=job.data.train.facts
    )
    for step in run.steps(run.resume(model=model, optimizer=optimizer)):
        set_rate(optimizer, config.learning_rate * warmup_cosine(step, config.steps))
        drawn = sampler.draw(job.seed, step)
        terms = terms_of(model, type(drawn)(**my_part(job.fabric, drawn._asdict())))
        run.check(step, terms)
        optimizer_step(job.fabric, optimizer, terms["total"])
        run.log(step, terms)


def landmark_terms(model: nn.Module, batch: Batch) -> Terms:
    """Mean distance of all points and, twice as heavy, of the mouth's; and the error of the lips'
    opening, in px.
    """
    target = batch.landmarks
    prediction = model(batch.x)
    distance = torch.linalg.vector_norm(prediction - target, dim=-1)
    wrong = lip_gaps(prediction) - lip_gaps(target)
    terms = {
        "face": distance.mean(),
        "mouth": distance[:, MOUTH].mean(),
        "opening": wrong.abs().mean(),
    }
    return terms | {"total": terms["face"] + 2 * terms["mouth"] + 2 * terms["opening"]}


def lip_gaps(landmarks: Float[Tensor, "b 68 2"]) -> Float[Tensor, "b 3"]:
    """How far three points of the upper inner lip lie above those below them, in px."""
    upper, lower = LIPS
    return landmarks[:, lower, 1] - landmarks[:, upper, 1]


def train_landmarks(job: Job) -> LandmarkNet:
    """Train a LandmarkNet; a run that was stopped resumes. Chapter: book/content-to-video.ipynb"""
    model = build_seeded(LandmarkNet, job.seed)
    fit(model, landmark_terms, job, Sampler(job.data.train, job.config))
    return model


def face_terms(model: nn.Module, batch: Batch) -> Terms:
    """The normalised softmax over the people of training."""
    return {"total": model(batch.x, batch.person)}


class Classifier(nn.Module):
    """A face encoder and one direction a person, which training alone needs."""

    def __init__(self, n_people: int):
        super().__init__()
        self.encoder = FaceEncoder()
        self.people = nn.Parameter(torch.randn(n_people, self.encoder.embed.out_features))

    def forward(self, x: Float[Tensor, "b 3 h w"], person: Int[Tensor, "b"]) -> Float[Tensor, ""]:
        return identity_loss(self.encoder(x), self.people, person)


def train_faces(job: Job) -> FaceEncoder:
    """Train a FaceEncoder; a run that was stopped resumes. Chapter: book/content-to-video.ipynb"""
    sampler = Sampler(job.data.train, job.config)
    model = build_seeded(lambda: Classifier(sampler.n_people), job.seed)
    fit(model, face_terms, job, sampler)
    return model.encoder


def emotion_terms(model: nn.Module, batch: Batch) -> Terms:
    """Cross-entropy of the emotions."""
    return {"total": cross_entropy(model(batch.x), batch.emotion, ignore_index=UNKNOWN)}


def train_emotions(job: Job) -> EmotionNet:
    """Train an EmotionNet; a run that was stopped resumes. Chapter: book/sound-and-faces.ipynb"""
    n_emotions = len(job.data.train.emotions)
    model = build_seeded(lambda: EmotionNet(n_emotions), job.seed)
    fit(model, emotion_terms, job, Sampler(job.data.train, job.config))
    return model
