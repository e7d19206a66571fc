"""Faces in footage: landmarks, and the aligned crop that every paper trains on."""

from typing import TYPE_CHECKING, Any

from thlab.lazy import attribute_of

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
    return attribute_of(__name__, _HOMES, name)


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
