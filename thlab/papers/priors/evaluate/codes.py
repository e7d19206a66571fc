"""Codes of segments, their labels, and what is told of them as a number a clip."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from thlab.data.tensors import ClipTensors
from thlab.evaluation.experiment import Measurements
from thlab.papers.priors.data import SpeechSegments
from thlab.papers.priors.model import LATENTS, SequenceVAE

AT_ONCE = 512  # segments


class Labelled(NamedTuple):
    """Codes, a label of each, and the clip that each is of."""

    z: Float[Tensor, "n d"]
    label: Int[Tensor, "n"]
    clip: Int[Tensor, "n"]


@torch.no_grad()
def encode(
    vae: SequenceVAE, segments: SpeechSegments, frames: Int[Tensor, "n"]
) -> dict[str, Float[Tensor, "n d"]]:
    """Posterior means of z_c, z_e and z_s of segments, by the latent's letter.

    Chapter: book/priors.ipynb
    """
    codes = []
    for part in frames.split(AT_ONCE):
        x = segments.batch(part).x.to(vae.x_mean.device)
        c = vae.infer(x).mean
        e = vae.emotion(vae.scale(x)).mean
        s = vae.encode_sequence(x, c, e).mean
        codes.append(torch.stack([c, e, s]).cpu())
    return dict(zip(LATENTS, torch.cat(codes, 1), strict=True))


def clip_means(
    codes: Float[Tensor, "n d"], clip: Int[Tensor, "n"], n_clips: int
) -> Float[Tensor, "c d"]:
    """The mean code of each clip. Chapter: book/priors.ipynb"""
    sums = torch.zeros(n_clips, codes.shape[1]).index_add(0, clip, codes)
    return sums / clip.bincount(minlength=n_clips)[:, None]


def of_clips(
    tensors: ClipTensors, row: str, column: str, hits: Bool[Tensor, "n"], clip: Int[Tensor, "n"]
) -> Measurements:
    """How often something was told in each clip, in %. Chapter: book/priors.ipynb"""
    made = []
    for number in clip.unique().tolist():
        share = 100 * hits[clip == number].double().mean().item()
        speaker = tensors.speakers[int(tensors.speaker[number])]
        made.append((row, column, speaker, tensors.ids[number], share))
    return made


def most_frequent(train: Int[Tensor, "n"], test: Int[Tensor, "m"]) -> Bool[Tensor, "m"]:
    """Which labels a probe hits that always says the training set's most frequent one.

    Chapter: book/priors.ipynb
    """
    return test.eq(train.mode().values)
