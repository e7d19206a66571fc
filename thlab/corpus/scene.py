"""A scene: who is seen, how the face moves and in what light; landmarks cost next to nothing."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from thlab.corpus.head import load_head
from thlab.corpus.identity import Person, is_male
from thlab.corpus.motion import Expression, Motion
from thlab.corpus.raster import deform
from thlab.corpus.render import (
    NECK,
    VIEWS,
    Lighting,
    Studio,
    alignment,
    project,
    rotation,
    turned_share,
)
from thlab.face.points import transform

SMALLEST, LARGEST = 64, 256  # pixels


def check_view(view: str, size: int) -> None:
    """ValueError where there is no such view, or the size is odd or out of range."""
    if view not in VIEWS:
        raise ValueError(f"there is no view {view!r}: choose one of {', '.join(VIEWS)}")
    if not SMALLEST <= size <= LARGEST or size % 2:
        room = f"from {SMALLEST} to {LARGEST}"
        raise ValueError(f"size {size}: choose an even number of pixels {room}")


@functools.lru_cache(maxsize=256)
def person(speaker: int) -> Person:
    """The looks of a speaker number."""
    return Person(load_head(), speaker, is_male(speaker))


@functools.lru_cache(maxsize=2)
def studio(speaker: int, size: int, view: str) -> Studio:
    """The studio with a speaker in it; setting it up takes as long as some dozen frames."""
    return Studio(load_head(), person(speaker), size, view)


@functools.cache
def _landmark_shapes() -> tuple[np.ndarray, np.ndarray]:
    """What the face units do to the landmarks (52, 68, 3), and how far each turns with the head."""
    head = load_head()
    follow = turned_share(head.reference[head.landmarks]).astype(np.float32)
    return np.ascontiguousarray(head.face_units[:, head.landmarks]), follow


@dataclass(frozen=True)
class Scene:
    """All that pictures of a clip depend on: speaker number, motion (a row a frame), light.

    Chapter: book/sound-and-faces.ipynb
    """

    speaker: int
    motion: Motion
    lighting: Lighting

    def __len__(self) -> int:
        return len(self.motion.pose)

    def at(self, frames: slice | Sequence[int]) -> "Scene":
        """The scene of some frames, in the order asked for. Chapter: book/sound-and-faces.ipynb"""
        chosen = frames if isinstance(frames, slice) else np.asarray(frames, int)
        motion = self.motion
        shown = Motion(
            face_units=motion.face_units[chosen],
            pose=motion.pose[chosen],
            shift=motion.shift[chosen],
            gaze=motion.gaze[chosen],
            blink=motion.blink[chosen],
            expression=Expression(*(part[chosen] for part in motion.expression)),
        )
        return Scene(self.speaker, shown, self.lighting)

    def landmarks(self, view: str = "face", size: int = 64) -> Float[np.ndarray, "t 68 2"]:
        """Exact landmarks in a view's pixels, bit for bit those of the pictures, unrendered.

        Raises ValueError for an unknown view or a size out of range.
        Chapter: book/sound-and-faces.ipynb
        """
        check_view(view, size)
        still = person(self.speaker).vertices[load_head().landmarks]
        units, follow = _landmark_shapes()
        found = np.empty((len(self), len(still), 2), np.float32)
        for i in range(len(self)):
            turn = rotation(*self.motion.pose[i])
            shift = self.motion.shift[i].astype(np.float32)
            places = deform(still, self.motion.face_units[i], units, follow, turn, NECK, shift)
            seen = project(places, size)[:, :2]
            if view == "face":
                seen = transform(seen, alignment(seen, view, size))
            found[i] = seen
        return found

    def render(self, view: str = "face", size: int = 64) -> UInt8[np.ndarray, "t h w 3"]:
        """The pictures, RGB. Raises ValueError for an unknown view or a size out of range.

        Chapter: book/sound-and-faces.ipynb
        """
        return self.shoot(view, size)[0]

    def shoot(
        self,
        view: str,
        size: int,
    ) -> tuple[UInt8[np.ndarray, "t h w 3"], Float[np.ndarray, "t 68 2"]]:
        """Pictures and landmarks together. Chapter: book/sound-and-faces.ipynb"""
        check_view(view, size)
        stage = studio(self.speaker, size, view)
        frames = np.empty((len(self), size, size, 3), np.uint8)
        landmarks = np.empty((len(self), 68, 2), np.float32)
        motion = self.motion
        for i in range(len(self)):
            moved = motion.face_units[i], motion.pose[i], motion.shift[i], motion.gaze[i]
            frames[i], landmarks[i] = stage.frame(*moved, self.lighting)
        return frames, landmarks
