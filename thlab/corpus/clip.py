"""One clip: speech, motion, pictures and labels, and the three files they are kept in."""

import functools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from thlab.audio.espeak import english_data
from thlab.audio.visemes import sample_visemes, viseme_segments
from thlab.corpus.head import load_head
from thlab.corpus.identity import Person
from thlab.corpus.motion import Motion, animate
from thlab.corpus.render import Studio, draw_lighting
from thlab.corpus.settings import Settings, clip_rows, read_settings
from thlab.corpus.speech import Speech, speak
from thlab.corpus.voice import Voice
from thlab.files import checksums, write_npz, write_whole
from thlab.media import SYNTHETIC, wav_bytes, write_mp4

SPEECH_STREAM, MOTION_STREAM = 0, 1


def is_male(speaker: int) -> bool:
    """Men and women take turns, so every split has both."""
    return speaker % 2 == 0


@functools.lru_cache(maxsize=2)
def studio(speaker: int, size: int, view: str) -> Studio:
    """The studio with a speaker in it; setting it up takes as long as some dozen frames."""
    head = load_head()
    return Studio(head, Person(head, speaker, is_male(speaker)), size, view)


def say(row: dict, scratch: Path) -> Speech:
    """The clip's speech; `scratch` is where espeak-ng's data is copied at first use."""
    if not (data := scratch / "espeak").exists():
        english_data(data)
    speaker, rng = int(row["speaker"][1:]), np.random.default_rng([SPEECH_STREAM, row["seed"]])
    voice = Voice(speaker, is_male(speaker))
    return speak(voice, tuple(row["words"]), row["emotion"], row["intensity"], rng, data)


def perform(
    row: dict, speech: Speech, settings: Settings, retake: int | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The clip's frames (T, size, size, 3) uint8 and its labels; see `labels`.

    retake: a number; the same speech in the same light, with other random motion for each.
    """
    stage = studio(int(row["speaker"][1:]), settings.size, settings.view)
    move = functools.partial(
        animate, stage.head, stage.person, speech, row["emotion"], row["intensity"], settings.head_motion
    )
    seed = [MOTION_STREAM, row["seed"], settings.motion_seed]
    rng = np.random.default_rng(seed)
    motion, lighting = move(rng), draw_lighting(rng)
    if retake is not None:
        # from 1 on: numpy pads a short seed with zeros, so that a last 0 would give the clip itself
        motion = move(np.random.default_rng([*seed, 1 + retake]))
    shots = [stage.frame(*place, lighting) for place in zip(*motion[:4], strict=True)]  # all but the blinks
    frames, landmarks = (np.stack(part) for part in zip(*shots, strict=True))
    return frames, labels(row, speech, motion) | {"landmarks": landmarks, "light": lighting.direction}


def labels(row: dict, speech: Speech, motion: Motion) -> dict[str, np.ndarray]:
    """Every factor of the clip by name: times in seconds, angles in radians, one row a frame at 25 fps.

    A word lasts from the start of its first phone to the end of its last.
    """
    start, end, word = speech.phone_start, speech.phone_end, speech.phone_word
    phones = [np.flatnonzero(word == number) for number in range(len(row["words"]))]
    return {
        "word": np.array(row["words"]),
        "word_start": np.array([start[own[0]] for own in phones]),
        "word_end": np.array([end[own[-1]] for own in phones]),
        "phone": np.array(speech.phone),
        "phone_start": start,
        "phone_end": end,
        "phone_word": word,
        "viseme": sample_visemes(viseme_segments(start, end, speech.phone), speech.n_frames),
        "emotion": np.array(row["emotion"]),
        "intensity": np.array(row["intensity"]),
        "pose": motion.pose.astype(np.float32),
        "gaze": motion.gaze.astype(np.float32),
        "blink": motion.blink.astype(np.float32),
        "face_units": motion.face_units,
        "face_unit_names": np.array(load_head().face_unit_names),
    }


def retakes(
    root: Path | str, clip: str, n: int
) -> Iterator[tuple[UInt8[np.ndarray, "t h w 3"], dict[str, np.ndarray]]]:
    """n other performances of a clip: frames and labels of the same speech in the same light, with other motion.

    clip: its id. Head pose, gaze, blinks and how firmly each viseme is said are drawn anew: what the face might as
    well have done, from which a model's spread is judged. The first k of n are the same for any n. Raises ValueError
    where the corpus in root has no such clip. Chapter: book/latent-kl.ipynb
    """
    settings = read_settings(Path(root))
    row = next((row for row in clip_rows(settings) if row["id"] == clip), None)
    if row is None:
        raise ValueError(f"{root}: no clip {clip!r} in this corpus")
    with tempfile.TemporaryDirectory(prefix="thlab-") as scratch:
        speech = say(row, Path(scratch))
    for number in range(n):
        yield perform(row, speech, settings, retake=number)


def make_clip(root: Path, row: dict, settings: Settings, scratch: Path) -> dict:
    """Write the clip's three files; returns its row with their sha256 checksums."""
    speech = say(row, scratch)
    frames, factors = perform(row, speech, settings)
    write_mp4(root / f"{row['id']}.mp4", frames, speech.audio, metadata=SYNTHETIC)
    write_whole(root / f"{row['id']}.wav", wav_bytes(speech.audio))
    write_npz(root / f"{row['id']}.npz", factors)
    return row | {"sha256": checksums(root, row["id"])}
