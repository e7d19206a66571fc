"""Diagonal Gaussians against torch.distributions."""

import torch
from torch.distributions import Normal, kl_divergence

from thlab.nn.gaussian import Gaussian, kl


def gaussians(n: int) -> list[Gaussian]:
    rng = torch.Generator().manual_seed(0)
    return [
        Gaussian(*torch.randn((2, 5, 3, 4), generator=rng, dtype=torch.float64)) for _ in range(n)
    ]


def normal(q: Gaussian) -> Normal:
    return Normal(q.mean, (0.5 * q.logvar).exp())


def test_kl_is_that_of_torch_distributions_and_no_distance():
    q, p = gaussians(2)
    torch.testing.assert_close(kl(q, p), kl_divergence(normal(q), normal(p)))
    assert kl(q, q).abs().max() < 1e-15
    assert (kl(q, p) - kl(p, q)).abs().min() > 1e-6


def test_samples_have_the_mean_and_the_deviation_that_are_said():
    (q,) = gaussians(1)
    noise = torch.randn(
        (40_000, 5, 3, 4), generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    z = q.sample(noise)
    torch.testing.assert_close(z.mean(0), q.mean, atol=0.05, rtol=0)
    torch.testing.assert_close(z.std(0), normal(q).scale, atol=0, rtol=0.03)
    assert torch.equal(q.sample(0.0), q.mean)


def test_noise_is_what_a_sample_was_made_of():
    q, noise = (
        gaussians(1)[0],
        torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64),
    )
    torch.testing.assert_close(q.noise(q.sample(noise)), noise)
