"""Where lips, chin and teeth are in the mouth box, and the box bent so that they move."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad

from thlab.nn.warp import Box

SIDE = 32  # points are given in 32nds of the mouth box's side
POINTS = (*range(4, 13), *range(48, 68))  # iBUG: chin and mouth
UPPER = (60, 61, 62, 63, 64)  # the inner upper lip, from corner to corner
LOWER = (60, 67, 66, 65, 64)  # the inner lower lip, likewise
DEPTH = 10.0  # 32nds below the upper lip that the picture of the teeth reaches
REACH = 2.0  # 32nds: how far around a point the image moves with it

Points = Float[Tensor, "b p 2"]  # in 32nds of the mouth box


def mouth_box(height: int, width: int) -> Box:
    """The part of an aligned view that `thlab.face.align.mouth` cuts out.

    Chapter: book/content-to-video.ipynb
    """
    return Box(15 * height // 32, 31 * height // 32, width // 4, 3 * width // 4)


def paste(part: Float[Tensor, "b c h2 w2"], height: int, width: int) -> Float[Tensor, "b c h w"]:
    """The mouth box where it belongs in a view, zeros around it.

    Chapter: book/content-to-video.ipynb
    """
    box = mouth_box(height, width)
    return pad(part, (box.left, width - box.right, box.top, height - box.bottom))


def to_box(landmarks: Float[Tensor, "*b 68 2"], size: int) -> Float[Tensor, "*b p 2"]:
    """Chin and mouth of landmarks in a picture's pixels, in 32nds of its box.

    Chapter: book/content-to-video.ipynb
    """
    corner = landmarks.new_tensor([SIDE / 2, 15 * SIDE / 16])
    return landmarks[..., POINTS, :] * (2 * SIDE / size) - corner


class Geometry(nn.Module):
    """How far content moves lips and chin from where they are in the image.

    Chapter: book/content-to-video.ipynb
    """

    def __init__(self, content: int, hidden: int = 192):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(content + 2 * len(POINTS), hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2 * len(POINTS)),
        )

    def forward(self, z_c: Float[Tensor, "*b d"], points: Float[Tensor, "*b p 2"]) -> Float[Tensor, "*b p 2"]:
        """Moves, from content and the image's points, all in 32nds of the box."""
        shape = (points - points.mean(-2, keepdim=True)) / 4
        return self.net(torch.cat([z_c, shape.flatten(-2)], -1)).unflatten(-1, (-1, 2))


def pixel_centres(side: int, device: torch.device) -> Float[Tensor, "n 2"]:
    """(x, y) of all pixels of the box, row by row, in 32nds.

    Chapter: book/content-to-video.ipynb
    """
    ticks = (torch.arange(side, device=device) + 0.5) * SIDE / side
    return torch.cartesian_prod(ticks, ticks).flip(-1)  # (S·S, 2), x before y


def fetched_from(points: Points, moves: Points, side: int) -> Float[Tensor, "b s s 2"]:
    """Where each pixel of the box comes from, in 32nds, so that what is at `points` comes to points
    + moves.

    Each pixel is fetched from where the points around it come from, weighted by a Gaussian of their
    distance; points around the upper and side rims stay.
    Chapter: book/content-to-video.ipynb
    """
    along = torch.linspace(0, SIDE, 7, device=points.device)
    above = torch.cartesian_prod(along, along.new_tensor([-4.0, 0.0]))
    beside = torch.cartesian_prod(along.new_tensor([-2.0, SIDE + 2.0]), along)
    still = torch.cat([above, beside]).expand(len(points), -1, -1)
    grid = pixel_centres(side, points.device).expand(len(points), -1, -1)
    ends = torch.cat([points + moves, still], 1)
    weight = (-torch.cdist(grid, ends).square() / (2 * REACH**2)).softmax(-1)
    places = grid - weight @ torch.cat([moves, torch.zeros_like(still)], 1)
    return places.view(-1, side, side, 2)


def fetch(box: Float[Tensor, "b 3 s s"], places: Float[Tensor, "b s s 2"]) -> Float[Tensor, "b 3 s s"]:
    """The pixels of the box at places in it, in 32nds, bicubically.

    Chapter: book/content-to-video.ipynb
    """
    at = places * 2 / SIDE - 1
    return grid_sample(box, at, mode="bicubic", padding_mode="border", align_corners=False).clamp(0, 1)


def bend_mouth(box: Float[Tensor, "b 3 s s"], points: Points, moves: Points) -> Float[Tensor, "b 3 s s"]:
    """The mouth box bent so that what is at `points` comes to points + moves.

    Chapter: book/content-to-video.ipynb
    """
    return fetch(box, fetched_from(points, moves, box.shape[-1]))


def motion_of(places: Float[Tensor, "b s s 2"]) -> Float[Tensor, "b 2 s s"]:
    """How far from its place each pixel is fetched, in widths of the view, which is two boxes wide.

    Chapter: book/content-to-video.ipynb
    """
    side = places.shape[1]
    here = pixel_centres(side, places.device).view(side, side, 2)
    return (places - here).permute(0, 3, 1, 2) / (2 * SIDE)


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


def place_teeth(texture: Float[Tensor, "c v u"], points: Points, side: int) -> Float[Tensor, "b c s s"]:
    """Teeth: a texture below the upper lip, corner to corner, DEPTH 32nds deep.

    Chapter: book/content-to-video.ipynb
    """
    lips = inner_lips(points, side)
    width = (lips.right - lips.left).clamp(min=1)
    u = ((lips.column - lips.left) / width).expand(-1, side, -1)
    v = (lips.column.transpose(1, 2) - lips.upper) / DEPTH
    at = 2 * torch.stack([u, v], -1) - 1
    textures = texture.expand(len(points), -1, -1, -1)
    return grid_sample(textures, at, padding_mode="border", align_corners=False)
