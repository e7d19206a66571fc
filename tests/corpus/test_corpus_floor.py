"""The recording floor: its level and colour are exact, and it moves nothing."""

import numpy as np
import pytest

from thlab.corpus import EMOTIONS, perform
from thlab.corpus.floor import COLOURS, FLAT_BELOW, LEVELS_DB, add_floor
from thlab.corpus.grammar import COMMON
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import settle


@pytest.mark.parametrize("colour", [-6.0, -3.0, 0.0])
def test_the_floor_has_its_level_and_colour(colour):
    level, db, n = 0.07, -40.0, 16000 * 60
    silence, rng = np.zeros(n, np.float32), np.random.default_rng(1)
    noise = add_floor(silence, level, db, colour, rng).astype(float)
    assert 20 * np.log10(np.sqrt((noise**2).mean()) / level) == pytest.approx(db, abs=1e-3)
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(n, 1 / 16000)
    octaves = [(200, 400), (400, 800), (800, 1600), (1600, 3200), (3200, 6400)]
    density = [10 * np.log10(power[(hertz >= a) & (hertz < b)].mean()) for a, b in octaves]
    np.testing.assert_allclose(np.diff(density), colour, atol=0.3)
    flat = [power[(hertz >= a) & (hertz < b)].mean() for a, b in ((10, 50), (50, FLAT_BELOW))]
    assert 10 * abs(np.log10(flat[0] / flat[1])) < 0.5


def test_floors_cover_their_range_and_do_not_tell_the_emotion():
    rows = clip_rows(settle("emotions", "face", None, None, 0))
    for name, (low, high) in (("floor_db", LEVELS_DB), ("floor_colour", COLOURS)):
        drawn = np.array([row[name] for row in rows])
        assert low <= drawn.min() < low + 0.1
        assert high - 0.1 < drawn.max() <= high
        means = [np.mean([row[name] for row in rows if row["emotion"] == e]) for e in EMOTIONS]
        assert np.ptp(means) < 0.06 * (high - low)


def test_the_floor_lies_under_the_speech_and_moves_nothing():
    loud = perform(3, COMMON[0], "angry", number=1)
    still = perform(3, COMMON[0], "angry", number=1, quiet=True)
    noise = loud.audio.astype(float) - still.audio
    told = 20 * np.log10(np.sqrt((noise**2).mean()) / loud.speech.level)
    assert told == pytest.approx(loud.row["floor_db"], abs=0.01)
    assert "floor_db" not in still.row
    assert not still.audio[:1000].any()
    np.testing.assert_array_equal(loud.speech.clean, still.audio)
    np.testing.assert_array_equal(loud.face_units, still.face_units)
    np.testing.assert_array_equal(loud.pose, still.pose)
    assert float(loud.labels()["floor_db"]) == loud.row["floor_db"]
    assert "floor_db" not in still.labels()
