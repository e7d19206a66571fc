"""Losses that several papers share, and how named terms become one total."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b 3 h w"]


def perceptual(
    features: Callable[[Tensor], list[Tensor]], fake: Image, real: Image
) -> Float[Tensor, ""]:
    """Mean absolute difference of a network's features, summed over its levels.

    Chapter: book/content-to-video.ipynb
    """
    with torch.no_grad():
        wanted = features(real)
    return torch.stack(
        [(a - b).abs().mean() for a, b in zip(features(fake), wanted, strict=True)]
    ).sum()


def weighted_total(terms: Mapping[str, Tensor], weights: Any) -> dict[str, Tensor]:
    """The named terms and their "total", each times the weight of its name, a field of `weights`.

    Raises ValueError for a term that has no weight. Chapter: book/davs.ipynb
    """
    weighted = []
    for name, term in terms.items():
        if not hasattr(weights, name):
            raise ValueError(
                f"the loss term {name!r} has no weight among those of {type(weights).__name__}"
            )
        weighted.append(getattr(weights, name) * term)
    return {**terms, "total": torch.stack(weighted).sum()}
