"""Table 1 with Fig. 5 of [mittal2020] by geometry alone: which content moves lips well in noise.

A claim about hearing is asked of landmarks: content moves the exact points of an image, and the
points where they should be are exact as well. No picture is painted, and no net looks at one.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.audio import NOISE_LEVELS_DB, add_noise, babble, hum
from thlab.corpus import replay
from thlab.data import Clip
from thlab.data.sampler import open_eyed
from thlab.data.tensors import ClipTensors, load_clips
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.landmark import lmd
from thlab.nn.mouth import SIDE, to_box
from thlab.papers.priors.evaluate.sources import TEMPORAL, head_name, source_of
from thlab.papers.priors.evaluate.vaes import vae_evidence
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import Features
from thlab.papers.priors.head.model import Generator
from thlab.papers.priors.head.talking import HeadNet
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.head.train import train_moves
from thlab.papers.priors.reported import DAVS, LOUDNESS, OURS, ROWS

WHITE = {"clean": ("white", None)} | {str(db): ("white", db) for db in NOISE_LEVELS_DB}
OTHER = {f"{kind} {db}": (kind, db) for kind in ("babble", "hum") for db in (-30, -10)}
LEVELS: dict[str, tuple[str, float | None]] = {**WHITE, **OTHER}  # column -> noise and its dB
MEAN = "mean mouth"  # of the true clip: hears nothing
SHUFFLED = "ours, shuffled audio"
T1_ROWS = (*ROWS, DAVS, LOUDNESS, SHUFFLED, MEAN)
FEW_STEPS = {"steps": 1500, "critics_from": 1500, "clips_heard": 32, "frames_heard": 16}
CLIPS = 192
MOUTH = slice(-20, None)  # of the points of the mouth's box


class Asked(NamedTuple):
    """Test clips of sentences that no training clip says."""

    tensors: ClipTensors
    clips: list[int]  # their numbers
    points: Float[Tensor, "f p 2"]  # of all frames, in 32nds of the mouth box
    image: list[int]  # of each clip, the frame whose points are given
    voices: list[Float[Tensor, "_"]]  # of other people, for babble


def in_noise(quiet: bool) -> Callable[[Experiment, str, int], Measurements]:
    """T1, a number a clip and level. quiet: heads are trained and tested without recording floors.

    Chapter: book/content-to-video.ipynb
    """

    def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
        asked = experiment.once(("asked", quiet), lambda: asked_clips(experiment, quiet))
        size = experiment.config(GANConfig).generator.size
        if row == MEAN:
            return of_mean_mouth(asked, size)
        source = OURS if row == SHUFFLED else row
        features, net = trained_moves(experiment, source, seed, training_clips(experiment, quiet))
        if row == SHUFFLED:
            others = shuffled(contents(asked, features, net))
            return score(asked, row, "clean", moved(asked, others, net), size)
        made = []
        for level, (kind, db) in LEVELS.items():
            heard = contents(asked, features, net, kind, db)
            made += score(asked, row, level, moved(asked, heard, net), size)
        return made

    measure.__module__ = __name__
    return measure


def asked_clips(experiment: Experiment, quiet: bool) -> Asked:
    """About CLIPS test clips of new sentences. ValueError where there are none.

    Chapter: book/content-to-video.ipynb
    """
    clips = chosen_clips(experiment)
    tensors = load_clips(clips, False)
    return as_asked(experiment, without_floor(tensors, clips) if quiet else tensors)


def chosen_clips(experiment: Experiment) -> list[Clip]:
    """About CLIPS of the new sentences. Chapter: book/content-to-video.ipynb"""
    clips = new_sentences(experiment)
    return clips[:: max(1, len(clips) // CLIPS)]


def as_asked(experiment: Experiment, tensors: ClipTensors) -> Asked:
    """Test clips with the points of an image of each. Chapter: book/content-to-video.ipynb"""
    size = experiment.config(GANConfig).generator.size
    assert tensors.landmarks is not None
    open_frames, open_start = open_eyed(tensors)
    image = open_frames[open_start[:-1]].tolist()
    voices = experiment.once(
        "voices of others", lambda: load_clips(experiment.splits["val"], False)
    )
    points = to_box(tensors.landmarks, size)
    return Asked(tensors, list(range(len(tensors.ids))), points, image, voices.audio)


def new_sentences(experiment: Experiment) -> list[Clip]:
    """The test clips whose sentences no training clip says; all, where there is no such one.

    Chapter: book/content-to-video.ipynb
    """
    known = {clip.text for clip in experiment.splits["train"]}
    test = list(experiment.splits["test"])
    return [clip for clip in test if clip.text not in known] or test


def training_clips(experiment: Experiment, quiet: bool) -> ClipTensors:
    """What heads are trained on. Chapter: book/content-to-video.ipynb"""
    if not quiet:
        return experiment.train_sound

    def make() -> ClipTensors:
        return without_floor(experiment.train_sound, experiment.splits["train"])

    return experiment.once("quiet training clips", make)


def without_floor(tensors: ClipTensors, clips: Any) -> ClipTensors:
    """The same clips as they sound without their recording floors.

    ValueError where they are not of the embedded corpus: a real recording has no such version.
    Chapter: book/content-to-video.ipynb
    """
    audio = []
    for clip, heard in zip(clips, tensors.audio, strict=True):
        clean = torch.from_numpy(replay(clip).speech.clean)
        audio.append(clean[: len(heard)])
    return replace(tensors, audio=audio, facts=tensors.facts | {"floor": "none"})


def trained_moves(
    experiment: Experiment, row: str, seed: int, data: ClipTensors, name: str = "moves"
) -> tuple[Features, HeadNet]:
    """What a row hears with, and the net that moves lips by it, trained as far as it is not yet.

    Chapter: book/content-to-video.ipynb
    """
    source = source_of(experiment, row, seed)
    make = TemporalGenerator if row in TEMPORAL else Generator
    floor = data.facts.get("floor", "")
    title = head_name(experiment, f"{name} {floor}", row)
    job = experiment.job(name, experiment.config(GANConfig, **FEW_STEPS), data, seed, title)
    net = experiment.trained(job, lambda job: train_moves(job, source, make))
    return source.features, net


@torch.no_grad()
def contents(
    asked: Asked, features: Features, net: HeadNet, kind: str = "white", db: float | None = None
) -> list[Float[Tensor, "_ d"]]:
    """What a head hears in each clip, with noise of a kind and level; None: as it is.

    Chapter: book/content-to-video.ipynb
    """
    found = []
    for clip in asked.clips:
        start, end = asked.tensors.start[clip : clip + 2].tolist()
        rows = features(with_noise(asked, clip, kind, db), end - start)
        found.append(net.content(rows))
    return found


def with_noise(asked: Asked, clip: int, kind: str, db: float | None) -> Float[Tensor, "n"]:
    """A clip's sound in noise, the same at every call. Chapter: book/content-to-video.ipynb"""
    audio = asked.tensors.audio[clip]
    if db is None:
        return audio
    generator = torch.Generator().manual_seed(clip)
    noise = None
    if kind == "babble":
        noise = babble(asked.voices, len(audio), generator)
    elif kind == "hum":
        noise = hum(len(audio), generator)
    return add_noise(audio, db, generator, noise=noise)


def shuffled(contents: list[Float[Tensor, "_ d"]]) -> list[Float[Tensor, "_ d"]]:
    """For each clip what is heard in the one after the next, repeated as long as it lasts.

    Chapter: book/content-to-video.ipynb
    """
    made = []
    for k, own in enumerate(contents):
        other = contents[(k + 2) % len(contents)]
        made.append(other[(len(other) // 2 + torch.arange(len(own))) % len(other)])
    return made


@torch.no_grad()
def moved(
    asked: Asked, contents: list[Float[Tensor, "_ d"]], net: HeadNet
) -> list[Float[Tensor, "_ p 2"]]:
    """Where contents move the points of each clip's image. Chapter: book/content-to-video.ipynb"""
    found = []
    for clip, content in zip(asked.clips, contents, strict=True):
        image = asked.points[asked.image[clip]]
        found.append(image + net.generator.moves(content[None], image[None])[0])
    return found


def score(
    asked: Asked, row: str, column: str, points: list[Float[Tensor, "_ p 2"]], size: int
) -> Measurements:
    """LMD of each clip's mouth, in pixels of the view. Chapter: book/content-to-video.ipynb"""
    made = []
    for clip, found in zip(asked.clips, points, strict=True):
        made.append(of_clip(asked, row, column, clip, found, size))
    return made


def of_mean_mouth(asked: Asked, size: int) -> Measurements:
    """LMD of each clip's own mean mouth, at all levels alike: it hears nothing.

    Chapter: book/content-to-video.ipynb
    """
    made = []
    for clip in asked.clips:
        true = true_points(asked, clip)
        mean = true.mean(0).expand_as(true)
        for column in LEVELS:
            made.append(of_clip(asked, MEAN, column, clip, mean, size))
    return made


def of_clip(
    asked: Asked, row: str, column: str, clip: int, points: Float[Tensor, "t p 2"], size: int
) -> tuple[str, str, str, str, float]:
    """The measurement of one clip. Chapter: book/content-to-video.ipynb"""
    pixels = size / 2 / SIDE  # the box is half as wide as the view
    value = lmd(pixels * points[:, MOUTH], pixels * true_points(asked, clip)[:, MOUTH])
    speaker = asked.tensors.speakers[int(asked.tensors.speaker[clip])]
    return row, column, speaker, asked.tensors.ids[clip], value


def true_points(asked: Asked, clip: int) -> Float[Tensor, "t p 2"]:
    """Where the points are in a clip. Chapter: book/content-to-video.ipynb"""
    start, end = asked.tensors.start[clip : clip + 2].tolist()
    return asked.points[start:end]


def mouths_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the numbers rest on. Chapter: book/content-to-video.ipynb"""
    config = experiment.config(GANConfig, **FEW_STEPS)
    found = vae_evidence(experiment)
    found["steps"]["head"] = config.steps
    clips = len(chosen_clips(experiment))
    return found | {"pixels": config.generator.size, "test_clips": clips, "points": "exact"}
