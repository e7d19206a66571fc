"""Is a clip usable, and if not, why not: the one place that decides, for every corpus.

A clip is unusable where
- a file of it is missing, empty, a folder, not a regular file, not readable, or has a suffix its
  corpus does not use;
- its name or the text beside it makes no sense (its reader says so);
- it does not open or lacks a stream (check="probe" stops here);
- a frame does not decode, or decodes with errors that the decoder had to conceal;
- it is truncated: less than the container's duration decodes, with .2 s of grace; or fewer frames
  than all clips of
  the corpus have (GRID: 75); or fewer bytes than a .wav header promises;
- its sound is silent (peak below .001) or not finite, or a word's time lies outside the clip or out
  of order.
"""

import stat
from pathlib import Path

import numpy as np

from thlab.data.clip import Clip
from thlab.media import SAMPLE_RATE, first_stream, frame_rate, open_media, read_audio, video_frames

CHECKS = ("decode", "probe", "none")
# seconds by which a decoded length may fall short of the declared one, or a word may end after it
GRACE = 0.2
SILENT = 1e-3  # peak, of full scale
# sizes that a program writes into a .wav header when it cannot know them
STREAMED = (0, 0xFFFFFFFF)


def check_file(path: Path, suffixes: tuple[str, ...]) -> None:
    """ValueError where `path` is not a readable, non-empty file with one of the suffixes."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ValueError("a folder in a file's place")
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a regular file")
        if status.st_size == 0:
            raise ValueError("empty file")
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"not readable: {error.strerror}") from error
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"suffix {path.suffix!r} where {' or '.join(suffixes)} is expected")


def check_clip(clip: Clip, check: str) -> None:
    """ValueError with the reason where a clip is unusable by the rules at the head of this file."""
    if check == "none":
        return
    sound = clip.audio_path or clip.path
    check_file(sound, (sound.suffix.lower(),))
    _probe(sound, "audio")
    if clip.has_video:
        _probe(clip.path, "video")
    if check == "decode":
        seconds = max(_decode_video(clip) if clip.has_video else 0.0, _decode_audio(sound))
        _compare_duration(clip.path, seconds)
        _compare_words(clip, seconds)


def _probe(path: Path, kind: str) -> None:
    with open_media(path) as container:
        first_stream(container, kind)


def _decode_video(clip: Clip) -> float:
    """Seconds of video that decode; ValueError where frames are damaged or missing."""
    with open_media(clip.path) as container:
        frames = [(frame.is_corrupt, frame.time or 0.0) for frame in video_frames(container)]
        fps = frame_rate(container)
    damaged = sum(corrupt for corrupt, _ in frames)
    expected = clip.extra.get("expected_frames", 1)
    if damaged:
        raise ValueError(f"damaged: {damaged} of {len(frames)} frames decode with errors")
    if len(frames) < expected:
        raise ValueError(f"truncated: {len(frames)} frames decode, {expected} are expected")
    return frames[-1][1] - frames[0][1] + 1 / fps


def _decode_audio(path: Path) -> float:
    """Seconds of sound that decode.

    ValueError where it is silent, not finite, or shorter than a .wav header says.
    """
    if path.suffix.lower() == ".wav":  # libsndfile reads a cut .wav without a word
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8)[4:], "little")
        if size not in STREAMED and size + 8 > path.stat().st_size:
            there = path.stat().st_size
            raise ValueError(f"truncated: {there} bytes of the {size + 8} that the header declares")
    audio = read_audio(path)
    if not np.isfinite(audio).all():
        raise ValueError("sound is not finite")
    if not len(audio) or np.abs(audio).max() < SILENT:
        raise ValueError("silent")
    return len(audio) / SAMPLE_RATE


def _compare_duration(path: Path, seconds: float) -> None:
    with open_media(path) as container:
        declared = (container.duration or 0) / 1e6
    if seconds < declared - GRACE:
        raise ValueError(f"truncated: {seconds:.2f} of {declared:.2f} declared seconds decode")


def _compare_words(clip: Clip, seconds: float) -> None:
    time = 0.0
    for word in clip.words if clip.timed else ():
        if not time <= word.start < word.end <= seconds + GRACE:
            when = f"{word.start:.2f}–{word.end:.2f} s of {seconds:.2f} s"
            raise ValueError(f"mislabelled: {word.label!r} at {when}")
        time = word.start
