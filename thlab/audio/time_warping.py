"""Dynamic time warping: which frame of one sentence matches which frame of another.

The plain recursion is here, as the chapter shows it; `dtw` and `dtw_batch` give the same answers
from the fast kernels.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, no_type_check

import numpy as np
from jaxtyping import Float, Int, Real
from numba import njit
from scipy.spatial.distance import cdist
from torch import Tensor

from thlab.audio.time_warping_fast import least_cost

METRICS: dict[str, Any] = {
    "l1": "cityblock",
    "l2": "euclidean",
    "sqeuclidean": "sqeuclidean",
    "cosine": "cosine",
}

X = Real[np.ndarray, "n ..."] | Real[Tensor, "n ..."]
Y = Real[np.ndarray, "m ..."] | Real[Tensor, "m ..."]


class DTWResult(NamedTuple):
    """The cost of the best path, and the path as (K, 2) index pairs from (0, 0) to (n-1, m-1)."""

    cost: float
    path: Int[np.ndarray, "k 2"]


# The plain recursion ------------------------------------------------------------------------


@njit(cache=True)
@no_type_check
def accumulate(C):
    """Cheapest way to reach each cell of the cost matrix, after Sakoe & Chiba 1978.

    Steps have weight one. C: (n, m) frame costs, inf where the path may not go. Returns D (n, m),
    whose last entry is the cost of the best path. Chapter: book/dtw.ipynb
    """
    D = np.full((C.shape[0] + 1, C.shape[1] + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            # D_{ij} = C_{ij} + \min(D_{i-1,j-1}, D_{i-1,j}, D_{i,j-1})
            D[i + 1, j + 1] = C[i, j] + min(D[i, j], D[i, j + 1], D[i + 1, j])
    return D[1:, 1:]


@njit(cache=True)
@no_type_check
def backtrack(D):
    """The best path, walked back from the last cell of the accumulated costs D (n, m).

    Of equally cheap steps the diagonal one is taken first, then (1, 0), then (0, 1). Returns (K, 2)
    indices.
    Chapter: book/dtw.ipynb
    """
    i = D.shape[0] - 1
    j = D.shape[1] - 1
    path = [(i, j)]
    while i > 0 or j > 0:
        diagonal = D[i - 1, j - 1] if i > 0 and j > 0 else np.inf
        up = D[i - 1, j] if i > 0 else np.inf
        left = D[i, j - 1] if j > 0 else np.inf
        best = min(diagonal, up, left)
        if diagonal == best:
            i -= 1
            j -= 1
        elif up == best:
            i -= 1
        else:
            j -= 1
        path.append((i, j))
    return np.array(path[::-1])


# Costs, band and checks ---------------------------------------------------------------------


def cost_matrix(
    x: X, y: Y, metric: str = "l1", band: int | None = None
) -> Float[np.ndarray, "n m"]:
    """Cost of matching each frame of x with each of y, d(S_a[i], S_b[j]) in Eq. 1 of [ji2021].

    x: (n, d), y: (m, d); metric: "l1", "l2", "sqeuclidean" or "cosine"; band as in `dtw`, with inf
    outside. Returns (n, m) float64. Raises ValueError as `dtw` does. Chapter: book/dtw.ipynb
    """
    x, y = checked(x, y, metric, band)
    C = cdist(x, y, METRICS[metric])  # (n, m)
    if band is not None:
        C[~band_mask(len(x), len(y), band)] = np.inf
    return C


def band_mask(n: int, m: int, band: int) -> np.ndarray:
    """The Sakoe-Chiba band around the scaled diagonal: (n, m), True where a path may go.

    A cell is inside if it lies within `band` frames of the straight line between the two corners,
    counted along the longer sequence; for n = m that is |i - j| <= band. Chapter: book/dtw.ipynb
    """
    i = np.arange(n)[:, None]
    j = np.arange(m)[None, :]
    return abs(i * (m - 1) - j * (n - 1)) <= band * (min(n, m) - 1)


def narrowest_band(n: int, m: int) -> int:
    """The smallest Sakoe-Chiba band in which a path can join the corners of an n by m matrix.

    Chapter: book/dtw.ipynb
    """
    short, long = sorted((n - 1, m - 1))
    if short == 0:
        return 0
    diagonal = np.arange(short + 1) * long
    # the cells on either side of it, along the longer axis
    below = diagonal // short
    above = -(-diagonal // short)
    gap = max((above - below).max(), (above[1:] - below[:-1]).max() - 1)
    return int(gap + 1) // 2


def checked(x: X, y: Y, metric: str, band: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Both sequences as finite (T, d) arrays of one float type; ValueError names what is wrong."""
    if metric not in METRICS:
        raise ValueError(f"metric: expected one of {', '.join(METRICS)}, got {metric!r}")
    x = _frames(x, "x", metric)
    y = _frames(y, "y", metric)
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            f"x has {x.shape[1]} features a frame and y has {y.shape[1]}: they must be equal"
        )
    if band is not None and band != int(band):
        raise ValueError(f"band: expected a whole number of frames, got {band}")
    if band is not None and band < (needed := narrowest_band(len(x), len(y))):
        raise ValueError(
            f"band: {band} cannot join the corners of {len(x)} x {len(y)} frames, it takes {needed}"
        )
    dtype = np.result_type(x, y)
    return x.astype(dtype, copy=False), y.astype(dtype, copy=False)


def _frames(frames, name: str, metric: str) -> np.ndarray:
    array = frames.detach().cpu().numpy() if isinstance(frames, Tensor) else np.asarray(frames)
    # integers of 32 bits and more become float64
    array = array.astype(np.result_type(array, np.float32), copy=False)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            f"{name}: expected frames of shape (T, d) or (T,), none of them zero, got {array.shape}"
        )
    finite = np.isfinite(array).all(1)
    if not finite.all():
        raise ValueError(f"{name}: frame {int((~finite).argmax())} holds NaN or Inf")
    if metric == "cosine" and not array.any(1).all():
        zero = int((~array.any(1)).argmax())
        raise ValueError(f"{name}: frame {zero} is all zeros, which has no cosine distance")
    return array


# What the book calls ------------------------------------------------------------------------


def dtw(x: X, y: Y, metric: str = "l1", band: int | None = None) -> DTWResult:
    """The path of least total cost that aligns x with y, Eq. 1 of [ji2021].

    x: (n, d) or (n,), y: (m, d) or (m,), numpy or torch on any device. metric: "l1", "l2",
    "sqeuclidean" or "cosine". band: Sakoe-Chiba band in frames of the longer sequence (see
    `band_mask`), None for no band. float32 is searched in float32, where rounding may pick a path
    up to about 1e-5 (relative) dearer than the best; all else in float64. Returns the path and its
    cost, summed in float64. Of equally cheap steps back from the end the diagonal is taken first,
    then (1, 0), then (0, 1). Raises ValueError for empty or non-finite input, all-zero frames under
    "cosine", unequal feature counts, costs that overflow, and a band that no path fits in.
    Chapter: book/dtw.ipynb
    """
    return DTWResult(*least_cost(*checked(x, y, metric, band), metric, band))


def dtw_batch(
    xs: Sequence, ys: Sequence, metric: str = "l1", band: int | None = None, workers: int = 1
) -> list[DTWResult]:
    """`dtw` of each pair of xs and ys, lengths free, on `workers` threads.

    Chapter: book/dtw.ipynb
    """
    if len(xs) != len(ys):
        raise ValueError(f"xs holds {len(xs)} sequences and ys {len(ys)}: they must pair up")
    pairs = [checked(x, y, metric, band) for x, y in zip(xs, ys, strict=True)]

    def one(pair: tuple[np.ndarray, np.ndarray]) -> DTWResult:
        return DTWResult(*least_cost(pair[0], pair[1], metric, band))

    if workers == 1:
        return [one(pair) for pair in pairs]
    with ThreadPoolExecutor(workers) as pool:  # the compiled loops release the interpreter's lock
        return list(pool.map(one, pairs))


# Using a path -------------------------------------------------------------------------------


def warp(x: X, path: Int[np.ndarray, "k 2"], length_of: str = "y") -> Y:
    """x on the other sequence's clock: one frame of x for each frame of y.

    EVP's pseudo training pair (Sec. 3.2 of [ji2021]). Where a frame of y is matched several times,
    its last match wins, as in the authors' code. length_of="x" warps y (pass it as the first
    argument) to x's length. Returns numpy or torch as given, (m, ...). Raises ValueError where the
    path reaches outside x. Chapter: book/dtw.ipynb
    """
    if length_of not in ("x", "y"):
        raise ValueError(f"length_of: expected 'x' or 'y', got {length_of!r}")
    source, target = (path[:, 0], path[:, 1]) if length_of == "y" else (path[:, 1], path[:, 0])
    if source.max() >= len(x):
        raise ValueError(f"path: it names frame {source.max()} of a sequence of {len(x)} frames")
    index = np.empty(target[-1] + 1, int)
    index[target] = source  # numpy keeps the last of repeated assignments
    return x[index]


def map_times(
    path: Int[np.ndarray, "k 2"], times: Float[np.ndarray, "t"], hop: float, start: float = 0.0
) -> Float[np.ndarray, "t"]:
    """Where moments of x fall in y: linear in between the mean matches of x's frames.

    Hence never backwards. times: seconds in x. hop: seconds a frame; start: time of frame 0 (its
    centre), the same in both. Times outside the first and last frame map to y's first and last
    frame. Returns seconds in y. Chapter: book/dtw.ipynb
    """
    matches = np.bincount(path[:, 0])
    mean_match = np.bincount(path[:, 0], weights=path[:, 1]) / matches
    frames = (np.asarray(times) - start) / hop
    return np.interp(frames, np.arange(len(matches)), mean_match) * hop + start


def alignment_error(
    path: Int[np.ndarray, "k 2"],
    times_x: Float[np.ndarray, "t"],
    times_y: Float[np.ndarray, "t"],
    hop: float,
    start: float = 0.0,
) -> float:
    """Mean |error| in seconds of boundaries of x mapped through the path, against y's true ones.

    times_x, times_y: the same boundaries in either sequence, in seconds. Chapter: book/dtw.ipynb
    """
    return float(np.abs(map_times(path, times_x, hop, start) - times_y).mean())
