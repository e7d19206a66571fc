"""How much to compute: `fast` for tests, `book` for the pretrained weights, `paper` for the papers' own sizes."""

import os

import torch

PRESETS = ("fast", "book", "paper")


def current() -> str:
    """The preset in force: `THLAB_PRESET` where it is set, else `book` on a GPU and `fast` without one.

    Raises ValueError where the variable names no preset.
    """
    name = os.environ.get("THLAB_PRESET", "")
    if not name:
        return "book" if torch.cuda.is_available() else "fast"
    if name not in PRESETS:
        raise ValueError(f"THLAB_PRESET={name!r} is not a preset: use one of {', '.join(PRESETS)}, or unset it")
    return name
