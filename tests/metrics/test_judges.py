"""Evaluators that no one here trained: known answers on the embedded corpus."""

import sys

import numpy as np
import pytest
import torch

from thlab.data import open_corpus
from thlab.face.landmarks import to_68
from thlab.metrics import judges
from thlab.metrics.landmark import correlation, eye_opening


@pytest.fixture(scope="module")
def corpus(tiny_corpus):
    return open_corpus("embedded", tiny_corpus, check="none")


def clips_of(corpus, speaker: str, emotion: str = "neutral"):
    return [clip for clip in corpus if clip.speaker == speaker and clip.emotion == emotion]


def test_enlarged_by_a_whole_factor():
    frames = np.full((2, 64, 80, 3), 200, np.uint8)
    large, scale = judges.enlarge(frames)
    assert (large.shape, scale) == ((2, 256, 320, 3), 4)
    assert (large == 200).all()
    same, one = judges.enlarge(large)
    assert one == 1
    assert np.array_equal(same, large)


def test_mediapipe_finds_the_mouth_of_small_faces(corpus):
    pytest.importorskip("mediapipe")
    clip = clips_of(corpus, "s800")[0]
    found = to_68(judges.mediapipe_points(clip.frames[:6], clip.id))
    # px of 64
    assert np.linalg.norm(found - clip.labels["landmarks"][:6], axis=-1)[:, 48:].mean() < 1.5
    with pytest.raises(ValueError, match="grey: no face"):
        judges.mediapipe_points(np.full((2, 64, 64, 3), 128, np.uint8), "grey")


def test_dlib_tells_people_apart(corpus):
    pytest.importorskip("dlib")
    first, second = clips_of(corpus, "s700")[:2]
    one = judges.dlib_identity(first.frames[10:11])
    again = judges.dlib_identity(second.frames[10:11])
    other = judges.dlib_identity(clips_of(corpus, "s800")[0].frames[10:11])
    assert one.shape == (1, 128)
    assert np.linalg.norm(one - again) < 0.6 * np.linalg.norm(one - other)
    assert "face_recognition_models" not in sys.modules
    with pytest.raises(ValueError, match="grey: dlib finds no face in any of 2 frames"):
        judges.dlib_identity(np.full((2, 64, 64, 3), 128, np.uint8), "grey")


def test_the_package_to_install_is_named():
    with pytest.raises(ImportError, match="pip install --no-deps no_such_package"):
        judges.package_file("no_such_package", "x")


def test_gaze_is_where_the_irises_lie_between_the_corners():
    points = np.zeros((2, 478, 2))
    for iris, left, right, at in ((468, 33, 133, 10.0), (473, 362, 263, 40.0)):
        points[:, left], points[:, right] = (at, 5.0), (at + 8, 5.0)
        points[0, iris], points[1, iris] = (at + 4, 5.0), (at + 6, 4.0)
    np.testing.assert_allclose(judges.gaze(points), [[0, 0], [0.25, -0.125]])
    np.testing.assert_allclose(judges.gaze(3 * points), judges.gaze(points))


def test_mediapipe_sees_the_corpus_blink_and_look(corpus):
    pytest.importorskip("mediapipe")
    # of neutral faces: a mood narrows some eyes so far that little is left to close
    calm = [clip for clip in corpus if clip.emotion == "neutral"]
    for clip in [clip for clip in calm if clip.labels["blink"].max() > 0.9][:2]:
        opening = eye_opening(to_68(judges.mediapipe_points(clip.frames)))
        assert correlation(opening, torch.from_numpy(clip.labels["blink"])) < -0.9
