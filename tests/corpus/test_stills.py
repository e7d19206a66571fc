"""Stills: bytes by the arguments alone, labels that are the pictures' own, all or nothing."""

import sys

import numpy as np
import pytest

from thlab.corpus import EMOTIONS, PRESETS, VISEMES, stills
from thlab.corpus.rows import speakers_of
from thlab.corpus.scene import studio

PEOPLE, EACH = 3, 16


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    return tmp_path / "corpus"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THLAB_HOME", str(tmp_path_factory.mktemp("home")))
        return stills(PEOPLE, EACH, workers=2)


def equal(some, others):
    for name, a, b in zip(some._fields, some, others, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_the_number_of_workers_changes_nothing(made, home):
    equal(stills(PEOPLE, EACH, workers=1), made)


def test_the_first_people_and_stills_are_those_of_fewer(made, home):
    fewer = stills(1, 5, first=1001, workers=1)
    np.testing.assert_array_equal(fewer.frames, made.frames[EACH : EACH + 5])
    np.testing.assert_array_equal(fewer.landmarks, made.landmarks[EACH : EACH + 5])


def test_arrays_are_mapped_and_labelled(made):
    n = PEOPLE * EACH
    assert made.frames.shape == (n, 64, 64, 3)
    assert made.frames.dtype == np.uint8
    assert all(isinstance(part, np.memmap) for part in made)
    assert made.landmarks.shape == (n, 68, 2)
    assert np.bincount(made.emotion).tolist() == [n // len(EMOTIONS)] * len(EMOTIONS)
    neutral = made.emotion == EMOTIONS.index("neutral")
    assert not made.intensity[neutral].any()
    assert made.intensity[~neutral].min() >= 0.4
    assert len(set(made.viseme.tolist())) > 10
    assert made.viseme.max() < len(VISEMES)


def test_people_are_in_no_preset(made):
    shown = set()
    for preset in PRESETS.values():
        for part in ("train", "val", "test"):
            shown |= set(speakers_of(preset, part))
    assert sorted(set(made.speaker.tolist())) == [1000, 1001, 1002]
    assert shown.isdisjoint(made.speaker.tolist())


def test_lips_follow_the_viseme(home):
    many = stills(2, 96, workers=2)
    gap = np.linalg.norm(many.landmarks[:, 62] - many.landmarks[:, 66], axis=-1)
    of = {name: gap[many.viseme == VISEMES.index(name)].mean() for name in ("MBP", "Aa", "Ah")}
    assert of["MBP"] < 0.3 * min(of["Aa"], of["Ah"])


def redness(frame: np.ndarray, points: np.ndarray) -> float:
    x, y = points.round().astype(int).clip(0, 63).T
    return frame[y, x, 0].mean() / frame[y, x, 1].mean()


def test_landmarks_lie_on_the_face_that_is_shown(made):
    """Lips, where the landmarks are, are redder than the middle of the cheeks."""
    redder = []
    for frame, points in zip(made.frames.astype(float), made.landmarks, strict=True):
        cheeks = (points[[3, 13]] + points[[31, 35]]) / 2
        redder.append(redness(frame, points[48:60]) > redness(frame, cheeks))
    assert np.mean(redder) > 0.8


def test_a_second_call_opens_what_is_there(home):
    first = stills(1, 2, workers=1)
    folder = next(path for path in home.iterdir() if path.is_dir())
    written = (folder / "frames.npy").stat().st_mtime_ns
    equal(stills(1, 2, workers=1), first)
    assert (folder / "frames.npy").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"people": 0}, "people 0"),
        ({"per_person": 0}, "per_person 0"),
        ({"size": 63}, "63"),
        ({"seed": -1}, "seed -1"),
        ({"first": 999}, "999"),
        ({"workers": -2}, "workers -2"),
    ],
)
def test_what_is_out_of_range_is_named(home, wrong, named):
    with pytest.raises(ValueError, match=named):
        stills(**{"people": 1, "per_person": 1} | wrong)
    assert not home.exists()


FULL = """print('{"error": "OSError: full", "errno": 28}')"""


@pytest.mark.parametrize("worker", ["raise SystemExit", FULL])
def test_a_failure_leaves_nothing(home, monkeypatch, worker):
    monkeypatch.setattr(sys.modules["thlab.corpus.still_pictures"], "WORKER", worker)
    with pytest.raises((RuntimeError, OSError), match=r"worker process died|disk is full"):
        stills(1, 2, workers=1)
    assert [path.suffix for path in home.iterdir()] == [".lock"]


def test_a_studio_shows_strangers():
    assert studio(1000, 64, "face").person.seed == 1000
