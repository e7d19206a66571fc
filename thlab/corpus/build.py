"""Build a corpus: share the clips among workers, keep what is done, write the manifest last."""

import contextlib
import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tqdm.auto import tqdm

from thlab.corpus.clip import kinds, make_clip
from thlab.corpus.render import VIEWS
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import (
    CORPUS_VERSION,
    PRESETS,
    SETTINGS,
    Preset,
    Settings,
    read_settings,
    settings_of,
    settings_text,
    settle,
)
from thlab.corpus.workers import answer_all, raise_error, shared_work
from thlab.files import checksums, home, lock_folder, remove_parts, write_whole

MANIFEST = "manifest.jsonl"
JOURNAL = "manifest.jsonl.part"
WORKER = "from thlab.corpus.build import serve; serve()"


def build(
    root: str | Path,
    preset: str | Preset = "tiny",
    view: str = "face",
    size: int | None = None,
    head_motion: float | None = None,
    motion_seed: int = 0,
    workers: int | None = None,
    light: str = "clip",
    quiet: bool = False,
) -> Path:
    """Build a corpus in a folder, or finish or mend the one that is there; returns the folder.

    Equal settings give equal bytes, whatever the number of workers (default: one a core) and
    however often the build was interrupted. view "both" makes root/face and root/portrait. light:
    "clip" gives each clip a lamp and a backdrop of its own, "person" one to all clips of a person.
    quiet: digital silence in place of a recording floor.
    Raises ValueError for settings out of range or a folder that holds another corpus, OSError where
    the disk is full.
    Chapter: book/sound-and-faces.ipynb
    """
    if workers is not None and workers < 1:
        raise ValueError(f"workers {workers}: choose a whole number from 1")
    root = Path(root)
    for one in VIEWS if view == "both" else (view,):
        settings = settle(preset, one, size, head_motion, motion_seed, light, quiet)
        _build_view(
            root / one if view == "both" else root,
            settings,
            workers or os.cpu_count() or 1,
        )
    return root


def ensure(preset: str = "tiny", view: str = "face", **settings) -> Path:
    """The corpus of these settings, built under $THLAB_HOME unless it is there already.

    Without the variable that is ~/.cache/thlab.
    Takes what `build` takes. Chapter: book/sound-and-faces.ipynb
    """
    usual = dict(vars(PRESETS.get(preset, PRESETS["tiny"])))
    usual |= {"motion_seed": 0, "light": "clip", "quiet": False, "workers": settings.get("workers")}
    parts = [preset, view, f"v{CORPUS_VERSION}"]
    for key, value in sorted(settings.items()):
        if value not in (None, usual[key]):
            parts.append(f"{key}={value}")
    return build(home() / "corpus" / "-".join(parts), preset, view, **settings)


def verify(root: str | Path) -> list[str]:
    """What is wrong with a corpus, a line for each missing, truncated or altered file.

    Empty when all is well. Raises FileNotFoundError where there is no corpus, ValueError where it
    is of another version.
    Chapter: book/sound-and-faces.ipynb
    """
    found = [view for view in ("", *VIEWS) if Path(root, view, SETTINGS).is_file()]
    if not found:
        ask = "make one with `thlab corpus build`"
        raise FileNotFoundError(f"{root} holds no corpus ({SETTINGS} is missing): {ask}")
    problems = []
    for view in found:
        problems += [f"{view}/{problem}".lstrip("/") for problem in _problems(Path(root, view))]
    return problems


def _problems(root: Path) -> list[str]:
    settings = read_settings(root)
    if not (root / MANIFEST).is_file():
        return [f"{MANIFEST}: missing (the build was not finished)"]
    known = _known(root, MANIFEST, settings)
    problems = []
    for clip in [row["id"] for row in clip_rows(settings)]:
        if clip not in known:
            problems.append(f"{MANIFEST}: no line for {clip}, or an altered one")
            continue
        found = checksums(root, clip)
        for kind, checksum in known[clip]["sha256"].items():
            if found.get(kind) != checksum:
                what = "altered or truncated" if kind in found else "missing"
                problems.append(f"{clip}.{kind}: {what}")
    return problems


def _known(root: Path, name: str, settings: Settings) -> dict[str, dict]:
    """Rows of a manifest or journal by clip, without torn lines and those of other settings."""
    if not (root / name).is_file():
        return {}
    expected = {row["id"]: row for row in clip_rows(settings)}
    files = set(kinds(settings))
    known = {}
    for line in (root / name).read_text(errors="replace").splitlines():
        with contextlib.suppress(json.JSONDecodeError, KeyError, TypeError, AttributeError):
            row = json.loads(line)
            sums = row["sha256"]
            if {**expected[row["id"]], "sha256": sums} == row and set(sums) == files:
                known[row["id"]] = row
    return known


def _build_view(root: Path, settings: Settings, workers: int) -> None:
    root.mkdir(parents=True, exist_ok=True)
    with lock_folder(root):  # a second builder waits, and then finds the work done
        try:
            if not (root / SETTINGS).exists():
                write_whole(root / SETTINGS, settings_text(settings).encode())
            if read_settings(root) != settings:
                other = f"{root} holds a corpus of other settings (see {SETTINGS})"
                raise ValueError(f"{other}: choose another folder")
            _finish(root, settings, workers)
        finally:
            remove_parts(root)  # of killed workers


def _finish(root: Path, settings: Settings, workers: int) -> None:
    """Make the clips that are missing or not whole, then write the manifest."""
    rows = clip_rows(settings)
    known = _known(root, MANIFEST, settings) | _known(root, JOURNAL, settings)
    whole = {clip: row for clip, row in known.items() if checksums(root, clip) == row["sha256"]}
    if todo := [row for row in rows if row["id"] not in whole]:
        whole |= {row["id"]: row for row in _make(root, settings, todo, workers)}
    text = "".join(json.dumps(whole[row["id"]]) + "\n" for row in rows).encode()
    if not (root / MANIFEST).is_file() or (root / MANIFEST).read_bytes() != text:
        write_whole(root / MANIFEST, text)
    (root / JOURNAL).unlink(missing_ok=True)


def _make(root: Path, settings: Settings, todo: list[dict], workers: int) -> Iterator[dict]:
    """Make clips in worker processes and yield their rows as they come.

    Each is noted in the journal at once.
    """
    arguments = [str(root.resolve()), json.dumps(dataclasses.asdict(settings))]
    with (
        # an error here ends the workers
        contextlib.closing(shared_work(WORKER, arguments, todo, workers)) as answers,
        (root / JOURNAL).open("a") as journal,
        tqdm(total=len(todo), unit="clip", desc=root.name) as bar,
    ):
        for row in answers:
            raise_error(row, f"a clip of {root}", "finished clips are kept")
            journal.write(json.dumps(row) + "\n")
            journal.flush()
            bar.update()
            yield row
        if bar.n < len(todo):
            left = len(todo) - bar.n
            raise RuntimeError(f"a worker process died: {left} clips of {root} were not made")


def serve() -> None:
    """Be a worker: folder and settings are arguments, the clips' rows come in.

    Where the build is killed, writing to its pipe fails and ends the worker.
    """
    root = Path(sys.argv[1])
    settings = settings_of(json.loads(sys.argv[2]))
    with tempfile.TemporaryDirectory(prefix="thlab-") as scratch:
        answer_all(lambda row: make_clip(root, row, settings, Path(scratch)))
