"""Teeth as two smooth bands: each takes the place and the vertices of one of the asset's rows.

Coordinates are the reference head's, in model units: x to the picture's right, y up, z forwards.
"""

from typing import NamedTuple

import numpy as np

COLUMNS, ROWS = 17, 4  # of a band: from side to side, and from the gum to the biting edge
HEIGHTS = np.array([1.0, 0.5, 0.12, 0.0])  # of the rows: 1 at the gum's top, 0 at the edge
INWARDS = np.array([0.02, 0.0, 0.003, 0.02])  # of the rows, from the wall: the edge is rounded
TURN = np.linspace(-1.2, 1.2, COLUMNS)  # radians along the half ellipse
DEPTH = 1.35  # of the ellipse, over half its width


class Measures(NamedTuple):
    """Where an arch stands."""

    edge: float  # height of its biting edge
    gum: float  # height of its gum's far end
    width: float  # half of it
    front: float  # how far forward its middle stands
    tooth: float  # a tooth's width along the arch


UPPER = Measures(edge=-0.740, gum=-0.545, width=0.315, front=0.205, tooth=0.074)
LOWER = Measures(edge=-0.765, gum=-0.850, width=0.270, front=0.150, tooth=0.055)


class Arch(NamedTuple):
    """A band in the mesh: its vertices (n,), the weights (n, n) that make them of the asset's."""

    vertices: np.ndarray
    carry: np.ndarray
    measures: Measures


def make_arch(vertices: np.ndarray, plain: np.ndarray, measures: Measures) -> Arch:
    """The arch in the place of the vertices (n,) of the asset's row, which stands at plain (n, 3).

    A vertex of the band is a weighted sum of the row's. The weights keep polynomials of the place,
    so that whatever shapes or moves the asset's teeth carries the band along.
    """
    carry = _polynomials(band(measures)) @ np.linalg.pinv(_polynomials(plain.astype(float)))
    return Arch(vertices, carry, measures)


def carried(arch: Arch, row: np.ndarray) -> np.ndarray:
    """The band's vertices, or their moves, from those of the asset's row: (..., n, 3), float32."""
    # in double precision, so that any order of adding gives the same float32
    return (arch.carry @ row.astype(float)).astype(np.float32)


def band(measures: Measures) -> np.ndarray:
    """Vertices (n, 3) of half an elliptic wall, its edge rounded and curved as a slight smile."""
    height = measures.gum - measures.edge
    side = np.sin(TURN)[:, None]
    back = DEPTH * measures.width * (1 - np.cos(TURN))[:, None]
    x = np.broadcast_to(measures.width * side, (COLUMNS, ROWS))
    y = measures.edge + height * HEIGHTS + 0.25 * abs(height) * side**2
    z = measures.front - back - INWARDS
    return np.stack([x, y, z], -1).reshape(-1, 3)


def band_triangles() -> np.ndarray:
    """Triangles (t, 3) between the rows and columns of a band, as indices into its vertices."""
    grid = np.arange(COLUMNS * ROWS).reshape(COLUMNS, ROWS)
    here = grid[:-1, :-1].ravel()
    below = grid[:-1, 1:].ravel()
    beside = grid[1:, :-1].ravel()
    across = grid[1:, 1:].ravel()
    return np.concatenate([np.stack([here, beside, across], 1), np.stack([here, across, below], 1)])


def band_places(measures: Measures) -> tuple[np.ndarray, np.ndarray]:
    """Each vertex's place along the arch, in teeth from the middle, and height 0..1: both (n,)."""
    steps = np.hypot(np.diff(np.sin(TURN)), DEPTH * np.diff(np.cos(TURN)))
    along = np.concatenate([[0.0], np.cumsum(steps)]) * measures.width / measures.tooth
    along = np.repeat(along - along[COLUMNS // 2], ROWS)
    return along, np.tile(HEIGHTS, COLUMNS)


def _polynomials(place: np.ndarray) -> np.ndarray:
    """1, x, y, z, x², z² and xz of places (n, 3): (n, 7)."""
    x, y, z = place.T
    return np.stack([np.ones_like(x), x, y, z, x * x, z * z, x * z], 1)
