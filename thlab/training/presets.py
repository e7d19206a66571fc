"""What is asked for: how much to compute, and which stages or tables.

`fast` is for tests, `book` for the pretrained weights, `paper` has the papers' own sizes.
"""

import os
from collections.abc import Iterable

import torch

PRESETS = ("fast", "book", "paper")


def current(asked: str | None = None) -> str:
    """The preset in force: the one asked for, else `THLAB_PRESET`, else by hardware.

    By hardware it is `book` on a GPU and `fast` without one. Raises ValueError where that names no
    preset.
    """
    by_hardware = "book" if torch.cuda.is_available() else "fast"
    name = asked or os.environ.get("THLAB_PRESET") or by_hardware
    if name not in PRESETS:
        raise ValueError(
            f"{name!r} is not a preset: choose one of {', '.join(PRESETS)} (is THLAB_PRESET set?)"
        )
    return name


def chosen(kind: str, name: str, possible: Iterable[str]) -> tuple[str, ...]:
    """The stages or tables asked for: the one so called, or all for "all"; else ValueError."""
    if name != "all" and name not in possible:
        raise ValueError(f"there is no {kind} {name!r}: choose one of {', '.join(possible)}, all")
    return tuple(possible) if name == "all" else (name,)
