"""What lies between the lips, of generated frames against true ones: is there a mouth, or fog?"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from thlab.metrics.landmark import mouth_opening

INNER_LIPS = slice(60, 68)  # iBUG, once round
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
WIDE = 0.25  # of a clip's widest opening: frames that are opened further count
FEWEST = 4  # pixels between the lips: of fewer nothing is said

Video = Float[Tensor, "t 3 h w"]
Landmarks = Float[Tensor, "t 68 2"]


def contrast_inside(prediction: Video, target: Video, landmarks: Landmarks) -> float:
    """How much light and dark there is between the lips, over the truth's; 1 where there is as
    much.

    The standard deviation of luminance inside the true inner lips, mean over the frames that are
    opened wider than a quarter of the clip's widest. It says nothing of where light and dark are:
    see `pattern_inside`. landmarks: the true ones, in pixels. NaN where no frame is wide open.
    Chapter: book/content-to-video.ipynb
    """
    made = []
    true = []
    for one, other in _inside(prediction, target, landmarks):
        made.append(one.std())
        true.append(other.std())
    if not made:
        return float("nan")
    return (torch.stack(made).mean() / torch.stack(true).mean()).item()


def pattern_inside(prediction: Video, target: Video, landmarks: Landmarks) -> float:
    """Pearson's correlation of luminance between the lips, mean over the frames that are wide open.

    As `contrast_inside` otherwise. Chapter: book/content-to-video.ipynb
    """
    found = []
    for one, other in _inside(prediction, target, landmarks):
        moved = one - one.mean()
        still = other - other.mean()
        found.append(torch.cosine_similarity(moved, still, dim=0, eps=1e-12))
    return torch.stack(found).mean().item() if found else float("nan")


def inner_mouth(landmarks: Landmarks, height: int, width: int) -> Bool[Tensor, "t h w"]:
    """The pixels whose centres lie in the polygon of the inner lips, by the even-odd rule.

    Chapter: book/content-to-video.ipynb
    """
    begin = landmarks[:, INNER_LIPS]  # (T, 8, 2)
    end = begin.roll(-1, 1)
    y = (torch.arange(height) + 0.5)[:, None].expand(height, width)
    x = (torch.arange(width) + 0.5).expand(height, width)
    inside = torch.zeros((len(landmarks), height, width), dtype=torch.bool)
    for side in range(begin.shape[1]):
        x1, y1 = begin[:, side, :, None, None].unbind(1)
        x2, y2 = end[:, side, :, None, None].unbind(1)
        spans = (y1 > y) != (y2 > y)
        # where the side crosses the pixel's row; a level side spans no row
        rise = torch.where(y1 == y2, 1.0, y2 - y1)
        crosses = x < x1 + (y - y1) / rise * (x2 - x1)
        inside ^= spans & crosses
    return inside


def _inside(
    prediction: Video, target: Video, landmarks: Landmarks
) -> list[tuple[Float[Tensor, "n"], Float[Tensor, "n"]]]:
    """Luminance between the lips of each wide-open frame, made and true."""
    opening = mouth_opening(landmarks)
    mask = inner_mouth(landmarks, *target.shape[-2:])
    luma = torch.tensor(LUMA).view(3, 1, 1)
    made = (luma * prediction).sum(1)
    true = (luma * target).sum(1)
    pairs = []
    for frame in (opening > WIDE * opening.max()).nonzero()[:, 0].tolist():
        if mask[frame].sum() >= FEWEST:
            pairs.append((made[frame][mask[frame]], true[frame][mask[frame]]))
    return pairs
