"""Face landmarks in footage by mediapipe's attention mesh, 478 points a face.

The mesh is that of Grishchenko et al. 2020.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Shaped, UInt8

from thlab.face.points import MEDIAPIPE_TO_68
from thlab.optional import require

N_POINTS = 478


def detect_landmarks(
    frames: Iterable[UInt8[np.ndarray, "h w 3"]],
    model: str | Path | None = None,
    name: str = "frames",
) -> tuple[Float[np.ndarray, "t 478 3"], Bool[np.ndarray, " t"]]:
    """The 478 points of the clearest face in each frame, and where one was found.

    By mediapipe (extra `face`). frames: RGB, an array (t, h, w, 3) or one picture after another.
    model: a `.task` file for mediapipe's FaceLandmarker; without one, the models that its wheel
    carries, so that no download is needed. Returns x, y in pixels (pixel centres at .5), z in the
    same unit (towards the camera is negative), and `found`; where a frame shows no face the points
    are interpolated in time from its neighbours. Raises ValueError, naming `name`, where no frame
    has a face.
    Chapter: book/sound-and-faces.ipynb
    """
    with _silent_stderr(), _detector(model) as detect:
        points = [detect(frame) for frame in frames]
    found = np.array([p is not None for p in points], bool)
    if not found.any():
        raise ValueError(f"{name}: no face found in any of its {len(found)} frames")
    known = np.stack([p for p in points if p is not None])
    return fill_gaps(known, found).astype(np.float32), found


def to_68(landmarks: Float[np.ndarray, "*b 478 d"]) -> Float[np.ndarray, "*b 68 2"]:
    """The 68 iBUG points (x, y) of mediapipe's 478. Chapter: book/sound-and-faces.ipynb"""
    return landmarks[..., MEDIAPIPE_TO_68, :2]


def fill_gaps(
    known: Float[np.ndarray, "k n d"], found: Bool[np.ndarray, " t"]
) -> Float[np.ndarray, "t n d"]:
    """One row a frame from the k that were found: linear in time over gaps, constant at the ends.

    Chapter: book/sound-and-faces.ipynb
    """
    times = np.arange(len(found))
    known_times = np.flatnonzero(found)
    after = np.searchsorted(known_times, times).clip(0, len(known) - 1)
    before = (after - (known_times[after] > times)).clip(0)
    span = np.maximum(known_times[after] - known_times[before], 1)
    weight = ((times - known_times[before]) / span).clip(0, 1)[:, None, None]
    return (1 - weight) * known[before] + weight * known[after]


Detect = Callable[[Shaped[np.ndarray, "h w 3"]], np.ndarray | None]


@contextmanager
def _detector(model: str | Path | None) -> Iterator[Detect]:
    """A function from a frame to its (478, 3) points in pixels, or None where there is no face."""
    mediapipe = require("mediapipe", extra="face")
    if model is not None:
        with _task_landmarker(mediapipe, Path(model)) as landmarker:
            image = partial(mediapipe.Image, mediapipe.ImageFormat.SRGB)
            yield lambda frame: _first_face(
                landmarker.detect(image(data=frame)).face_landmarks, frame.shape
            )
        return
    with mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh:
        faces = attrgetter("multi_face_landmarks")
        yield lambda frame: _first_face(
            [f.landmark for f in faces(mesh.process(frame)) or ()], frame.shape
        )


def _task_landmarker(mediapipe: Any, model: Path) -> Any:
    if not model.is_file():
        raise FileNotFoundError(f"{model}: no such face landmark model (a mediapipe .task file)")
    tasks = mediapipe.tasks
    options = tasks.vision.FaceLandmarkerOptions(tasks.BaseOptions(model_asset_path=str(model)))
    try:
        return tasks.vision.FaceLandmarker.create_from_options(options)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"{model}: not a mediapipe face landmark model ({error})") from error


def _first_face(faces: list, shape: tuple[int, ...]) -> np.ndarray | None:
    height, width = shape[:2]
    return np.array([(p.x, p.y, p.z) for p in faces[0]]) * (width, height, width) if faces else None


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Hide what mediapipe's C++ side writes to file descriptor 2.

    No log level of its own reaches it.
    """
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
