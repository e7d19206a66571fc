"""Eq. 3 to 6 of [mittal2020], a function each. All values are in nats, of a batch of segments."""

import math
from types import SimpleNamespace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy

from thlab.nn.gaussian import Gaussian
from thlab.nn.losses import weighted_total
from thlab.papers.priors.data import SegmentBatch
from thlab.papers.priors.model import LATENTS, Posterior, SequenceVAE, VAEConfig

Terms = dict[str, Float[Tensor, ""]]


def log_likelihood(x: Float[Tensor, "b t f"], p: Gaussian) -> Float[Tensor, "b"]:
    """log p(x|z) of a diagonal Gaussian, Sect. 3.1, summed over hops and bins.

    Chapter: book/priors.ipynb
    """
    distance = (x - p.mean).square() / p.logvar.exp()
    return -0.5 * (math.log(2 * math.pi) + p.logvar + distance).sum((1, 2))


def kl_to_prior(q: Gaussian, mu: Float[Tensor, "b d"], var: float) -> Float[Tensor, "b"]:
    """KL(q(z|x) ‖ N(mu, var I)), the regulariser within Eq. 3 of [mittal2020].

    Chapter: book/priors.ipynb
    """
    distance = (q.mean - mu).square() + q.logvar.exp()
    return 0.5 * (math.log(var) - q.logvar + distance / var - 1).sum(-1)


def log_prior(mu: Float[Tensor, "b d"], var: float) -> Float[Tensor, "b"]:
    """log p(mu), mu ~ N(0, var I), Eq. 3 of [mittal2020]. Chapter: book/priors.ipynb"""
    return -0.5 * (math.log(2 * math.pi * var) + mu.square() / var).sum(-1)


def log_p_labels(
    z: Float[Tensor, "b d"], table: Float[Tensor, "n d"], var: float
) -> Float[Tensor, "b n"]:
    """log p(v_j | z) for every label j, Eq. 4 of [mittal2020]: a softmax over log N(z; mu_j, var
    I).

    Chapter: book/priors.ipynb
    """
    # ‖z − mu‖² without ‖z‖², which is the same for every label: the softmax doesn't see it
    return torch.log_softmax((z @ table.T - 0.5 * table.square().sum(-1)) / var, dim=-1)


def margin_ranking(
    p: Float[Tensor, "b"], others: list[Float[Tensor, "b"]], gamma: float
) -> Float[Tensor, "b"]:
    """Sum of max(0, γ + P(v|z_other) − P(v|z)) over the other latents, Eq. 5 of [mittal2020].

    p: probability of the true label given the latent that should know it; others: given those that
    should not.
    Chapter: book/priors.ipynb
    """
    return torch.stack([(gamma + other - p).clamp_min(0) for other in others]).sum(0)


def true_label(log_p: Float[Tensor, "b n"], label: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """The column of each row's label."""
    return log_p.gather(1, label[:, None])[:, 0]


def objective(
    model: SequenceVAE, out: Posterior, batch: SegmentBatch, others: Terms | None = None
) -> Terms:
    """Eq. 6 of [mittal2020], negated: named terms, each a mean over segments, and their weighted
    "total".

    others: terms that are not the paper's. Chapter: book/priors.ipynb
    """
    config = model.config
    posterior = {"c": out.c, "e": out.e, "s": out.s}
    label = {"c": batch.viseme, "e": batch.emotion, "s": batch.sequence}
    # Eq. 3: log p(mu_c) counts in each segment, log p(mu_e) and log p(mu_s) once a sequence
    share = {"c": 1, "e": batch.n_segments, "s": batch.n_segments}
    terms: Terms = {"nll": -log_likelihood(model.scale(batch.x), out.x).mean()}
    for k, q in posterior.items():
        mu = model.mu[k][label[k]]
        terms[f"kl_{k}"] = kl_to_prior(q, mu, config.var_latent).mean()
        terms[f"prior_{k}"] = -(log_prior(mu, config.var_prior) / share[k]).mean()
        log_p = log_p_labels(q.mean, model.mu[k], config.var_latent)
        terms[f"label_{k}"] = cross_entropy(log_p, label[k])
    for k in ("c", "e"):
        terms[f"margin_{k}"] = margin(posterior, k, model.mu[k], label[k], config)
    return weighted_total({**terms, **(others or {})}, term_weights(config))


def content_objective(
    x: Float[Tensor, "b 20 200"],
    c: Gaussian,
    p: Gaussian,
    mu_c: Float[Tensor, "n d"],
    viseme: Int[Tensor, "b"],
    config: VAEConfig,
) -> Terms:
    """The terms of Eq. 6 of [mittal2020] that know of content alone. Chapter: book/priors.ipynb"""
    terms = {
        "nll": -log_likelihood(x, p).mean(),
        "kl_c": kl_to_prior(c, mu_c[viseme], config.var_latent).mean(),
        "prior_c": -log_prior(mu_c[viseme], config.var_prior).mean(),
        "label_c": cross_entropy(log_p_labels(c.mean, mu_c, config.var_latent), viseme),
    }
    return weighted_total(terms, term_weights(config))


def margin(
    posterior: dict[str, Gaussian],
    k: str,
    mu: Float[Tensor, "n d"],
    label: Int[Tensor, "b"],
    config: VAEConfig,
) -> Float[Tensor, ""]:
    """Eq. 5 of [mittal2020] for visemes ("c") or emotions ("e"), all by the table mu_k.

    Chapter: book/priors.ipynb
    """
    p = {}
    for j, q in posterior.items():
        log_p = log_p_labels(q.mean, mu, config.var_latent)
        p[j] = true_label(log_p, label).exp()
    others = [p[j] for j in p if j != k]
    return margin_ranking(p[k], others, config.gamma).mean()


def term_weights(config: VAEConfig) -> SimpleNamespace:
    """The weight of each named term in Eq. 6 of [mittal2020]. Chapter: book/priors.ipynb"""
    weights = {"nll": config.likelihood, "confusion": config.readers}
    for k in LATENTS:
        weights |= {
            f"kl_{k}": 1.0,
            f"prior_{k}": 1.0,
            f"label_{k}": config.alpha,
            f"margin_{k}": config.beta,
        }
    return SimpleNamespace(**weights)
