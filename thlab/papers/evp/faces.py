"""Whose face is painted: the person of a generator's weights and footage of that person, or anyone
in a photo.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8

from thlab.data.prepare import pictures
from thlab.face.align import crop, paste
from thlab.face.points import transform
from thlab.inference import find_face, frames_at_once
from thlab.media import read_picture
from thlab.metrics.judges import dlib_identity
from thlab.papers.evp.chain import Target, read_target
from thlab.papers.evp.evaluate.people import FIRST, NET
from thlab.papers.evp.portrait.config import PortraitConfig
from thlab.papers.evp.portrait.footage import (
    Footage,
    cut_square,
    footage_of,
    neutral_performances,
    portrait_view,
    starts,
    watch,
)
from thlab.papers.evp.portrait.people import PhotoGenerator, load_people
from thlab.training import from_card, read_card

SAME_PERSON = 0.5  # dlib's distance of two faces, at most
DOUBTFUL = 0.4  # of people who look alike it is less than that limit
LOOKED_AT = 8  # frames of a video, by which dlib knows a face
SAME_CAMERA = 0.1  # of the square's side, by which two views of one camera differ at most


class Person(NamedTuple):
    """Whose weights a generator has, as its card says.

    view: the square of their video that it learnt from; identity: their face as dlib sees it; both
    None for an invented person.
    """

    config: PortraitConfig
    view: Float[np.ndarray, "2 3"] | None
    identity: Float[np.ndarray, "128"] | None


class Face(NamedTuple):
    """A target, and the video whose frames its square is pasted into; None where there is none.

    photo: what paints the face where the target is a photo, which then stands as the video.
    """

    target: Target
    video: Path | None
    photo: PhotoGenerator | None = None


def read_person(weights: str | Path) -> Person:
    """Whose generator these weights are. Chapter: book/evp-portrait.ipynb"""
    card = read_card(weights)
    return Person(
        config=from_card(PortraitConfig, card["config"]),
        view=np.array(card["view"]) if "view" in card else None,
        identity=np.array(card["identity"]) if "identity" in card else None,
    )


def read_face(path: Path | None, person: Person) -> Face:
    """A person's video, or what an invented person says without one.

    ValueError where no face can be found in it, or where it is another person's.
    Chapter: book/evp-portrait.ipynb
    """
    if path is None:
        if person.identity is not None:
            raise ValueError("these weights are of a person in a video: give one with --video")
        return Face(read_target(own_footage(person.config)), None)
    size = person.config.size
    watched = watch([path])
    view = watched.view(size)
    if person.view is not None and same_camera(person.view, view, size):
        view = person.view
    footage = cut_square(watched, size, view)
    known = person.identity
    if known is None:
        known = seen_by_dlib(own_footage(person.config).frames, "the weights' person")
    check_person(path, seen_by_dlib(footage.frames, str(path)), known)
    return Face(read_target(footage), path)


def read_photo_face(path: Path, weights: str | Path) -> Face:
    """Anyone's photo, to be painted by the net over many people of these weights.

    ValueError where there is no face in the photo. Chapter: book/evp-portrait.ipynb
    """
    net = load_people(weights)
    size = net.config.size
    picture, landmarks = find_face(path)
    view = portrait_view(landmarks, size)
    square = crop(picture[None], view[None], size)
    points = transform(landmarks.astype(np.float64), view).astype(np.float32)
    footage = Footage(square, points, starts([1]), {"photo": path.name}, view)
    return Face(read_target(footage), path, PhotoGenerator(net, footage))


def photo_warning(weights: str | Path) -> str:
    """How near the net over many people comes to people it has not met, and what is better.

    Chapter: book/evp-portrait.ipynb
    """
    metrics = read_card(weights)["metrics"]
    net = metrics[NET]["mouth: PSNR"]
    still = metrics[FIRST]["mouth: PSNR"]
    return (
        f"a net over many people paints the photo: mouths of unseen ones at {net:.1f} dB "
        f"({still:.1f} dB where the photo keeps still); a video and a training of its own are "
        "better: `thlab train evp --stage portrait --target VIDEO --out RUN`"
    )


def own_footage(config: PortraitConfig) -> Footage:
    """What an invented person says neutrally, of the sentences that nothing was trained on.

    Chapter: book/evp-portrait.ipynb
    """
    return footage_of(neutral_performances(config.speaker), config.size)


def seen_by_dlib(frames: UInt8[np.ndarray, "t h w 3"], name: str) -> Float[np.ndarray, "128"]:
    """The face in some frames as dlib sees it; ValueError, with the name, where it sees none.

    Chapter: book/evp-portrait.ipynb
    """
    some = np.linspace(0, len(frames) - 1, LOOKED_AT).astype(int)
    return dlib_identity(frames[some], name).mean(0)


def check_person(
    path: Path, found: Float[np.ndarray, "128"], known: Float[np.ndarray, "128"]
) -> None:
    """ValueError, with the command that trains a model of this person, where it is another.

    A line on stderr where it may be. Chapter: book/evp-portrait.ipynb
    """
    distance = float(np.linalg.norm(found - known))
    if DOUBTFUL < distance <= SAME_PERSON:
        what = f"{path}: the face is not quite that of the weights (distance {distance:.2f})"
        print(f"{what}: is this the same person?", file=sys.stderr)
    if distance > SAME_PERSON:
        raise ValueError(
            f"{path}: this is not the person of the weights (distance of the faces "
            f"{distance:.2f}, at most {SAME_PERSON}): train that one's with `thlab train evp "
            f"--stage portrait --target {path} --out RUN`, and generate with --weights RUN"
        )


def same_camera(view: Float[np.ndarray, "2 3"], other: Float[np.ndarray, "2 3"], size: int) -> bool:
    """Whether two views of `size` pixels show one square, but for how far a person moves.

    Chapter: book/evp-portrait.ipynb
    """
    corners = np.array([[0, 0], [size, size]])
    in_video = (corners - other[:, 2]) @ np.linalg.inv(other[:, :2]).T
    there = transform(in_video, view)
    return bool(np.abs(there - corners).max() < SAME_CAMERA * size)


def back_in_place(
    face: Face, frames: Int[np.ndarray, "t"], painted: UInt8[np.ndarray, "t s s 3"]
) -> Iterator[UInt8[np.ndarray, "n h w 3"]]:
    """Frames of the face's video or photo with the painted squares in their places, some at a
    time.

    Chapter: book/evp-portrait.ipynb
    """
    if face.photo is None:
        yield back_in_video(face, frames, painted)
        return
    assert face.video is not None
    photo = even_sides(read_picture(face.video))
    view = face.target.footage.view
    assert view is not None
    n = frames_at_once(photo[..., 0].size)
    for first in range(0, len(painted), n):
        yield np.stack([paste(photo, square, view) for square in painted[first : first + n]])


def even_sides(picture: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h2 w2 3"]:
    """A picture cut to even numbers of pixels, as a video needs them.

    Chapter: book/evp-portrait.ipynb
    """
    height, width = picture.shape[:2]
    return picture[: height - height % 2, : width - width % 2]


def back_in_video(
    face: Face, frames: Int[np.ndarray, "t"], painted: UInt8[np.ndarray, "t s s 3"]
) -> UInt8[np.ndarray, "t h w 3"]:
    """Frames of the face's video with the painted squares in their places.

    Chapter: book/evp-portrait.ipynb
    """
    assert face.video is not None
    view = face.target.footage.view
    assert view is not None  # footage of a video has one
    needed = set(frames.tolist())
    last = max(needed)
    originals = {}
    for number, frame in enumerate(pictures(face.video)):
        if number in needed:
            originals[number] = even_sides(frame)
        if number == last:
            break
    whole = []
    for number, square in zip(frames.tolist(), painted, strict=True):
        whole.append(paste(originals[number], square, view))
    return np.stack(whole)
