"""What a reader can move: sliders along directions of an input, and pickers of vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Slider:
    """Adds `value * direction` to the input named `input`; an integer direction is that axis."""

    label: str
    input: str
    direction: int | Sequence[float] | np.ndarray
    min: float = -2.0
    max: float = 2.0
    value: float = 0.0
    step: float = 0.05


@dataclass(frozen=True)
class Choice:
    """Sets the input named `input` to one of some named vectors; the first to begin with."""

    label: str
    input: str
    options: Mapping[str, Sequence[float] | np.ndarray]


def direction_vector(slider: Slider, size: int) -> Float[np.ndarray, " d"]:
    """The slider's direction as a vector of `size` numbers; ValueError where it does not fit."""
    if isinstance(slider.direction, int) and 0 <= slider.direction < size:
        return np.eye(size)[slider.direction]
    vector = np.asarray(slider.direction, dtype=float)
    if vector.shape != (size,):
        raise ValueError(
            f"slider {slider.label!r}: direction {slider.direction} "
            f"does not fit its input of {size} numbers"
        )
    return vector


def check_controls(
    inputs: Mapping[str, int], sliders: Sequence[Slider], choices: Sequence[Choice]
) -> None:
    """ValueError where a slider or a choice does not fit the model's inputs (name -> size)."""
    for control in [*sliders, *choices]:
        if control.input not in inputs:
            raise ValueError(
                f"{control.label!r} moves the input {control.input!r}; "
                f"the model has {sorted(inputs)}"
            )
    for choice in choices:
        for option, vector in choice.options.items():
            if np.shape(vector) != (inputs[choice.input],):
                raise ValueError(
                    f"{choice.label!r}, option {option!r}: expected {inputs[choice.input]} numbers"
                )
    for slider in sliders:
        direction_vector(slider, inputs[slider.input])


def input_vectors(
    inputs: Mapping[str, int],
    sliders: Sequence[Slider],
    choices: Sequence[Choice],
    values: Mapping[str, float | str],
) -> dict[str, Float[np.ndarray, " d"]]:
    """The model's input vectors when each control, by its label, stands at its value.

    An input is zero, or its choice's vector, plus the sum of its sliders' `value * direction`.
    """
    vectors = {name: np.zeros(size) for name, size in inputs.items()}
    for choice in choices:
        vectors[choice.input] = np.array(choice.options[str(values[choice.label])], dtype=float)
    for slider in sliders:
        step = float(values[slider.label]) * direction_vector(slider, inputs[slider.input])
        vectors[slider.input] = vectors[slider.input] + step
    return vectors


def start_values(sliders: Sequence[Slider], choices: Sequence[Choice]) -> dict[str, float | str]:
    """Each control's value before a reader has touched it, by its label."""
    first = {choice.label: next(iter(choice.options)) for choice in choices}
    return {**first, **{slider.label: slider.value for slider in sliders}}
