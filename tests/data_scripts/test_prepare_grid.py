"""GRID from its official layout to prepared clips: what is written, resumed, killed, broken."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from thlab.audio.visemes import VISEMES
from thlab.data import open_corpus, read_audio, read_video
from thlab.data.prepare import at_25_fps, prepare
from thlab.data.readers.grid import read_align
from thlab.face.points import INNER_LIP_BOTTOM, INNER_LIP_TOP, TEMPLATE, anchors
from thlab.files import load_arrays, lock_folder

SCRIPTS = Path(__file__).parents[2] / "data_scripts"


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_prepared_clips_open_as_a_corpus(grid_out):
    corpus = open_corpus("embedded", grid_out)
    assert [clip.id for clip in corpus] == ["s1_bbaf3s", "s1_bbaf4p", "s2_swwp2s", "s3_sbia1a"]
    assert not corpus.unusable
    for clip in corpus:
        assert clip.frames.shape == (75, 64, 64, 3)
        assert clip.fps == 25
        assert len(clip.audio) == 48000
        assert clip.emotion == "neutral"


def test_manifest_tells_what_is_there(grid_out):
    rows = read_lines(grid_out / "manifest.jsonl")
    assert rows[0]["words"] == ["bin", "blue", "at", "f", "three", "soon"]
    assert [row["speaker"] for row in rows] == ["s1", "s1", "s2", "s3"]
    for row in rows:
        for suffix, digest in row["sha256"].items():
            content = (grid_out / f"{row['id']}.{suffix}").read_bytes()
            assert hashlib.sha256(content).hexdigest() == digest
        assert set(row["sha256"]) == {"mp4", "wav", "npz"}
    assert (grid_out / "unusable.jsonl").read_text() == ""


def test_the_face_is_where_the_template_says(grid_out):
    for clip in open_corpus("embedded", grid_out, check="none"):
        labels = clip.labels
        assert labels["found"].mean() >= 0.98
        assert labels["landmarks"].shape == (75, 68, 2)
        assert labels["landmarks"].dtype == np.float32
        places = anchors(labels["landmarks"]).mean(0)
        # faces differ: three points don't fit every one exactly
        assert np.abs(places - TEMPLATE * 64).max() < 3
        assert anchors(labels["landmarks"]).std(0).max() < 1.0
        assert labels["alignment"].shape == (75, 2, 3)


def test_sound_is_the_recording(grid_out, grid_root):
    official = read_audio(grid_root / "s1/video/bbaf3s.mpg").clip(-1, 1)
    prepared = read_audio(grid_out / "s1_bbaf3s.wav")
    n = min(len(official), 48000)
    assert np.abs(prepared[:n] - official[:n]).max() < 1e-4
    assert not prepared[n:].any()


def test_words_are_the_official_ones_and_phones_lie_in_them(grid_out, grid_root):
    for name in ("bbaf3s", "bbaf4p"):
        labels = load_arrays(grid_out / f"s1_{name}.npz")
        official = read_align(grid_root / f"s1/align/{name}.align")
        assert labels["word"].tolist() == [word.label for word in official]
        np.testing.assert_allclose(labels["word_start"], [word.start for word in official])
        np.testing.assert_allclose(labels["word_end"], [word.end for word in official])
        word = labels["phone_word"]
        assert set(word.tolist()) == set(range(6))
        assert (labels["phone_start"] >= labels["word_start"][word] - 1e-6).all()
        assert (labels["phone_end"] <= labels["word_end"][word] + 1e-6).all()
        assert (np.diff(labels["phone_start"]) >= 0).all()


def test_words_without_an_align_file_are_aligned_by_force(grid_out, real_data):
    """s3 has no official times; those in align_auto came from the same recogniser, run apart."""
    labels = load_arrays(grid_out / "s3_sbia1a.npz")
    reference = read_align(real_data / "grid/s3/align_auto/sbia1a.align")
    assert labels["word"].tolist() == [word.label for word in reference]
    error = np.abs(labels["word_start"] - [word.start for word in reference])
    assert np.median(error) <= 0.03


def test_visemes_follow_the_phones(grid_out):
    labels = load_arrays(grid_out / "s1_bbaf3s.npz")
    viseme = labels["viseme"]
    assert viseme.shape == (75,)
    assert viseme.dtype == np.uint8
    middle = (np.arange(75) + 0.5) / 25
    begun = labels["phone_start"] <= middle[:, None]
    spoken = (begun & (middle[:, None] < labels["phone_end"])).any(1)
    np.testing.assert_array_equal(viseme != VISEMES.index("sil"), spoken)
    number = labels["phone"].tolist().index("B")
    start, end = labels["phone_start"][number], labels["phone_end"][number]
    lips_closed = viseme[(start <= middle) & (middle < end)]
    assert (lips_closed == VISEMES.index("MBP")).all()


def test_lips_close_on_bilabials_and_open_on_vowels(grid_out):
    """Sound, video and landmarks agree: the inner lips touch where the aligner hears B, P or M."""
    opening = {"MBP": [], "sil": [], "open": []}
    for clip in open_corpus("embedded", grid_out, check="none"):
        points, visemes = clip.labels["landmarks"], [VISEMES[v] for v in clip.labels["viseme"]]
        gaps = points[:, INNER_LIP_BOTTOM, 1] - points[:, INNER_LIP_TOP, 1]
        for gap, viseme in zip(gaps, visemes, strict=True):
            opening.get("open" if viseme in ("Ah", "Aa", "Eh", "Ee") else viseme, []).append(gap)
    medians = {kind: np.median(gaps) for kind, gaps in opening.items()}
    assert medians["sil"] < 0.5  # pixels of 64
    assert medians["MBP"] < 0.5 * medians["open"]


def test_a_second_run_skips_everything(grid_root, grid_out, run_script):
    before = {path: path.stat().st_mtime_ns for path in grid_out.glob("*.mp4")}
    status, out, _ = run_script("grid.py", grid_root, grid_out, "--size", 64)
    assert status == 0
    assert "0 clips prepared, 4 were there, 0 unusable" in out
    assert before == {path: path.stat().st_mtime_ns for path in grid_out.glob("*.mp4")}


def test_killed_and_resumed_it_ends_with_the_same_bytes(grid_root, grid_out, tmp_path):
    """Killed when the first clip is done, with a half-written file left; two workers finish it."""
    command = [
        sys.executable,
        str(SCRIPTS / "grid.py"),
        str(grid_root),
        str(tmp_path),
        "--size",
        "64",
    ]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("*.npz")) and run.poll() is None:
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    assert 1 <= len(list(tmp_path.glob("*.npz"))) < 4
    assert not (tmp_path / "manifest.jsonl").exists()
    (tmp_path / ".s2_swwp2s.mp4.99.part").write_bytes(b"half")
    counts = prepare("grid", grid_root, tmp_path, size=64, workers=2)
    assert counts["prepared"] + counts["skipped"] == 4
    assert counts["skipped"] >= 1
    assert contents(tmp_path) == contents(grid_out)


def test_ctrl_c_says_how_to_go_on(grid_root, tmp_path, run_script, monkeypatch):
    def interrupt(clip, check):
        raise KeyboardInterrupt

    monkeypatch.setattr("thlab.data.prepare.check_clip", interrupt)
    status, _, err = run_script("grid.py", grid_root, tmp_path)
    assert status == 130
    assert "the same command resumes" in err
    assert not list(tmp_path.glob("*.npz"))


def test_two_runs_never_share_a_folder(grid_root, grid_out):
    with (
        lock_folder(grid_out),
        pytest.raises(ValueError, match="another run is preparing clips here"),
    ):
        prepare("grid", grid_root, grid_out, size=64)


def test_speakers_and_limit_choose_and_runs_add_up(grid_root, grid_out, tmp_path, run_script):
    small = "grid.py", grid_root, tmp_path, "--size", 64
    assert run_script(*small, "--speakers", "s1", "--limit", 1)[0] == 0
    assert {path.stem for path in tmp_path.glob("*.mp4")} == {"s1_bbaf3s"}
    assert run_script(*small, "--speakers", "s3")[0] == 0
    assert [row["id"] for row in read_lines(tmp_path / "manifest.jsonl")] == [
        "s1_bbaf3s",
        "s3_sbia1a",
    ]
    assert (tmp_path / "s1_bbaf3s.mp4").read_bytes() == (grid_out / "s1_bbaf3s.mp4").read_bytes()


def test_what_is_unusable_is_listed_and_the_rest_prepared(
    grid_root,
    tmp_path,
    run_script,
    write_media,
):
    root, out = tmp_path / "grid", tmp_path / "out"
    shutil.copytree(grid_root / "s1", root / "s1")
    videos = root / "s1/video"
    whole = (videos / "bbaf4p.mpg").read_bytes()
    (videos / "bbaf4p.mpg").unlink()
    (videos / "bbaf1n.mpg").write_bytes(whole[: len(whole) // 2])
    (videos / "bbaf2n.mpg").write_bytes(b"")
    (videos / "holiday.mpg").write_bytes(whole)
    (videos / "bbaf5a.mpg").mkdir()
    status, printed, _ = run_script("grid.py", root, out, "--size", 64)
    assert status == 0
    assert "1 clips prepared, 0 were there, 4 unusable" in printed
    reasons = {Path(row["path"]).name: row["reason"] for row in read_lines(out / "unusable.jsonl")}
    assert set(reasons) == {"bbaf1n.mpg", "bbaf2n.mpg", "bbaf5a.mpg", "holiday.mpg"}
    assert "damaged" in reasons["bbaf1n.mpg"] or "truncated" in reasons["bbaf1n.mpg"]
    assert "empty" in reasons["bbaf2n.mpg"]
    assert "folder" in reasons["bbaf5a.mpg"]
    assert "mislabelled" in reasons["holiday.mpg"]
    assert all(Path(row["path"]).exists() for row in read_lines(out / "unusable.jsonl"))
    assert {path.name for path in out.glob("*.npz")} == {"s1_bbaf3s.npz"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["{root}"], "the following arguments are required: out"),
        (["{root}", "{out}", "--size", "63"], "size 63: an even number from 64 to 256"),
        (["{root}", "{out}", "--size", "big"], "invalid int value"),
        (["{root}", "{out}", "--workers", "0"], "--workers 0: at least 1"),
        (["{root}", "{out}", "--limit", "0"], "--limit 0: at least 1"),
        (["{root}", "{out}", "--speakers", "s9"], "no speaker s9: there are s1, s2, s3"),
        (["{out}/none", "{out}"], "no such folder"),
        (["{empty}", "{out}"], "no clip of grid here"),
        (["{root}", "{root}/s1/video/bbaf3s.mpg"], "bbaf3s.mpg"),
        (["{root}", "{prepared}", "--size", "128"], "choose another folder"),
    ],
)
def test_wrong_arguments_get_one_line(
    arguments,
    complaint,
    grid_root,
    grid_out,
    tmp_path,
    run_script,
):
    (tmp_path / "empty").mkdir()
    names = {
        "root": grid_root,
        "out": tmp_path / "out",
        "empty": tmp_path / "empty",
        "prepared": grid_out,
    }
    status, _, err = run_script("grid.py", *(argument.format(**names) for argument in arguments))
    assert status == 2
    assert complaint in err
    assert err.count("\n") == 1
    assert not list(tmp_path.glob("out/*.npz"))


@pytest.mark.parametrize(
    ("fps", "n"),
    [(25.0, 40), (29.97, 60), (30.0, 61), (24.0, 48), (50.0, 100), (12.5, 20)],
)
def test_frames_at_25_fps_are_the_nearest_in_time(fps, n):
    frames = np.arange(n, dtype=np.uint8)[:, None, None, None].repeat(3, -1)
    shown = [int(frame[0, 0, 0]) for frame in at_25_fps(iter(frames), fps)]
    middle = (np.arange(len(shown)) + 0.5) / 25
    centres = (np.arange(n) + 0.5) / fps
    nearest = np.abs(centres[None] - middle[:, None]).min(1)
    assert np.abs(centres[shown] - middle).max() <= nearest.max() + 1e-9
    assert abs(len(shown) / 25 - n / fps) <= 0.02 + 1e-9


def test_contact_sheet_shows_clips_by_moments(grid_out, grid_root, tmp_path, run_script):
    from PIL import Image

    sheet = tmp_path / "sheet.png"
    layout = "--rows", 3, "--columns", 5, "--size", 64
    assert run_script("contact_sheet.py", grid_out, sheet, *layout)[0] == 0
    picture = np.array(Image.open(sheet))
    assert picture.shape == (3 * 64, 5 * 64, 3)
    names = "s1_bbaf3s", "s2_swwp2s", "s3_sbia1a"
    rows = [read_video(grid_out / f"{name}.mp4")[0][0] for name in names]
    marked = np.zeros((64, 64), bool)
    for x, y in (TEMPLATE * 64).astype(int):
        marked[y, x - 3 : x + 4] = marked[y - 3 : y + 4, x] = True
    for i, frame in enumerate(rows):  # a speaker a row
        cell = picture[64 * i : 64 * i + 64, :64]
        np.testing.assert_array_equal(cell[~marked], frame[~marked])
        assert (cell[marked] == (0, 255, 0)).all()
    status, _, err = run_script("contact_sheet.py", tmp_path / "none", sheet)
    assert status == 2
    assert err.count("\n") == 1
