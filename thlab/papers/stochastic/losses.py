"""Eq. 2 of [yadav2020] in nats a frame: means over clips and frames, so that no weight depends on a clip's length."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.face.align import eyes, mouth
from thlab.nn.gaussian import Gaussian, kl
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.model import Output

Terms = dict[str, Float[Tensor, ""]]
Video = Float[Tensor, "b t 3 h w"]


def neg_log_likelihood(
    fake: Video, real: Video, config: StochasticConfig, alone: Bool[Tensor, "b"] | None = None
) -> Float[Tensor, ""]:
    """−log p(f_t | z_t) of a Gaussian of unit variance, Eq. 2 of [yadav2020], less its constant: half a squared error.

    Summed over pixels and colours, or their weighted mean, as `reduction` says; the mean is the paper's MSE, halved. A
    weight of the boxes of mouth and eyes is a variance of 1 / weight there. In clips that are painted from sound alone
    eyes weigh as the mouth: no sound tells what they do, and it would be noise to what learns the lips.
    Chapter: book/latent-kl.ipynb
    """
    # -\log p(f|z) = \tfrac12 \sum_i w_i (f_i - \hat f_i)^2 + \text{const}
    weight = torch.ones_like(real[:, :1])  # (B, 1, 3, H, W)
    for box, focus in zip((mouth, eyes), config.focus, strict=True):
        box(weight).fill_(focus)
    if alone is not None:
        eyes(weight)[alone] = config.focus[0]
    summed = 0.5 * (weight * (fake - real).square()).sum((-1, -2, -3)).mean()
    return summed if config.reduction == "sum" else summed / weight.sum((-1, -2, -3)).mean()


def kl_charged(q_f: Gaussian, q_a: Gaussian, free_bits: float) -> Float[Tensor, ""]:
    """The KL of Eq. 2 of [yadav2020], each dimension (mean over frames) charged no less than the free bits, in nats.

    A dimension below them has no gradient, and so no reason to fall silent, after Kingma et al. 2016.
    Chapter: book/latent-kl.ipynb
    """
    return kl(q_f, q_a).flatten(0, -2).mean(0).clamp(min=free_bits).sum()


def share(config: StochasticConfig, step: int) -> float:
    """How much of the KL's gradient the frame posterior gets: (step / warm_up)^2, from the warm-up's end on all of it.

    A young decoder makes nothing of z yet. Were the KL then the only term that teaches q_f, it would empty z for good:
    Adam takes steps of the same size however small the gradient is. Chapter: book/latent-kl.ipynb
    """
    return min(1.0, step / config.warm_up) ** 2 if config.warm_up else 1.0


def objective(config: StochasticConfig, out: Output, real: Video, step: int) -> Terms:
    """Eq. 2 of [yadav2020], negated: "nll", "kl" and "charged" (the KL with free bits), and their weighted "total".

    The nll teaches encoder, frame posterior, predictor and decoder, and of the audio side nothing but what these are
    given; the KL teaches both posteriors and their encoders, but for Enc_a where the nll does. Without chance "nll" is
    all. Chapter: book/latent-kl.ipynb
    """
    terms: Terms = {"nll": neg_log_likelihood(out.frames, real, config, out.alone)}
    total = config.likelihood * terms["nll"]
    if out.q_f and out.q_a:
        terms["kl"] = kl(out.q_f, out.q_a).sum(-1).mean()
        part = share(config, step)
        q_f = Gaussian(*(part * x + (1 - part) * x.detach() for x in out.q_f))  # equal, but for its gradient
        terms["charged"] = kl_charged(q_f, out.q_a, config.free_bits)
        total = total + config.beta * terms["charged"]
    return terms | {"total": total}
