"""Eq. 3 to 6 of Mittal and Wang against torch.distributions, literal transcriptions and finite
differences.
"""

import dataclasses

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from thlab.nn.gaussian import Gaussian
from thlab.papers.priors.data import SegmentBatch
from thlab.papers.priors.losses import (
    kl_to_prior,
    log_likelihood,
    log_p_labels,
    log_prior,
    margin,
    margin_ranking,
    objective,
)
from thlab.papers.priors.model import SequenceVAE, VAEConfig

N, D, LABELS = 5, 4, 3


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def normal(*shape: int, rng: torch.Generator) -> Tensor:
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def test_likelihood_kl_and_prior_are_those_of_torch_distributions(rng):
    q = Gaussian(normal(N, D, rng=rng), normal(N, D, rng=rng))
    mu, var = normal(N, D, rng=rng), 0.25
    posterior = Independent(Normal(q.mean, (0.5 * q.logvar).exp()), 1)
    torch.testing.assert_close(
        kl_to_prior(q, mu, var), kl_divergence(posterior, Independent(Normal(mu, var**0.5), 1))
    )
    torch.testing.assert_close(
        log_prior(mu, 2.0), Independent(Normal(0 * mu, 2**0.5), 1).log_prob(mu)
    )
    p, x = Gaussian(normal(N, 20, 7, rng=rng), normal(N, 20, 7, rng=rng)), normal(N, 20, 7, rng=rng)
    torch.testing.assert_close(
        log_likelihood(x, p), Independent(Normal(p.mean, (0.5 * p.logvar).exp()), 2).log_prob(x)
    )


def test_label_posterior_is_equation_4_written_out(rng):
    z, table, var = normal(N, D, rng=rng), normal(LABELS, D, rng=rng), 0.25
    for n, row in enumerate(log_p_labels(z, table, var)):
        density = [Normal(mu, var**0.5).log_prob(z[n]).sum().exp() for mu in table]
        torch.testing.assert_close(row.exp(), torch.stack(density) / sum(density))


def test_margin_is_equation_5_written_out():
    p, s, e = (
        torch.tensor([0.9, 0.4, 0.1]),
        torch.tensor([0.2, 0.3, 0.1]),
        torch.tensor([0.5, 0.0, 0.9]),
    )
    written_out = [
        max(0, 0.5 + s_ - p_) + max(0, 0.5 + e_ - p_)
        for p_, s_, e_ in zip(p.tolist(), s.tolist(), e.tolist(), strict=True)
    ]
    torch.testing.assert_close(margin_ranking(p, [s, e], 0.5), torch.tensor(written_out))
    assert (
        margin_ranking(torch.ones(1), [torch.zeros(1)], 0.5) == 0
    )  # far enough apart: nothing to gain


def small(**changes) -> tuple[SequenceVAE, SegmentBatch]:
    """A small VAE and a batch for it, in float64."""
    config = dataclasses.replace(VAEConfig.fast(), hidden=6, dim=D, **changes)
    rng = torch.Generator().manual_seed(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = SequenceVAE(config, n_visemes=LABELS, n_emotions=2, n_sequences=N).double()
    batch = SegmentBatch(
        x=normal(N, 20, 200, rng=rng),
        noise=normal(N, 3, D, rng=rng),
        viseme=torch.tensor([0, 1, 2, 0, 1]),
        emotion=torch.tensor([0, 1, 1, 0, 0]),
        sequence=torch.arange(N),
        n_segments=torch.tensor([50, 60, 70, 80, 90]),
    )
    return model, batch


def test_objective_is_equation_6_written_out():
    model, batch = small(alpha=7.0, beta=3.0)
    out, c = model(batch.x, batch.noise), model.config
    latent = {"c": (out.c, "viseme"), "e": (out.e, "emotion"), "s": (out.s, "sequence")}
    bound = log_likelihood(model.scale(batch.x), out.x)
    log_p, p = {}, {}
    for k, (q, label) in latent.items():
        mu = model.mu[k][getattr(batch, label)]
        once = 1 if k == "c" else batch.n_segments
        bound = bound - kl_to_prior(q, mu, c.var_latent) + log_prior(mu, c.var_prior) / once
        for j, (other, _) in latent.items():
            p[k, j] = log_p_labels(other.mean, model.mu[k], c.var_latent)[
                torch.arange(N), getattr(batch, label)
            ].exp()
        log_p[k] = p[k, k].log()
    content = margin_ranking(p["c", "c"], [p["c", "s"], p["c", "e"]], c.gamma)
    emotion = margin_ranking(p["e", "e"], [p["e", "s"], p["e", "c"]], c.gamma)
    to_maximise = bound - c.beta * (content + emotion) + c.alpha * sum(log_p.values())
    torch.testing.assert_close(objective(model, out, batch)["total"], -to_maximise.mean())


def test_gradients_of_the_new_terms_match_finite_differences():
    model, batch = small()
    out = model(batch.x, batch.noise)
    means = [q.mean.detach().requires_grad_() for q in (out.c, out.e, out.s)]
    table = model.mu["c"].detach().requires_grad_()

    def label_and_margin(c: Tensor, e: Tensor, s: Tensor, mu: Tensor) -> Tensor:
        posterior = {k: Gaussian(mean, 0 * mean) for k, mean in zip("ces", (c, e, s), strict=True)}
        label = -log_p_labels(c, mu, model.config.var_latent)[torch.arange(N), batch.viseme].mean()
        return label + margin(posterior, "c", mu, batch.viseme, model.config)

    assert torch.autograd.gradcheck(label_and_margin, (*means, table))
