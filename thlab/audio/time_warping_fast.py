"""Exact DTW at speed: the recursion of `accumulate`, along anti-diagonals, strip by strip.

The cells of an anti-diagonal i + j = t need only the two anti-diagonals before it, never one
another, so vector instructions compute many at once. Stored backwards, y runs along an
anti-diagonal just as x does, so frame costs are plain vector arithmetic too. Only one strip of rows
is held in memory: of the others the last row is kept, from which the walk back along the path
computes them once more.

Everything here is flat: numba vectorises slices of one dimension, and unsigned indices spare it
Python's negative ones.
"""

from math import sqrt

import numpy as np
from jaxtyping import Float, Int
from numba import uint64

from thlab.compiled import compiled

STRIP = 256  # rows of a strip where there are several
PITCH = 512  # up to as many rows make a single strip, which needs no second computation
PAD = 3  # zeros on both sides of y: four anti-diagonals are computed together
# a * a + b may be rounded once instead of twice: no other liberty is taken with float arithmetic
# _nrt: without reference counts of arrays, a tenth faster; it forbids a kernel to make arrays
kernel = compiled(cache=True, nogil=True, fastmath={"contract"}, _nrt=False)


def least_cost(
    x: Float[np.ndarray, "n d"], y: Float[np.ndarray, "m d"], metric: str, band: int | None
) -> tuple[float, Int[np.ndarray, "k 2"]]:
    """Cost and path of `thlab.audio.time_warping.dtw`, for checked input of one float type.

    The path is found in the input's own type, its cost is then summed in float64. Raises ValueError
    where the accumulated costs overflow the type. Chapter: book/dtw.ipynb
    """
    dtype = x.dtype
    absolute = metric == "l1"
    root = metric == "l2"
    if metric == "cosine":
        x = half_unit(x)
        y = half_unit(y)
    n, d = x.shape
    m = len(y)
    x_t = feature_rows(x, 0, dtype)
    y_t = feature_rows(y[::-1], PAD, dtype)
    path, reached = best_path(x_t, y_t, n, d, m, absolute, root, -1 if band is None else band)
    if not np.isfinite(reached):
        raise ValueError(f"x, y: the summed costs overflow {dtype}; scale the features down")
    return float(path_cost(x, y, path, absolute, root)), path


def feature_rows(
    frames: Float[np.ndarray, "t d"], pad: int, dtype: np.dtype
) -> Float[np.ndarray, "flat"]:
    """Frames (t, d) as one flat array, feature after feature, each padded with zeros.

    pad: zeros on either side.
    """
    t, d = frames.shape
    rows = np.zeros((d, t + 2 * pad), dtype)
    rows[:, pad : pad + t] = frames.T
    return rows.ravel()


def half_unit(frames: Float[np.ndarray, "t d"]) -> Float[np.ndarray, "t d"]:
    """Frames of length sqrt(1/2), in float64.

    Their squared distance is the cosine distance 1 - cos(x, y).
    """
    frames = frames.astype(np.float64)
    frames /= np.abs(frames).max(1, keepdims=True)  # so that squares neither overflow nor vanish
    return frames / np.sqrt(2 * (frames**2).sum(1, keepdims=True))


@compiled(cache=True, nogil=True)
def best_path(x, y, n, d, m, absolute, root, band):
    """The path of least cost, and that cost in the arithmetic of x's type.

    x, y: `feature_rows` of frames (n, d) and (m, d), y with time reversed. absolute: |x - y| summed
    over features, else squares, of which root takes the square root. band: Sakoe-Chiba band or -1.
    Returns a (K, 2) path, which has meaning where the cost is finite, and the cost.
    Chapter: book/dtw.ipynb
    """
    rows = n if n <= PITCH else STRIP
    strips = -(-n // rows)
    # the row above each strip, from column -1 on
    tops = np.full((strips + 1, m + rows + 2), np.inf, x.dtype)
    tops[0, 0] = 0.0
    D = np.empty((rows + m + 1) * (rows + 2), x.dtype)
    C = np.empty(4 * PITCH, x.dtype)
    for s in range(strips):
        height = min(rows, n - s * rows)
        fill_strip(
            D, C, x, y, tops[s], tops[s + 1], s * rows, height, n, d, m, absolute, root, band
        )
    cost = tops[strips, m]
    path = np.empty((n + m - 1, 2), np.int64)
    k = n + m - 1
    j = m - 1
    for s in range(strips - 1, -1, -1):
        height = min(rows, n - s * rows)
        if s < strips - 1:
            fill_strip(
                D, C, x, y, tops[s], tops[s + 1], s * rows, height, n, d, m, absolute, root, band
            )
        k, j = walk_strip(D, path, k, j, s * rows, height)
    return path[k:], cost


@kernel
def fill_strip(D, C, x, y, top, bottom, first, height, n, d, m, absolute, root, band):
    """Accumulated costs of rows first to first + height, given the row above.

    Writes the last row to bottom. C is room for `frame_costs`. D is flat with a row for each
    anti-diagonal, from t = -2 on, and a column for each row of the strip, from the row above it on.
    Beyond both ends of an anti-diagonal stands inf, which is all that edges and band need.
    """
    width = height + 2
    D[: 2 * width] = np.inf
    D[0] = top[0]
    D[width] = top[1]
    for t in range(height + m - 1):
        lo, hi = crossed_rows(t, first, height, n, m, band)
        if t % 4 == 0:
            start = lo
            stop = crossed_rows(t + 3, first, height, n, m, band)[1]
            frame_costs(
                C,
                x,
                y,
                stop - start,
                n,
                d,
                m + 2 * PAD,
                first + start,
                m - 1 - t + start,
                absolute,
                root,
            )
        cell = (t + 2) * width + lo
        step(D, C, hi - lo, cell, width, t % 4 * PITCH + lo - start)
        D[cell] = top[t + 2] if lo == 0 else np.inf
        D[cell + hi - lo + 1] = np.inf
        if lo < hi and hi == height:
            bottom[t - height + 2] = D[cell + hi - lo]


@kernel
def crossed_rows(t, first, height, n, m, band):
    """The strip's rows, lo to hi, that its anti-diagonal t crosses inside matrix and band."""
    lo = t - m + 1
    hi = t + 1
    if band >= 0:
        # |i (m - 1) - j (n - 1)| <= band (min(n, m) - 1), solved for i with j = first + t - i
        middle = (first + t) * (n - 1)
        reach = band * (min(n, m) - 1)
        both = max(n + m - 2, 1)
        lo = max(lo, -((reach - middle) // both) - first)
        hi = min(hi, (middle + reach) // both + 1 - first)
    return min(max(lo, 0), height), min(max(hi, 0), height)


@kernel
def frame_costs(C, x, y, count, n, d, m, a, b, absolute, root):
    """Costs of `count` cells on each of four neighbouring anti-diagonals.

    x is then loaded once for four terms. a, b: where the first cell's frames stand in x and y. Two
    features at a time halve the traffic of C.
    """
    count = uint64(count)
    n = uint64(n)
    m = uint64(m)
    a = uint64(a)
    b = uint64(b)
    one = uint64(1)
    two = uint64(2)
    three = uint64(3)
    C1 = uint64(PITCH)
    C2 = uint64(2 * PITCH)
    C3 = uint64(3 * PITCH)
    if d % 2:  # the odd feature begins the sums
        for i in range(count):
            u = x[a + i]
            C[i] = term(u - y[b + i + three], absolute)
            C[C1 + i] = term(u - y[b + i + two], absolute)
            C[C2 + i] = term(u - y[b + i + one], absolute)
            C[C3 + i] = term(u - y[b + i], absolute)
        a = a + n
        b = b + m
    else:
        for i in range(count):
            C[i] = C[C1 + i] = C[C2 + i] = C[C3 + i] = 0.0
    for _ in range(d // 2):
        a2 = a + n
        b2 = b + m
        for i in range(count):
            u = x[a + i]  # loaded once, for four terms
            v = x[a2 + i]
            C[i] += term(u - y[b + i + three], absolute) + term(v - y[b2 + i + three], absolute)
            C[C1 + i] += term(u - y[b + i + two], absolute) + term(v - y[b2 + i + two], absolute)
            C[C2 + i] += term(u - y[b + i + one], absolute) + term(v - y[b2 + i + one], absolute)
            C[C3 + i] += term(u - y[b + i], absolute) + term(v - y[b2 + i], absolute)
        a = a2 + n
        b = b2 + m
    if root:
        for start in (uint64(0), C1, C2, C3):
            for i in range(count):
                C[start + i] = sqrt(C[start + i])


@kernel
def term(difference, absolute):
    """One feature's share of a frame cost."""
    return abs(difference) if absolute else difference * difference


@kernel
def step(D, C, count, cell, width, c):
    """One anti-diagonal of the recursion: D_ij = C_ij + min(D_{i-1,j-1}, D_{i-1,j}, D_{i,j-1})."""
    count = uint64(count)
    cell = uint64(cell)
    c = uint64(c)
    one = uint64(1)
    before = cell - uint64(width)
    before2 = before - uint64(width)
    for i in range(count):
        diagonal = D[before2 + i]
        up = D[before + i]
        left = D[before + i + one]
        best = up if up < diagonal else diagonal
        best = left if left < best else best
        D[cell + one + i] = C[c + i] + best


@kernel
def walk_strip(D, path, k, j, first, height):
    """Walk back from the strip's last row and column j until the path leaves the strip.

    Fills path from k down.
    """
    i = height - 1
    width = height + 2
    while i >= 0 and j >= 0:
        k -= 1
        path[k, 0] = first + i
        path[k, 1] = j
        cell = (i + j + 2) * width + i + 1
        diagonal = D[cell - 2 * width - 1]
        up = D[cell - width - 1]
        left = D[cell - width]
        if diagonal <= up and diagonal <= left:
            i -= 1
            j -= 1
        elif up <= left:
            i -= 1
        else:
            j -= 1
    return k, j


@kernel
def path_cost(x, y, path, absolute, root):
    """The cost along a path, in float64.

    x: (n, d), y: (m, d), path: (K, 2). Chapter: book/dtw.ipynb
    """
    total = 0.0
    for k in range(len(path)):
        cost = 0.0
        for f in range(x.shape[1]):
            difference = np.float64(x[path[k, 0], f]) - np.float64(y[path[k, 1], f])
            cost += term(difference, absolute)
        total += np.sqrt(cost) if root else cost
    return total
