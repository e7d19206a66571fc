"""What can be read off a code: linear classifiers trained on it, tested on codes not seen."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

Codes = Float[Tensor, "n d"]
Labels = Int[Tensor, "n"]
Loss = Callable[[Tensor, Tensor], Tensor]  # of scores and labels


def linear_probe(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> float:
    """Held-out accuracy, in [0, 1], of logistic regression.

    The auxiliary classifiers of [mittal2020], Table 3. Minimises ½‖W‖² + Σ cross-entropy by L-BFGS
    from zero: nothing is random. Codes are standardised by the training set's mean and deviation.
    Labels count from 0; one that training never saw is missed. Chapter: book/priors.ipynb
    """
    return linear_hits(train_x, train_y, test_x, test_y).double().mean().item()


def linear_hits(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> Bool[Tensor, "m"]:
    """Which test labels the classifier of `linear_probe` tells. Chapter: book/priors.ipynb"""
    return _hits(
        lambda scores, y: cross_entropy(scores, y, reduction="sum"),
        train_x,
        train_y,
        test_x,
        test_y,
    )


def svm_probe(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> float:
    """Held-out accuracy of linear support vector machines, one class against the rest.

    So [zhou2019] probes words. Minimises ½‖W‖² + Σ max(0, 1 - margin)²; else as `linear_probe`.
    Chapter: book/priors.ipynb
    """
    return svm_hits(train_x, train_y, test_x, test_y).double().mean().item()


def svm_hits(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> Bool[Tensor, "m"]:
    """Which of the held-out codes `svm_probe` tells right. Chapter: book/davs.ipynb"""
    return _hits(_hinge, train_x, train_y, test_x, test_y)


def _hinge(scores: Float[Tensor, "n k"], y: Labels) -> Float[Tensor, ""]:
    side = 2 * one_hot(y, scores.shape[1]) - 1
    return (1 - side * scores).clamp(min=0).square().sum()


def _hits(
    loss: Loss, train_x: Codes, train_y: Labels, test_x: Tensor, test_y: Tensor
) -> Bool[Tensor, "m"]:
    """Which of the held-out codes are told right."""
    mean = train_x.double().mean(0)
    deviation = train_x.double().std(0)
    scale = torch.where(deviation > 0, deviation, 1.0)  # a dead dimension stays 0
    weights, bias = _fit(loss, (train_x - mean) / scale, train_y)
    return ((test_x - mean) / scale @ weights + bias).argmax(1).eq(test_y)


def _fit(loss: Loss, x: Codes, y: Labels) -> tuple[Float[Tensor, "d k"], Float[Tensor, "k"]]:
    """Weights and bias at the one minimum of a convex objective."""
    weights = x.new_zeros(x.shape[1], int(y.max()) + 1, requires_grad=True)
    bias = x.new_zeros(weights.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        objective = (weights.square().sum() / 2 + loss(x @ weights + bias, y)) / len(x)
        objective.backward()
        return objective

    with torch.enable_grad():
        optimizer.step(closure)
    return weights.detach(), bias.detach()
