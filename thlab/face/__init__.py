"""Faces in footage: landmarks, and the aligned crop that every paper trains on."""

from thlab.face.align import align_face, alignment_matrices, crop, smooth_tracks
from thlab.face.landmarks import detect_landmarks, fill_gaps, to_68
from thlab.face.points import MEDIAPIPE_TO_68

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
