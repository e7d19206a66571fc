"""The talking head of [ji2021]: footage of a person, in which it says what is heard, in a mood that
is heard or asked for.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from thlab.face.reading import read_landmarks
from thlab.files import whole_file
from thlab.inference import FRAMES_AT_ONCE, Speech, Video, read_speech
from thlab.media import SAMPLE_RATE, read_audio
from thlab.papers.evp.chain import (
    Target,
    Voice,
    moved_by_emotion,
    portrait,
    there_and_back,
    with_lids,
)
from thlab.papers.evp.faces import (
    Face,
    Person,
    back_in_place,
    photo_warning,
    read_face,
    read_person,
    read_photo_face,
)
from thlab.papers.evp.landmarks.data import Heard
from thlab.papers.evp.landmarks.model import LANDMARKS, load_network
from thlab.papers.evp.model import DISENTANGLER, load_disentangler
from thlab.papers.evp.moods import mixed, parse_mix, with_intensity
from thlab.papers.evp.portrait.model import PORTRAIT, Generator, load_generator
from thlab.papers.evp.portrait.people import PEOPLE
from thlab.papers.paper import heard as speech_of_audio
from thlab.training import read_card
from thlab.training.weights import beside

ENOUGH = 5.0  # seconds of neutral speech by which a voice is enrolled
STRONGEST = 2.0  # intensity


@dataclass(frozen=True)
class Directions:
    """What a face shall show.

    emotion: a label or a mix of labels; "": the one that is heard. voice: another recording, whose
    mood it is to be. intensity: 0 is neutral, 1 the mood itself. smooth: of the footage's poses,
    "gaussian" or "one-euro". landmarks: a file of landmarks in place of the sound's; landmarks_out:
    where the driving ones are written, in px of the 64-px `face` view. told: say on stderr by how
    much the mood moves the face.
    """

    emotion: str = ""
    voice: Speech | None = None
    intensity: float = 1.0
    smooth: str = "gaussian"
    landmarks: Path | None = None
    landmarks_out: Path | None = None
    told: bool = False


class PortraitHead:
    """Voice and portrait of one person, as `thlab.inference.FilmedHead` asks."""

    def __init__(
        self, voice: Voice, generator: Generator, person: Person, people: str | Path = PEOPLE
    ):
        """people: weights of the net over many people, which is read where a photo is given."""
        self.voice = voice
        self.generator = generator
        self.person = person
        self.people = people
        self.size = generator.config.size

    def content(self, speech: Speech) -> Float[Tensor, "t d"]:
        """What is heard: of each frame its content, and behind it the recording's emotion."""
        heard = self.voice.hear(speech)
        return torch.cat([heard.content, heard.emotion.expand(len(heard.content), -1)], 1)

    def film(
        self,
        face: Face,
        content: Float[Tensor, "t d"],
        controls: Directions | None = None,
        crop_only: bool = False,
    ) -> Iterator[Video]:
        """The person's footage, forth and back, in which the face says and shows what it is told.

        face: as `read_face` or `read_photo_face` gives it. Pieces in [0, 1]; the whole frames of
        its video or photo, or the painted square alone.
        """
        directions = controls or Directions()
        frames = there_and_back(face.target.footage.start, len(content))
        ahead = self.landmarks(face.target, frames, content, directions)
        if directions.landmarks_out is not None:
            with whole_file(directions.landmarks_out) as path, path.open("wb") as file:
                np.save(file, ahead.numpy())
        generator = face.photo or self.generator
        painted = portrait(generator, face.target, frames, ahead, directions.smooth)
        wholes = [painted]
        if not crop_only and face.video is not None:
            wholes = map(torch.from_numpy, back_in_place(face, frames, painted.numpy()))
        for whole in wholes:
            for piece in whole.split(FRAMES_AT_ONCE):
                yield piece.movedim(-1, 1) / 255

    def landmarks(
        self,
        target: Target,
        frames: Int[np.ndarray, "t"],
        content: Float[Tensor, "t d"],
        directions: Directions,
    ) -> Float[Tensor, "t 68 2"]:
        """What drives the face, in a pose-free frame or in that of the file that is given."""
        if directions.landmarks is not None:
            size = target.footage.frames.shape[1]
            return given_landmarks(directions.landmarks, len(content), size)
        width = self.voice.disentangler.config.content
        heard = Heard(content[:, :width], content[0, width:])
        mood = with_intensity(
            self.mood(heard, directions), self.voice.neutral, directions.intensity
        )
        if directions.told:
            self.tell_movement(target, heard, mood)
        ahead = self.voice.move(target.l_a, heard.content, mood)
        return with_lids(ahead, target.lids[frames])

    def mood(self, heard: Heard, directions: Directions) -> Float[Tensor, "e"]:
        """The code of the emotion that is asked for."""
        if directions.emotion:
            emotions = self.voice.emotions
            mix = parse_mix(directions.emotion, emotions)
            return mixed(self.voice.disentangler.moods, emotions, mix)
        if directions.voice is not None:
            return self.voice.hear(directions.voice).emotion
        return heard.emotion

    def tell_movement(self, target: Target, heard: Heard, mood: Float[Tensor, "e"]) -> None:
        """Say how far the mood moves the face from a neutral one, and whether that can be seen."""
        moved = moved_by_emotion(self.voice, target.l_a, heard, mood)
        parts = ", ".join(f"{part} {far:.2f}" for part, far in moved.items())
        line = f"by the emotion move, in px of 64: {parts}"
        error = self.voice.error
        if max(moved.values()) < error:
            line += f"; less than the {error:.2f} by which landmarks err: it will hardly show"
        print(line, file=sys.stderr)


def given_landmarks(path: Path, n_frames: int, size: int) -> Float[Tensor, "t 68 2"]:
    """Landmarks of a file, in px of `size` a side; ValueError where it has another number of frames
    than the sound.

    Chapter: book/evp-portrait.ipynb
    """
    found = read_landmarks(path, (size, size))
    if len(found) != n_frames:
        raise ValueError(
            f"{path}: {len(found)} frames of landmarks, but the sound has {n_frames} (at 25 a "
            "second)"
        )
    return torch.from_numpy(found).float()


def load_head(weights: Path | None = None) -> PortraitHead:
    """The head of the person whose portrait is in a folder of weights, or of the committed one.

    A folder with a net over many people alone has the committed portrait. FileNotFoundError where
    there is none; else as `load_voice`. Chapter: book/evp-portrait.ipynb
    """
    people = beside(weights, PEOPLE)
    name = beside(weights, PORTRAIT)
    if weights is not None and people == Path(PEOPLE):
        name = weights / PORTRAIT
    return PortraitHead(load_voice(weights), load_generator(name), read_person(name), people)


def load_voice(weights: Path | None = None) -> Voice:
    """The nets that listen: those in a folder of weights, each else the committed one.

    FileNotFoundError where there are none, ValueError where they do not belong together.
    Chapter: book/evp-portrait.ipynb
    """
    name = beside(weights, DISENTANGLER)
    model = load_disentangler(name)
    emotions = tuple(read_card(name)["emotions"])
    name = beside(weights, LANDMARKS)
    net = load_network(name, model)
    return Voice(model, net, emotions, error=read_card(name)["metrics"]["F-LD"])


def face_of(options: Mapping[str, Any], head: PortraitHead) -> Face:
    """The photo of --image, the footage of --video, or the weights' own invented person's.

    Of a photo a line on stderr says how well it is painted. Chapter: book/evp-portrait.ipynb
    """
    photo = options.get("image")
    if photo is not None:
        face = read_photo_face(photo, head.people)
        print(f"{photo}: {photo_warning(head.people)}", file=sys.stderr)
        return face
    return read_face(options.get("video"), head.person)


def read_voice(options: Mapping[str, Any], size: int) -> Speech:
    """Speech of --audio, with the same voice's neutral recordings of --neutral.

    ValueError where these are too short; a line on stderr where there are none and the emotion is
    to be that of the voice. Chapter: book/evp-portrait.ipynb
    """
    speech = speech_of_audio(options, size)
    paths = options.get("neutral") or []
    neutral = tuple(torch.from_numpy(read_audio(path)) for path in paths)
    seconds = sum(len(audio) for audio in neutral) / SAMPLE_RATE
    if neutral and seconds < ENOUGH:
        raise ValueError(f"--neutral: {seconds:.1f} s of speech, give {ENOUGH:.0f} s or more")
    asked = options.get("emotion") or options.get("emotion_from") or options.get("landmarks")
    if not neutral and not asked:
        line = (
            "without --neutral recordings of this voice its own emotion is told little better than"
        )
        print(f"{line} by chance: ask for one with --emotion", file=sys.stderr)
    return speech._replace(neutral=neutral)


def directions_and_path(
    options: Mapping[str, Any], out: Path
) -> tuple[list[Path], list[Directions]]:
    """The video to write, and what the face shall show in it.

    Raises ValueError for options that contradict each other or are out of range.
    Chapter: book/evp-portrait.ipynb
    """
    if options["emotion"] and options["emotion_from"]:
        raise ValueError("--emotion and --emotion-from: give one of them")
    if options.get("image") and options.get("video"):
        raise ValueError("--image and --video: give one of them, a photo or footage of the person")
    intensity = options["intensity"]
    if not math.isfinite(intensity) or not 0 <= intensity <= STRONGEST:
        raise ValueError(f"--intensity {intensity}: give a number from 0 to {STRONGEST:g}")
    written = options["landmarks_out"]
    if written is not None and (written.suffix != ".npy" or not written.parent.is_dir()):
        raise ValueError(f"{written}: give a name ending in .npy, in a folder that exists")
    if written is not None and written.exists():
        raise ValueError(f"{written} exists already: give another name")
    voice = options["emotion_from"]
    return [out], [
        Directions(
            emotion=options["emotion"] or "",
            voice=None if voice is None else read_speech(voice),
            intensity=intensity,
            smooth=options["smooth"],
            landmarks=options["landmarks"],
            landmarks_out=written,
            told=True,
        )
    ]
