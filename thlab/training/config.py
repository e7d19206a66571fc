"""Configs as frozen dataclasses: a preset's, with fields set by name, and back from a card."""

import ast
import dataclasses
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

Config = TypeVar("Config")


def configure(kind: type[Config], preset: str, settings: Iterable[str] = ()) -> Config:
    """The config of a preset (fast, book or paper), with "field=value" settings.

    Raises ValueError as `override` does. Chapter: book/priors.ipynb
    """
    return override(getattr(kind, preset)(), settings)


def override(config: Config, settings: Iterable[str]) -> Config:
    """A config with other values: "steps=100", or "weights.l1=2" for a config within it.

    A tuple is written with commas, widths=8,16. Raises ValueError, naming what there is, for an
    unknown field and for a value that is not of the field's type. Chapter: book/priors.ipynb
    """
    for setting in settings:
        name, sign, text = setting.partition("=")
        if not sign:
            raise ValueError(f"--set {setting}: write it as field=value")
        config = _with(config, name.strip().split("."), text.strip(), setting)
    return config


def has_field(kind: type, setting: str) -> bool:
    """Whether a "field=value" setting is of a config of this kind, or of one within it."""
    first = setting.partition("=")[0].strip().partition(".")[0]
    return first in {field.name for field in dataclasses.fields(kind)}


def from_card(kind: type[Config], values: dict[str, Any]) -> Config:
    """The config that a card keeps as a dictionary: JSON has no tuples. Chapter: book/davs.ipynb"""
    hints = typing.get_type_hints(kind)
    given = {}
    for name, value in values.items():
        within = hints.get(name)
        if (
            isinstance(value, dict)
            and isinstance(within, type)
            and dataclasses.is_dataclass(within)
        ):
            value = from_card(within, value)
        elif isinstance(value, list):
            value = tuple(value)
        given[name] = value
    return kind(**given)


def _with(config: Any, path: Sequence[str], text: str, setting: str) -> Any:
    name = path[0]
    hints = typing.get_type_hints(type(config))
    if name not in hints:
        raise ValueError(f"--set {setting}: no field {name!r}; there are {', '.join(hints)}")
    if len(path) > 1:
        inner = getattr(config, name)
        if not dataclasses.is_dataclass(inner):
            raise ValueError(f"--set {setting}: {name} has no fields of its own")
        return dataclasses.replace(config, **{name: _with(inner, path[1:], text, setting)})
    return dataclasses.replace(config, **{name: _value(text, hints[name], setting)})


def _value(text: str, hint: Any, setting: str) -> Any:
    """The text as a value of a field's type."""
    value: Any = text
    if hint is not str:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            value = text  # such as the word of a Literal
    if _is_tuple(hint) and not isinstance(value, tuple):
        value = (value,)
    if float in _choices(hint) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not _fits(value, hint):
        raise ValueError(f"--set {setting}: {text!r} is not {_words(hint)}")
    return value


def _choices(hint: Any) -> tuple[Any, ...]:
    """The members of a union, or the type itself."""
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return typing.get_args(hint) if is_union else (hint,)


def _is_tuple(hint: Any) -> bool:
    return any(typing.get_origin(choice) is tuple for choice in _choices(hint))


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type: plain ones, tuples of these, Literal, unions."""
    choices = _choices(hint)
    if len(choices) > 1:
        return any(_fits(value, choice) for choice in choices)
    origin = typing.get_origin(hint)
    arguments = typing.get_args(hint)
    if origin is Literal:
        return value in arguments
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        kinds = arguments[:1] * len(value) if arguments[1:] == (...,) else arguments
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if hint is None or hint is type(None):
        return value is None
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint)


def _words(hint: Any) -> str:
    """A type as a reader knows it."""
    if typing.get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(hint)))
    if _is_tuple(hint):
        return f"numbers with commas between them ({hint})"
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a text"}
    return " or ".join(names.get(choice, str(choice)) for choice in _choices(hint))
