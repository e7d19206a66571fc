"""Motion of every place of a picture from that of some of its points, by thin plates (Bookstein
1989).
"""

import torch
from jaxtyping import Float
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
    """
    rim = _rim(points.device)
    sites = torch.cat([points.double(), rim.expand(len(points), -1, -1)], 1)  # (T, N, 2)
    moves = torch.cat([key.double() - points.double(), rim.new_zeros(len(points), len(rim), 2)], 1)
    n = sites.shape[1]
    line = torch.cat([sites.new_ones(len(sites), n, 1), sites], -1)  # 1, x, y
    system = sites.new_zeros(len(sites), n + 3, n + 3)
    system[:, :n, :n] = _kernel(sites, sites) + smooth * torch.eye(n, device=sites.device)
    system[:, :n, n:] = line
    system[:, n:, :n] = line.mT
    known = torch.cat([moves, moves.new_zeros(len(moves), 3, 2)], 1)
    weights = torch.linalg.solve(system, known)  # (T, N + 3, 2)
    centres = _centres(cells, points.device)
    found = []
    # frame by frame: the kernel of all cells and points at once would take much memory
    for site, weight in zip(sites, weights, strict=True):
        bent = _kernel(centres, site) @ weight[:n]
        found.append(bent + weight[n] + centres @ weight[n + 1 :])
    return torch.stack(found).float().view(-1, cells, cells, 2).permute(0, 3, 1, 2)


def _kernel(a: Float[Tensor, "*b n 2"], b: Float[Tensor, "*b m 2"]) -> Float[Tensor, "*b n m"]:
    """r² log r between places, 0 where they meet."""
    squares = (a[..., :, None, :] - b[..., None, :, :]).square().sum(-1)
    return 0.5 * torch.xlogy(squares, squares)


def _rim(device: torch.device) -> Float[Tensor, "r 2"]:
    """Points on the four sides of a picture, in widths."""
    side = torch.linspace(0, 1, RIM, device=device, dtype=torch.float64)
    y, x = torch.meshgrid(side, side, indexing="ij")
    places = torch.stack([x.flatten(), y.flatten()], 1)
    return places[((places == 0) | (places == 1)).any(1)]


def _centres(cells: int, device: torch.device) -> Float[Tensor, "n2 2"]:
    """Centres (x, y) of the cells of a picture, row by row, in widths."""
    at = (torch.arange(cells, device=device, dtype=torch.float64) + 0.5) / cells
    y, x = torch.meshgrid(at, at, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)
