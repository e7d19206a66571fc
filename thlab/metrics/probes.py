"""What can be read off a code: linear classifiers trained on it, judged on codes they have not seen."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

STRENGTH = 1.0  # C of both: the weight of the data against half the squared size of the weights


def linear_probe(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> float:
    """Held-out accuracy of multinomial logistic regression, the auxiliary classifiers of [mittal2020], Table 3.

    Minimises ½|W|² + C Σ cross-entropy with C = 1 by L-BFGS, from zero: nothing is random. Codes are standardised by
    the training set's mean and deviation. Labels from 0; one that training never saw counts as missed. In [0, 1].
    Chapter: book/priors.ipynb
    """

    def loss(scores: Float[Tensor, "n k"], y: Int[Tensor, "n"]) -> Float[Tensor, ""]:
        return cross_entropy(scores, y, reduction="sum")

    return _probe(loss, train_x, train_y, test_x, test_y)


def svm_probe(
    train_x: Float[Tensor, "n d"],
    train_y: Int[Tensor, "n"],
    test_x: Float[Tensor, "m d"],
    test_y: Int[Tensor, "m"],
) -> float:
    """Held-out accuracy of linear support vector machines, one class against the rest, as [zhou2019] probes words.

    Minimises ½|W|² + C Σ max(0, 1 - margin)² with C = 1; else as `linear_probe`. Chapter: book/priors.ipynb
    """

    def loss(scores: Float[Tensor, "n k"], y: Int[Tensor, "n"]) -> Float[Tensor, ""]:
        side = 2 * one_hot(y, scores.shape[1]) - 1
        return (1 - side * scores).clamp(min=0).square().sum()

    return _probe(loss, train_x, train_y, test_x, test_y)


def _probe(
    loss: Callable[[Tensor, Tensor], Tensor], train_x: Tensor, train_y: Tensor, test_x: Tensor, test_y: Tensor
) -> float:
    mean, deviation = train_x.double().mean(0), train_x.double().std(0)
    scale = torch.where(deviation > 0, deviation, 1.0)
    train_x, test_x = (train_x - mean) / scale, (test_x - mean) / scale
    weights, bias = _fit(loss, train_x, train_y)
    return (test_x @ weights + bias).argmax(1).eq(test_y).double().mean().item()


def _fit(
    loss: Callable[[Tensor, Tensor], Tensor], x: Float[Tensor, "n d"], y: Int[Tensor, "n"]
) -> tuple[Float[Tensor, "d k"], Float[Tensor, "k"]]:
    """Weights and bias that minimise ½|W|² + C loss; a convex problem, so the start does not matter."""
    weights = x.new_zeros(x.shape[1], int(y.max()) + 1, requires_grad=True)
    bias = x.new_zeros(weights.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=300, tolerance_change=1e-9, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        objective = (weights.square().sum() / 2 + STRENGTH * loss(x @ weights + bias, y)) / len(x)
        objective.backward()
        return objective

    with torch.enable_grad():
        optimizer.step(closure)
    return weights.detach(), bias.detach()
