"""Table 3 of [mittal2020], with the other reading of the variances, and a sweep of the weights
alpha and beta.
"""

from dataclasses import replace

import torch

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.probes import linear_hits
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.evaluate.codes import Labelled, clip_means, encode, most_frequent, of_clips
from thlab.papers.priors.evaluate.vaes import shared_work
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig

ROWS = dict(zip(("content", "emotion", "sequence"), LATENTS, strict=True))
CHANCE = "chance"
LABELS = ("viseme", "emotion", "emotion of clips")
SIDES = ("with margin", "without")
COLUMNS = [f"{label}, {side}" for side in SIDES for label in LABELS]
STRIDE = 4  # a probe is trained on every fourth segment
SCALES = (1, 10, 100)  # multiples of the paper's alpha and beta


def exchanged(row: str) -> str:
    """A row's name in the table of exchanged variances. Chapter: book/priors.ipynb"""
    return f"{row}, variances exchanged"


def swept(row: str, scale: int) -> str:
    """A row's name in the sweep. Chapter: book/priors.ipynb"""
    paper = VAEConfig.paper()
    return f"{row}, α {scale * paper.alpha:g} β {scale * paper.beta:g}"


EXCHANGED = {exchanged(row): row for row in ROWS}
SWEPT = {swept(row, scale): (row, scale) for scale in SCALES for row in ROWS}


def table_3(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3: what linear probes read off a latent, in %, with and without the margin terms of Eq.
    5.

    More than the paper has: z_s, emotion from the means of clips, and chance. A number a test clip:
    the share of its segments that are told, so that each clip counts the same, however long it is.
    Chapter: book/priors.ipynb
    """
    if row == CHANCE:
        return chance(experiment)
    config = experiment.config(VAEConfig)
    with_margin = probed(experiment, config, seed, row, "with margin")
    return with_margin + probed(experiment, replace(config, beta=0.0), seed, row, "without")


def variances(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3 with the other reading of "the variance of priors 1 and latent variables .25": the
    two exchanged.

    Chapter: book/priors.ipynb
    """
    config = experiment.config(VAEConfig)
    other = replace(config, var_prior=config.var_latent, var_latent=config.var_prior)
    return renamed(row, probed(experiment, other, seed, EXCHANGED[row], "with margin"))


def sweep(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3 of the first seed with multiples of alpha and beta: do they weigh too little?

    Other seeds have no measurements: 6 trainings a seed. Chapter: book/priors.ipynb
    """
    if seed != experiment.seeds[0]:
        return []
    if row == CHANCE:
        return chance(experiment)
    latent, scale = SWEPT[row]
    paper = VAEConfig.paper()
    config = replace(
        experiment.config(VAEConfig), alpha=scale * paper.alpha, beta=scale * paper.beta
    )
    found = probed(experiment, config, seed, latent, "with margin")
    found += probed(experiment, replace(config, beta=0.0), seed, latent, "without")
    return renamed(row, found)


def renamed(row: str, found: Measurements) -> Measurements:
    """Measurements as those of another row. Chapter: book/priors.ipynb"""
    return [(row, column, speaker, clip, value) for _, column, speaker, clip, value in found]


def probed(
    experiment: Experiment, config: VAEConfig, seed: int, row: str, side: str
) -> Measurements:
    """One latent's part of what probes find of a config's VAE, a column a label.

    Chapter: book/priors.ipynb
    """
    made = []
    for latent, label, speaker, clip, value in shared_work(
        experiment, "probes", config, seed, probe_latents
    ):
        if latent == row:
            made.append((row, f"{label}, {side}", speaker, clip, value))
    return made


def probe_latents(experiment: Experiment, vae: SequenceVAE) -> Measurements:
    """Accuracies of probes trained on the training speakers, on test speakers: rows ROWS, columns
    LABELS.

    Chapter: book/priors.ipynb
    """
    train = labelled(vae, SpeechSegments(experiment.train_sound), STRIDE)
    test = labelled(vae, SpeechSegments(experiment.test_sound), 1)
    made = []
    for row, k in ROWS.items():
        for label in LABELS:
            known, asked = train[k, label], test[k, label]
            hits = linear_hits(known.z, known.label, asked.z, asked.label)
            made += of_clips(experiment.test_sound, row, label, hits, asked.clip)
    return made


def labelled(
    vae: SequenceVAE, segments: SpeechSegments, stride: int
) -> dict[tuple[str, str], Labelled]:
    """Codes by latent and label, of each stride-th segment and of clips (by the mean of their
    segments).

    Chapter: book/priors.ipynb
    """
    tensors = segments.tensors
    frames = segments.frames[::stride]
    clip = tensors.clip_of[frames]
    clips = torch.arange(len(tensors.ids))
    made = {}
    for k, z in encode(vae, segments, frames).items():
        made[k, "viseme"] = Labelled(z, tensors.viseme[frames], clip)
        made[k, "emotion"] = Labelled(z, tensors.emotion[clip], clip)
        means = clip_means(z, clip, len(tensors.ids))
        made[k, "emotion of clips"] = Labelled(means, tensors.emotion, clips)
    return made


def chance(experiment: Experiment) -> Measurements:
    """The row of what needs no latent: always the most frequent label.

    Chapter: book/priors.ipynb
    """
    train = experiment.train_sound
    test = experiment.test_sound
    viseme = most_frequent(train.viseme, test.viseme)
    emotion = most_frequent(train.emotion, test.emotion)
    clips = torch.arange(len(test.ids))
    made = []
    for column in COLUMNS:
        if column.startswith("viseme"):
            made += of_clips(test, CHANCE, column, viseme, test.clip_of)
        else:
            made += of_clips(test, CHANCE, column, emotion, clips)
    return made
