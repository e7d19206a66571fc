"""Landmarks against landmarks: where the mouth is, how it moves, and whether it moves with the truth."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from thlab.corpus.alignment import INNER_LIP_BOTTOM, INNER_LIP_TOP, MOUTH

Points = Float[Tensor, "t p 2"] | Float[np.ndarray, "t p 2"]
FACE = slice(0, 68)


def lmd(real: Points, fake: Points) -> float:
    """Landmark distance of [mittal2020], Sect. 4.3: mean Euclidean distance over frames and mouth points, in pixels.

    real, fake: (t, 68, 2), or (t, 20, 2) of the mouth alone. Pixels are of the picture given: a distance at 64 px
    times 4 is comparable with one at 256. Chapter: book/content-to-video.ipynb
    """
    return _lengths(_mouth(real) - _mouth(fake)).mean().item()


def lmd_atvg(real: Points, fake: Points) -> float:
    """Landmark distance as Chen et al. 2019 (ATVGnet) compute it: each mouth about its own centre, points summed.

    Read from their published evaluation script: the mean of the 20 mouth points is taken off in each frame of each
    video, the 20 distances are added, and the sums are averaged over frames. So a mouth in the wrong place costs
    nothing, and the number is 20 times a mean's. real, fake: (t, 68, 2) or (t, 20, 2). In pixels.
    Chapter: book/content-to-video.ipynb
    """
    real, fake = _mouth(real), _mouth(fake)
    return _lengths(_centred(real) - _centred(fake)).sum(-1).mean().item()


def landmark_distance(real: Points, fake: Points, points: slice = MOUTH) -> float:
    """LD of [ji2021], Table 1: mean Euclidean distance of landmarks; M-LD of the mouth, F-LD with `points=FACE`.

    real, fake: (t, 68, 2), aligned, so that the head's motion is not counted: of the `face` view, or moved by
    `thlab.face.align_face`. The paper does not list its face points; ours are all 68. In pixels.
    Chapter: book/content-to-video.ipynb
    """
    return _lengths(torch.as_tensor(real)[:, points] - torch.as_tensor(fake)[:, points]).mean().item()


def lvd(real: Points, fake: Points, points: slice = MOUTH) -> float:
    """Landmark velocity difference of [ji2021], Table 1: mean length of the difference of velocities, pixels a frame.

    A velocity is a point's step from one frame to the next. M-LVD of the mouth, F-LVD with `points=FACE`.
    real, fake: (t, 68, 2), aligned, t at least 2. Chapter: book/content-to-video.ipynb
    """
    real, fake = torch.as_tensor(real)[:, points], torch.as_tensor(fake)[:, points]
    return _lengths(real.diff(dim=0) - fake.diff(dim=0)).mean().item()


def mouth_opening(landmarks: Float[Tensor, "*b 68 2"] | Float[np.ndarray, "*b 68 2"]) -> Float[Tensor, "*b"]:
    """Gap between the inner lips in pixels: the distance of iBUG points 62 and 66.

    Chapter: book/content-to-video.ipynb
    """
    points = torch.as_tensor(landmarks)
    return _lengths(points[..., INNER_LIP_TOP, :] - points[..., INNER_LIP_BOTTOM, :])


def correlation(x: Float[Tensor, "*b t"], y: Float[Tensor, "*b t"]) -> Float[Tensor, "*b"]:
    """Pearson's correlation over time, within a clip; 0 where x or y stands still, for then nothing follows.

    Of two mouth openings it says whether the mouth moves with the truth, whatever the size of its movement.
    Chapter: book/content-to-video.ipynb
    """
    # in float64 the mean of equal float32 numbers is exact, so that what stands still has deviations of exactly 0
    x, y = x.double() - x.double().mean(-1, keepdim=True), y.double() - y.double().mean(-1, keepdim=True)
    sizes = x.norm(dim=-1) * y.norm(dim=-1)
    return torch.where(sizes > 0, (x * y).sum(-1) / sizes, 0.0)


def _mouth(points: Points) -> Float[Tensor, "t 20 2"]:
    points = torch.as_tensor(points)
    if points.shape[1] not in (20, 68):
        raise ValueError(f"{points.shape[1]} landmarks a frame: the mouth is known of 68 (iBUG), or given as its 20")
    return points[:, MOUTH] if points.shape[1] == 68 else points


def _centred(points: Float[Tensor, "t p 2"]) -> Float[Tensor, "t p 2"]:
    return points - points.mean(1, keepdim=True)


def _lengths(vectors: Float[Tensor, "*b 2"]) -> Float[Tensor, "*b"]:
    return torch.linalg.vector_norm(vectors, dim=-1)
