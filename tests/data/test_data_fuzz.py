"""Hundreds of damaged copies of real clips: none may raise, each is one row.

The surely broken ones are unusable.
"""

import itertools
import os
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from thlab.data import open_corpus

pytestmark = pytest.mark.timeout(120)  # a hang is a failure

SURELY_BROKEN = (
    "empty",
    "noise",
    "text",
    "folder",
    "silent",
    "tenth",
    "suffix",
    "dangling",
    "loop",
    "pipe",
)
DAMAGES = ("flips", "block", "half", "tail", "head", "twice")


def damaged(kind: str, good: bytes, rng: random.Random) -> bytes:
    """A copy of `good` with one kind of damage."""
    n, spot = len(good), rng.randrange(len(good))
    if kind == "flips":
        data = bytearray(good)
        for _ in range(rng.choice((1, 4, 64))):
            data[rng.randrange(n)] ^= 1 << rng.randrange(8)
        return bytes(data)
    if kind == "head":  # the first kilobyte decides how a file is read
        return rng.randbytes(rng.choice((4, 64, 1024))) + good[1024:]
    copies = {
        "empty": b"",
        "noise": rng.randbytes(n),
        "text": b"#EXTM3U\nhttp://localhost/x.ts\n",
        "tenth": good[: n // 10],
        "half": good[: n // 2],
        "tail": good[: n - n // 50],
        "twice": good[:spot] + good,
        "block": good[:spot] + bytes(min(4096, n - spot)) + good[spot + 4096 :],
    }
    return copies[kind]


def put(kind: str, path: Path, good: Path, silent: Path, rng: random.Random) -> Path:
    """Lay a damaged copy of `good` at `path`; returns where it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "silent":
        shutil.copy(silent, path)
    elif kind == "suffix":
        others = {".avi", ".wav", ".mpg", ".mp3", ".jpg"} - {path.suffix}
        path = path.with_suffix(rng.choice(sorted(others)))
        shutil.copy(good, path)
    elif kind in ("dangling", "loop"):
        path.symlink_to(path if kind == "loop" else path.parent / "nowhere")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(damaged(kind, good.read_bytes(), rng))
    return path


def check_table(corpus, root: Path, laid: dict[Path, str]):
    """The invariants: one row a file, broken ones unusable with a reason.

    What is called usable can be read.
    """
    rows = {row["path"]: row for row in corpus.table}
    names = [str(path.relative_to(root)) for path in laid]
    assert Counter(row["path"] for row in corpus.table) == Counter(names)
    for path, kind in laid.items():
        row = rows[str(path.relative_to(root))]
        assert bool(row["reason"]) == (row["status"] == "unusable")
        if kind in SURELY_BROKEN:
            assert row["status"] == "unusable", (kind, row)
        assert len(row["reason"]) < 300
    assert len(corpus) + len(corpus.unusable) == len(laid)
    for clip in corpus:
        assert len(clip.audio) > 0
        assert not clip.has_video or clip.frames.ndim == 4


def test_grid_survives_damage(real_data, tmp_path, make_clip, capfd):
    rng = random.Random(0)
    sources = sorted((real_data / "grid/s1/video").glob("*.mpg"))[:5]
    silent = make_clip(
        tmp_path / "silent.mpg",
        3.0,
        audio=np.zeros(3 * 44100, np.float32),
        rate=44100,
    )
    spelled = itertools.product("blps", "bgrw", "abiw", "abcd", "z12345", "anps")
    names = ["".join(codes) for codes in spelled]
    kinds = [*SURELY_BROKEN, *SURELY_BROKEN, *DAMAGES * 20]
    root = tmp_path / "grid"
    laid = {
        put(kind, root / f"s{1 + i % 3}/video/{name}.mpg", rng.choice(sources), silent, rng): kind
        for i, (kind, name) in enumerate(zip(kinds, rng.sample(names, len(kinds)), strict=True))
    }
    check_table(open_corpus("grid", root), root, laid)
    assert capfd.readouterr().err == ""  # libav's complaints stay out of the terminal


def test_ravdess_survives_damage(real_data, tmp_path):
    rng = random.Random(1)
    sources = sorted((real_data / "ravdess").glob("*/Actor_01/*.flac"))[:5]
    silent = tmp_path / "silent.flac"
    soundfile.write(silent, np.zeros(48000, np.int16), 16000)
    numbers = itertools.product(range(1, 9), (1, 2), (1, 2), (1, 2), range(1, 25))
    names = [(f"03-01-{e:02}-{i:02}-{s:02}-{t:02}-{a:02}", a) for e, i, s, t, a in numbers]
    kinds = [*SURELY_BROKEN, *SURELY_BROKEN, *DAMAGES * 14]
    laid = {
        put(
            kind,
            tmp_path / f"data/Actor_{actor:02}/{name}.flac",
            rng.choice(sources),
            silent,
            rng,
        ): kind
        for kind, (name, actor) in zip(kinds, rng.sample(names, len(kinds)), strict=True)
    }
    check_table(open_corpus("ravdess", tmp_path / "data"), tmp_path / "data", laid)


@pytest.mark.parametrize("part", ["mp4", "wav", "npz"])
def test_embedded_survives_damage(tmp_path, make_embedded, make_clip, part):
    rng = random.Random(part)
    kinds = [*SURELY_BROKEN, *DAMAGES * 5]
    ids = [f"s{i:02}_happy_{i:02}" for i in range(len(kinds))]
    root = make_embedded(tmp_path / "corpus", ids)
    if part == "mp4":
        silent = make_clip(tmp_path / "silent.mp4", 1.0, sound=False)
    else:
        silent = make_clip(tmp_path / "silent.wav", audio=np.zeros(16000, np.float32))
    laid = {}
    for id_, kind in zip(ids, kinds, strict=True):
        path = root / f"{id_}.{part}"
        good = tmp_path / f"good.{part}"
        path.rename(good)
        put(kind, path, good, silent, rng)
        # a mute video has its sound beside it; a suffix changed leaves the listed file missing
        laid[root / f"{id_}.mp4"] = "fine" if (part, kind) == ("mp4", "silent") else kind
    for stray in [p for p in root.iterdir() if p.suffix not in (".mp4", ".wav", ".npz", ".jsonl")]:
        stray.unlink()
    check_table(open_corpus("embedded", root), root, laid)
