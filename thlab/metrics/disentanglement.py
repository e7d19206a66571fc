"""How a code's dimensions and labelled factors match one to one: MIG, DCI and SAP.

A factor that is a number, such as pitch, becomes labels by quantiles, `torch.bucketize`.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.optional import require

# equal bins from the smallest to the largest value of each dimension, as is usual for MIG
BINS = 20


def mig(codes: Float[Tensor, "n d"], factors: Int[Tensor, "n k"]) -> float:
    """Mutual information gap, Chen et al. 2018, Eq. 6.

    The mean over factors of (I_first - I_second) / H(factor). I_first and I_second: the two largest
    values of a dimension's mutual information with it, by histograms of 20 bins; 1 where one
    dimension alone knows each factor. d at least 2; raises ValueError where a factor never varies.
    Chapter: book/priors.ipynb
    """

    def information(joint: Float[Tensor, "d bins labels"]) -> Float[Tensor, "d"]:
        entropy = _entropy(joint.sum(1))  # of the factor, once for each dimension
        return (_entropy(joint.sum(2)) + entropy - _entropy(joint.flatten(1))) / entropy

    return _mean_gap(information, codes, factors)


def sap(codes: Float[Tensor, "n d"], factors: Int[Tensor, "n k"]) -> float:
    """Separated attribute predictability, Kumar et al. 2018, Sect. 3.

    The mean gap of the two best dimensions' scores. A dimension's score is the balanced accuracy
    with which it alone tells the labels; its thresholds are the edges of 20 equal bins, each of
    which votes for one label. At most 1 - 1/labels, for the chance level is 1/labels; else as
    `mig`.
    Chapter: book/priors.ipynb
    """

    def accuracy(joint: Float[Tensor, "d bins labels"]) -> Float[Tensor, "d"]:
        of_label = joint / joint.sum(1, keepdim=True)  # P(bin | label)
        return of_label.amax(2).sum(1) / joint.shape[2]

    return _mean_gap(accuracy, codes, factors)


def dci(
    codes: Float[Tensor, "n d"],
    factors: Int[Tensor, "n k"],
    test_codes: Float[Tensor, "m d"],
    test_factors: Int[Tensor, "m k"],
    seed: int = 0,
) -> dict[str, float]:
    """Disentanglement, completeness and informativeness, Eastwood & Williams 2018, Sect. 2.

    1 is best. Importances are a random forest's (50 trees, every split may use every dimension),
    informativeness is its held-out accuracy, not an error. d and k at least 2. Needs scikit-learn.
    Chapter: book/priors.ipynb
    """
    ensemble = require("sklearn.ensemble", "judges")
    forest = ensemble.RandomForestClassifier(50, max_features=None, random_state=seed)
    importance = []
    accuracy = []
    for factor, test_factor in zip(factors.T, test_factors.T, strict=True):
        importance.append(forest.fit(codes.numpy(), factor.numpy()).feature_importances_)
        accuracy.append(forest.score(test_codes.numpy(), test_factor.numpy()))
    r = torch.from_numpy(np.stack(importance, 1))  # (d, k), each factor's importances sum to 1
    pure = 1 - _entropy(r / r.sum(1, keepdim=True).clamp(min=1e-12)) / np.log(r.shape[1])
    whole = 1 - _entropy(r.T) / np.log(r.shape[0])
    disentanglement = (pure * r.sum(1)).sum() / r.sum()
    return {
        "disentanglement": disentanglement.item(),
        "completeness": whole.mean().item(),
        "informativeness": float(np.mean(accuracy)),
    }


def _joint(codes: Float[Tensor, "n d"], factor: Int[Tensor, "n"]) -> Float[Tensor, "d 20 labels"]:
    """Joint histogram of each dimension with the factor, as probabilities."""
    values, label = factor.unique(return_inverse=True)
    if len(values) < 2:
        raise ValueError(
            "a factor has the same label everywhere: leave it out, nothing can be said of it"
        )
    low, high = codes.aminmax(dim=0)
    bins = ((codes - low) / (high - low).clamp(min=1e-12) * BINS).long().clamp(max=BINS - 1)
    cells = (bins * len(values) + label[:, None]).T  # (d, n)
    counts = torch.zeros(codes.shape[1], BINS * len(values), dtype=torch.float64)
    counts.scatter_add_(1, cells, torch.ones_like(cells, dtype=torch.float64))
    return counts.unflatten(1, (BINS, len(values))) / len(codes)


def _entropy(p: Float[Tensor, "d n"]) -> Float[Tensor, "d"]:
    return torch.special.entr(p).sum(1)


def _mean_gap(score: Callable[[Tensor], Tensor], codes: Tensor, factors: Tensor) -> float:
    # (k, 2)
    best = torch.stack([score(_joint(codes, factor)).topk(2).values for factor in factors.T])
    return (best[:, 0] - best[:, 1]).mean().item()
