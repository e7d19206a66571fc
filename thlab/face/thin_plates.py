"""Motion of every place of a picture from that of some of its points, by thin plates (Bookstein
1989).
"""

import numpy as np
import torch
from jaxtyping import Float
from scipy.interpolate import RBFInterpolator
from torch import Tensor

SMOOTH = 6e-3  # widths²: plates that are less smooth jerk where lids or lips nearly meet
RIM = 5  # points a side of the picture, that never move


def thin_plate_motion(
    points: Float[Tensor, "t p 2"],
    key: Float[Tensor, "p 2"],
    cells: int,
    smooth: float = SMOOTH,
) -> Float[Tensor, "t 2 n n"]:
    """How far (x, y) from the centre of each cell of a picture lies what is seen there, in a key
    picture: where points go, all between them goes along.

    points, key: the same points in some pictures and in the key picture, in widths of the picture;
    so is the motion. cells: n, a side. smooth: of the plate, which passes the points by more the
    larger this is; points that meet need some. Those on the rim of the picture stay.
    Chapter: book/evp-portrait.ipynb
    """
    rim = _rim()
    centres = _grid((np.arange(cells) + 0.5) / cells)
    there = key.double().cpu().numpy()
    found = []
    for one in points.double().cpu().numpy():
        sites = np.concatenate([one, rim])
        moves = np.concatenate([there - one, np.zeros_like(rim)])
        plate = RBFInterpolator(sites, moves, kernel="thin_plate_spline", smoothing=smooth)
        found.append(plate(centres))
    motion = torch.from_numpy(np.stack(found)).float().to(points.device)
    return motion.view(-1, cells, cells, 2).permute(0, 3, 1, 2)


def _rim() -> Float[np.ndarray, "r 2"]:
    """Points on the four sides of a picture, in widths."""
    places = _grid(np.linspace(0, 1, RIM))
    return places[((places == 0) | (places == 1)).any(1)]


def _grid(at: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n2 2"]:
    """All places (x, y) whose coordinates are among some, row by row."""
    return np.stack(np.meshgrid(at, at), -1).reshape(-1, 2)
