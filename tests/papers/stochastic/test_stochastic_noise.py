"""Noise of takes: what it depends on, and that it lasts as residuals do."""

import torch

from thlab.papers.stochastic.noise import noises

# clips told apart by their number, frames by their place
RESIDUALS = (
    torch.arange(1.0, 6)[:, None, None] * torch.tensor([1.0, 100.0])
    + torch.linspace(0, 0.5, 24)[:, None]
)


def test_a_take_depends_on_seed_and_number_alone():
    for lasting in (True, False):
        assert torch.equal(
            noises(3, 2, 6, RESIDUALS, lasting), noises(3, 5, 6, RESIDUALS, lasting)[:2]
        )
        assert not torch.equal(
            noises(4, 2, 6, RESIDUALS, lasting), noises(3, 2, 6, RESIDUALS, lasting)
        )
    assert torch.equal(noises(3, 2, 6, RESIDUALS), noises(3, 2, 90, RESIDUALS)[:, :6])


def test_noise_is_stretches_of_the_residuals_one_after_another():
    numbers = noises(0, 200, 70, RESIDUALS)
    clip = ((numbers[..., 1] - numbers[..., 0]) / 99).round(
        decimals=3
    )  # as in RESIDUALS, but where two fade
    whole = clip == clip.round()
    assert whole.float().mean() > 0.8
    assert set(clip[whole].tolist()) == {1, 2, 3, 4, 5}
    on = whole[:, 1:] & whole[:, :-1] & (clip[:, 1:] == clip[:, :-1])
    step = numbers[:, 1:, 0] - numbers[:, :-1, 0]
    assert ((step - 0.5 / 23).abs() < 1e-4)[on].float().mean() > 0.95  # its frames in order
    assert (~whole).any(1).all()  # and no take of 70 frames from one stretch of 24


def test_where_two_stretches_fade_their_variance_is_kept():
    white = torch.randn((400, 24, 3), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        noises(0, 600, 70, white).var(0), torch.ones(70, 3), rtol=0.25, atol=0
    )


def test_without_lasting_noise_is_white_in_each_frame():
    numbers = noises(0, 300, 60, RESIDUALS, lasting=False)
    torch.testing.assert_close(numbers.var((0, 1)), torch.ones(2), rtol=0.05, atol=0)
    assert (numbers[:, 1:] * numbers[:, :-1]).mean().abs() < 0.05
