"""Files that are whole or not there, locked folders, and where things are cached."""

import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

CLIP_FILES = ("mp4", "wav", "npz")


def home() -> Path:
    """The folder of what is made on this machine: $THLAB_HOME, else ~/.cache/thlab."""
    return Path(os.environ.get("THLAB_HOME", "~/.cache/thlab")).expanduser()


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """A file beside `path` to write to, renamed to it at the end; an error leaves neither.

    So no half of a file ever carries its name.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file beside its place and rename it: it is there whole or not at all."""
    with whole_file(path) as part:
        part.write_bytes(content)


def write_npz(path: str | Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed .npz whose bytes depend on the arrays alone."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz, none of them pickled; ValueError where it is missing or damaged."""
    if not path.is_file():  # before opening: a pipe in its place would wait for ever
        raise ValueError(f"{path.name}: missing, or not a file")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (
        Exception
    ) as error:  # numpy, zipfile and zlib have a dozen kinds of it for a damaged file
        raise ValueError(f"{path.name}: not a readable .npz ({error})") from error


def cached_arrays(
    folder: str, name: str, make: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays that `make` returns at the first call for a name, kept in a folder of `home`.

    name: a digest of all that they depend on. The folder may be deleted at any time.
    """
    kept = home() / folder
    kept.mkdir(parents=True, exist_ok=True)
    path = kept / f"{name}.npz"
    with lock_folder(kept):  # a second process waits, and finds the work done
        if not path.is_file():
            write_npz(path, make())
    return load_arrays(path)


def checksums(root: Path, clip: str) -> dict[str, str]:
    """SHA-256 of each of a clip's files that is there, by suffix: mp4, wav, npz."""
    found = {}
    for kind in CLIP_FILES:
        file = root / f"{clip}.{kind}"
        if file.is_file():
            found[kind] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


@contextmanager
def lock_folder(folder: Path, busy: str = "") -> Iterator[None]:
    """Hold a folder, so that one process at a time writes there.

    What a killed one left half-written is removed. busy: what a ValueError says where another
    process holds it. Without it, wait until that one is done.
    """
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0 if busy else -1)
    except Timeout as error:
        raise ValueError(f"{folder} {busy}") from error
    try:
        remove_parts(folder)
        yield
    finally:
        lock.release()


def remove_parts(folder: Path) -> None:
    """Remove files that were being written, in `whole_file`, by processes that are gone."""
    for left in folder.glob(".*.part"):
        left.unlink(missing_ok=True)
