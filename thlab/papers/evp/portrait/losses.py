"""The objective of the edge-to-video net of [ji2021], Sect. 3.3, as named terms."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.nn.gan import feature_matching, hinge_critic
from thlab.papers.evp.portrait.critics import Verdict

Terms = dict[str, Float[Tensor, ""]]
Video = Float[Tensor, "b t 3 h w"]
Weight = Float[Tensor, "b t 1 h w"]
Verdicts = Mapping[str, Sequence[Verdict]]


def reconstruction_terms(fake: Video, raw: Video, real: Video, weight: Weight) -> Terms:
    """L1 of pixels, of their differences in space and of their differences in time.

    weight: of each pixel; the means are weighted ones, but for that of changes, which are seen
    wherever they are. "raw": of what was painted before the frame before showed through; else
    nothing would teach what that hides. "changes" makes errors stand still: those that come and go
    flicker. Chapter: book/evp-portrait.ipynb
    """
    weight = weight / weight.mean()
    error = fake - real
    return {
        "pixels": (weight * error.abs()).mean(),
        "raw": (weight * (raw - real).abs()).mean(),
        "gradients": gradient_error(error, weight),
        "changes": error.diff(dim=1).abs().mean(),
    }


def gradient_error(error: Video, weight: Weight) -> Float[Tensor, ""]:
    """Mean size of an error's differences between neighbouring pixels, weighted.

    Chapter: book/evp-portrait.ipynb
    """
    down = (weight[..., 1:, :] * error.diff(dim=-2).abs()).mean()
    across = (weight[..., 1:] * error.diff(dim=-1).abs()).mean()
    return down + across


def adversarial_terms(fake: Verdicts, real: Verdicts) -> Terms:
    """−E[D(fake)] of each kind of critic, and feature matching over all.

    Chapter: book/evp-portrait.ipynb
    """
    terms: Terms = {}
    matching = []
    for kind, verdicts in fake.items():
        scores = []
        for of_fake, of_real in zip(verdicts, real[kind], strict=True):
            scores.append(-of_fake.score.mean())
            matching.append(feature_matching(of_fake.maps, of_real.maps))
        terms[kind] = torch.stack(scores).mean()
    terms["matching"] = torch.stack(matching).sum()
    return terms


def critic_loss(fake: Verdicts, real: Verdicts) -> Float[Tensor, ""]:
    """The critics' hinge losses, summed. Chapter: book/evp-portrait.ipynb"""
    losses = []
    for kind, verdicts in fake.items():
        for of_fake, of_real in zip(verdicts, real[kind], strict=True):
            losses.append(hinge_critic(of_real.score, of_fake.score))
    return torch.stack(losses).sum()
