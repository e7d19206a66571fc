"""Frames of clips in one file, mapped into memory: what one training decoded, others share."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import UInt8
from torch import Tensor
from tqdm import tqdm

from thlab.data.clip import Clip
from thlab.files import home

AHEAD = 32  # clips decoded before they are written


def mapped_frames(
    clips: Sequence[Clip], lengths: Sequence[int], workers: int = 1
) -> UInt8[Tensor, "f h w 3"]:
    """All frames of clips, one after another, from a file that is made where it is missing.

    It lies under $THLAB_HOME/frames and may be deleted at any time. Its name follows from the
    clips' paths, sizes and times of change. lengths: frames a clip. Raises ValueError for a clip
    with another number of frames, or of another size than the first, OSError where the disk is
    full; then nothing is left. Chapter: book/priors.ipynb
    """
    path = home() / "frames" / f"{_digest(clips)}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # a second process waits, and finds the work done
        if not path.is_file():
            _decode(path, clips, lengths, workers)
    # copy on write: a tensor that PyTorch may write to, and a file that nobody changes
    return torch.from_numpy(np.load(path, mmap_mode="c"))


def _digest(clips: Sequence[Clip]) -> str:
    """What the frames depend on."""
    found = hashlib.sha256()
    for clip in clips:
        state = clip.path.stat()
        found.update(f"{clip.path.resolve()} {state.st_size} {state.st_mtime_ns}\n".encode())
    return found.hexdigest()[:32]


def _decode(path: Path, clips: Sequence[Clip], lengths: Sequence[int], workers: int) -> None:
    """Write all frames beside the file's place, and rename it when it is whole."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    shape = (sum(lengths), *clips[0].frames.shape[1:])
    try:
        array = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
        with part.open("r+b") as file:  # a full disk is met here
            os.posix_fallocate(file.fileno(), 0, part.stat().st_size)
        start = 0
        for clip, length, frames in zip(clips, lengths, _decoded(clips, workers), strict=True):
            _check(clip, frames, (length, *shape[1:]))
            array[start : start + length] = frames
            start += length
        array.flush()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _decoded(clips: Sequence[Clip], workers: int) -> Iterator[UInt8[np.ndarray, "t h w 3"]]:
    """The frames of each clip, decoded a few clips ahead, so that memory holds no more."""
    with ThreadPoolExecutor(workers) as pool:
        for start in tqdm(range(0, len(clips), AHEAD), "clips to disk", disable=None, leave=False):
            some = [clips[i] for i in range(start, min(start + AHEAD, len(clips)))]
            yield from pool.map(lambda clip: clip.frames, some)


def _check(clip: Clip, frames: np.ndarray, shape: tuple[int, ...]) -> None:
    """ValueError where a clip has not as many frames as labels, or is of another size."""
    if len(frames) != shape[0]:
        wrong = f"{len(frames)} frames but {shape[0]} visemes"
        raise ValueError(f"{clip.path}: {wrong}; prepare the clip again")
    if frames.shape != shape:
        height, width = frames.shape[1:3]
        raise ValueError(
            f"{clip.path}: {width} x {height} pixels, the clips before it {shape[2]} x {shape[1]};"
            " prepare all with one --size"
        )
