"""Faces in footage: landmarks, and the aligned crop that every paper trains on."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from thlab.face.align import align_face, alignment_matrices, crop, smooth_tracks
    from thlab.face.landmarks import detect_landmarks, fill_gaps, to_68
    from thlab.face.points import MEDIAPIPE_TO_68

# module -> names, imported when they are first asked for: torch takes seconds, and the corpus's
# workers need none of it
_HOMES = {
    "align": (
        "align_face",
        "alignment_matrices",
        "crop",
        "smooth_tracks",
    ),
    "landmarks": (
        "detect_landmarks",
        "fill_gaps",
        "to_68",
    ),
    "points": ("MEDIAPIPE_TO_68",),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


__all__ = [
    "MEDIAPIPE_TO_68",
    "align_face",
    "alignment_matrices",
    "crop",
    "detect_landmarks",
    "fill_gaps",
    "smooth_tracks",
    "to_68",
]
