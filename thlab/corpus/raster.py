"""Triangles to pixels: blend shapes, vertex normals and a z-buffer; no fast maths."""

import math

import numpy as np

from thlab.compiled import compiled

BOTH_SIDES, FRONT_ONLY = 0, 1

# division by zero may give inf; numba's Python-style check would cost time
kernel = compiled(cache=True, error_model="numpy")


@kernel
def vertex_normals(vertices, triangles, out):
    """Unit normals of a mesh, written into out (n, 3).

    The area-weighted mean over the faces around each vertex.
    """
    out[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        vx = vertices[c, 0] - vertices[a, 0]
        vy = vertices[c, 1] - vertices[a, 1]
        vz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            out[i, 0] += nx
            out[i, 1] += ny
            out[i, 2] += nz
    for i in range(out.shape[0]):
        length = math.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2) + 1e-12
        for k in range(3):
            out[i, k] /= length


@kernel
def _pixels_between(p0, p1, p2, size):
    """First and last pixel whose centre (at .5) may lie between three coordinates."""
    return max(0, math.ceil(min(p0, p1, p2) - 0.5)), min(
        size - 1,
        math.floor(max(p0, p1, p2) - 0.5),
    )


@kernel
def rasterize(screen, triangles, sides, depth, shown, bary):
    """Which triangle each pixel shows, and where in it.

    screen (n, 3): x, y in pixels (y down, pixel centres at .5) and inverse depth w (larger is
    nearer), float64 so that triangles which share an edge leave no gap. sides (t,): FRONT_ONLY
    drops triangles that face away. Fills depth (h, w), shown (h, w; -1 is none) and bary (h, w, 2),
    the perspective-correct weights of the triangle's first two corners.
    """
    depth[:] = 0.0
    shown[:] = -1
    for t in range(triangles.shape[0]):
        i0, i1, i2 = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, w0 = screen[i0, 0], screen[i0, 1], screen[i0, 2]
        x1, y1, w1 = screen[i1, 0], screen[i1, 1], screen[i1, 2]
        x2, y2, w2 = screen[i2, 0], screen[i2, 1], screen[i2, 2]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if (sides[t] == FRONT_ONLY and area >= 0) or abs(area) < 1e-9:
            continue
        first_x, last_x = _pixels_between(x0, x1, x2, depth.shape[1])
        first_y, last_y = _pixels_between(y0, y1, y2, depth.shape[0])
        # both weights are linear in x and y
        ax, ay, bx, by = (y1 - y2) / area, (x2 - x1) / area, (y2 - y0) / area, (x0 - x2) / area
        for y in range(first_y, last_y + 1):
            a_row, b_row = ay * (y + 0.5 - y2), by * (y + 0.5 - y2)
            for x in range(first_x, last_x + 1):
                a, b = ax * (x + 0.5 - x2) + a_row, bx * (x + 0.5 - x2) + b_row
                if a >= 0 and b >= 0 and a + b <= 1:
                    w = w2 + a * (w0 - w2) + b * (w1 - w2)
                    if w > depth[y, x]:
                        depth[y, x], shown[y, x] = w, t
                        bary[y, x, 0], bary[y, x, 1] = a * w0 / w, b * w1 / w


@kernel
def deform(still, units, basis, follow, turn, pivot, shift):
    """Blend shapes, then the head's rotation about a pivot, then a shift: (n, 3).

    still + units @ basis is turned and shifted.
    basis (u, m, 3) moves the first m vertices; follow (n,) is how far each follows the head (0: the
    shoulders).
    """
    out, shapes = still.copy(), basis.reshape(len(units), -1)
    moved = out.reshape(-1)[: shapes.shape[1]]  # a view; flat, for it is much faster
    for unit in np.flatnonzero(units):
        moved += units[unit] * shapes[unit]
    arm = out - pivot
    for k in range(3):
        turned = turn[k, 0] * arm[:, 0] + turn[k, 1] * arm[:, 1] + turn[k, 2] * arm[:, 2]
        there = turned + pivot[k] + shift[k]
        out[:, k] += (there - out[:, k]) * follow
    return out
