"""Detection on real faces and renders; the 68-point subset; gaps."""

import sys

import numpy as np
import pytest

from thlab.face import MEDIAPIPE_TO_68, detect_landmarks, fill_gaps, to_68
from thlab.face import points as pt
from thlab.media import read_video

mediapipe = pytest.importorskip("mediapipe")


def read_png(path):
    from PIL import Image

    with Image.open(path) as image:
        return np.array(image.convert("RGB"))[None]


def eye_distance(points):
    left, right, _ = np.moveaxis(pt.anchors(points), -2, 0)
    return np.linalg.norm(left - right, axis=-1)


def check_is_a_face(points):
    """Left of, right of, above, below: what must hold for any upright face in 68 points."""
    left, right, nose = pt.anchors(points)
    mouth = points[pt.MOUTH]
    jaw = points[:17]
    assert left[0] < nose[0] < right[0]
    assert max(left[1], right[1]) < nose[1] < mouth[:, 1].mean() < jaw[8, 1]
    assert points[17:27, 1].mean() < min(left[1], right[1])
    assert (
        np.diff(jaw[:, 0]) > -2
    ).all()  # the jaw runs from the picture's left to its right, through the chin
    assert points[48, 0] < points[57, 0] < points[54, 0]
    outer_top, inner_top, inner_bottom, outer_bottom = points[[51, 62, 66, 57], 1]
    assert outer_top < inner_top < inner_bottom + 0.5 < outer_bottom + 0.5  # closed lips touch


def test_68_points_are_distinct_and_mirror_each_other():
    assert len(set(MEDIAPIPE_TO_68)) == 68
    for left, right in (
        (pt.MESH_BROW_LEFT, pt.MESH_BROW_RIGHT),
        (pt.MESH_EYE_LEFT, pt.MESH_EYE_RIGHT),
    ):
        assert len(left) == len(right)
    assert set(pt.MESH_LIPS_OUTER) <= set(pt.MESH_MOUTH_OUTER)
    assert set(pt.MESH_LIPS_INNER) <= set(pt.MESH_MOUTH_INNER)
    assert set(pt.MESH_JAW) <= set(pt.MESH_FACE_OVAL)
    mesh = mediapipe.solutions.face_mesh_connections
    assert {i for edge in mesh.FACEMESH_FACE_OVAL for i in edge} == set(pt.MESH_FACE_OVAL)
    assert {i for edge in mesh.FACEMESH_LIPS for i in edge} == set(pt.MESH_MOUTH_OUTER) | set(
        pt.MESH_MOUTH_INNER
    )
    # mediapipe's "right" is the person's, which is the picture's left
    assert set(pt.MESH_EYE_LEFT) <= {i for edge in mesh.FACEMESH_RIGHT_EYE for i in edge}
    assert set(pt.MESH_EYE_RIGHT) <= {i for edge in mesh.FACEMESH_LEFT_EYE for i in edge}
    assert {i for edge in mesh.FACEMESH_RIGHT_IRIS for i in edge} <= set(pt.MESH_IRIS_LEFT)


def test_astronaut(real_data):
    frames = read_png(real_data / "faces_public_domain/astronaut.png")
    landmarks, found = detect_landmarks(frames)
    assert found.all()
    points = to_68(landmarks)[0]
    check_is_a_face(points)
    # read off the picture by eye under a grid of 10 pixels: irises, and the point under the nose
    assert np.abs(pt.anchors(points) - [[203, 101], [246.5, 103], [223.5, 133]]).max() < 2


def test_ravdess_portraits(real_data):
    faces = sorted((real_data / "ravdess/faces").glob("*.png"))
    assert len(faces) == 24
    for face in faces:
        landmarks, found = detect_landmarks(read_png(face), name=face.name)
        assert found.all()
        check_is_a_face(to_68(landmarks)[0])


def test_enlarging_the_picture_enlarges_the_landmarks(real_data):
    frames = read_png(real_data / "faces_public_domain/astronaut.png")
    small = to_68(detect_landmarks(frames)[0])[0]
    large = to_68(detect_landmarks(frames.repeat(2, 1).repeat(2, 2))[0])[0]
    assert np.linalg.norm(large / 2 - small, axis=-1).mean() < 0.02 * eye_distance(small)


@pytest.mark.parametrize("shape", [(1, 64, 64, 3), (2, 288, 360, 3), (1, 3, 2, 3)])
def test_a_picture_without_a_face_is_named(shape):
    frames = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    with pytest.raises(
        ValueError, match=f"wall.png: no face found in any of its {shape[0]} frames"
    ):
        detect_landmarks(frames, name="wall.png")


def test_frames_without_a_face_are_reported_and_filled(real_data):
    frames, _ = read_video(real_data / "grid/s1/video/bbaf2n.mpg")
    broken = frames[:20].copy()
    gap = [0, 7, 8, 9, 19]
    broken[gap] = 0
    landmarks, found = detect_landmarks(broken)
    assert np.flatnonzero(~found).tolist() == gap
    whole, _ = detect_landmarks(frames[:20])
    error = np.linalg.norm(to_68(landmarks) - to_68(whole), axis=-1).mean(-1)
    assert error[gap].max() < 0.1 * eye_distance(to_68(whole)[0])


def test_real_talkers_are_found(real_data):
    """Every 16th of the real clips.

    All 165 were measured once: 99.9 % of 12,375 frames, all but 12 damaged ones.
    """
    clips = sorted((real_data / "grid").glob("s*/video/*.mpg"))[::16]
    assert len(clips) >= 10
    found = [detect_landmarks(read_video(clip)[0], name=clip.name)[1] for clip in clips]
    assert np.concatenate(found).mean() >= 0.98


def test_gaps_against_interp():
    rng = np.random.default_rng(1)
    for _ in range(20):
        found = rng.random(15) < 0.4
        found[rng.integers(15)] = True
        known = rng.normal(size=(found.sum(), 3, 2))
        filled = fill_gaps(known, found)
        oracle = [
            np.interp(np.arange(15), np.flatnonzero(found), column)
            for column in known.reshape(-1, 6).T
        ]
        np.testing.assert_allclose(filled.reshape(15, 6).T, oracle, atol=1e-12)


def test_nothing_is_written_to_stderr(real_data, capfd):
    detect_landmarks(read_png(real_data / "ravdess/faces/Actor_01.png"))
    assert capfd.readouterr() == ("", "")


def test_without_mediapipe_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ImportError, match=r"pip install 'thlab\[face\]'"):
        detect_landmarks(np.zeros((1, 8, 8, 3), np.uint8))


def test_model_file_must_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.task"):
        detect_landmarks(np.zeros((1, 8, 8, 3), np.uint8), model=tmp_path / "none.task")
    (tmp_path / "not_a.task").write_text("text")
    with pytest.raises(ValueError, match=r"not_a\.task: not a mediapipe face landmark model"):
        detect_landmarks(np.zeros((1, 8, 8, 3), np.uint8), model=tmp_path / "not_a.task")


def test_corpus_renders_are_detected_where_they_say(tiny_corpus, record_property):
    from thlab.data import open_corpus

    errors = []
    rates = []
    clips = open_corpus("embedded", tiny_corpus, check="none")
    for clip in list(clips)[:: max(1, len(clips) // 12)]:
        landmarks, found = detect_landmarks(clip.frames, name=clip.id)
        exact = clip.labels["landmarks"]
        distance = np.linalg.norm(to_68(landmarks) - exact, axis=-1).mean(-1) / eye_distance(exact)
        errors.append(distance[found].mean())
        rates.append(found.mean())
    record_property("normalised_mean_error", float(np.mean(errors)))
    assert np.mean(rates) >= 0.98
    assert np.mean(errors) < 0.1, f"NME {np.mean(errors):.3f} of the distance between the eyes"
