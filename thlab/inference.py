"""Inputs in, a talking head, a tagged video out: one way for every paper.

A head gives the content of speech, and what that makes of a picture. What is read, checked and
written, and how a face is found in a photo and put back there, is the same for all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from thlab.audio.noise import ENERGY_BLOCK, speech_mask
from thlab.data.clip import Clip
from thlab.data.prepare import face_view
from thlab.data.tensors import pad_to
from thlab.face.align import alignment_matrices, crop
from thlab.face.landmarks import detect_landmarks, to_68
from thlab.media import (
    FPS,
    SAMPLES_A_FRAME,
    SYNTHETIC,
    read_audio,
    read_picture,
    read_video,
    write_mp4_in_pieces,
)
from thlab.nn.warp import Changes, repaint_photo
from thlab.optional import require

QUIETEST = 1e-3  # RMS of what may be speech
STEADIEST = 1.5  # dB: the loudness of speech varies more, that of a hum or hiss less
DETECTABLE = 256  # pixels to which a smaller picture is enlarged, for mediapipe to find the face
FRAMES_AT_ONCE = 64  # that are in memory while a video is written
PIXELS_AT_ONCE = FRAMES_AT_ONCE * 512 * 512  # fewer frames at once of a larger photo

Video = Float[Tensor, "t 3 h w"]


class Speech(NamedTuple):
    """What is said: sound at 16 kHz, 640 samples a video frame; and the lips, where they are seen.

    Chapter: book/davs.ipynb
    """

    audio: Float[Tensor, "n"]
    lips: Float[Tensor, "t 3 h w"] | None = None  # the aligned view, in [0, 1]
    neutral: tuple[Float[Tensor, "_"], ...] = ()  # other recordings of the voice, in no mood

    @property
    def n_frames(self) -> int:
        """Video frames that it lasts."""
        return len(self.audio) // SAMPLES_A_FRAME


@runtime_checkable
class TalkingHead(Protocol):
    """What makes a face speak; every paper has one.

    size: pixels of the aligned face view that it works on. A head that bends and recolours a
    picture also has `changes`, which `generate` applies to the photo at its own size.
    """

    size: int

    def content(self, speech: Speech) -> Float[Tensor, "t *d"]:
        """The content of speech, from its sound or its lips, a row a video frame."""
        ...

    def render(self, image: Tensor, content: Tensor, controls: Any = None) -> Video:
        """The video in [0, 1] of an aligned picture (3, size, size) that says the content."""
        ...


@runtime_checkable
class ChangingHead(TalkingHead, Protocol):
    """A head whose frames are its picture bent and recoloured."""

    def changes(self, image: Tensor, content: Tensor, controls: Any = None) -> Changes:
        """Motion and colour of each frame, on the head's own grid."""
        ...


@runtime_checkable
class FilmedHead(Protocol):
    """A head that paints a person into footage of that person, not into a picture.

    size: pixels of the frames that it paints.
    """

    size: int

    def content(self, speech: Speech) -> Float[Tensor, "t *d"]:
        """The content of speech, a row a video frame."""
        ...

    def film(
        self, face: Any, content: Tensor, controls: Any = None, crop_only: bool = False
    ) -> Iterable[Video]:
        """The footage in [0, 1], some frames at a time, in which the face says the content.

        crop_only: what is painted alone, not the whole frames of the footage.
        """
        ...


Head = TalkingHead | FilmedHead


@dataclass(frozen=True)
class Photo:
    """A picture with a face, and the similarity from its pixels to those of the aligned view."""

    picture: UInt8[np.ndarray, "h w 3"]
    matrix: Float[np.ndarray, "2 3"]
    size: int

    def face(self) -> Float[Tensor, "3 size size"]:
        """The aligned face view, in [0, 1]."""
        if np.array_equal(self.matrix, np.eye(2, 3)):
            face = self.picture
        else:
            face = crop(self.picture[None], self.matrix[None], self.size)[0]
        return torch.from_numpy(face).permute(2, 0, 1) / 255

    def whole(self) -> Float[Tensor, "3 h w"]:
        """The picture in [0, 1], sides cut to even numbers, as a video needs them."""
        height, width = self.picture.shape[:2]
        even = np.ascontiguousarray(self.picture[: height - height % 2, : width - width % 2])
        return torch.from_numpy(even).permute(2, 0, 1) / 255


def generate(
    head: Head,
    speech: Speech,
    face: Any,
    outs: Sequence[Path | str],
    controls: Sequence[Any],
    crop_only: bool = False,
) -> list[Path]:
    """Write one tagged video for each of some controls; returns their paths.

    face: a `Photo`; or the footage that a `FilmedHead` reads. A head that gives changes repaints
    the photo's own pixels, at its own size; one that paints whole frames, or crop_only, gives the
    aligned face view. Raises ValueError where a frame is not finite, and leaves nothing of that
    video. Chapter: book/content-to-video.ipynb
    """
    content = head.content(speech)
    for out, control in zip(outs, controls, strict=True):
        if isinstance(head, FilmedHead):
            pieces = head.film(face, content, control, crop_only)
        elif crop_only or not isinstance(head, ChangingHead):
            pieces = head.render(face.face(), content, control).split(FRAMES_AT_ONCE)
        else:
            changes = head.changes(face.face(), content, control)
            pieces = repaint_in_pieces(face, changes)
        write_talking(out, pieces, speech.audio)
    return [Path(out) for out in outs]


def repaint_in_pieces(photo: Photo, changes: Changes) -> Iterator[Video]:
    """The whole photo's frames, some at a time: a long video of a large photo exceeds any memory.

    Chapter: book/content-to-video.ipynb
    """
    whole = photo.whole()
    step = frames_at_once(whole[0].numel())
    for start in range(0, len(changes.motion), step):
        part = frames_of(changes, slice(start, start + step))
        yield repaint_photo(whole, part, photo.matrix, photo.size)


def frames_at_once(pixels: int) -> int:
    """How many frames of so many pixels may be in memory at once.

    Chapter: book/content-to-video.ipynb
    """
    return max(1, min(FRAMES_AT_ONCE, PIXELS_AT_ONCE // pixels))


def frames_of(changes: Changes, frames: slice) -> Changes:
    """The changes of some frames alone."""
    maps = {}
    for name, value in changes._asdict().items():
        if isinstance(value, Tensor):
            maps[name] = value[frames]
    return changes._replace(**maps)


def check_paths(
    outs: Sequence[Path | str], inputs: Iterable[Path | str], overwrite: bool = False
) -> None:
    """Whether these files may be written from those, asked before any work is done.

    Raises ValueError where an input is missing, an output is no .mp4 in a folder that exists, is
    one of the inputs (by whatever name or link), or exists already and overwrite is False.
    Chapter: book/content-to-video.ipynb
    """
    inputs = list(inputs)
    for path in inputs:
        if not Path(path).is_file():
            raise ValueError(f"{path}: no such file")
    for out in map(Path, outs):
        if out.suffix != ".mp4" or not out.parent.is_dir():
            raise ValueError(
                f"{out}: the output must be a name ending in .mp4, in a folder that exists"
            )
        if not out.exists():
            continue
        for path in inputs:
            if out.samefile(path):
                raise ValueError(f"{out} is the input {path} itself: give the output another name")
        if not overwrite:
            raise ValueError(f"{out} exists already: give another name, or --overwrite")
        if not out.is_file():
            raise ValueError(f"{out} is no file that could be overwritten: give another name")


def write_talking(path: Path | str, pieces: Iterable[Video], audio: Float[Tensor, "n"]) -> None:
    """An .mp4 of frames in [0, 1], some at a time, and their sound, tagged as synthetic.

    Raises ValueError where a frame is not finite, and leaves nothing of the file then.
    Chapter: book/content-to-video.ipynb
    """
    write_mp4_in_pieces(path, _pictures(path, pieces), audio.numpy(), metadata=SYNTHETIC)


def _pictures(path: Path | str, pieces: Iterable[Video]) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    """Frames as 8-bit pictures."""
    for frames in pieces:
        if not frames.isfinite().all():
            raise ValueError(f"{path}: the frames are not finite; are the weights damaged?")
        yield (255 * frames).round().byte().permute(0, 2, 3, 1).numpy()


def read_speech(path: Path | str) -> Speech:
    """A recording at 16 kHz, a whole number of video frames long.

    Raises ValueError where it holds no speech. Silence and steady noise are told from speech, music
    is not.
    Chapter: book/content-to-video.ipynb
    """
    audio = torch.from_numpy(read_audio(path))
    audio = torch.nn.functional.pad(audio, (0, -len(audio) % SAMPLES_A_FRAME))
    if not audio.isfinite().all() or len(audio) == 0:
        raise ValueError(f"{path}: empty, or with values that are no numbers")
    loudness = audio.view(-1, ENERGY_BLOCK).square().mean(1)
    loud = audio[speech_mask(audio)]
    varies = len(loudness) > 1 and (10 * (loudness + 1e-12).log10()).std() > STEADIEST
    if len(loud) == 0 or loud.square().mean().sqrt() < QUIETEST or not varies:
        what = "a steady sound" if len(loud) else "silence"
        raise ValueError(f"{path}: no speech in it, only {what}")
    return Speech(audio)


def read_photo(path: Path | str, size: int) -> Photo:
    """An upright picture with a face; a square of `size` pixels with one is taken to be aligned.

    Raises ValueError where it cannot be read, or shows no face.
    Chapter: book/content-to-video.ipynb
    """
    picture, landmarks = find_face(path)
    if picture.shape[:2] == (size, size):
        return Photo(picture, np.eye(2, 3), size)
    return Photo(picture, alignment_matrices(landmarks, size)[0], size)


def find_face(
    path: Path | str,
) -> tuple[UInt8[np.ndarray, "h w 3"], Float[np.ndarray, "1 68 2"]]:
    """An upright picture, and the landmarks of the face in it, in its own pixels.

    Raises ValueError where it cannot be read, or shows no face.
    """
    images = require("PIL.Image", "book")
    picture = read_picture(path)
    sides = np.array(picture.shape[1::-1])  # width and height
    scale = max(1, DETECTABLE / sides.min())
    enlarged = np.round(scale * sides).astype(int)
    bicubic = images.Resampling.BICUBIC
    large = np.array(images.fromarray(picture).resize(enlarged.tolist(), bicubic))
    points, _ = detect_landmarks(large[None], name=str(path))
    return picture, (to_68(points) * (sides / enlarged)).astype(np.float32)


def read_lips(path: Path | str, size: int) -> Speech:
    """A video's face, cropped to the aligned view at 25 fps, and its sound.

    Silence where it has none. Squares of `size` pixels at 25 fps are taken to be that view. Raises
    ValueError where there is no video to read, or no face in it. Chapter: book/davs.ipynb
    """
    frames, fps = read_video(path)
    if frames.shape[1:3] != (size, size) or fps != FPS:
        frames, _ = face_view(Clip(Path(path).stem, Path(path), ""), size)
    try:
        audio = torch.from_numpy(read_audio(path))
    except ValueError:  # the file could be read, so what is missing is a soundtrack
        audio = torch.zeros(0)
    samples = len(frames) * SAMPLES_A_FRAME
    lips = torch.from_numpy(frames).permute(0, 3, 1, 2) / 255
    return Speech(pad_to(audio, samples)[:samples], lips)
