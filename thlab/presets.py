"""How much to compute: `fast` for tests, `book` for the pretrained weights, `paper` for the papers' own sizes."""

import os

import torch

PRESETS = ("fast", "book", "paper")


def current(asked: str | None = None) -> str:
    """The preset in force: the one asked for, else `THLAB_PRESET`, else `book` on a GPU and `fast` without one.

    Raises ValueError where that names no preset.
    """
    name = asked or os.environ.get("THLAB_PRESET") or ("book" if torch.cuda.is_available() else "fast")
    if name not in PRESETS:
        raise ValueError(f"{name!r} is not a preset: choose one of {', '.join(PRESETS)} (is THLAB_PRESET set?)")
    return name
