"""From a corpus's official layout to prepared clips.

These are aligned crops, 16 kHz sound, landmarks, visemes and one manifest.
What comes out has the embedded corpus's files, so that `open_corpus("embedded", out)` reads it. A
clip's .npz is written last and each file gets its name only when it is whole: a run killed at any
moment goes on where it stopped.
"""

import errno
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from math import ceil
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from tqdm import tqdm

from thlab.data.check import check_clip
from thlab.data.clip import Clip
from thlab.data.corpora import Corpus, Row, open_corpus
from thlab.face.points import transform
from thlab.files import checksums, lock_folder, write_npz, write_whole
from thlab.media import (
    FPS,
    SAMPLE_RATE,
    SAMPLES_A_FRAME,
    first_stream,
    open_media,
    video_frames,
    wav_bytes,
    write_mp4,
)

MIN_FOUND = 0.8  # share of a clip's frames in which a face must be found
# seconds of sound around the words that the aligner hears, where their times are known
MARGIN = 0.1
SIZES = range(64, 257, 2)  # even, as the mp4's colours are stored at half the size


def prepare(
    corpus: str,
    root: Path | str,
    out: Path | str,
    size: int = 128,
    workers: int = 1,
    limit: int | None = None,
    speakers: Iterable[str] | None = None,
) -> dict[str, int]:
    """Prepare the clips of a corpus in its official layout, those that are there already excepted.

    Writes <id>.mp4 (size x size, 25 fps), <id>.wav, <id>.npz, manifest.jsonl and unusable.jsonl
    under `out`. Returns how many clips were `prepared`, `skipped` and `unusable`. Raises ValueError
    for wrong arguments, or where `out` holds the recordings themselves, or was prepared from
    another corpus or at another size; FileNotFoundError for a missing root.
    Chapter: book/sound-and-faces.ipynb
    """
    if size not in SIZES:
        raise ValueError(f"size {size}: an even number from {SIZES[0]} to {SIZES[-1]} is needed")
    out = Path(out)
    found = open_corpus(corpus, root, check="none")
    clips = choose(found, speakers, limit)
    keep_sources(out, Path(root), clips)
    out.mkdir(parents=True, exist_ok=True)
    unread = []
    for row in found.unusable:
        path = str(Path(root, row["path"]))
        unread.append({"id": row["id"], "path": path, "reason": row["reason"]})
    with lock_folder(out, "is in use: another run is preparing clips here; wait for it or stop it"):
        claim(out, {"corpus": corpus, "size": size})
        return prepare_missing(clips, unread, out, size, workers)


def prepare_missing(
    clips: list[Clip],
    unread: list[Row],
    out: Path,
    size: int,
    workers: int,
) -> dict[str, int]:
    """Prepare the clips that are not there yet, list the unusable ones, the manifest last."""
    todo = [clip for clip in clips if not (out / f"{clip.id}.npz").exists()]
    rows = run(partial(attempt, out=out, size=size), todo, workers)
    attempted = list(tqdm(rows, out.name, len(todo), disable=None))
    failed = [row for row in attempted if row["reason"]]
    write_lines(out / "unusable.jsonl", sorted(unread + failed, key=lambda row: row["path"]))
    write_manifest(out, clips)
    skipped = len(clips) - len(todo)
    unusable = len(unread + failed)
    return {"prepared": len(todo) - len(failed), "skipped": skipped, "unusable": unusable}


def choose(corpus: Corpus, speakers: Iterable[str] | None, limit: int | None) -> list[Clip]:
    """The clips of the speakers named, the first `limit` of them.

    ValueError for a speaker who is not there.
    """
    wanted = set(speakers or corpus.speakers)
    if unknown := wanted - set(corpus.speakers):
        names = ", ".join(sorted(unknown))
        raise ValueError(f"no speaker {names}: there are {', '.join(corpus.speakers)}")
    return [clip for clip in corpus if clip.speaker in wanted][:limit]


def keep_sources(out: Path, root: Path, clips: Iterable[Clip]) -> None:
    """ValueError where `out` is the folder to read from, or one in it that holds recordings.

    They might be lost.
    """
    if not out.exists():
        return
    sources = {root}
    for clip in clips:
        sources.add(clip.path.parent)
        if clip.audio_path:
            sources.add(clip.audio_path.parent)
    for source in sources:
        if out.samefile(source):
            raise ValueError(f"{out} holds the recordings themselves: prepare into another folder")


def claim(out: Path, settings: dict[str, str | int]) -> None:
    """See that the folder is new or was begun with the same settings."""
    note = out / "prepared.json"
    if note.exists() and (before := json.loads(note.read_text())) != settings:
        what = f"{out} was prepared with {before}, not {settings}"
        raise ValueError(f"{what}: choose another folder")
    write_whole(note, json.dumps(settings).encode())


def attempt(clip: Clip, out: Path, size: int) -> Row:
    """Prepare one clip; its row of unusable.jsonl, with an empty reason where all went well."""
    reason = ""
    try:
        check_clip(clip, "decode")
        prepare_clip(clip, out, size)
    except (ValueError, FileNotFoundError) as error:
        reason = str(error).replace(f"{clip.path}: ", "") or repr(error)
    except OSError as error:
        if error.errno == errno.ENOSPC:  # of the machine, not of the file
            raise
        reason = f"{type(error).__name__}: {error}"
    except ImportError:  # a package is missing: no other clip would fare better
        raise
    except Exception as error:
        # whatever a broken file does to a library, the other files are prepared
        reason = f"{type(error).__name__}: {error}"
    return {"id": clip.id, "path": str(clip.path), "reason": reason}


def prepare_clip(clip: Clip, out: Path, size: int) -> None:
    """Write one clip's .mp4 (where it has pictures), .wav and .npz.

    ValueError where it has no face or no alignment.
    Chapter: book/sound-and-faces.ipynb
    """
    crops, arrays = face_view(clip, size) if clip.has_video else (None, {})
    n_frames = ceil(len(clip.audio) / SAMPLES_A_FRAME) if crops is None else len(crops)
    length = n_frames * SAMPLES_A_FRAME
    audio = np.pad(clip.audio[:length], (0, max(0, length - len(clip.audio))))
    arrays |= speech_labels(clip, audio, n_frames)
    arrays["emotion"] = np.array(clip.emotion or "")
    arrays["intensity"] = np.array(np.nan if clip.intensity is None else clip.intensity)
    if crops is not None:
        write_mp4(out / f"{clip.id}.mp4", crops, audio)
    write_whole(out / f"{clip.id}.wav", wav_bytes(audio))
    write_npz(out / f"{clip.id}.npz", arrays)


def speech_labels(
    clip: Clip,
    audio: Float[np.ndarray, " n"],
    n_frames: int,
) -> dict[str, np.ndarray]:
    """Words, phones and visemes with their times; none where nobody knows what is said.

    Phones come from forced alignment, and words where the corpus does not time them. ValueError for
    a word without pronunciation or words that do not fit. Chapter: book/sound-and-faces.ipynb
    """
    said = [word.label for word in clip.words]
    if not said:
        nothing = np.zeros((0, 2))
        none = columns("word", [], nothing) | columns("phone", [], nothing)
        return none | {"phone_word": np.zeros(0, int)}
    from thlab.audio.alignment import align_pocketsphinx
    from thlab.audio.visemes import viseme_track

    begin = max(0, round((clip.words[0].start - MARGIN) * SAMPLE_RATE)) if clip.timed else 0
    end = round((clip.words[-1].end + MARGIN) * SAMPLE_RATE) if clip.timed else len(audio)
    heard = align_pocketsphinx(audio[begin:end], said)
    words, times = (np.array([span[:2] for span in spans]) + begin / SAMPLE_RATE for spans in heard)
    of_word = np.searchsorted(words[:, 0], times.mean(1), side="right") - 1
    official = np.array([word[:2] for word in clip.words]) if clip.timed else words
    times = carry_over(times, words[of_word], official[of_word])
    phones = [phone.label for phone in heard.phones]
    track = viseme_track(zip(*times.T.tolist(), phones, strict=True), n_frames)
    spoken = columns("word", said, official) | columns("phone", phones, times)
    return spoken | {"phone_word": of_word, "viseme": track}


def carry_over(
    times: Float[np.ndarray, "k 2"],
    source: Float[np.ndarray, "k 2"],
    target: Float[np.ndarray, "k 2"],
) -> Float[np.ndarray, "k 2"]:
    """Times within source intervals at the same share of the target ones.

    Each word's phones stretch with it.
    """
    share = (times - source[:, :1]) / np.maximum(np.diff(source), 1 / SAMPLE_RATE)
    return target[:, :1] + share * np.diff(target)


def columns(
    name: str,
    labels: Sequence[str],
    times: Float[np.ndarray, "k 2"],
) -> dict[str, np.ndarray]:
    """Labels, starts and ends as the three arrays of the embedded corpus's .npz."""
    return {name: np.array(labels, str), f"{name}_start": times[:, 0], f"{name}_end": times[:, 1]}


def face_view(
    clip: Clip,
    size: int,
) -> tuple[UInt8[np.ndarray, "t size size 3"], dict[str, np.ndarray]]:
    """The aligned crops of a clip at 25 fps, and arrays of what is known of them.

    These are landmarks, the mask of frames with a face, and the similarities.
    Chapter: book/sound-and-faces.ipynb
    """
    from thlab.face import align, landmarks

    points, found = landmarks.detect_landmarks(pictures(clip.path), name=clip.path.name)
    if found.mean() < MIN_FOUND:
        raise ValueError(f"a face is found in {found.mean():.0%} of the frames only")
    points = landmarks.to_68(points)
    matrices = align.alignment_matrices(points, size)
    moved = np.stack([transform(*pair) for pair in zip(points, matrices, strict=True)])
    crops = align.crop(pictures(clip.path), matrices, size)
    return crops, {"landmarks": moved.astype(np.float32), "found": found, "alignment": matrices}


def pictures(path: Path) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """The pictures of a video at 25 fps, one after another.

    Minutes of high definition don't fit in memory.
    """
    with open_media(path) as container:
        rate = float(first_stream(container, "video").average_rate)
        yield from at_25_fps(
            (frame.to_ndarray(format="rgb24") for frame in video_frames(container)),
            rate,
        )


def at_25_fps(
    frames: Iterable[UInt8[np.ndarray, "h w 3"]],
    fps: float,
) -> Iterator[UInt8[np.ndarray, "h w 3"]]:
    """The frame that is shown at the middle of each 25th of a second.

    Chapter: book/sound-and-faces.ipynb
    """
    ticks = 0
    for index, frame in enumerate(frames):
        while (ticks + 0.5) / FPS * fps < index + 1:
            yield frame
            ticks += 1


def write_manifest(out: Path, clips: Iterable[Clip]) -> None:
    """One line a prepared clip, as in the embedded corpus; earlier clips' lines are kept."""
    manifest = out / "manifest.jsonl"
    lines = manifest.read_text().splitlines() if manifest.exists() else []
    rows = {row["id"]: row for row in map(json.loads, lines)}
    for clip in clips:
        if (out / f"{clip.id}.npz").exists():
            rows[clip.id] = manifest_row(clip, out)
    write_lines(manifest, [rows[name] for name in sorted(rows)])


def manifest_row(clip: Clip, out: Path) -> Row:
    """What the manifest says of a clip: who, what, how, and the SHA-256 of each file."""
    named = {key: getattr(clip, key) for key in ("id", "speaker", "emotion", "intensity", "split")}
    words = [word.label for word in clip.words]
    sums = checksums(out, clip.id)
    return named | {"words": words, "seed": None, "corpus_version": None, "sha256": sums}


def write_lines(path: Path, rows: list[Row]) -> None:
    """One JSON object a line."""
    write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())


def run(task: Callable[[Clip], Row], clips: list[Clip], workers: int) -> Iterator[Row]:
    """The task's rows, as they come; with more than one worker, from processes of their own."""
    if workers == 1:
        yield from map(task, clips)
        return
    # spawned, for mediapipe's threads do not survive a fork
    with ProcessPoolExecutor(workers, get_context("spawn"), initializer=_end_with_parent) as pool:
        try:
            for done in as_completed([pool.submit(task, clip) for clip in clips]):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for ever; one thread is a worker's share."""
    import torch

    torch.set_num_threads(1)
    # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if parent := parent_process():
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
