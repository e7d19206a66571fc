"""Table 3 of [mittal2020], with the other reading of the variances, margins of several weights, and
more steps.
"""

from dataclasses import replace

import torch

from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.probes import linear_hits
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.evaluate.codes import (
    AT_ONCE,
    Labelled,
    clip_means,
    encode,
    most_frequent,
    of_clips,
)
from thlab.papers.priors.evaluate.vaes import shared_work, table_config
from thlab.papers.priors.head.talking import VAE
from thlab.papers.priors.losses import log_likelihood
from thlab.papers.priors.model import LATENTS, SequenceVAE, VAEConfig
from thlab.papers.priors.train import load_vae

ROWS = dict(zip(("content", "emotion", "sequence"), LATENTS, strict=True))
CHANCE = "chance"
LABELS = ("viseme", "emotion", "emotion of clips")
SIDES = ("with margin", "without")
COLUMNS = [f"{label}, {side}" for side in SIDES for label in LABELS]
STRIDE = 4  # a probe is trained on every fourth segment
BETAS = (0, 1, 10, 50)
LIKELIHOODS = (1, 0.01)
READERS = "readers"  # nets that learn to read take the margins' place
READERS_WEIGHT = 10.0
PLATEAU = (300, 600, 1200, 2400, 4800)  # steps


def exchanged(row: str) -> str:
    """A row's name in the table of exchanged variances. Chapter: book/priors.ipynb"""
    return f"{row}, variances exchanged"


def margin_row(row: str, likelihood: float, beta: float) -> str:
    """A row's name in the table of margins. Chapter: book/priors.ipynb"""
    return f"{row}, likelihood × {likelihood:g}, β {beta:g}"


def margin_rows() -> dict[str, tuple[str, dict[str, float]]]:
    """The rows of the table of margins: a latent, and the fields of its VAE's config.

    Chapter: book/priors.ipynb
    """
    found: dict[str, tuple[str, dict[str, float]]] = {}
    for row in ("content", "emotion"):
        for likelihood in LIKELIHOODS:
            for beta in BETAS:
                fields = {"likelihood": float(likelihood), "beta": float(beta)}
                found[margin_row(row, likelihood, beta)] = (row, fields)
        found[f"{row}, {READERS}"] = (row, {"beta": 0.0, "readers": READERS_WEIGHT})
    return found


EXCHANGED = {exchanged(row): row for row in ROWS}
MARGINS = margin_rows()
STEPS = {f"{steps} steps": steps for steps in PLATEAU}
PLATEAU_COLUMNS = {
    "viseme from z_c": "probe accuracy, wanted",
    "emotion of clips from z_e": "probe accuracy, wanted",
    "NLL": "NLL",
}


def table_3(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3: what linear probes read off a latent, in %, with and without the margin terms of Eq.
    5.

    More than the paper has: z_s, emotion from the means of clips, and chance. A number a test clip:
    the share of its segments that are told, so that each clip counts the same, however long it is.
    Chapter: book/priors.ipynb
    """
    if row == CHANCE:
        return chance(experiment)
    config = table_config(experiment)
    with_margin = probed(experiment, config, seed, row, "with margin")
    return with_margin + probed(experiment, replace(config, beta=0.0), seed, row, "without")


def variances(experiment: Experiment, row: str, seed: int) -> Measurements:
    """Table 3 with the other reading of "the variance of priors 1 and latent variables .25": the
    two exchanged.

    Chapter: book/priors.ipynb
    """
    config = table_config(experiment)
    other = replace(config, var_prior=config.var_latent, var_latent=config.var_prior)
    return renamed(row, probed(experiment, other, seed, EXCHANGED[row], "with margin"))


def margins(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What a latent tells with margins of several weights, and with readers in their place.

    A likelihood of weight .01 leaves the margins a hundred times as much to say. Chapter:
    book/priors.ipynb
    """
    if row == CHANCE:
        return [one for one in chance(experiment) if one[1].endswith(SIDES[0])]
    latent, fields = MARGINS[row]
    config = replace(table_config(experiment), **fields)
    return renamed(row, probed(experiment, config, seed, latent, SIDES[0]))


def plateau(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What VAEs of more and more steps tell, and how likely they find the test clips' segments.

    Chapter: book/priors.ipynb
    """
    config = table_config(experiment)
    if experiment.preset != "fast":
        config = replace(config, steps=STEPS[row])
    made = []
    for latent, label, speaker, clip, value in shared_work(
        experiment, "probes", config, seed, probe_latents
    ):
        column = {("content", "viseme"): "viseme from z_c"}.get((latent, label))
        if (latent, label) == ("emotion", "emotion of clips"):
            column = "emotion of clips from z_e"
        if column:
            made.append((row, column, speaker, clip, value))
    found = shared_work(experiment, "nll", config, seed, nll_of_clips)
    return made + renamed(row, found)


@torch.no_grad()
def nll_of_clips(experiment: Experiment, vae: SequenceVAE) -> Measurements:
    """−log p(x | means of z) of each test clip's segments, a mean a clip.

    Chapter: book/priors.ipynb
    """
    segments = SpeechSegments(experiment.test_sound)
    values = []
    for part in segments.frames.split(AT_ONCE):
        x = segments.batch(part).x
        values.append(-log_likelihood(vae.scale(x), vae(x).x))
    means = clip_means(torch.cat(values)[:, None], segments.tensors.clip_of, len(segments.clips))
    made = []
    for clip, value in enumerate(means[:, 0].tolist()):
        speaker = segments.tensors.speakers[int(segments.tensors.speaker[clip])]
        made.append(("", "NLL", speaker, segments.tensors.ids[clip], value))
    return made


def trained_probes(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What linear probes read off the latents of trained weights.

    Chapter: book/priors.ipynb
    """
    if row == CHANCE:
        made = []
        for _, column, speaker, clip, value in chance(experiment):
            label, _, side = column.partition(", ")
            if side == SIDES[0]:
                made.append((row, label, speaker, clip, value))
        return made
    vae = load_vae(experiment.weights_named(VAE))
    found = experiment.once("probes", lambda: probe_latents(experiment, vae))
    return [one for one in found if one[0] == row]


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
