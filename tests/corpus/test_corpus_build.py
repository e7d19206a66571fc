"""The build: equal bytes for any workers and any interruption; verify names what is wrong."""

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thlab import media
from thlab.corpus import Preset, build, clip, ensure, settings, verify
from thlab.corpus.build import read_settings
from thlab.corpus.rows import clip_rows
from thlab.files import write_whole

MINI = Preset(split=(1, 0, 1), sentences=1, size=64, emotions=("neutral", "happy"))
SCRIPT = """
import sys
from thlab.corpus import Preset, build
build(sys.argv[1], {preset}, workers=1)
"""


def contents(root: Path) -> dict[str, str]:
    """Hash of every file of a corpus, but for the lock."""
    files = sorted(path for path in root.iterdir() if path.name != ".lock")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("mini") / "corpus", MINI, workers=2)


def test_one_worker_writes_the_bytes_of_two(mini, tmp_path):
    assert contents(build(tmp_path / "one", MINI, workers=1)) == contents(mini)
    assert len(contents(mini)) == 2 + 3 * 4


def test_a_killed_build_resumes_to_the_same_bytes(mini, tmp_path):
    root = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(preset=MINI), str(root)],
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 240
    journal = root / "manifest.jsonl.part"
    while not (journal.exists() and "\n" in journal.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (root / "manifest.jsonl").exists()
    finished = root / f"{json.loads(journal.read_text().splitlines()[0])['id']}.wav"
    written = finished.stat().st_mtime_ns
    build(root, MINI, workers=2)
    assert contents(root) == contents(mini)
    assert finished.stat().st_mtime_ns == written  # finished work is not done again


def test_verify_names_each_broken_file_and_build_mends_it(mini, tmp_path):
    root = build(tmp_path / "broken", MINI, workers=2)
    assert verify(root) == []
    (root / "s000_happy_00.wav").unlink()
    video = root / "s800_happy_00.mp4"
    video.write_bytes(video.read_bytes()[:-1])
    labels = bytearray((root / "s000_neutral_00.npz").read_bytes())
    labels[100] ^= 1
    (root / "s000_neutral_00.npz").write_bytes(labels)
    problems = verify(root)
    assert len(problems) == 3
    for name, what in (
        ("s000_happy_00.wav", "missing"),
        (video.name, "truncated"),
        ("s000_neutral_00.npz", "altered"),
    ):
        assert any(problem.startswith(name) and what in problem for problem in problems)
    build(root, MINI, workers=1)
    assert contents(root) == contents(mini)


def test_verify_finds_an_altered_manifest(mini, tmp_path):
    root = build(tmp_path / "manifest", MINI, workers=2)
    text = (root / "manifest.jsonl").read_text()
    (root / "manifest.jsonl").write_text(text.replace('"happy"', '"angry"', 1))
    assert any("manifest.jsonl" in problem for problem in verify(root))
    (root / "manifest.jsonl").write_text(text[: len(text) // 2])
    assert any("manifest.jsonl" in problem for problem in verify(root))
    build(root, MINI, workers=1)
    assert contents(root) == contents(mini)


def test_the_manifest_says_what_the_clips_are(mini):
    rows = [json.loads(line) for line in (mini / "manifest.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [
        "s000_neutral_00",
        "s000_happy_00",
        "s800_neutral_00",
        "s800_happy_00",
    ]
    assert len({tuple(row["words"]) for row in rows}) == 1
    for row in rows:
        assert row["sha256"] == clip.checksums(mini, row["id"])
        assert (row["intensity"] == 0) == (row["emotion"] == "neutral")
    assert read_settings(mini).split == (1, 0, 1)


@pytest.mark.parametrize("preset", settings.PRESETS)
def test_splits_share_no_speaker_and_sentences_are_parallel(preset):
    rows = clip_rows(settings.settle(preset, "face", None, 1.0, 0))
    parts = {}
    for part in ("train", "val", "test"):
        parts[part] = {row["speaker"] for row in rows if row["split"] == part}
    assert all(parts.values())
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))
    said = {}
    for row in rows:
        said.setdefault((row["speaker"], row["emotion"]), set()).add(tuple(row["words"]))
    for speaker in {row["speaker"] for row in rows}:
        texts = [said[speaker, emotion] for emotion in settings.PRESETS[preset].emotions]
        assert all(other == texts[0] for other in texts)
    assert len({row["seed"] for row in rows}) == len(rows)


def test_a_folder_keeps_its_settings(mini):
    with pytest.raises(ValueError, match="other settings"):
        build(mini, MINI, motion_seed=1)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"preset": "huge"}, "huge"),
        ({"view": "side"}, "side"),
        ({"size": 300}, "300"),
        ({"head_motion": 1.5}, "1.5"),
        ({"motion_seed": -1}, "-1"),
        ({"workers": 0}, "0"),
    ],
)
def test_wrong_settings_are_named(tmp_path, wrong, named):
    with pytest.raises(ValueError, match=named):
        build(tmp_path / "none", **wrong)
    assert not (tmp_path / "none").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(self, content):
        with open(self, "wb") as file:
            file.write(content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(media.Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "clip.wav", b"0123456789abcdef")
    assert list(tmp_path.iterdir()) == []


FULL = """
import sys
sys.stdout.write('{"error": "OSError: full", "errno": 28}\\n')
sys.stdout.flush()
input()
"""


@pytest.mark.parametrize(
    ("worker", "error", "named"),
    [
        ("raise SystemExit", RuntimeError, "a worker process died"),
        (FULL, OSError, "the disk is full"),
    ],
)
def test_what_goes_wrong_in_a_worker_is_named(tmp_path, monkeypatch, worker, error, named):
    monkeypatch.setattr(sys.modules["thlab.corpus.build"], "WORKER", worker)
    # each write is seen at once: lines of two workers must not mix
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    with pytest.raises(error, match=named):
        build(tmp_path / "corpus", MINI, workers=2)
    assert not (tmp_path / "corpus/manifest.jsonl").exists()


def test_verify_wants_a_corpus(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no corpus"):
        verify(tmp_path)


POISONED = """
import hashlib, sys
from pathlib import Path
import numpy as np
from thlab.media import write_mp4
t, y, x = np.ogrid[:40, :64, :64]
grey = 128 + 100 * np.sin(x / 5 + t / 3) * np.cos(y / 7 - t / 9) + 20 * np.sin(t * x * y / 300)
write_mp4(Path(sys.argv[1]), np.repeat(grey[..., None], 3, 3).astype(np.uint8))
print(hashlib.sha256(Path(sys.argv[1]).read_bytes()).hexdigest())
"""


def test_a_video_does_not_depend_on_what_memory_held_before(tmp_path):
    sums = set()
    for byte in ("0", "1", "85", "170", "255"):  # glibc fills fresh memory with it
        env = os.environ | {"MALLOC_PERTURB_": byte}
        command = [sys.executable, "-c", POISONED, str(tmp_path / "clip.mp4")]
        made = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        sums.add(made.stdout)
    assert len(sums) == 1


def test_a_usual_setting_named_or_not_is_one_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    # the package exports the function
    monkeypatch.setattr(sys.modules["thlab.corpus.build"], "build", build_nothing)
    assert ensure("tiny") == ensure("tiny", head_motion=1.0, motion_seed=0, size=None, workers=2)
    assert ensure("tiny", quiet=False, light="clip") == tmp_path / "corpus/tiny-face-v3"
    assert ensure("tiny") != ensure("tiny", head_motion=0.4)
    assert ensure("tiny") != ensure("tiny", quiet=True)


def build_nothing(root: Path, *_, **__) -> Path:
    return root
