"""Looks: teeth that leave the landmarks alone, moods that let the lips close."""

import numpy as np
import pytest
from skimage.draw import polygon2mask

from thlab.corpus import render
from thlab.corpus.expression import EMOTION_SHAPES, EMOTIONS, VISEME_SHAPES, face_units
from thlab.corpus.head import TEETH, Head, load_head
from thlab.corpus.identity import Person
from thlab.corpus.motion import Lips, Motion, animate
from thlab.corpus.render import Studio, draw_lighting
from thlab.corpus.speech import Speech

SIZE = 256
PEOPLE = range(4)
OPEN = ("Ah", "Ee", "S", "LNTD", "Oh", "ShChZh")
STILL = np.zeros(3), np.zeros(3), np.zeros(2)
LIGHT = draw_lighting(np.random.default_rng(0))


def studio(head: Head, speaker: int) -> Studio:
    return Studio(head, Person(head, speaker, speaker % 2 == 0), SIZE, "face")


class PlainHead(Head):
    """The asset's own mesh, with its rows of teeth and its tongue."""

    def _smooth_teeth(self, plain: np.ndarray) -> None:
        pass


class Unpainted:
    """In the mouth's place: it leaves the attributes as they are."""

    def __init__(self, *_) -> None:
        pass

    def let_light_in(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def head() -> Head:
    return load_head()


@pytest.fixture(scope="module")
def stages(head) -> list[Studio]:
    return [studio(head, speaker) for speaker in PEOPLE]


def mouth_units(stage: Studio, viseme: str, closed: float, emotion: str = "neutral") -> np.ndarray:
    """Face units (52,) of a viseme said firmly in a full mood."""
    units = 1.2 * face_units(stage.head, VISEME_SHAPES[viseme])
    units += 1.15 * face_units(stage.head, EMOTION_SHAPES[emotion])
    lips = Lips(stage.head, stage.person.vertices)
    return lips.seal(units[None], np.array([closed]))[0].astype(np.float32)


def picture(stage: Studio, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Brightness (size, size) of a frame, its landmarks, and which pixels show teeth alone."""
    frame, landmarks = stage.frame(units, *STILL, LIGHT)
    teeth = (stage.shown >= 0) & (stage.material[stage.shown] == TEETH)
    whole = teeth[::2, ::2] & teeth[1::2, ::2] & teeth[::2, 1::2] & teeth[1::2, 1::2]
    return frame.astype(float).mean(-1), landmarks, whole


def test_teeth_leave_landmarks_and_the_face_as_the_asset_has_them(stages, monkeypatch):
    plain = PlainHead()
    monkeypatch.setattr(render, "Mouth", Unpainted)
    for speaker in PEOPLE[:2]:
        old = studio(plain, speaker)
        for viseme in VISEME_SHAPES:
            units = mouth_units(old, viseme, 0.0)
            before, there = old.frame(units, *STILL, LIGHT)
            after, here = stages[speaker].frame(units, *STILL, LIGHT)
            np.testing.assert_array_equal(here, there)
            upper = int(there[48:68, 1].min()) - 2
            np.testing.assert_array_equal(after[:upper], before[:upper])  # above the mouth


@pytest.mark.parametrize("viseme", OPEN)
def test_between_open_lips_the_teeth_are_one_light_band(stages, viseme):
    for stage in stages:
        light, points, teeth = picture(stage, mouth_units(stage, viseme, 0.0))
        left, right = points[60, 0], points[64, 0]
        middle = np.abs(np.arange(SIZE) + 0.5 - (left + right) / 2) < 0.25 * (right - left)
        inside = polygon2mask((SIZE, SIZE), points[60:68, ::-1]) & middle
        band = inside & teeth
        assert np.array_equal(band.any(0), inside.any(0))  # it reaches from side to side
        starts = (np.diff(band.astype(int), axis=0, prepend=0) == 1).sum(0)
        assert starts.max() == 1  # and has no hole, from the lip downwards
        behind = inside & ~teeth
        assert np.percentile(light[band], 2) > 1.1 * np.median(light[behind])
        beside = np.abs(np.diff(light, axis=1))[band[:, 1:] & band[:, :-1]]
        assert beside.max() < 25  # faint lines between teeth; the old ones differ by about 100


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_closed_mouths_show_no_teeth_in_any_mood(stages, emotion):
    for stage in stages:
        for viseme in ("sil", "MBP"):
            light, points, teeth = picture(stage, mouth_units(stage, viseme, 1.0, emotion))
            assert abs(points[62, 1] - points[66, 1]) < 0.03 * SIZE
            lips = polygon2mask((SIZE, SIZE), points[48:60, ::-1])
            assert light[teeth].max(initial=0) < 0.7 * np.median(light[lips])


def test_the_lips_meet_on_bilabials_in_every_mood(stages, head):
    for stage in stages:
        for emotion in EMOTIONS:
            sealed = mouth_units(stage, "MBP", 1.0, emotion)
            moved = stage.person.vertices + np.einsum("u,uvc->vc", sealed, head.face_units)
            upper, lower = moved[head.landmarks[[62, 66]]]
            assert abs(upper[1] - lower[1]) < 0.02


def speech() -> Speech:
    """A second of silence, then 'ma', then a second of silence."""
    rng = np.random.default_rng(0)
    audio = np.zeros(60 * 640, np.float32)
    audio[25 * 640 : 35 * 640] = 0.1 * rng.standard_normal(10 * 640)
    start, end = np.array([1.0, 1.2]), np.array([1.2, 1.4])
    told = {"level": 0.1, "pitch": (100, 140), "rate": 180.0}
    said = {
        "phone": ["m", "A"],
        "phone_start": start,
        "phone_end": end,
        "phone_word": np.array([0, 0]),
    }
    return Speech(audio=audio, clean=audio, n_frames=60, **told, **said)


def perform(head: Head, person: Person, emotion: str, intensity: float) -> Motion:
    return animate(head, person, speech(), emotion, intensity, 1.0, np.random.default_rng(3))


@pytest.mark.parametrize("emotion", EMOTIONS[1:])
def test_intensity_is_a_factor_of_the_expression(stages, head, emotion):
    person = stages[1].person
    intensities = 0.0, 0.4, 0.8
    moves = [perform(head, person, emotion, intensity) for intensity in intensities]
    rest = np.r_[0:20, 45:60]
    rest = rest[moves[0].blink[rest] == 0]
    assert len(rest) > 10
    still, half, whole = (move.face_units[rest] for move in moves)
    np.testing.assert_allclose(whole - still, 2 * (half - still), atol=2e-3)
    assert np.abs(whole - still).max() > 0.4
    bilabial = int(1.1 * 25)
    lips = Lips(head, person.vertices)
    assert abs(lips.opening(moves[2].face_units)[bilabial]) < 0.02


def test_a_mood_may_part_the_lips_while_nothing_is_said(stages, head):
    person = stages[0].person
    lips = Lips(head, person.vertices)
    parted = {}
    for emotion in EMOTIONS:
        moved = perform(head, person, emotion, 1.0)
        parted[emotion] = float(np.median(lips.opening(moved.face_units)[:15]))
    for emotion in ("happy", "fear", "disgust", "surprise"):
        assert parted[emotion] > 0.02
    for emotion in ("neutral", "sad", "angry", "contempt"):
        assert abs(parted[emotion]) < 0.01
