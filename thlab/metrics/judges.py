"""Evaluators that no one here trained: landmarks and identity by other people's models.

They come with the extra `judges`. A score from a net of ours, trained on the same corpus, is partly
circular; beside it stands one of these.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import nn

from thlab.face.landmarks import detect_landmarks
from thlab.optional import require

Frames = UInt8[np.ndarray, "t h w 3"]
# pixels: dlib finds a face in 3 % of frames of 64 pixels, and in all of them four times enlarged
LEAST = 256
# numbers of mediapipe's points
RIGHT_IRIS = 468
LEFT_IRIS = 473
RIGHT_CORNERS = (33, 133)
LEFT_CORNERS = (362, 263)


def mediapipe_points(frames: Frames, name: str = "frames") -> Float[np.ndarray, "t 478 2"]:
    """mediapipe's 478 points, the irises among them, in the frames' pixels.

    Small frames are enlarged for it. Where a frame shows no face the points are interpolated in
    time; ValueError, naming `name`, where none does.
    Chapter: book/latent-kl.ipynb
    """
    large, scale = enlarge(frames)
    return detect_landmarks(large, name=name)[0][..., :2] / np.float32(scale)


def gaze(points: Float[np.ndarray, "*b 478 2"]) -> Float[np.ndarray, "*b 2"]:
    """Where the eyes look: mean offset of both irises from the middle of the eye's corners.

    In widths of the eye.
    Chapter: book/latent-kl.ipynb
    """
    offsets = []
    for iris, *corners in ((RIGHT_IRIS, *RIGHT_CORNERS), (LEFT_IRIS, *LEFT_CORNERS)):
        ends = points[..., corners, :]
        width = np.linalg.norm(ends[..., 1, :] - ends[..., 0, :], axis=-1, keepdims=True)
        offsets.append((points[..., iris, :] - ends.mean(-2)) / width)
    return (offsets[0] + offsets[1]) / 2


def dlib_identity(frames: Frames, name: str = "frames") -> Float[np.ndarray, "n 128"]:
    """dlib's face embedding (King 2017) of each frame with a face.

    One person's lie within .6 of each other. Small frames are enlarged for its detector.
    ValueError, naming `name`, where no frame has a face.
    Chapter: book/content-to-video.ipynb
    """
    detector, five_points, encoder = _dlib()
    found = []
    for frame in enlarge(frames)[0]:
        for face in list(detector(frame))[:1]:
            points = five_points(frame, face)
            found.append(encoder.compute_face_descriptor(frame, points))
    if not found:
        raise ValueError(f"{name}: dlib finds no face in any of {len(frames)} frames")
    return np.array(found)


def enlarge(frames: Frames) -> tuple[UInt8[np.ndarray, "t h2 w2 3"], int]:
    """Frames of at least 256 pixels on the shorter side, and the factor that it took.

    Enlarged by a whole factor, bicubically.
    """
    scale = -(-LEAST // min(frames.shape[1:3]))
    x = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    x = nn.functional.interpolate(x, scale_factor=scale, mode="bicubic").round().clamp(0, 255)
    return np.ascontiguousarray(x.byte().permute(0, 2, 3, 1).numpy()), scale


@cache
def _dlib() -> tuple[Any, Any, Any]:
    dlib = require("dlib", "judges")
    models = package_file("face_recognition_models", "models")
    five_points = dlib.shape_predictor(str(models / "shape_predictor_5_face_landmarks.dat"))
    encoder = dlib.face_recognition_model_v1(
        str(models / "dlib_face_recognition_resnet_model_v1.dat")
    )
    return dlib.get_frontal_face_detector(), five_points, encoder


def package_file(package: str, file: str) -> Path:
    """A file of a package that is not imported: it wants pkg_resources, for nothing used here."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ImportError(f"{package} is needed here: pip install --no-deps {package}")
    return Path(spec.submodule_search_locations[0], file)
