"""A z-buffer triangle rasteriser and vertex normals, compiled by numba; no fast maths, so bytes stay the same."""

import math

import numba as nb
import numpy as np

BOTH_SIDES, FRONT_ONLY = 0, 1


@nb.njit(cache=True)
def vertex_normals(vertices, triangles, out):
    """Unit normals of a mesh: the area-weighted mean over the faces around each vertex, written into out (n, 3)."""
    out[:] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for i in (a, b, c):
            out[i, 0] += nx
            out[i, 1] += ny
            out[i, 2] += nz
    for i in range(out.shape[0]):
        length = math.sqrt(out[i, 0] ** 2 + out[i, 1] ** 2 + out[i, 2] ** 2) + 1e-12
        for k in range(3):
            out[i, k] /= length


@nb.njit(cache=True)
def _pixel_range(p0, p1, p2, size):
    """First and last pixel whose centre (at .5) may lie between three coordinates."""
    first = max(0, int(math.ceil(min(p0, p1, p2) - 0.5)))
    return first, min(size - 1, int(math.floor(max(p0, p1, p2) - 0.5)))


@nb.njit(cache=True)
def rasterize(screen, triangles, sides, depth, triangle_of, bary):
    """Which triangle each pixel shows, and where in it.

    screen (n, 3): x, y in pixels (y down, pixel centres at .5) and inverse depth w (larger is nearer).
    sides (t,): FRONT_ONLY drops triangles that face away. Fills depth (h, w), triangle_of (h, w; -1 is none)
    and bary (h, w, 2), the perspective-correct weights of the triangle's first two corners.
    """
    height, width = depth.shape
    depth[:] = 0.0
    triangle_of[:] = -1
    for t in range(triangles.shape[0]):
        i0, i1, i2 = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        x0, y0, w0 = screen[i0, 0], screen[i0, 1], screen[i0, 2]
        x1, y1, w1 = screen[i1, 0], screen[i1, 1], screen[i1, 2]
        x2, y2, w2 = screen[i2, 0], screen[i2, 1], screen[i2, 2]
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if (sides[t] == FRONT_ONLY and area >= 0) or abs(area) < 1e-9:
            continue
        first_x, last_x = _pixel_range(x0, x1, x2, width)
        first_y, last_y = _pixel_range(y0, y1, y2, height)
        for y in range(first_y, last_y + 1):
            for x in range(first_x, last_x + 1):
                px, py = np.float32(x + 0.5), np.float32(y + 0.5)
                a = ((x1 - px) * (y2 - py) - (x2 - px) * (y1 - py)) / area
                b = ((x2 - px) * (y0 - py) - (x0 - px) * (y2 - py)) / area
                c = 1 - a - b
                if a >= 0 and b >= 0 and c >= 0:
                    w = a * w0 + b * w1 + c * w2
                    if w > depth[y, x]:
                        depth[y, x] = w
                        triangle_of[y, x] = t
                        bary[y, x, 0] = a * w0 / w
                        bary[y, x, 1] = b * w1 / w
