"""Table 1 with Fig. 5 and Table 2 of [mittal2020]: heads with different content, in noise, beside
what they must beat.

T1, T1-exact, T1-opening, T2 and T2-references are views of the same work, which is done once.
"""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from thlab.audio import NOISE_LEVELS_DB
from thlab.evaluation.experiment import Experiment, Measurements, digest, measured
from thlab.evaluation.test_set import TestSet
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.priors.evaluate.vaes import trained_vae, vae_evidence
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import UNTRAINED, Source, vae_source, viseme_source
from thlab.papers.priors.head.model import Generator
from thlab.papers.priors.head.recogniser import RecogniserConfig, train_recogniser
from thlab.papers.priors.head.talking import PriorsHead
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.head.train import train_generator
from thlab.papers.priors.model import VAEConfig
from thlab.papers.priors.reported import (
    AUGMENTED,
    GAN,
    GAN_OURS,
    NO_MARGIN,
    OURS,
    PLAIN,
    RECOGNISER,
    ROWS,
)
from thlab.training import load_weights
from thlab.training.optim import build_seeded

# those without a net of their own
SOURCES = {GAN: "waveform", PLAIN: "mfcc", AUGMENTED: "mfcc+noise"}
LEVELS = {"clean": None} | {str(db): db for db in NOISE_LEVELS_DB}
PICTURES = ("LMD", "PSNR", "SSIM")
SHUFFLED = "shuffled audio"
BASELINES = ("repeated frame", "mean frame")
REFERENCES = (*BASELINES, SHUFFLED)  # they hear no noise
STEPS = 300  # of each generator at most: seven rows a seed
CLIPS = 12


class Scored(NamedTuple):
    """One score of one clip; level: of noise, "clean" where none is heard."""

    row: str
    level: str
    score: str
    speaker: str
    clip: str
    value: float


def at_levels(score: str):
    """T1 and its kin: one score of a row at each noise level, a number a clip; references are the
    same at each.

    Chapter: book/content-to-video.ipynb
    """

    def measure(experiment: Experiment, row: str, seed: int) -> Measurements:
        made = []
        for one in scored(experiment, row, seed):
            if one.score == score:
                levels = LEVELS if row in REFERENCES else (one.level,)
                made += [(row, level, one.speaker, one.clip, one.value) for level in levels]
        return made

    measure.__module__ = __name__
    return measure


def on_clean_sound(experiment: Experiment, row: str, seed: int) -> Measurements:
    """T2: pictures and mouths of a row on clean sound, a number a clip.

    Chapter: book/content-to-video.ipynb
    """
    made = []
    for one in scored(experiment, row, seed):
        if one.level == "clean" and one.score in PICTURES:
            made.append((row, one.score, one.speaker, one.clip, one.value))
    return made


def scored(experiment: Experiment, row: str, seed: int) -> Iterator[Scored]:
    """All scores of a row; those of shuffled audio come with the row of ours.

    Chapter: book/content-to-video.ipynb
    """
    source = OURS if row == SHUFFLED else row
    for name, column, speaker, clip, value in measured(
        experiment, "heads", source, seed, score_row
    )["measurements"]:
        if name == row:
            level, _, score = column.partition("/")
            yield Scored(row, level, score, speaker, clip, value)


def score_row(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Mouths at each noise level and pictures of clean sound; columns "<level>/<score>".

    Chapter: book/content-to-video.ipynb
    """
    landmark_net = load_weights("landmarks", LandmarkNet())
    test_set = TestSet(experiment.test, landmark_net, CLIPS, experiment.fabric.device)
    videos = {}
    if row in BASELINES:
        videos[row, "clean"] = test_set.baselines()[row]
    else:
        head = trained_head(experiment, row, seed).to(experiment.fabric.device)
        for level, db in LEVELS.items():
            videos[row, level] = test_set.videos(head, test_set.contents(head, db))
        if row == OURS:
            videos[SHUFFLED, "clean"] = test_set.videos(
                head, test_set.shuffled(test_set.contents(head))
            )
    made: Measurements = []
    for (name, level), of_clips in videos.items():
        scores = test_set.mouths(of_clips)
        if level == "clean":
            scores |= test_set.pictures(of_clips)
        made += test_set.measurements(
            name, {f"{level}/{score}": values for score, values in scores.items()}
        )
    return made


def head_config(experiment: Experiment) -> GANConfig:
    """The preset's, but of few steps and without critics, in all rows alike.

    Critics and the perceptual term cost more than the rest, and a net that trained a row must not
    score it.
    Chapter: book/content-to-video.ipynb
    """
    config = experiment.config(GANConfig)
    steps = min(config.steps, STEPS)
    return replace(config, steps=steps, critics_from=steps)


def trained_head(experiment: Experiment, row: str, seed: int) -> PriorsHead:
    """The head of a row of Table 1 and one seed, trained as far as it is not yet.

    Chapter: book/content-to-video.ipynb
    """
    source = source_of(experiment, row, seed)
    make = TemporalGenerator if row in (GAN, GAN_OURS) else Generator
    vae = digest(asdict(experiment.config(VAEConfig)))  # another VAE is another content
    name = f"head {row} {vae}"
    job = experiment.job("head", head_config(experiment), experiment.train, seed, name)
    net = experiment.trained(job, lambda job: train_generator(job, source, make))
    return PriorsHead(source.features, net)


def source_of(experiment: Experiment, row: str, seed: int) -> Source:
    """What the generator of a row is told. Chapter: book/content-to-video.ipynb"""
    if row in SOURCES:
        return build_seeded(UNTRAINED[SOURCES[row]], seed)
    if row == RECOGNISER:
        job = experiment.job(
            "recogniser", experiment.config(RecogniserConfig), experiment.train_sound, seed
        )
        return viseme_source(experiment.trained(job, train_recogniser))
    config = experiment.config(VAEConfig)
    if row == NO_MARGIN:
        config = replace(config, beta=0.0)
    return vae_source(trained_vae(experiment, config, seed))


def head_evidence(experiment: Experiment) -> dict[str, Any]:
    """What the numbers of heads rest on. Chapter: book/content-to-video.ipynb"""
    config = head_config(experiment)
    found = vae_evidence(experiment)
    found["steps"]["head"] = config.steps
    return found | {"pixels": config.generator.size, "test_clips": CLIPS, "critics": "none"}


T1_ROWS = (*ROWS, *REFERENCES)
