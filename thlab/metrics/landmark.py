"""Landmarks against landmarks: where the mouth is, and whether it moves as the truth does."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from thlab.face.points import INNER_LIP_BOTTOM, INNER_LIP_TOP

Points = Float[Tensor, "t p 2"] | Float[np.ndarray, "t p 2"]
MOUTH = slice(-20, None)  # of 68 points the last 20, of 20 all
FACE = slice(None)


def lmd(prediction: Points, target: Points) -> float:
    """Landmark distance, Sect. 4.3 of [mittal2020]: mean over frames and mouth points, in pixels.

    The distance is Euclidean. prediction, target: (t, 68, 2), or (t, 20, 2) of the mouth alone.
    Pixels are the given picture's: a distance at 64 px is to be multiplied by 4 beside one at 256.
    Chapter: book/content-to-video.ipynb
    """
    return landmark_distance(prediction, target, MOUTH)


def landmark_distance(prediction: Points, target: Points, points: slice = MOUTH) -> float:
    """LD of [ji2021], Table 1: mean Euclidean distance of landmarks.

    M-LD of the mouth, F-LD with `points=FACE`. prediction, target: (t, 68, 2) in pixels, aligned
    (the `face` view, `thlab.face.align_face`), so that the head's motion is not counted. The paper
    does not list its face points; ours are all 68.
    Chapter: book/content-to-video.ipynb
    """
    made = torch.as_tensor(prediction)
    true = torch.as_tensor(target)
    return _lengths(made[:, points] - true[:, points]).mean().item()


def lvd(prediction: Points, target: Points, points: slice = MOUTH) -> float:
    """LVD of [ji2021], Table 1: mean length of the difference of velocities.

    Velocities are the steps from a frame to the next. M-LVD of the mouth, F-LVD with `points=FACE`.
    prediction, target: (t, 68, 2), aligned, t at least 2. In pixels a frame.
    Chapter: book/content-to-video.ipynb
    """
    steps = [torch.as_tensor(track).diff(dim=0) for track in (prediction, target)]
    return landmark_distance(steps[0], steps[1], points)


def mouth_opening(
    landmarks: Float[Tensor, "*b 68 2"] | Float[np.ndarray, "*b 68 2"],
) -> Float[Tensor, "*b"]:
    """Gap between the inner lips, iBUG points 62 and 66, in pixels.

    Chapter: book/content-to-video.ipynb
    """
    points = torch.as_tensor(landmarks)
    return _lengths(points[..., INNER_LIP_TOP, :] - points[..., INNER_LIP_BOTTOM, :])


def eye_opening(
    landmarks: Float[Tensor, "*b 68 2"] | Float[np.ndarray, "*b 68 2"],
) -> Float[Tensor, "*b"]:
    """Gap between the lids over the eye's width, mean of both eyes: about .3 open, .1 shut.

    The "eye aspect ratio" of Soukupova and Cech 2016. Chapter: book/latent-kl.ipynb
    """
    points = torch.as_tensor(landmarks)
    ratios = []
    for corner in (36, 42):  # of each eye's six points: corner, two above, corner, two below
        above = points[..., corner + 1 : corner + 3, :]
        below = points[..., [corner + 5, corner + 4], :]
        width = _lengths(points[..., corner, :] - points[..., corner + 3, :])
        ratios.append(_lengths(above - below).mean(-1) / width)
    return (ratios[0] + ratios[1]) / 2


def blinks(opening: Float[Tensor, "t"], shut: float = 0.6) -> list[int]:
    """Lengths in frames of a clip's blinks: where eyes are less than `shut` times as open as usual.

    As usual is the median.
    Chapter: book/latent-kl.ipynb
    """
    is_shut = torch.nn.functional.pad((opening < shut * opening.median()).int(), (1, 1))
    edges = is_shut.diff()
    return ((edges == -1).nonzero() - (edges == 1).nonzero()).flatten().tolist()


def correlation(
    prediction: Float[Tensor, "*b t"], target: Float[Tensor, "*b t"]
) -> Float[Tensor, "*b"]:
    """Pearson's correlation over time, within a clip; 0 where either stands still.

    Then nothing follows. It stands still where it moves by less than 1e-3 of its size: equal
    frames, seen side by side, differ in rounding.

    Of two mouth openings it says whether the mouth moves with the truth, however widely it does.
    Chapter: book/content-to-video.ipynb
    """
    moves = []
    still = []
    for track in (prediction.double(), target.double()):
        moved = track - track.mean(-1, keepdim=True)
        moves.append(moved)
        still.append(moved.norm(dim=-1) <= 1e-3 * track.norm(dim=-1))
    follows = torch.cosine_similarity(*moves, dim=-1, eps=1e-30)
    return torch.where(still[0] | still[1], 0.0, follows)


def _lengths(vectors: Float[Tensor, "*b 2"]) -> Float[Tensor, "*b"]:
    return torch.linalg.vector_norm(vectors, dim=-1)


def opening_range(prediction: Float[Tensor, "t"], target: Float[Tensor, "t"]) -> float:
    """How far openings of a mouth range, as a share of the truth's: from 5 to 95 % of the frames.

    prediction, target: a number a frame, as `mouth_opening` gives them. NaN where the truth does
    not move. Chapter: book/content-to-video.ipynb
    """
    ends = torch.tensor([0.05, 0.95])
    low, high = torch.quantile(prediction, ends.to(prediction))
    true_low, true_high = torch.quantile(target, ends.to(target))
    return ((high - low) / (true_high - true_low)).item()
