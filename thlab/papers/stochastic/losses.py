"""Eq. 2 of [yadav2020] in nats a frame: means over clips and frames, whatever their length."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.face.align import eyes, mouth
from thlab.nn.gaussian import Gaussian, kl
from thlab.nn.losses import weighted_total
from thlab.nn.mouth import mouth_masks
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.model import Output

Terms = dict[str, Float[Tensor, ""]]
Video = Float[Tensor, "b t 3 h w"]


class Weights(NamedTuple):
    """What the terms of Eq. 2 weigh: lambda is 1, as in the paper, and beta stands beside it."""

    nll: float
    charged: float


def neg_log_likelihood(
    fake: Video,
    real: Video,
    config: StochasticConfig,
    alone: Bool[Tensor, "b"] | None = None,
    lips: Float[Tensor, "b t p 2"] | None = None,
) -> Float[Tensor, ""]:
    """−log p(f_t | z_t) of a Gaussian of unit variance, Eq. 2 of [yadav2020], minus its constant.

    That is half a squared error, summed over pixels and colours, or their weighted mean, as
    `reduction` says; the mean is the paper's MSE, halved. A weight of the boxes of mouth and eyes,
    and between the lips where these are given (in 32nds of the mouth's box), is a variance of
    1 / weight there. In clips that are painted from sound alone eyes weigh as the
    mouth: no sound tells what they do, and it would be noise to what learns the lips.
    Chapter: book/latent-kl.ipynb
    """
    weight = torch.ones_like(real)
    of_mouth, of_eyes = config.focus
    mouth(weight).fill_(of_mouth)
    if lips is not None:
        box = mouth(weight)
        box.mul_(1 + (config.inside - 1) * mouth_masks(lips, box.shape[-1]))
    eyes(weight).fill_(of_eyes)
    if alone is not None:
        eyes(weight)[alone] = of_mouth
    # -\log p(f|z) = \tfrac12 \sum_i w_i (f_i - \hat f_i)^2 + \text{const}
    summed = 0.5 * (weight * (fake - real).square()).sum((-1, -2, -3)).mean()
    if config.reduction == "sum":
        return summed
    return summed / weight.sum((-1, -2, -3)).mean()


def kl_charged(q_f: Gaussian, q_a: Gaussian, free_bits: float) -> Float[Tensor, ""]:
    """The KL of Eq. 2 of [yadav2020], each dimension charged no less than the free bits, in nats.

    A dimension's is its mean over frames. One below the free bits has no gradient, and so no reason
    to fall silent, after Kingma et al. 2016. Chapter: book/latent-kl.ipynb
    """
    of_dimensions = kl(q_f, q_a).flatten(0, -2).mean(0)  # (z,)
    return of_dimensions.clamp(min=free_bits).sum()


def share(config: StochasticConfig, step: int) -> float:
    """How much of the KL's gradient the frame posterior gets: (step / warm_up)^2, then all.

    A young decoder makes nothing of z yet. Were the KL then the only term that teaches q_f, it
    would empty z for good: Adam takes steps of the same size however small the gradient is.
    Chapter: book/latent-kl.ipynb
    """
    if not config.warm_up:
        return 1.0
    return min(1.0, step / config.warm_up) ** 2


def scale_gradient(q: Gaussian, part: float) -> Gaussian:
    """The same Gaussian, through which only a part of the gradient passes.

    Chapter: book/latent-kl.ipynb
    """
    mean, logvar = (part * x + (1 - part) * x.detach() for x in q)
    return Gaussian(mean, logvar)


def objective(
    config: StochasticConfig,
    out: Output,
    real: Video,
    step: int,
    lips: Float[Tensor, "b t p 2"] | None = None,
) -> Terms:
    """Eq. 2 of [yadav2020], negated: "nll", "charged", their weighted "total", and "kl".

    The nll teaches encoder, frame posterior, predictor and decoder, and of the audio side nothing
    but what these are given; the KL teaches both posteriors and their encoders, but for Enc_a where
    the nll does. "charged" is the KL with free bits; "kl", without them, is only logged. The
    deterministic baseline has the nll alone. lips: of the true frames, for `neg_log_likelihood`.
    Chapter: book/latent-kl.ipynb
    """
    terms: Terms = {"nll": neg_log_likelihood(out.frames, real, config, out.alone, lips)}
    weights = Weights(nll=1.0, charged=config.beta)
    if out.q_f is None or out.q_a is None:
        return weighted_total(terms, weights)
    q_f = scale_gradient(out.q_f, share(config, step))
    terms["charged"] = kl_charged(q_f, out.q_a, config.free_bits)
    return weighted_total(terms, weights) | {"kl": kl(out.q_f, out.q_a).sum(-1).mean()}
