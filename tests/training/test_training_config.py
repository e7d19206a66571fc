"""Configs: fields set by name are checked by type, and come back from a card as they were."""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

import pytest

from thlab.training import configure, from_card, override


@dataclass(frozen=True)
class Weights:
    l1: float = 1.0


@dataclass(frozen=True)
class Config:
    steps: int = 10
    rate: float = 0.5
    widths: tuple[int, ...] = (8, 16)
    pair: tuple[float, float] = (1.0, 2.0)
    decoder: Literal["paint", "bend"] = "paint"
    shown: int | None = None
    shared: bool = True
    note: str = ""
    weights: Weights = field(default_factory=Weights)

    @classmethod
    def fast(cls):
        return cls(steps=2)


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("steps=3", "steps", 3),
        ("rate=1", "rate", 1.0),
        ("rate=1e-3", "rate", 1e-3),
        ("widths=4,8,16", "widths", (4, 8, 16)),
        ("widths=4", "widths", (4,)),
        ("decoder=bend", "decoder", "bend"),
        ("shown=3", "shown", 3),
        ("shown=None", "shown", None),
        ("shared=False", "shared", False),
        ("note=a=b", "note", "a=b"),
        ("weights.l1=2", "weights", Weights(2.0)),
    ],
)
def test_a_field_is_set(setting, name, value):
    found = getattr(configure(Config, "fast", [setting]), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("steps=1.5", "'1.5' is not a whole number"),
        ("steps=True", "'True' is not a whole number"),
        ("steps=many", "'many' is not a whole number"),
        ("rate=fast", "'fast' is not a number"),
        ("pair=1", "is not numbers with commas"),
        ("widths=4,a", "is not numbers with commas"),
        ("decoder=melt", "'melt' is not one of paint, bend"),
        ("shared=yes", "'yes' is not True or False"),
        ("stepz=3", "no field 'stepz'; there are steps, rate, widths"),
        ("weights.l2=3", "no field 'l2'; there are l1"),
        ("steps.l1=3", "steps has no fields of its own"),
        ("steps", "write it as field=value"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(setting, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        override(Config(), [setting])
    assert setting in str(error.value)
    assert "\n" not in str(error.value)


def test_a_config_comes_back_from_json():
    config = Config(widths=(3,), weights=Weights(4.0))
    assert from_card(Config, json.loads(json.dumps(asdict(config)))) == config
