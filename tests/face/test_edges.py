"""Guidance maps: lines lie on the landmarks, edges only outside the face, any size."""

import numpy as np
import pytest

from thlab.face.edges import PARTS, edge_maps, face_mask, mouth_mask, sketch

SIZES = [(64, 64), (128, 96), (62, 130)]


def face_of(height: int, width: int, t: int = 2, seed: int = 0) -> np.ndarray:
    """Landmarks of a round face in the picture's middle, the lips parted."""
    turn = np.linspace(0, np.pi, 17)
    jaw = np.stack([-np.cos(turn), np.sin(turn)], -1)
    rest = np.random.default_rng(seed).uniform(-0.6, 0.6, (51, 2))
    ring = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    lips = np.stack([np.cos(ring), np.sin(ring)], -1) * [0.3, 0.15] + [0, 0.5]
    rest[31:] = lips
    points = np.concatenate([jaw, rest]) * 0.25 * min(height, width)
    middle = np.array([width / 2, height / 2])
    return np.repeat((points + middle)[None], t, 0).astype(np.float32)


def noise(height: int, width: int, t: int = 2) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.integers(0, 256, (t, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_there_are_no_edges_in_the_face_and_some_around_it(height, width):
    maps = edge_maps(noise(height, width), face_of(height, width))
    assert maps.shape == (2, 4, height, width)
    assert maps.dtype == np.uint8
    inside = face_mask(face_of(height, width), height, width)
    assert not maps[:, 3][inside].any()
    assert maps[:, 3][~inside].mean() > 20  # noise is full of edges


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_each_landmark_lies_on_a_line_of_its_part(height, width):
    landmarks = face_of(height, width, 1)
    maps = sketch(landmarks, height, width)
    for canvas, contours in zip(maps[0], PARTS, strict=True):
        for contour in contours:
            for x, y in landmarks[0, slice(*contour)]:
                assert canvas[int(y), int(x)] > 60  # a line of a pixel that is shared by four


def test_lines_move_by_parts_of_a_pixel():
    landmarks = face_of(64, 64, 1)
    moved = sketch(landmarks + np.float32(0.25), 64, 64).astype(int)
    still = sketch(landmarks, 64, 64).astype(int)
    centre = [np.average(np.arange(64), weights=maps.sum((0, 1, 2))) for maps in (still, moved)]
    assert centre[1] - centre[0] == pytest.approx(0.25, abs=0.06)


def test_the_hull_holds_all_landmarks_and_little_more():
    landmarks = face_of(128, 128)
    mask = face_mask(landmarks, 128, 128, grow=0.0)
    wide = face_mask(landmarks, 128, 128)
    for x, y in landmarks[0]:
        assert wide[0, int(y), int(x)]
    assert mask.sum() < wide.sum() < 1.5 * mask.sum()
    assert wide[mask].all()


def test_the_open_mouth_is_the_polygon_of_the_inner_lips():
    from skimage.draw import polygon2mask

    landmarks = face_of(128, 128, 1)
    lips = 3 * (landmarks[0, 60:68] - landmarks[0, 60:68].mean(0)) + 64
    landmarks[0, 60:68] = lips
    mask = mouth_mask(landmarks, 128, 128)[0]
    exact = polygon2mask((128, 128), lips[:, ::-1] - 0.5)
    assert (mask & exact).sum() == exact.sum()
    assert mask.sum() < exact.sum() + 128  # its rim


def test_driven_landmarks_are_drawn_and_both_faces_are_kept_free():
    frames = noise(96, 96)
    own = face_of(96, 96)
    driven = own + np.float32([12, 0])
    maps = edge_maps(frames, own, driven)
    assert np.array_equal(maps[:, :3], sketch(driven, 96, 96))
    either = face_mask(own, 96, 96) | face_mask(driven, 96, 96)
    assert not maps[:, 3][either].any()
    assert np.array_equal(edge_maps(frames, own, own), edge_maps(frames, own))


def test_what_does_not_fit_is_refused():
    frames = noise(64, 64)
    with pytest.raises(ValueError, match="one face a frame"):
        edge_maps(frames, face_of(64, 64, 3))
    lost = face_of(64, 64)
    lost[0, 3] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        edge_maps(frames, lost)


def test_a_face_that_leaves_the_picture_is_drawn_as_far_as_it_is_in():
    landmarks = face_of(64, 64) + np.float32([50, -200])
    assert edge_maps(noise(64, 64), landmarks).shape == (2, 4, 64, 64)
