"""The mouth's box of the aligned view: where lips and chin are in it, and the open mouth."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from thlab.nn.warp import Box

SIDE = 32  # points are given in 32nds of the mouth box's side
POINTS = (*range(4, 13), *range(48, 68))  # iBUG: chin and mouth
UPPER = (60, 61, 62, 63, 64)  # the inner upper lip, from corner to corner
LOWER = (60, 67, 66, 65, 64)  # the inner lower lip, likewise

Points = Float[Tensor, "b p 2"]  # in 32nds of the mouth box


def mouth_box(height: int, width: int) -> Box:
    """The part of an aligned view that `thlab.face.align.mouth` cuts out.

    Chapter: book/content-to-video.ipynb
    """
    return Box(15 * height // 32, 31 * height // 32, width // 4, 3 * width // 4)


def to_box(landmarks: Float[Tensor, "*b 68 2"], size: int) -> Float[Tensor, "*b p 2"]:
    """Chin and mouth of landmarks in a picture's pixels, in 32nds of its box.

    Chapter: book/content-to-video.ipynb
    """
    corner = landmarks.new_tensor([SIDE / 2, 15 * SIDE / 16])
    return landmarks[..., POINTS, :] * (2 * SIDE / size) - corner


def pixel_centres(side: int, device: torch.device) -> Float[Tensor, "n 2"]:
    """(x, y) of all pixels of the box, row by row, in 32nds.

    Chapter: book/content-to-video.ipynb
    """
    ticks = (torch.arange(side, device=device) + 0.5) * SIDE / side
    return torch.cartesian_prod(ticks, ticks).flip(-1)  # (S·S, 2), x before y


class InnerLips(NamedTuple):
    """The inner lips in the columns of the box, in 32nds."""

    column: Float[Tensor, "1 1 s"]  # x of each column
    upper: Float[Tensor, "b 1 s"]  # y of the upper lip there
    lower: Float[Tensor, "b 1 s"]
    left: Float[Tensor, "b 1 1"]  # x of the corners
    right: Float[Tensor, "b 1 1"]


def inner_lips(points: Points, side: int) -> InnerLips:
    """The inner lips, between their points by a Gaussian of the distance.

    Chapter: book/content-to-video.ipynb
    """
    column = ((torch.arange(side, device=points.device) + 0.5) * SIDE / side).view(1, 1, -1)
    edges = []
    for contour in (UPPER, LOWER):
        at = points[:, [POINTS.index(i) for i in contour]]  # (B, 5, 2), from corner to corner
        distance = column[..., None] - at[:, None, None, :, 0]
        weight = (-distance.square() / 4).softmax(-1)  # (B, 1, S, 5)
        edges.append((weight * at[:, None, None, :, 1]).sum(-1))
    left = points[:, POINTS.index(UPPER[0]), 0].view(-1, 1, 1)
    right = points[:, POINTS.index(UPPER[-1]), 0].view(-1, 1, 1)
    return InnerLips(column, edges[0], edges[1], left, right)


def mouth_mask(points: Points, side: int) -> Float[Tensor, "b 1 s s"]:
    """Where the mouth is open: 1 between the inner lips, 0 elsewhere, soft.

    Chapter: book/content-to-video.ipynb
    """
    lips = inner_lips(points, side)
    y = lips.column.transpose(1, 2)
    between = torch.sigmoid(4 * (y - lips.upper)) * torch.sigmoid(4 * (lips.lower - y))  # (B, S, S)
    from_left = torch.sigmoid(2 * (lips.column - lips.left))
    from_right = torch.sigmoid(2 * (lips.right - lips.column))
    return (between * from_left * from_right)[:, None]


def mouth_masks(lips: Float[Tensor, "b t p 2"], side: int) -> Float[Tensor, "b t 1 s s"]:
    """`mouth_mask` of the frames of clips. Chapter: book/content-to-video.ipynb"""
    return mouth_mask(lips.flatten(0, 1), side).unflatten(0, lips.shape[:2])
