"""What each latent of [mittal2020] knows of every factor of the corpus: what the paper could not
measure.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from thlab.audio import NOISE_LEVELS_DB, add_noise
from thlab.corpus import replay
from thlab.data.clip import Clip
from thlab.data.tensors import ClipTensors
from thlab.evaluation.experiment import Experiment, Measurements
from thlab.metrics.disentanglement import dci, mig, sap
from thlab.metrics.probes import linear_hits
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.evaluate.codes import encode, most_frequent, of_clips
from thlab.papers.priors.evaluate.vaes import shared_work, table_config
from thlab.papers.priors.model import LATENTS, SequenceVAE
from thlab.training import step_generator

ALL = "all three"
CHANCE = "chance"
ROWS = (*(f"z_{k}" for k in LATENTS), ALL, CHANCE)
FACTORS = ("viseme", "speaker", "emotion", "pitch", "rate", "noise")
SCORES = ("MIG", "SAP", "disentanglement", "completeness", "informativeness")
KNOWN_SHARE = (3, 4)  # of the sentences, on which probes are trained
FEW = 8  # DCI's forests see every eighth segment


class Factors(NamedTuple):
    """Test segments with noise in some clips: their factors as labels, and which sentences are held
    out.
    """

    tensors: ClipTensors
    labels: dict[str, Int[Tensor, "n"]]  # those that vary
    held_out: Bool[Tensor, "n"]


def leakage(experiment: Experiment, row: str, seed: int) -> Measurements:
    """What each latent knows of every factor, and MIG, DCI and SAP.

    Test speakers, whose clips get a noise level each; probes are trained on three quarters of the
    sentences and tested on the others, so that speakers can be told: accuracy in %, a number a
    clip. MIG, SAP and DCI: a number a model, for the speaker is one of their factors. Pitch and
    rate are in quarters.
    Chapter: book/priors.ipynb
    """
    if row == CHANCE:
        return chance(experiment)
    found = shared_work(experiment, "leakage-codes", table_config(experiment), seed, leakage_of)
    return [one for one in found if one[0] == row]


def chance(experiment: Experiment) -> Measurements:
    """What always saying the most frequent label tells. Chapter: book/priors.ipynb"""
    known = factors_of(experiment)
    clip = known.tensors.clip_of[known.held_out]
    made = []
    for name, label in known.labels.items():
        hits = most_frequent(label[~known.held_out], label[known.held_out])
        made += of_clips(known.tensors, CHANCE, name, hits, clip)
    return made


def leakage_of(experiment: Experiment, vae: SequenceVAE) -> Measurements:
    """Probes and scores of each latent of a VAE, and of all three together.

    Chapter: book/priors.ipynb
    """
    known = factors_of(experiment)
    segments = SpeechSegments(known.tensors)
    codes = encode(vae, segments, segments.frames)
    every = {f"z_{k}": z for k, z in codes.items()}
    every[ALL] = torch.cat(list(codes.values()), 1)
    made: Measurements = []
    for row, z in every.items():
        made += probe_factors(known, row, z)
        made += [(row, name, "", "", value) for name, value in scores(known, z).items()]
    return made


def probe_factors(known: Factors, row: str, z: Float[Tensor, "n d"]) -> Measurements:
    """How well a linear probe tells each factor of held-out sentences from codes.

    Chapter: book/priors.ipynb
    """
    asked = known.held_out
    clip = known.tensors.clip_of[asked]
    made = []
    for name, label in known.labels.items():
        hits = linear_hits(z[~asked], label[~asked], z[asked], label[asked])
        made += of_clips(known.tensors, row, name, hits, clip)
    return made


def scores(known: Factors, z: Float[Tensor, "n d"]) -> dict[str, float]:
    """MIG and SAP of all segments, DCI trained on known sentences and tested on held-out ones.

    Chapter: book/priors.ipynb
    """
    labels = torch.stack(list(known.labels.values()), 1)
    asked = known.held_out
    forests = dci(z[~asked][::FEW], labels[~asked][::FEW], z[asked][::FEW], labels[asked][::FEW])
    return {"MIG": mig(z, labels), "SAP": sap(z, labels)} | forests


def factors_of(experiment: Experiment) -> Factors:
    """The test clips with noise, and their factors: those that are told apart at all.

    Chapter: book/priors.ipynb
    """
    clips = experiment.splits["test"]
    tensors, levels = noisy(experiment.test_sound)
    measured = [pitch_and_rate(clip) for clip in clips]
    of_clip = {
        "speaker": tensors.speaker,
        "emotion": tensors.emotion,
        "pitch": quantiles(torch.tensor([pitch for pitch, _ in measured])),
        "rate": quantiles(torch.tensor([rate for _, rate in measured])),
        "noise": levels,
    }
    labels = {"viseme": tensors.viseme}
    for name, label in of_clip.items():
        labels[name] = label[tensors.clip_of]
    varied = {name: label for name, label in labels.items() if len(label.unique()) > 1}
    return Factors(tensors, varied, held_out_sentences(clips)[tensors.clip_of])


def held_out_sentences(clips: Sequence[Clip]) -> Bool[Tensor, "c"]:
    """Which clips say one of the sentences that no probe is trained on.

    Chapter: book/priors.ipynb
    """
    texts = sorted({clip.text for clip in clips})
    part, whole = KNOWN_SHARE
    known = len(texts) * part // whole
    return torch.tensor([texts.index(clip.text) >= known for clip in clips])


def noisy(tensors: ClipTensors) -> tuple[ClipTensors, Int[Tensor, "c"]]:
    """The same clips, each clean or with noise at one of Fig. 5's levels, and which: 0 is clean.

    Chapter: book/priors.ipynb
    """
    levels = torch.randint(
        len(NOISE_LEVELS_DB) + 1, (len(tensors.ids),), generator=step_generator(0, 0)
    )
    audio = []
    for clip, (sound, level) in enumerate(zip(tensors.audio, levels.tolist(), strict=True)):
        if level:
            sound = add_noise(sound, NOISE_LEVELS_DB[level - 1], step_generator(0, clip))
        audio.append(sound)
    return replace(tensors, audio=audio), levels


def pitch_and_rate(clip: Clip) -> tuple[float, float]:
    """Pitch (Hz, the middle of its range) that the corpus told the synthesiser, and phones a
    second.
    """
    performance = replay(clip)
    return sum(performance.pitch) / 2, performance.rate


def quantiles(x: Float[Tensor, "c"], n: int = 4) -> Int[Tensor, "c"]:
    """Numbers as labels: which of n equally full ranges each is in. Chapter: book/priors.ipynb"""
    return torch.bucketize(x, x.quantile(torch.arange(1, n) / n).to(x))
