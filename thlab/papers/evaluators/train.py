"""Training the two judges, LandmarkNet and FaceEncoder, on the corpus's training speakers, and judging them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from thlab.corpus.settings import CORPUS_VERSION
from thlab.data import open_splits
from thlab.data.tensors import ClipTensors, load_clips
from thlab.face.points import INNER_LIP_BOTTOM, INNER_LIP_TOP, MOUTH
from thlab.nn.augment import augment
from thlab.nn.face_encoder import FaceEncoder, equal_error_rate, identity_loss
from thlab.nn.landmark_net import LandmarkNet
from thlab.training import Run, make_fabric, minutes, my_part, save_weights, step_generator
from thlab.training.optim import build_seeded, optimizer_step, warmup_cosine
from thlab.training.presets import chosen

LIPS = ([61, 62, 63], [67, 66, 65])  # inner points of the upper lip, and those below them


@dataclass(frozen=True)
class JudgeConfig:
    """How long and how fast; the defaults made the committed weights."""

    landmark_steps: int = 1800
    face_steps: int = 1000
    batch: int = 24
    learning_rate: float = 2e-3  # its peak: a short rise, then a cosine to 0
    seed: int = 0

    @classmethod
    def fast(cls) -> "JudgeConfig":
        """Seconds, for tests."""
        return cls(landmark_steps=4, face_steps=4, batch=4)


def draw(memory: ClipTensors, config: JudgeConfig, step: int) -> dict[str, Tensor]:
    """A batch of augmented frames, with their landmarks and speakers: all from (seed, step)."""
    generator = step_generator(config.seed, step)
    frames = torch.randint(len(memory.clip_of), (config.batch,), generator=generator)
    x, landmarks = augment(pictures(memory, frames), points(memory, frames), generator)
    return {"x": x, "landmarks": landmarks, "speaker": memory.speaker[memory.clip_of[frames]]}


def pictures(memory: ClipTensors, frames: Int[Tensor, "b"] | slice) -> Float[Tensor, "b 3 h w"]:
    """Frames of a memory in [0, 1]."""
    assert memory.frames is not None  # load_clips(…, frames=True)
    return memory.frames[frames].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last) / 255


def points(memory: ClipTensors, frames: Int[Tensor, "b"] | slice) -> Float[Tensor, "b 68 2"]:
    """Their landmarks in px."""
    assert memory.landmarks is not None
    return memory.landmarks[frames]


def fit(
    model: nn.Module, terms_of: Any, memory: ClipTensors, out: Path | str, steps: int, config: JudgeConfig, fabric: Any
) -> None:
    """The loop of both judges: terms_of(model, batch) names the losses, `total` is what is minimised."""
    optimizer = torch.optim.AdamW(model.parameters(), config.learning_rate, weight_decay=1e-3)
    model, optimizer = fabric.setup(model.to(memory_format=torch.channels_last), optimizer)  # type: ignore[call-overload]
    run = Run(fabric, out, config, steps, corpus=memory.facts)
    for step in run.steps(run.resume(model=model, optimizer=optimizer)):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * warmup_cosine(step, steps)
        terms = terms_of(model, my_part(fabric, draw(memory, config, step)))
        run.check(step, terms)
        optimizer_step(fabric, optimizer, terms["total"])
        run.log(step, terms)


def landmark_terms(model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Mean distance of all points and, twice as heavy, of the mouth's; and the error of the lips' opening, in px."""
    real, found = batch["landmarks"], model(batch["x"])
    distance = torch.linalg.vector_norm(found - real, dim=-1)
    opening_real, opening_found = (p[:, LIPS[1], 1] - p[:, LIPS[0], 1] for p in (real, found))
    terms = {"face": distance.mean(), "mouth": distance[:, MOUTH].mean()}
    terms["opening"] = (opening_found - opening_real).abs().mean()
    return terms | {"total": terms["face"] + 2 * terms["mouth"] + 2 * terms["opening"]}


def train_landmarks(memory: ClipTensors, out: Path | str, config: JudgeConfig, fabric: Any) -> LandmarkNet:
    """Train a LandmarkNet on a memory of training speakers; goes on where a run in `out` stopped.

    Chapter: book/content-to-video.ipynb
    """
    model = build_seeded(LandmarkNet, config.seed)
    fit(model, landmark_terms, memory, out, config.landmark_steps, config, fabric)
    return model


def face_terms(model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
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


def train_faces(memory: ClipTensors, out: Path | str, config: JudgeConfig, fabric: Any) -> FaceEncoder:
    """Train a FaceEncoder on a memory of training speakers; goes on where a run in `out` stopped.

    Chapter: book/content-to-video.ipynb
    """
    model = build_seeded(lambda: Classifier(len(memory.speakers)), config.seed)
    fit(model, face_terms, memory, out, config.face_steps, config, fabric)
    return model.encoder


@torch.no_grad()
def judge_landmarks(model: LandmarkNet, memory: ClipTensors) -> dict[str, float]:
    """Mean error in px of all points and of the mouth's, and the correlation of the lips' opening within a clip."""
    device = next(model.parameters()).device
    errors, follows = [], []
    for start, end in memory.start.unfold(0, 2, 1).tolist():
        clip = slice(start, end)
        real, found = points(memory, clip), model(pictures(memory, clip).to(device)).cpu()
        errors.append(torch.linalg.vector_norm(found - real, dim=-1))
        gaps = [p[:, INNER_LIP_TOP] - p[:, INNER_LIP_BOTTOM] for p in (real, found)]
        follows.append(torch.corrcoef(torch.linalg.vector_norm(torch.stack(gaps), dim=-1))[0, 1])
    error = torch.cat(errors)
    opening = torch.stack(follows).nanmean()
    return {"face": error.mean().item(), "mouth": error[:, MOUTH].mean().item(), "opening": opening.item()}


@torch.no_grad()
def judge_faces(model: FaceEncoder, memory: ClipTensors, every: int = 10) -> dict[str, float]:
    """Mean cosine of frames of one speaker in two clips, of two speakers, and the equal error rate between them."""
    device = next(model.parameters()).device
    frames = torch.arange(0, len(memory.clip_of), every)
    embedding = torch.cat([model(pictures(memory, part).to(device)).cpu() for part in frames.split(256)])
    clip, cosine = memory.clip_of[frames], embedding @ embedding.T
    speaker = memory.speaker[clip]
    one = speaker[:, None] == speaker
    same, other = cosine[one & (clip[:, None] != clip)], cosine[~one]
    return {"same": same.mean().item(), "other": other.mean().item(), "eer": equal_error_rate(same, other)}


def train(corpus: str, preset: str | None, stage: str, out: Path, seed: int, **device: Any) -> Iterator[Path]:
    """`thlab train judges`: both nets, or the one that `stage` names; yields the weights that are finished.

    preset: "fast" for a trial of seconds. device: as `make_fabric` takes it. A run that was stopped goes on. Raises
    ValueError for an unknown stage or corpus. Chapter: book/content-to-video.ipynb
    """
    stages = {"landmarks": (train_landmarks, judge_landmarks), "faces": (train_faces, judge_faces)}
    names = chosen("stage", stage, stages)
    parts = {part: load_clips(clips) for part, clips in open_splits(corpus).items()}
    fabric = make_fabric(**device)
    config = replace(JudgeConfig.fast() if preset == "fast" else JudgeConfig(), seed=seed)
    card = {"paper": "judges", "preset": preset or "book", "corpus": corpus, "corpus_version": CORPUS_VERSION}
    for name in names:
        fit_one, judge = stages[name]
        model = fit_one(parts["train"], out / f"run-{name}", config, fabric)
        metrics = {part: judge(model, parts[part]) for part in ("val", "test")}
        found = {"minutes": minutes(out, f"run-{name}"), "metrics": metrics}
        if fabric.is_global_zero:
            save_weights(out / name, model, card | asdict(config) | found)
            yield out / f"{name}.safetensors"
        fabric.barrier()
