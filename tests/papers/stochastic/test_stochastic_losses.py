"""Eq. 2 of Yadav et al. against torch.distributions, a literal transcription and finite
differences.
"""

from dataclasses import replace
from math import log, pi

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence

from thlab.nn.gaussian import Gaussian, kl
from thlab.nn.mouth import to_box
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.losses import kl_charged, neg_log_likelihood, objective, share
from thlab.papers.stochastic.model import Output

B, T, Z, SIDE = 2, 3, 4, 32
CONFIG = replace(StochasticConfig.fast(), beta=0.3)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def made() -> tuple[Output, Tensor]:
    q_a, q_f = (Gaussian(normal(B, T, Z, seed=k), normal(B, T, Z, seed=k + 1)) for k in (1, 3))
    return Output(normal(B, T, 3, SIDE, SIDE, seed=5), q_a, q_f), normal(
        B, T, 3, SIDE, SIDE, seed=6
    )


def test_likelihood_is_that_of_torch_distributions_minus_its_constant(made):
    out, real = made
    log_p = Independent(Normal(out.frames, 1), 3).log_prob(real)
    constant = 0.5 * real[0, 0].numel() * log(2 * pi)
    summed = neg_log_likelihood(out.frames, real, replace(CONFIG, reduction="sum"))
    torch.testing.assert_close(summed, -log_p.mean() - constant)
    mean = neg_log_likelihood(out.frames, real, replace(CONFIG, reduction="mean"))
    torch.testing.assert_close(mean, 0.5 * torch.nn.functional.mse_loss(out.frames, real))


def test_a_weight_of_mouth_and_eyes_is_a_smaller_variance_there(made):
    out, real = made
    scale = torch.ones(SIDE, SIDE, dtype=torch.float64)
    scale[15:31, 8:24], scale[5:11, 6:26] = 4**-0.5, 9**-0.5
    log_p = Independent(Normal(out.frames, scale), 3).log_prob(real)
    constant = 3 * (0.5 * SIDE**2 * log(2 * pi) + scale.log().sum())
    config = replace(CONFIG, reduction="sum", focus=(4.0, 9.0))
    torch.testing.assert_close(
        neg_log_likelihood(out.frames, real, config), -log_p.mean() - constant
    )
    same = out.frames + 0.2  # where all pixels are off alike, a mean knows no weights
    mean = neg_log_likelihood(same, out.frames, replace(config, reduction="mean"))
    assert mean.item() == pytest.approx(0.5 * 0.2**2)


def test_between_the_lips_a_pixel_weighs_more():
    """Lips 16 rows apart in a view of 64 px: only there is the frame wrong."""
    landmarks = torch.zeros(68, 2)
    landmarks[60:65] = torch.tensor([[22.0, 40], [27, 40], [32, 40], [37, 40], [42, 40]])
    landmarks[65:68] = torch.tensor([[37.0, 56], [32, 56], [27, 56]])
    lips = to_box(landmarks, 64).expand(1, 1, -1, -1)
    real = torch.zeros(1, 1, 3, 64, 64)
    fake = real.clone()
    fake[..., 46:50, 30:34] = 0.5
    config = replace(CONFIG, reduction="sum", focus=(4.0, 9.0), inside=2.5)
    without = neg_log_likelihood(fake, real, config)
    assert without.item() == pytest.approx(4 * 0.5 * 3 * 16 * 0.25)
    between = neg_log_likelihood(fake, real, config, lips=lips)
    assert (between / without).item() == pytest.approx(2.5, rel=0.01)


def test_eyes_weigh_as_the_mouth_in_clips_painted_from_sound_alone(made):
    out, real = made
    config, alone = replace(CONFIG, reduction="sum", focus=(4.0, 9.0)), torch.tensor([True, False])
    heavy, light = (replace(config, focus=focus) for focus in ((4.0, 9.0), (4.0, 4.0)))
    each = [
        neg_log_likelihood(out.frames[k : k + 1], real[k : k + 1], c)
        for k, c in enumerate((light, heavy))
    ]
    torch.testing.assert_close(neg_log_likelihood(out.frames, real, config, alone), sum(each) / 2)
    assert objective(config, out._replace(alone=alone), real, 0)["nll"] == sum(each) / 2


def test_objective_is_equation_2_written_out(made):
    out, real = made
    config = replace(CONFIG, reduction="sum", warm_up=4)
    bound = torch.zeros((), dtype=torch.float64)
    for clip in range(B):
        for t in range(T):
            log_p = -0.5 * ((real[clip, t] - out.frames[clip, t]) ** 2).sum()
            divergence = torch.zeros(())
            for j in range(Z):
                q_f, q_a = (
                    Normal(q.mean[clip, t, j], (0.5 * q.logvar[clip, t, j]).exp())
                    for q in (out.q_f, out.q_a)
                )
                divergence = divergence + kl_divergence(q_f, q_a)
            bound = bound + log_p - 0.3 * divergence
    terms = objective(config, out, real, 0)
    torch.testing.assert_close(terms["total"], -bound / (B * T))
    assert set(terms) == {"nll", "kl", "charged", "total"}


@pytest.mark.parametrize(("step", "part"), [(0, 0), (1, 0.0625), (2, 0.25), (4, 1), (99, 1)])
def test_in_the_warm_up_the_kl_teaches_the_audio_side_alone(made, step, part):
    """The gradient that the frame posterior gets of the KL comes in slowly; the value and the other
    are Eq. 2's.
    """
    out, real = made

    def gradients(config, at):
        leaves = [x.detach().clone().requires_grad_() for x in (*out.q_f, *out.q_a)]
        given = out._replace(q_f=Gaussian(*leaves[:2]), q_a=Gaussian(*leaves[2:]))
        total = objective(config, given, real, at)[
            "total"
        ]  # the frames do not depend on the leaves
        total.backward()
        return total, [x.grad for x in leaves]

    value, found = gradients(replace(CONFIG, warm_up=4), step)
    full, wanted = gradients(CONFIG, 0)
    torch.testing.assert_close(value, full)
    torch.testing.assert_close(found[2:], wanted[2:])
    torch.testing.assert_close(found[:2], [part * x for x in wanted[:2]])
    assert share(CONFIG, 0) == 1


def test_free_bits_charge_each_dimension_at_least_their_price(made):
    out, _ = made
    each = kl(out.q_f, out.q_a).mean((0, 1))
    price = each.sort().values[1].item() + 1e-6  # two dimensions lie below it
    charged = kl_charged(out.q_f, out.q_a, price)
    torch.testing.assert_close(charged, each.sort().values[2:].sum() + 2 * price)
    mean = out.q_f.mean.clone().requires_grad_()
    kl_charged(out.q_f._replace(mean=mean), out.q_a, price).backward()
    assert ((mean.grad.abs().sum((0, 1)) > 0) == (each > price)).all()


def test_without_a_latent_the_likelihood_is_all(made):
    out, real = made
    terms = objective(CONFIG, out._replace(q_f=None), real, 0)
    assert set(terms) == {"nll", "total"}
    assert terms["total"] == terms["nll"]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_gradients_match_finite_differences(reduction):
    config = replace(CONFIG, reduction=reduction, focus=(3.0, 2.0), free_bits=0.05)
    real = normal(1, 2, 3, 8, 8)

    def total(frames: Tensor, *parameters: Tensor) -> Tensor:
        q_a, q_f = Gaussian(*parameters[:2]), Gaussian(*parameters[2:])
        return objective(config, Output(frames, q_a, q_f), real, 0)["total"]

    inputs = (normal(1, 2, 3, 8, 8, seed=1), *(normal(1, 2, Z, seed=k) for k in range(2, 6)))
    assert torch.autograd.gradcheck(total, tuple(x.requires_grad_() for x in inputs))
