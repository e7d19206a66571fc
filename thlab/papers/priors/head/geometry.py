"""Where lips, chin and teeth are in the mouth box, and the box bent so that they move."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import grid_sample, pad

from thlab.nn.mouth import POINTS, SIDE, Points, inner_lips, mouth_box, pixel_centres

DEPTH = 10.0  # 32nds below the upper lip that the picture of the teeth reaches
REACH = 2.0  # 32nds: how far around a point the image moves with it


def paste(part: Float[Tensor, "b c h2 w2"], height: int, width: int) -> Float[Tensor, "b c h w"]:
    """The mouth box where it belongs in a view, zeros around it.

    Chapter: book/content-to-video.ipynb
    """
    box = mouth_box(height, width)
    return pad(part, (box.left, width - box.right, box.top, height - box.bottom))


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

    def forward(
        self, z_c: Float[Tensor, "*b d"], points: Float[Tensor, "*b p 2"]
    ) -> Float[Tensor, "*b p 2"]:
        """Moves, from content and the image's points, all in 32nds of the box."""
        shape = (points - points.mean(-2, keepdim=True)) / 4
        return self.net(torch.cat([z_c, shape.flatten(-2)], -1)).unflatten(-1, (-1, 2))


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


def fetch(
    box: Float[Tensor, "b 3 s s"], places: Float[Tensor, "b s s 2"]
) -> Float[Tensor, "b 3 s s"]:
    """The pixels of the box at places in it, in 32nds, bicubically.

    Chapter: book/content-to-video.ipynb
    """
    at = places * 2 / SIDE - 1
    return grid_sample(box, at, mode="bicubic", padding_mode="border", align_corners=False).clamp(
        0, 1
    )


def bend_mouth(
    box: Float[Tensor, "b 3 s s"], points: Points, moves: Points
) -> Float[Tensor, "b 3 s s"]:
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


def place_teeth(
    texture: Float[Tensor, "c v u"], points: Points, side: int
) -> Float[Tensor, "b c s s"]:
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
