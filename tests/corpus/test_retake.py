"""Other performances of the same speech: what stays, what changes, and what is refused."""

import numpy as np
import pytest

from thlab.corpus import retakes
from thlab.data import open_corpus

SAME = ("phone", "phone_start", "viseme", "light", "word_end")
OTHER = ("face_units", "gaze", "pose", "landmarks")


def test_retakes_say_the_same_in_the_same_light_with_other_motion(tiny_corpus):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[3]
    (first, one), (second, two) = retakes(tiny_corpus, clip.id, 2)
    assert first.shape == second.shape == clip.frames.shape
    for name in SAME:
        np.testing.assert_array_equal(one[name], clip.labels[name])
    for name in OTHER:
        for x, y in ((one, two), (one, clip.labels), (two, clip.labels)):
            assert np.abs(x[name] - y[name]).max() > 0.01, name
    assert np.abs(first.astype(int) - clip.frames).mean() < 30  # the same person


def test_the_first_of_many_is_the_first_of_few(tiny_corpus):
    clip = open_corpus("embedded", tiny_corpus, check="none", split="test")[0]
    alone, _ = next(retakes(tiny_corpus, clip.id, 1))
    among, _ = next(retakes(tiny_corpus, clip.id, 3))
    np.testing.assert_array_equal(alone, among)


def test_an_unknown_clip_is_named(tiny_corpus):
    with pytest.raises(ValueError, match="no clip 's99_happy_00'"):
        next(retakes(tiny_corpus, "s99_happy_00", 1))
