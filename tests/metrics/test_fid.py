"""The Fréchet distance against closed forms, a matrix root, and torchmetrics."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torchmetrics.image.fid import FrechetInceptionDistance

from thlab.metrics.frechet import fid


def features(n: int, d: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(d, d, generator=generator)
    return torch.randn(n, d, generator=generator) @ mix + torch.randn(d, generator=generator)


def test_one_dimension_has_a_closed_form():
    x, y = torch.randn(2, 500, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = 3 * y + 2
    expected = (x.mean() - y.mean()) ** 2 + (x.std() - y.std()) ** 2
    assert fid(x, y) == pytest.approx(expected.item())


def test_a_shift_costs_its_square_and_the_same_features_nothing():
    x = features(200, 8, 0)
    shift = torch.arange(8.0)
    assert fid(x, x + shift) == pytest.approx(shift.square().sum().item(), rel=1e-4)
    assert fid(x, x) == pytest.approx(0, abs=1e-6)


def test_it_is_the_formula_with_a_matrix_root():
    x = features(300, 6, 0).double()
    y = features(400, 6, 1).double()
    s_x = np.cov(x.T)
    s_y = np.cov(y.T)
    root = sqrtm(s_x @ s_y).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum().item() + np.trace(s_x + s_y - 2 * root)
    assert fid(x, y) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("n", [30, 8])  # 8: fewer pictures than dimensions
def test_it_is_torchmetrics(n):
    flat = torch.nn.Sequential(torch.nn.Flatten())
    x, y = torch.rand(2, n, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    flat.num_features = 12
    metric = FrechetInceptionDistance(feature=flat, input_img_size=(3, 2, 2))
    metric.update(x, real=True)
    metric.update(y, real=False)
    assert fid(x.flatten(1), y.flatten(1)) == pytest.approx(metric.compute().item(), rel=1e-5)
