"""Landmarks against landmarks: where the mouth is, how it moves, and whether it moves with the truth."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from thlab.face.points import INNER_LIP_BOTTOM, INNER_LIP_TOP

Points = Float[Tensor, "t p 2"] | Float[np.ndarray, "t p 2"]
MOUTH, FACE = slice(-20, None), slice(None)  # of 68 points the last 20, of 20 all


def lmd(real: Points, fake: Points) -> float:
    """Landmark distance of [mittal2020], Sect. 4.3: mean Euclidean distance over frames and mouth points, in pixels.

    real, fake: (t, 68, 2), or (t, 20, 2) of the mouth alone. Pixels are the given picture's: a distance at 64 px is
    to be multiplied by 4 beside one at 256. Chapter: book/content-to-video.ipynb
    """
    return landmark_distance(real, fake, MOUTH)


def lmd_atvg(real: Points, fake: Points) -> float:
    """Landmark distance as Chen et al. 2019 (ATVGnet) compute it: each mouth about its own centre, points summed.

    Read from their published evaluation script: in each frame of each video the mean of the 20 mouth points is taken
    off, the 20 distances are added, the sums averaged over frames. So a shifted mouth costs nothing, and the number
    is 20 times a mean's. Shapes and units as `lmd`. Chapter: book/content-to-video.ipynb
    """
    real, fake = (torch.as_tensor(points)[:, MOUTH] for points in (real, fake))
    return 20 * landmark_distance(real - real.mean(1, keepdim=True), fake - fake.mean(1, keepdim=True))


def landmark_distance(real: Points, fake: Points, points: slice = MOUTH) -> float:
    """LD of [ji2021], Table 1: mean Euclidean distance of landmarks; M-LD of the mouth, F-LD with `points=FACE`.

    real, fake: (t, 68, 2) in pixels, aligned (the `face` view, `thlab.face.align_face`), so that the head's motion
    is not counted. The paper does not list its face points; ours are all 68. Chapter: book/content-to-video.ipynb
    """
    return _lengths(torch.as_tensor(real)[:, points] - torch.as_tensor(fake)[:, points]).mean().item()


def lvd(real: Points, fake: Points, points: slice = MOUTH) -> float:
    """LVD of [ji2021], Table 1: mean length of the difference of velocities, the steps from a frame to the next.

    M-LVD of the mouth, F-LVD with `points=FACE`. real, fake: (t, 68, 2), aligned, t at least 2. In pixels a frame.
    Chapter: book/content-to-video.ipynb
    """
    return landmark_distance(torch.as_tensor(real).diff(dim=0), torch.as_tensor(fake).diff(dim=0), points)


def mouth_opening(landmarks: Float[Tensor, "*b 68 2"] | Float[np.ndarray, "*b 68 2"]) -> Float[Tensor, "*b"]:
    """Gap between the inner lips, iBUG points 62 and 66, in pixels. Chapter: book/content-to-video.ipynb"""
    points = torch.as_tensor(landmarks)
    return _lengths(points[..., INNER_LIP_TOP, :] - points[..., INNER_LIP_BOTTOM, :])


def eye_opening(landmarks: Float[Tensor, "*b 68 2"] | Float[np.ndarray, "*b 68 2"]) -> Float[Tensor, "*b"]:
    """Gap between the lids over the eye's width, mean of both eyes: about .3 open, .1 shut.

    The "eye aspect ratio" of Soukupova and Cech 2016. Chapter: book/latent-kl.ipynb
    """
    points = torch.as_tensor(landmarks)
    ratios = []
    for corner in (36, 42):  # of each eye's six points: corner, two above, corner, two below
        gaps = _lengths(points[..., corner + 1 : corner + 3, :] - points[..., [corner + 5, corner + 4], :]).mean(-1)
        ratios.append(gaps / _lengths(points[..., corner, :] - points[..., corner + 3, :]))
    return (ratios[0] + ratios[1]) / 2


def blinks(opening: Float[Tensor, "t"], shut: float = 0.6) -> list[int]:
    """Lengths in frames of the blinks of a clip: where the eyes are less than `shut` times as open as usual (median).

    Chapter: book/latent-kl.ipynb
    """
    is_shut = torch.nn.functional.pad((opening < shut * opening.median()).int(), (1, 1))
    edges = is_shut.diff()
    return ((edges == -1).nonzero() - (edges == 1).nonzero()).flatten().tolist()


def correlation(x: Float[Tensor, "*b t"], y: Float[Tensor, "*b t"]) -> Float[Tensor, "*b"]:
    """Pearson's correlation over time, within a clip; 0 where x or y stands still, for then nothing follows.

    It stands still where it moves by less than 1e-3 of its size: equal frames, seen side by side, differ in rounding.

    Of two mouth openings it says whether the mouth moves with the truth, however widely it does.
    Chapter: book/content-to-video.ipynb
    """
    x, y = x.double(), y.double()
    moves_x, moves_y = x - x.mean(-1, keepdim=True), y - y.mean(-1, keepdim=True)
    still = (moves_x.norm(dim=-1) <= 1e-3 * x.norm(dim=-1)) | (moves_y.norm(dim=-1) <= 1e-3 * y.norm(dim=-1))
    return torch.where(still, 0.0, torch.cosine_similarity(moves_x, moves_y, dim=-1, eps=1e-30))


def _lengths(vectors: Float[Tensor, "*b 2"]) -> Float[Tensor, "*b"]:
    return torch.linalg.vector_norm(vectors, dim=-1)
