"""Dense motion from points: by its equations, at the points themselves, and where nothing moves."""

import numpy as np
import torch
from torch.nn.functional import grid_sample

from thlab.face.thin_plates import SMOOTH, thin_plate_motion

CELLS = 16


def some(t: int = 2, p: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """Points of some pictures, and those of the key picture, in widths."""
    rng = torch.Generator().manual_seed(0)
    key = 0.2 + 0.6 * torch.rand(p, 2, generator=rng)
    return key + 0.02 * torch.randn(t, p, 2, generator=rng), key


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r² log r between places."""
    r = np.linalg.norm(a[:, None] - b[None], axis=-1)
    return r**2 * np.log(np.maximum(r, 1e-300))


def test_it_is_bookstein_s_spline():
    """Weights of r² log r and of a plane, from the linear system of Bookstein 1989."""
    points, key = some()
    found = thin_plate_motion(points, key, CELLS)
    side = np.linspace(0, 1, 5)
    rim = np.array([(x, y) for x in side for y in side if {x, y} & {0.0, 1.0}])
    at = (np.arange(CELLS) + 0.5) / CELLS
    places = np.array([(x, y) for y in at for x in at])
    for motion, of_frame in zip(found, points.double().numpy(), strict=True):
        sites = np.concatenate([of_frame, rim])
        n = len(sites)
        plane = np.column_stack([np.ones(n), sites])
        system = np.zeros((n + 3, n + 3))
        system[:n, :n] = kernel(sites, sites) + SMOOTH * np.eye(n)
        system[:n, n:] = plane
        system[n:, :n] = plane.T
        known = np.zeros((n + 3, 2))
        known[: len(of_frame)] = key.double().numpy() - of_frame
        weights = np.linalg.solve(system, known)
        expected = kernel(places, sites) @ weights[:n] + weights[n] + places @ weights[n + 1 :]
        expected = expected.reshape(CELLS, CELLS, 2).transpose(2, 0, 1)
        assert np.allclose(motion.numpy(), expected, atol=1e-6)


def test_points_go_where_they_lie_in_the_key_picture():
    points, key = some()
    motion = thin_plate_motion(points, key, 128, smooth=1e-9)
    there = grid_sample(motion, 2 * points[:, None] - 1, align_corners=False)[:, :, 0].mT
    assert torch.allclose(points + there, key.expand_as(points), atol=2e-3)


def test_what_does_not_move_stays_and_so_does_the_rim():
    points, key = some()
    assert thin_plate_motion(key[None], key, CELLS).abs().max() < 1e-6
    motion = thin_plate_motion(points, key, 64, smooth=1e-9)
    corners = motion[..., [0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.abs().max() < 0.05 * motion.abs().max()


def test_points_that_meet_are_no_trouble():
    points, key = some()
    points[:, 1] = points[:, 0]
    assert thin_plate_motion(points, key, CELLS).isfinite().all()
