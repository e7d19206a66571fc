"""The Fréchet distance of two sets of features."""

import torch
from jaxtyping import Float
from torch import Tensor


def fid(prediction: Float[Tensor, "n d"], target: Float[Tensor, "m d"]) -> float:
    """Fréchet distance of Heusel et al. 2017, Eq. 6: ‖μ_x - μ_y‖² + tr(Σ_x + Σ_y - 2 (Σ_x Σ_y)^½).

    prediction, target: features of both sets, whatever network's. A number says nothing without
    that network's name and the counts n and m beside it (the distance shrinks as they grow). Only
    Inception's give the FID of the literature. n, m at least 2.
    Chapter: book/content-to-video.ipynb
    """
    mean_x, a = _moments(prediction)
    mean_y, b = _moments(target)
    # Σ_x = AᵀA and Σ_y = BᵀB, so the eigenvalues of Σ_x Σ_y are the squared singular values of ABᵀ:
    # no matrix root
    cross = torch.linalg.svdvals(a @ b.T).sum()
    apart = (mean_x - mean_y).square().sum()
    distance = apart + a.square().sum() + b.square().sum() - 2 * cross
    return distance.item()


def _moments(features: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "d"], Float[Tensor, "r d"]]:
    """Mean, and a small A with AᵀA the covariance."""
    mean = features.double().mean(0)
    deviations = (features - mean) / (len(features) - 1) ** 0.5
    return mean, torch.linalg.qr(deviations, mode="r").R
