"""The U-Net's blocks: sizes, and FiLM against its definition."""

import pytest
import torch

from thlab.nn.blocks import ConvBlock, Down, Up


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_sizes_go_down_and_up_again(rng):
    x, cond = torch.randn(2, 8, 18, 12, generator=rng), torch.randn(2, 5, generator=rng)
    half = Down(8, 16, 5)(x, cond)
    assert half.shape == (2, 16, 9, 6)
    assert Up(16, 8, 24, 5)(half, x, cond).shape == (2, 24, 18, 12)
    assert Up(16, 8, 24)(half, x).shape == (2, 24, 18, 12)


def test_film_begins_as_identity_then_scales_and_shifts(rng):
    x, cond = torch.randn(2, 3, 8, 8, generator=rng), torch.randn(2, 4, generator=rng)
    block = ConvBlock(3, 8, cond_dim=4)
    normed = block.norm(block.conv(x))
    assert torch.equal(block(x, cond), torch.nn.functional.silu(normed))
    torch.nn.init.normal_(block.film.weight, generator=rng)
    film = cond @ block.film.weight.T
    expected = torch.nn.functional.silu(
        (1 + film[:, :8, None, None]) * normed + film[:, 8:, None, None]
    )
    torch.testing.assert_close(block(x, cond), expected)
