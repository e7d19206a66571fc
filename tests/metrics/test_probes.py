"""Probes against scikit-learn's, which minimise the same objectives."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from thlab.metrics import probes
from thlab.metrics.probes import linear_probe, svm_probe


def labelled(n: int, seed: int, spread: float = 3.0) -> tuple[torch.Tensor, torch.Tensor]:
    """Five overlapping clouds in six dimensions of very different sizes."""
    centres = 2 * torch.randn(5, 6, generator=torch.Generator().manual_seed(9))
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 5, (n,), generator=generator)
    x = centres[y] + spread * torch.randn(n, 6, generator=generator)
    return x * torch.tensor([1.0, 10, 100, 0.1, 1, 1]) + 50, y


def standardised(train: torch.Tensor, test: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    mean = train.double().mean(0)
    deviation = train.double().std(0)
    return ((train - mean) / deviation).numpy(), ((test - mean) / deviation).numpy()


def test_logistic_regression_is_scikit_learns():
    train = labelled(400, 0)
    test = labelled(300, 1)
    x, x_test = standardised(train[0], test[0])
    oracle = LogisticRegression(C=1.0, tol=1e-9, max_iter=5000).fit(x, train[1])
    weights, _ = probes._fit(
        lambda s, y: torch.nn.functional.cross_entropy(s, y, reduction="sum"),
        torch.tensor(x),
        train[1],
    )
    np.testing.assert_allclose(weights.T, oracle.coef_, atol=2e-3)
    accuracy = linear_probe(*train, *test)
    assert accuracy == pytest.approx(oracle.score(x_test, test[1]), abs=1 / 300)
    # the clouds overlap: a probe that always or never hits would not show agreement
    assert 0.5 < accuracy < 0.95


def test_support_vectors_are_scikit_learns():
    train = labelled(400, 0)
    test = labelled(300, 1)
    x, x_test = standardised(train[0], test[0])
    # a large intercept_scaling leaves the bias unpunished, as ours is
    oracle = LinearSVC(C=1.0, intercept_scaling=100, tol=1e-8, max_iter=200_000).fit(x, train[1])
    weights, bias = probes._fit(probes._hinge, torch.tensor(x), train[1])
    np.testing.assert_allclose(weights.T, oracle.coef_, atol=2e-3)
    np.testing.assert_allclose(bias, oracle.intercept_, atol=2e-3)
    assert svm_probe(*train, *test) == pytest.approx(oracle.score(x_test, test[1]), abs=1 / 300)


@pytest.mark.parametrize("probe", [linear_probe, svm_probe])
def test_accuracy_is_of_held_out_codes(probe):
    x = torch.randn(60, 100, generator=torch.Generator().manual_seed(0))
    y = torch.arange(60) % 2
    noise = torch.randn(400, 100, generator=torch.Generator().manual_seed(1))
    assert probe(x, y, x, y) == 1  # more dimensions than codes: memorised
    assert probe(x, y, noise, torch.arange(400) % 2) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("probe", [linear_probe, svm_probe])
def test_dead_dimensions_and_unseen_labels(probe):
    x = torch.tensor([[-1.0, 7.0], [-2.0, 7.0], [1.0, 7.0], [2.0, 7.0]])
    y = torch.tensor([0, 0, 1, 1])
    assert probe(
        x, y, torch.tensor([[-3.0, 7.0], [3.0, 7.0], [3.0, 7.0]]), torch.tensor([0, 1, 2])
    ) == pytest.approx(2 / 3)
