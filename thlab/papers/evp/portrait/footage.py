"""Footage of one target person: of the embedded corpus, or of any video file."""

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from thlab.corpus.performance import Performance, replay
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import FIRST_SPEAKER, Preset, settle
from thlab.data.prepare import MIN_FOUND, pictures
from thlab.face.align import crop
from thlab.face.landmarks import detect_landmarks, to_68
from thlab.face.points import transform
from thlab.files import cached_arrays
from thlab.media import DEMUXERS, FPS, read_picture
from thlab.papers.evp.portrait.config import PortraitConfig

SHORTEST = 2.0  # seconds of a video that teach anything
SHORT = 20.0  # seconds below which a warning is given
CUT = 0.1  # mean difference of two frames, of full scale, that is a cut and no motion
ROOM = 2.2  # side of the portrait's square, in heights of the face's 68 points
ABOVE = 0.6  # of the square, where the centre of these points lies
SENTENCES = 8  # of an invented person's list
HELD_OUT = (6, 7)  # of these, that nothing is trained on


@dataclass(frozen=True)
class Footage:
    """One person's frames and landmarks (px), of clips one after another: clip c is frames start[c]
    to start[c + 1].

    Nothing is carried over from clip to clip: a cut in a video begins a new one. view: the
    similarity from a video's pixels to those of the frames, None where they were rendered so.
    """

    frames: UInt8[np.ndarray, "f h w 3"]
    landmarks: Float[np.ndarray, "f 68 2"]
    start: Int[Tensor, "c1"]
    facts: dict[str, str] = field(default_factory=dict)
    view: Float[np.ndarray, "2 3"] | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.frames) / FPS

    @property
    def n_clips(self) -> int:
        """How many clips it is."""
        return len(self.start) - 1

    def clips(self, chosen: Sequence[int]) -> "Footage":
        """Some of the clips, in the order given."""
        spans = [np.arange(*self.start[c : c + 2].tolist()) for c in chosen]
        frames = np.concatenate(spans)
        start = starts([len(span) for span in spans])
        return Footage(self.frames[frames], self.landmarks[frames], start, self.facts, self.view)


def performances(
    speaker: int, sentences: Sequence[int], head_motion: float = 0.6, seed: int = 0
) -> list[Performance]:
    """What a person of the embedded corpus says in every emotion, in one light.

    sentences: numbers from 0 to 7 of the speaker's list, of which 6 and 7 are what the corpus holds
    out. Of people of its other parts nobody else says any but 0 and 1. seed: of the motion.
    Chapter: book/evp-portrait.ipynb
    """
    preset = Preset(split_up_to(speaker), SENTENCES, 64, head_motion=head_motion)
    settings = settle(preset, "portrait", None, None, seed, light="person")
    found = []
    for row in clip_rows(settings):
        number = int(row["id"].rsplit("_", 1)[1])
        if row["speaker"] == f"s{speaker:03}" and number in sentences:
            found.append(replay(row, settings))
    return found


def split_up_to(speaker: int) -> tuple[int, int, int]:
    """How many speakers of each part (train, val, test) a corpus has that ends with this one.

    Chapter: book/evp-portrait.ipynb
    """
    counts = [0, 0, 0]
    part = max(k for k, first in enumerate(FIRST_SPEAKER.values()) if speaker >= first)
    counts[part] = speaker + 1 - list(FIRST_SPEAKER.values())[part]
    return counts[0], counts[1], counts[2]


def neutral_performances(speaker: int) -> list[Performance]:
    """What a person says neutrally, of the sentences that nothing is trained on.

    Chapter: book/evp-portrait.ipynb
    """
    return [said for said in performances(speaker, HELD_OUT) if said.emotion == "neutral"]


def footage_to_learn(config: PortraitConfig, options: Mapping[str, Any]) -> Footage:
    """What a generator learns from: the videos of --target, else the config's invented person.

    Chapter: book/evp-portrait.ipynb
    """
    videos = options.get("target")
    if videos:
        footage = footage_of_videos(videos, config.size)
        warn_of_little(footage)
        return footage
    return footage_of(performances(config.speaker, config.sentences), config.size)


def footage_of(clips: Sequence[Performance], size: int = 128, pairs: int = 0) -> Footage:
    """Portraits of performances, with exact landmarks; rendered once, then read from
    $THLAB_HOME/portraits.

    clips: of one person in one light, as `performances` gives them; ValueError where not, or where
    there are none. size: pixels. pairs: so many times two frames in a row of each, evenly spaced,
    a clip each; 0: all frames. Chapter: book/evp-portrait.ipynb
    """
    if len({clip.row["speaker"] for clip in clips}) != 1:
        raise ValueError("footage of one person is needed: give performances of one speaker")
    if any(clip.settings.light != "person" for clip in clips):
        raise ValueError("each clip has its own light: perform with light='person'")
    facts = {clip.id: [clip.row, vars(clip.settings), clip.retake] for clip in clips}
    asked = [size, facts, pairs] if pairs else [size, facts]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    arrays = cached_arrays("portraits", digest[:32], lambda: _render(clips, size, pairs))
    named = {"corpus": "embedded", "corpus_version": clips[0].settings.corpus_version}
    named |= {"speaker": clips[0].row["speaker"], "corpus_digest": digest}
    lengths = arrays.pop("lengths").tolist()
    return Footage(start=starts(lengths), facts=named, **arrays)


def footage_of_videos(
    paths: Sequence[str | Path], size: int = 128, view: Float[np.ndarray, "2 3"] | None = None
) -> Footage:
    """The portrait square of one person's videos at 25 frames a second, with detected landmarks
    (extra `face`).

    The square is the same in all frames, round the face's mean place; view: that of other footage
    of the same camera. Cuts begin new clips. Raises ValueError as `watch`.
    Chapter: book/evp-portrait.ipynb
    """
    return cut_square(watch(paths), size, view)


class Watched(NamedTuple):
    """A person's videos, with the landmarks of their frames at 25 a second, px of the videos."""

    paths: list[Path]
    landmarks: list[Float[np.ndarray, "_ 68 2"]]

    def view(self, size: int) -> Float[np.ndarray, "2 3"]:
        """The similarity to a still square of some pixels round the face's mean place."""
        return portrait_view(np.concatenate(self.landmarks), size)


def watch(paths: Sequence[str | Path]) -> Watched:
    """Look for the face in one person's videos (extra `face`).

    Raises ValueError, naming the file, where it is a picture, where a face is found in too few
    frames or the videos are too short. Chapter: book/evp-portrait.ipynb
    """
    paths = [Path(path) for path in paths]
    landmarks = []
    for path in paths:
        check_moving(path)
        points, found = detect_landmarks(pictures(path), name=path.name)
        check_faces(path.name, found)
        landmarks.append(to_68(points))
    n = sum(len(track) for track in landmarks)
    check_length(", ".join(path.name for path in paths[:3]), n / FPS)
    return Watched(paths, landmarks)


def cut_square(
    watched: Watched, size: int = 128, view: Float[np.ndarray, "2 3"] | None = None
) -> Footage:
    """Some videos' frames in a square of some pixels a side; view as in `footage_of_videos`.

    Chapter: book/evp-portrait.ipynb
    """
    paths, tracks = watched
    if view is None:
        view = watched.view(size)
    frames = []
    lengths = []
    for path, track in zip(paths, tracks, strict=True):
        seen = crop(pictures(path), np.repeat(view[None], len(track), 0), size)
        frames.append(seen)
        lengths += scene_lengths(seen)
    landmarks = transform(np.concatenate(tracks).astype(np.float64), view).astype(np.float32)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    facts = {"videos": ", ".join(path.name for path in paths), "digest": digest}
    return Footage(np.concatenate(frames), landmarks, starts(lengths), facts, view)


def check_moving(path: Path) -> None:
    """ValueError, one line, where a file is a picture and no video.

    Chapter: book/evp-portrait.ipynb
    """
    if path.suffix.lower() in DEMUXERS:
        return
    try:
        read_picture(path)
    except ValueError:
        return  # the video's reader says what it is not
    what = f"{path}: a picture, from which no one learns how this face moves"
    ask = f"give a video of the person, of {SHORT:.0f} s or more"
    raise ValueError(f"{what}: {ask}, or the photo to `generate` with --image")


def check_faces(name: str, found: Bool[np.ndarray, "t"]) -> None:
    """ValueError, one line, where too few frames of a video show a face.

    Chapter: book/evp-portrait.ipynb
    """
    if found.mean() < MIN_FOUND:
        raise ValueError(f"{name}: a face is found in {found.mean():.0%} of the frames only")


def check_length(name: str, seconds: float) -> None:
    """ValueError, one line, where a person's videos are too short; seconds: of all together.

    Chapter: book/evp-portrait.ipynb
    """
    if seconds < SHORTEST:
        raise ValueError(f"{name}: {seconds:.1f} s are too short: give {SHORT:.0f} s of one person")


def warn_of_little(footage: Footage) -> None:
    """A warning where a generator learns from little; to drive footage, a short video will do.

    Chapter: book/evp-portrait.ipynb
    """
    if footage.seconds < SHORT:
        ask = f"with less than {SHORT:.0f} s of a person, new sentences come out less like it"
        warnings.warn(f"{footage.facts['videos']}: {footage.seconds:.1f} s; {ask}", stacklevel=3)


def portrait_view(landmarks: Float[np.ndarray, "t 68 2"], size: int) -> Float[np.ndarray, "2 3"]:
    """The similarity from a video's pixels to a still square round the face, head and shoulders.

    Chapter: book/evp-portrait.ipynb
    """
    mean = landmarks.astype(np.float64).mean(0)
    low = mean.min(0)
    high = mean.max(0)
    scale = size / (ROOM * (high[1] - low[1]))
    centre = (low + high) / 2
    corner = np.array([0.5, ABOVE]) * size - scale * centre
    return np.column_stack([scale * np.eye(2), corner])


def scene_lengths(frames: UInt8[np.ndarray, "t h w 3"]) -> list[int]:
    """Lengths of what lies between the cuts of a video, in frames.

    Chapter: book/evp-portrait.ipynb
    """
    small = frames[:, ::4, ::4].astype(np.float32) / 255
    change = np.abs(np.diff(small, axis=0)).mean((1, 2, 3))
    cuts = np.flatnonzero(change > CUT) + 1
    return np.diff([0, *cuts.tolist(), len(frames)]).tolist()


def starts(lengths: Sequence[int]) -> Int[Tensor, "c1"]:
    """Where clips of these lengths begin, and where the last one ends.

    Chapter: book/evp-portrait.ipynb
    """
    return torch.tensor([0, *np.cumsum(lengths).tolist()])


def _render(clips: Sequence[Performance], size: int, pairs: int) -> dict[str, np.ndarray]:
    frames = []
    landmarks = []
    lengths = []
    for clip in clips:
        scene = clip.scene
        n = len(scene)
        if pairs:
            # not at the ends, where nothing is said
            first = ((np.arange(pairs) + 0.5) / pairs * (n - 1)).astype(int)
            scene = scene.at(np.stack([first, first + 1], 1).flatten().tolist())
            lengths += [2] * pairs
        else:
            lengths.append(n)
        seen, points = scene.shoot("portrait", size)
        frames.append(seen)
        landmarks.append(points)
    return {
        "frames": np.concatenate(frames),
        "landmarks": np.concatenate(landmarks),
        "lengths": np.array(lengths),
    }
