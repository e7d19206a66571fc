"""Stills: single pictures of people whom no clip shows, for nets that must see many people."""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from filelock import FileLock
from jaxtyping import Float, Int, UInt8
from tqdm.auto import tqdm

from thlab.audio.visemes import VISEMES, frame_centres
from thlab.corpus import expression as ex
from thlab.corpus import motion as mo
from thlab.corpus.head import load_head
from thlab.corpus.identity import Person
from thlab.corpus.render import draw_lighting
from thlab.corpus.rows import LEAST_INTENSITY
from thlab.corpus.scene import Scene, check_view, person
from thlab.corpus.settings import LAST_SPEAKER
from thlab.corpus.version import CORPUS_VERSION
from thlab.corpus.workers import answer_all, raise_error, shared_work
from thlab.files import home

FIRST_STRANGER = LAST_SPEAKER + 1
STILLS_STREAM = 6000
BLINKING = 0.15  # of the stills
PHONE_SECONDS = (0.04, 0.16)
WORKER = "from thlab.corpus.still_pictures import serve; serve()"


class Stills(NamedTuple):
    """Pictures and what is exactly known of them, a row a still; arrays mapped from the disk.

    emotion, viseme: index into EMOTIONS and VISEMES. landmarks: pixels. speaker: a number from 1000
    on.
    """

    frames: UInt8[np.ndarray, "n h w 3"]
    landmarks: Float[np.ndarray, "n 68 2"]
    speaker: Int[np.ndarray, " n"]
    emotion: UInt8[np.ndarray, " n"]
    intensity: Float[np.ndarray, " n"]
    viseme: UInt8[np.ndarray, " n"]


def stills(
    people: int,
    per_person: int = 96,
    seed: int = 0,
    size: int = 64,
    first: int = FIRST_STRANGER,
    workers: int | None = None,
) -> Stills:
    """Stills (`face` view) of people whom no clip shows, made under $THLAB_HOME where missing.

    People first, first + 1, … with per_person stills each, the emotions in turn; viseme and what is
    said before and after it, intensity, pose, gaze, lids and light are drawn anew for each. Equal
    arguments give equal bytes, whatever the number of workers (default: one a core); the first k
    stills of a person are the same for any per_person. Raises ValueError for what is out of range,
    OSError where the disk is full, and then leaves nothing.
    Chapter: book/sound-and-faces.ipynb
    """
    _check(people, per_person, seed, size, first, workers)
    last = first + people - 1
    name = f"stills-{first}-{last}-{per_person}-{size}-seed{seed}-v{CORPUS_VERSION}"
    folder = home() / "corpus" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    # a second caller waits, and finds the work done
    with FileLock(folder.parent / f".{name}.lock"):
        if not folder.is_dir():
            with _whole(folder) as part:
                _make(part, range(first, first + people), per_person, seed, size, workers)
    return _opened(folder, "r")


def _check(
    people: int,
    per_person: int,
    seed: int,
    size: int,
    first: int,
    workers: int | None,
) -> None:
    check_view("face", size)
    for name, value in (("people", people), ("per_person", per_person), ("workers", workers or 1)):
        if value < 1:
            raise ValueError(f"{name} {value}: choose a whole number from 1")
    if seed < 0:
        raise ValueError(f"seed {seed}: choose a whole number from 0")
    if first < FIRST_STRANGER:
        raise ValueError(f"first {first}: people below {FIRST_STRANGER} may be in a clip")


@contextlib.contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder to fill, which gets its name when it is whole and goes when anything fails."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a killed process
    part.mkdir()
    try:
        yield part
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _make(
    part: Path,
    people: range,
    per_person: int,
    seed: int,
    size: int,
    workers: int | None,
) -> None:
    """Fill the folder; each worker writes the rows of its people."""
    _create(part, len(people) * per_person, size)
    tasks = [{"person": who, "row": i * per_person} for i, who in enumerate(people)]
    arguments = [str(part.resolve()), json.dumps([per_person, seed, size])]
    work = shared_work(WORKER, arguments, tasks, workers or os.cpu_count() or 1)
    done = 0
    with contextlib.closing(work), tqdm(total=len(tasks), unit="person", desc="stills") as bar:
        for answer in work:
            raise_error(answer, "stills", "nothing was kept")
            done += 1
            bar.update()
    if done < len(tasks):
        raise RuntimeError(f"a worker process died: {len(tasks) - done} people were not made")


def _create(folder: Path, n: int, size: int) -> None:
    """Empty arrays on disk; room for them is taken at once, so that a full disk is met here."""
    shapes = {
        "frames": ((n, size, size, 3), np.uint8),
        "landmarks": ((n, 68, 2), np.float32),
        "speaker": ((n,), np.int32),
        "emotion": ((n,), np.uint8),
        "intensity": ((n,), np.float32),
        "viseme": ((n,), np.uint8),
    }
    for name, (shape, dtype) in shapes.items():
        path = folder / f"{name}.npy"
        np.lib.format.open_memmap(path, "w+", dtype, shape).flush()
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _opened(folder: Path, mode: Literal["r", "r+"]) -> Stills:
    return Stills(*(np.load(folder / f"{name}.npy", mmap_mode=mode) for name in Stills._fields))


def serve() -> None:
    """Be a worker: draw the people that come in and write their rows into the folder's arrays."""
    arrays = _opened(Path(sys.argv[1]), "r+")
    per_person, seed, size = json.loads(sys.argv[2])

    def draw(task: dict) -> dict:
        rng = np.random.default_rng([STILLS_STREAM, seed, task["person"]])
        for k in range(per_person):
            _draw(
                arrays,
                task["row"] + k,
                task["person"],
                ex.EMOTIONS[k % len(ex.EMOTIONS)],
                size,
                rng,
            )
        return task

    answer_all(draw)


def _draw(
    arrays: Stills,
    row: int,
    speaker: int,
    emotion: str,
    size: int,
    rng: np.random.Generator,
) -> None:
    """Draw one still and write it into a row of the arrays."""
    intensity = 0.0 if emotion == "neutral" else rng.uniform(LEAST_INTENSITY, 1)
    viseme = VISEMES[rng.integers(len(VISEMES))]
    pose = frozen(person(speaker), viseme, emotion, intensity, rng)
    frames, landmarks = Scene(speaker, pose, draw_lighting(rng)).shoot("face", size)
    arrays.frames[row] = frames[0]
    arrays.landmarks[row] = landmarks[0]
    arrays.speaker[row] = speaker
    arrays.emotion[row] = ex.EMOTIONS.index(emotion)
    arrays.intensity[row] = intensity
    arrays.viseme[row] = VISEMES.index(viseme)


def frozen(
    who: Person,
    viseme: str,
    emotion: str,
    intensity: float,
    rng: np.random.Generator,
) -> mo.Motion:
    """One frame of someone who says a viseme between two others; drawn as clips are moved."""
    head = load_head()
    _, nod, _, _ = mo.habits(head, who)
    said = mo.speak_units(head, _around(viseme, rng), 1, rng)
    energy = rng.uniform() * (viseme != "sil")
    swell = 1 + 0.10 * rng.standard_normal((1, 1))
    blink = np.array([rng.choice(mo.BLINK) if rng.uniform() < BLINKING else 0.0])
    spoken = mo.Spoken(said, swell, np.array([energy]))
    face = mo.express(head, who, spoken, emotion, intensity, blink)
    units = mo.Lips(head, who.vertices).seal(*face).astype(np.float32)
    pose = rng.normal(0, mo.HELD_POSE) + rng.normal(0, mo.SWAY)
    pose += np.array(ex.EMOTION_POSE.get(emotion, (0, 0, 0))) * intensity
    pose[1] += 0.08 * (nod * energy - 0.2)
    gaze = rng.normal(0, mo.GLANCE, 2) - pose[:2] * mo.STEADY_GAZE
    gaze += mo.downcast(emotion, intensity)
    shift = rng.normal(0, mo.SEAT)
    return mo.Motion(units, pose[None], shift[None], gaze[None], blink, face)


def _around(viseme: str, rng: np.random.Generator) -> list[tuple[float, float, str]]:
    """The viseme at the first frame's centre, said for a time of its own between two others."""
    before, after = (VISEMES[i] for i in rng.integers(len(VISEMES), size=2))
    length = rng.uniform(*PHONE_SECONDS)
    start = frame_centres(1)[0] - length * rng.uniform()
    end = start + length
    return [(start - 0.1, start, before), (start, end, viseme), (end, end + 0.1, after)]
