"""One clip: speech, scene and labels, and the files they are kept in."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8

from thlab.audio.espeak import english_data
from thlab.audio.visemes import sample_visemes, viseme_segments
from thlab.corpus.floor import FACTORS as FLOOR_FACTORS
from thlab.corpus.floor import add_floor
from thlab.corpus.head import load_head
from thlab.corpus.identity import is_male
from thlab.corpus.motion import Expression, Motion, animate, express, face_of_speech, loudness
from thlab.corpus.render import draw_lighting
from thlab.corpus.rows import clip_rows
from thlab.corpus.scene import Scene, person
from thlab.corpus.settings import Settings, read_settings
from thlab.corpus.speech import Speech, speak
from thlab.corpus.voice import Voice
from thlab.files import CLIP_FILES, checksums, write_npz, write_whole
from thlab.media import SYNTHETIC, wav_bytes, write_mp4

# each kind of chance has random numbers of its own, so that one can change without the others
SPEECH_STREAM, MOTION_STREAM, LIGHT_STREAM, FLOOR_STREAM = 0, 1, 2, 3


def speaker_number(row: dict) -> int:
    """The number of a row's speaker."""
    return int(row["speaker"][1:])


def say(row: dict, scratch: Path) -> Speech:
    """The clip's speech; `scratch` is where espeak-ng's data is copied at first use."""
    if not (data := scratch / "espeak").exists():
        english_data(data)
    speaker = speaker_number(row)
    rng = np.random.default_rng([SPEECH_STREAM, row["seed"]])
    voice = Voice(speaker, is_male(speaker))
    words = tuple(row["words"])
    speech = speak(voice, words, row["emotion"], row["intensity"], rng, data)
    if "floor_db" not in row:
        return speech
    rng = np.random.default_rng([FLOOR_STREAM, row["seed"]])
    heard = add_floor(speech.clean, speech.level, row["floor_db"], row["floor_colour"], rng)
    return replace(speech, audio=heard)


def motion_rng(row: dict, settings: Settings, retake: int | None = None) -> np.random.Generator:
    """The chance of a clip's motion, or of a retake's."""
    seed = [MOTION_STREAM, row["seed"], settings.motion_seed]
    if retake is not None:
        # from 1 on: numpy pads a short seed with zeros, so that a last 0 would give the clip itself
        seed.append(1 + retake)
    return np.random.default_rng(seed)


def stage(row: dict, speech: Speech, settings: Settings, retake: int | None = None) -> Scene:
    """The clip's scene. retake: a number, for other motion to the same speech in the same light."""
    speaker = speaker_number(row)
    who = person(speaker)

    def move(rng: np.random.Generator) -> Motion:
        mood = row["emotion"], row["intensity"]
        return animate(load_head(), who, speech, *mood, settings.head_motion, rng)

    rng = motion_rng(row, settings)
    motion = move(rng)
    lighting = draw_lighting(rng)
    if settings.light == "person":
        lighting = draw_lighting(np.random.default_rng([LIGHT_STREAM, speaker]))
    if retake is not None:
        motion = move(motion_rng(row, settings, retake))
    return Scene(speaker, motion, lighting)


def in_mood(
    row: dict,
    speech: Speech,
    settings: Settings,
    retake: int | None,
    mood: tuple[str, float],
    blink: Float[np.ndarray, " t"],
) -> Expression:
    """The clip's expression in another mood: emotion and intensity. blink: of the lids."""
    head = load_head()
    rng = motion_rng(row, settings, retake)
    spoken = face_of_speech(head, speech, loudness(speech), rng)
    return express(head, person(speaker_number(row)), spoken, *mood, blink)


def film(
    row: dict, speech: Speech, settings: Settings, retake: int | None = None
) -> tuple[UInt8[np.ndarray, "t h w 3"], dict[str, np.ndarray]]:
    """The clip's frames and its labels; see `labels`. retake: as `stage` takes it."""
    scene = stage(row, speech, settings, retake)
    frames, landmarks = scene.shoot(settings.view, settings.size)
    return frames, labels(row, speech, scene, landmarks)


def labels(row: dict, speech: Speech, scene: Scene, landmarks: np.ndarray) -> dict[str, np.ndarray]:
    """Every factor of the clip by name: times in s, angles in rad, one row a frame at 25 fps.

    A word lasts from the start of its first phone to the end of its last.
    """
    start = speech.phone_start
    end = speech.phone_end
    word = speech.phone_word
    phones = [np.flatnonzero(word == number) for number in range(len(row["words"]))]
    motion = scene.motion
    factors = {
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
        "landmarks": landmarks,
        "light": scene.lighting.direction,
    }
    return factors | {name: np.array(row[name]) for name in FLOOR_FACTORS if name in row}


def retakes(
    root: Path | str, clip: str, n: int
) -> Iterator[tuple[UInt8[np.ndarray, "t h w 3"], dict[str, np.ndarray]]]:
    """n other performances of a clip: frames and labels of each.

    The same speech in the same light, with other motion.
    clip: its id. Head pose, gaze, blinks and how firmly each viseme is said are drawn anew: what
    the face might as well have done, from which a model's spread is judged. The first k of n are
    the same for any n. Raises ValueError where the corpus in root has no such clip, or is of
    another version.
    Chapter: book/latent-kl.ipynb
    """
    settings = read_settings(Path(root))
    row = next((row for row in clip_rows(settings) if row["id"] == clip), None)
    if row is None:
        raise ValueError(f"{root}: no clip {clip!r} in this corpus")
    with tempfile.TemporaryDirectory(prefix="thlab-") as scratch:
        speech = say(row, Path(scratch))
    for number in range(n):
        yield film(row, speech, settings, retake=number)


def kinds(settings: Settings) -> tuple[str, ...]:
    """The files of a clip: a video, sound and factors, or the last two alone."""
    return CLIP_FILES if settings.pictures else CLIP_FILES[1:]


def make_clip(root: Path, row: dict, settings: Settings, scratch: Path) -> dict:
    """Write the clip's files; returns its row with their sha256 checksums."""
    speech = say(row, scratch)
    if settings.pictures:
        frames, factors = film(row, speech, settings)
        write_mp4(root / f"{row['id']}.mp4", frames, speech.audio, metadata=SYNTHETIC)
    else:
        scene = stage(row, speech, settings)
        factors = labels(row, speech, scene, scene.landmarks(settings.view, settings.size))
    write_whole(root / f"{row['id']}.wav", wav_bytes(speech.audio))
    write_npz(root / f"{row['id']}.npz", factors)
    return row | {"sha256": checksums(root, row["id"])}
