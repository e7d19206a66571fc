"""Controls place a model's inputs where their definition says, and refuse what does not fit."""

import numpy as np
import pytest

from thlab.explore import Choice, Slider
from thlab.explore.controls import check_controls, input_vectors, start_values

INPUTS = {"w": 3, "v": 2}
SLIDERS = [Slider("first", "w", 0, value=0.5), Slider("mix", "w", [1.0, -1.0, 2.0])]
CHOICES = [Choice("who", "w", {"ann": [1.0, 2.0, 3.0], "bob": [0.0, 0.0, 0.0]})]


def test_input_is_choice_plus_sum_of_slider_steps():
    vectors = input_vectors(INPUTS, SLIDERS, CHOICES, {"first": 2.0, "mix": -1.0, "who": "ann"})
    np.testing.assert_array_equal(vectors["w"], [1 + 2 - 1, 2 + 1, 3 - 2])
    np.testing.assert_array_equal(vectors["v"], [0, 0])


def test_moving_controls_leaves_the_choices_alone():
    input_vectors(INPUTS, SLIDERS, CHOICES, {"first": 2.0, "mix": 1.0, "who": "ann"})
    assert CHOICES[0].options["ann"] == [1.0, 2.0, 3.0]


def test_start_is_first_option_and_slider_values():
    assert start_values(SLIDERS, CHOICES) == {"who": "ann", "first": 0.5, "mix": 0.0}


@pytest.mark.parametrize(
    ("sliders", "choices", "message"),
    [
        ([Slider("s", "u", 0)], [], "'s' moves the input 'u'"),
        ([Slider("s", "w", 3)], [], "'s': direction 3 does not fit"),
        ([Slider("s", "w", [1.0])], [], "does not fit its input of 3 numbers"),
        ([], [Choice("c", "w", {"a": [1.0]})], "'c', option 'a': expected 3 numbers"),
    ],
)
def test_control_that_does_not_fit_is_named(sliders, choices, message):
    with pytest.raises(ValueError, match=message):
        check_controls(INPUTS, sliders, choices)
