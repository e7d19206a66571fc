"""The aligned crop: eyes and nose stand still, nothing lags, nothing aliases."""

import numpy as np
import pytest

from thlab.face import align_face, alignment_matrices, crop, detect_landmarks, smooth_tracks, to_68
from thlab.face.align import paste
from thlab.face.points import TEMPLATE, anchors, similarity, transform
from thlab.media import read_video

SIZE = 64


def sway(n_frames, centre, rng):
    """Similarities of a calm head: 3 px, 2 degrees and 1 % at about half a cycle a second."""
    phase = rng.uniform(0, 2 * np.pi, 4)
    t = np.arange(n_frames) / 25 * np.pi
    shift = 3 * np.stack([np.sin(t + phase[0]), np.sin(1.2 * t + phase[1])], -1)
    angle = np.radians(2) * np.sin(0.8 * t + phase[2])
    scale = 1 + 0.01 * np.sin(t + phase[3])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = scale[:, None, None] * turn.T
    return np.concatenate([linear, (centre + shift - linear @ centre)[..., None]], -1)


def moved_still(still, matrices, rng):
    """The picture moved by each matrix, by scikit-image, with sensor noise of 5 grey levels."""
    from skimage.transform import AffineTransform, warp

    half = np.array([0.5, 0.5])
    frames = []
    for matrix in matrices:  # scikit-image has pixel centres at whole numbers
        m = np.vstack(
            [
                np.column_stack([matrix[:, :2], matrix[:, :2] @ half + matrix[:, 2] - half]),
                [0, 0, 1],
            ]
        )
        frames.append(
            warp(still, AffineTransform(m).inverse, order=3, mode="edge", preserve_range=True)
        )
    return (
        (np.stack(frames) + rng.normal(0, 5, (len(frames), *still.shape)))
        .clip(0, 255)
        .astype(np.uint8)
    )


@pytest.fixture(scope="module")
def known_motion(real_data):
    """Detected landmarks of a real still moved by known similarities, and the true anchors."""
    rng = np.random.default_rng(0)
    still = read_video(real_data / "grid/s1/video/bbaf3s.mpg")[0][37]
    at_rest = anchors(to_68(detect_landmarks(still[None])[0])[0].astype(float))
    matrices = sway(50, at_rest.mean(0), rng)
    landmarks, _ = detect_landmarks(moved_still(still, matrices, rng))
    return to_68(landmarks), np.stack([transform(at_rest, matrix) for matrix in matrices])


def true_anchors_in_crop(known_motion, smooth):
    landmarks, true = known_motion
    matrices = alignment_matrices(landmarks, SIZE, smooth)
    return np.stack(
        [transform(points, matrix) for points, matrix in zip(true, matrices, strict=True)]
    )


def jitter(tracks):
    return np.diff(tracks, 2, axis=0).std()


def test_true_eyes_stand_still_and_smoothing_helps(known_motion):
    """The motion is known: the alignment is not measured by the detections that made it."""
    smoothed, raw = (true_anchors_in_crop(known_motion, s) for s in (1.0, 0.0))
    fixed = alignment_matrices(known_motion[0], SIZE)[0]  # one crop for the whole clip
    unaligned = np.stack([transform(points, fixed) for points in known_motion[1]])
    assert smoothed.std(0).max() < 0.15  # crop pixels of 64
    assert smoothed.std(0).max() < raw.std(0).max() < 0.3 * unaligned.std(0).max()
    assert jitter(smoothed) < 0.35 * jitter(raw)


def test_smoothing_has_no_lag():
    """A symmetric filter leaves a slow sine's phase alone; a causal one would not."""
    t = np.arange(100)
    sine = np.sin(2 * np.pi * t / 50)
    smoothed = smooth_tracks(np.tile(sine[:, None, None], (1, 3, 2)), 2.0)[:, 0, 0]
    inner = slice(20, 80)
    shifts = [np.abs(smoothed[inner] - np.roll(sine, lag)[inner]).sum() for lag in range(-3, 4)]
    assert np.argmin(shifts) == 3
    impulse = smooth_tracks(np.eye(101)[50][:, None, None], 2.0)[:, 0, 0]
    np.testing.assert_allclose(impulse, impulse[::-1], atol=1e-15)
    assert impulse.sum() == pytest.approx(1)


def test_smoothing_of_nothing_changes_nothing():
    tracks = np.random.default_rng(0).normal(size=(9, 3, 2))
    assert smooth_tracks(tracks, 0.0) is tracks
    np.testing.assert_allclose(smooth_tracks(np.ones((5, 3, 2)), 3.0), 1)


def test_landmarks_in_the_crop_lie_on_the_template():
    rng = np.random.default_rng(2)
    face = rng.normal(size=(68, 2)) * 20 + 100
    frames = np.zeros((6, 50, 50, 3), np.uint8)
    scales = 1 + 0.1 * np.arange(6)
    _, moved = align_face(
        frames, (face * scales[:, None, None]).astype(np.float32), SIZE, smooth=0.0
    )
    # the same face at any scale lands in the same place, as near to the template as a similarity
    # can bring it
    np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-3)
    best = transform(anchors(face), similarity(anchors(face), TEMPLATE * SIZE))
    np.testing.assert_allclose(anchors(moved[0]), best, atol=1e-3)


def test_coinciding_points_are_an_error():
    with pytest.raises(ValueError, match="coincide"):
        align_face(np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 68, 2), np.float32))


def identity(scale=1.0, x=0.0, y=0.0):
    return np.array([[[scale, 0, x], [0, scale, y]]])


def test_crop_by_whole_pixels_copies_them():
    frame = np.random.default_rng(0).integers(0, 256, (1, 40, 50, 3), np.uint8)
    np.testing.assert_array_equal(crop(frame, identity(x=-7, y=-5), 20), frame[:, 5:25, 7:27])


@pytest.mark.parametrize("factor", [2, 4])
def test_shrinking_averages_the_area(factor):
    """Against the block mean; at a whole factor the fine samples fall on the pixels' centres."""
    frame = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), np.uint8)
    blocks = frame.reshape(1, 64 // factor, factor, 64 // factor, factor, 3).mean((2, 4))
    assert np.abs(crop(frame, identity(1 / factor), 64 // factor) - blocks).max() <= 0.5 + 1e-6


def test_shrinking_does_not_alias():
    """Stripes finer than a crop pixel become nearly grey, as in OpenCV's exact area average."""
    cv2 = pytest.importorskip("cv2")
    stripes = np.where(np.arange(300) % 2, 255, 0).astype(np.uint8)
    frame = np.ascontiguousarray(np.broadcast_to(stripes[None, None, :, None], (1, 300, 300, 3)))
    area = cv2.resize(frame[0], (64, 64), interpolation=cv2.INTER_AREA)
    assert crop(frame, identity(64 / 300), 64).std() < 1.2 * area.std()
    assert (
        area.std()
        < 20
        < 100
        < cv2.resize(frame[0], (64, 64), interpolation=cv2.INTER_NEAREST).std()
    )


def test_crop_turns_the_picture_the_right_way():
    """A white dot lands where `transform` says that its centre goes."""
    frame = np.zeros((1, 80, 100, 3), np.uint8)
    frame[0, 30:33, 60:63] = 255
    angle = np.radians(30)
    linear = 0.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.column_stack([linear, [10, -20]])
    out = crop(frame, matrix[None], 64)[0, ..., 0].astype(float)
    y, x = np.indices(out.shape) + 0.5
    centroid = np.array([(x * out).sum(), (y * out).sum()]) / out.sum()
    np.testing.assert_allclose(centroid, transform(np.array([61.5, 31.5]), matrix), atol=0.05)


def test_beyond_the_edge_the_border_is_repeated():
    frame = np.full((1, 30, 30, 3), 200, np.uint8)
    assert (crop(frame, identity(x=20, y=20), 64) == 200).all()


def test_real_crops_hold_the_face_in_place(real_data):
    """Detected again in the crops, the eyes move less than in one fixed crop a clip."""
    clips = sorted((real_data / "grid").glob("s[2-5]/video/*.mpg"))
    assert clips
    for path in clips:
        frames, _ = read_video(path)
        landmarks, found = detect_landmarks(frames)
        assert found.mean() >= 0.98, path.name
        matrices = alignment_matrices(to_68(landmarks), 128)
        fixed = np.broadcast_to(matrices.mean(0), matrices.shape)
        still = anchors(to_68(detect_landmarks(crop(frames, matrices, 128))[0]))
        swaying = anchors(to_68(detect_landmarks(crop(frames, fixed, 128))[0]))
        # pixels of 128; a blink moves an eye's centre too
        assert still.std(0).max() < 2.0, path.name
        assert still.std(0).max() < swaying.std(0).max(), path.name


def test_a_square_is_pasted_back_where_it_was_cut():
    rng = np.random.default_rng(0)
    smooth = rng.uniform(0, 255, (8, 10, 3))
    frame = np.kron(smooth, np.ones((16, 16, 1))).astype(np.uint8)  # 128 x 160
    matrix = np.array([[0.8, 0.1, -12], [-0.1, 0.8, -6]])
    (square,) = crop(frame[None], matrix[None], 64)
    again = paste(frame, square, matrix)
    assert np.abs(again.astype(int) - frame).mean() < 4  # what resampling takes
    painted = paste(frame, np.zeros_like(square), matrix)
    changed = (painted != frame).any(-1)
    y, x = np.mgrid[:128, :160] + 0.5
    place = np.stack([x, y, np.ones_like(x)], -1) @ matrix.T
    inside = ((place > 0) & (place < 64)).all(-1)
    assert not (changed & ~inside).any()
    assert (painted[(place > 8).all(-1) & (place < 56).all(-1)] == 0).all()
