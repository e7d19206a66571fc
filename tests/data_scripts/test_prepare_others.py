"""The other corpora: real RAVDESS sound, and small made-up clips in every other official layout."""

import json
import shutil

import numpy as np
import pytest

from thlab.data import open_corpus, read_audio
from thlab.files import load_arrays

TAKES = ("03-01-01-01-01-01-01", "03-01-05-02-02-02-01")


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def prepared(out):
    return {row["id"]: row for row in read_lines(out / "manifest.jsonl")}


def test_ravdess_sound_is_prepared_without_video(real_data, tmp_path, run_script):
    root, out = tmp_path / "ravdess", tmp_path / "out"
    folder = "Audio_Speech_Actors_01-24/Actor_01"
    (root / folder).mkdir(parents=True)
    for take in TAKES:
        shutil.copy(real_data / "ravdess" / folder / f"{take}.flac", root / folder)
    (root / folder / "03-01-05-02-02-02-02.flac").write_bytes(b"no sound")
    status, printed, _ = run_script("ravdess.py", root, out)
    assert status == 0
    assert "2 clips prepared, 0 were there, 1 unusable" in printed
    rows = prepared(out)
    assert [rows[take]["emotion"] for take in TAKES] == ["neutral", "angry"]
    assert set(rows[TAKES[0]]["sha256"]) == {"wav", "npz"}
    labels = load_arrays(out / f"{TAKES[1]}.npz")
    assert labels["word"].tolist() == ["dogs", "are", "sitting", "by", "the", "door"]
    assert (labels["word_start"] < labels["word_end"]).all()
    assert (np.diff(labels["word_start"]) > 0).all()
    sound = read_audio(out / f"{TAKES[1]}.wav")
    assert len(sound) == 640 * len(labels["viseme"])
    # someone speaks between the first word's start and the last one's end, and hardly outside
    first, last = (int(16000 * t) for t in (labels["word_start"][0], labels["word_end"][-1]))
    outside = np.concatenate([sound[:first], sound[last:]])
    assert (sound[first:last] ** 2).mean() > 30 * (outside**2).mean()
    corpus = open_corpus("embedded", out)
    assert {clip.id for clip in corpus} == set(TAKES)
    assert corpus[1].text == "dogs are sitting by the door"


LAYOUTS = {
    "crema_d.py": (
        ["VideoFlash/1001_ITS_ANG_HI.flv", "AudioWAV/1001_ITS_ANG_HI.wav"],
        "1001_ITS_ANG_HI",
    ),
    "ravdess.py": (
        ["Video_Speech_Actor_02/Actor_02/01-01-03-02-01-01-02.mp4"],
        "01-01-03-02-01-01-02",
    ),
    "mead.py": (
        ["M003/video/front/happy/level_2/001.mp4", "M003/audio/happy/level_2/001.m4a"],
        "M003_front_happy_level_2_001",
    ),
    "lrw.py": (["lipread_mp4/ABOUT/val/ABOUT_00001.mp4"], "val_ABOUT_00001"),
    "lrs3.py": (["trainval/0Fi83BHQsMA/50001.mp4"], "trainval_0Fi83BHQsMA_50001"),
    "voxceleb2.py": (["dev/mp4/id00012/21Uxsk56VDQ/00001.mp4"], "id00012_21Uxsk56VDQ_00001"),
    "hdtf.py": (["WDA_BarackObama_000.mp4"], "WDA_BarackObama_000"),
}
TEXTS = {
    "lipread_mp4/ABOUT/val/ABOUT_00001.txt": "Duration: 0.20 seconds\n",
    "trainval/0Fi83BHQsMA/50001.txt": "Text:  SO BLUE\nConf:  3\n",
}
SAID = {
    "crema_d.py": "i think i've seen this before",
    "ravdess.py": "kids are talking by the door",
    "lrw.py": "about",
    "lrs3.py": "so blue",
}


@pytest.mark.parametrize("script", LAYOUTS)
def test_a_clip_in_its_official_layout(script, tmp_path, run_script, write_media):
    root, out = tmp_path / "root", tmp_path / "out"
    files, name = LAYOUTS[script]
    for file in files:
        write_media(root / file)
    for file, text in TEXTS.items():
        if (root / file).with_suffix(".mp4").exists():
            (root / file).write_text(text)
    status, printed, _ = run_script(script, root, out, "--size", 64)
    assert status == 0
    unusable = (out / "unusable.jsonl").read_text()
    assert "1 clips prepared, 0 were there, 0 unusable" in printed, unusable
    row, labels = prepared(out)[name], load_arrays(out / f"{name}.npz")
    assert " ".join(row["words"]) == " ".join(labels["word"]) == SAID.get(script, "")
    assert len(labels["landmarks"]) == len(labels["found"]) == 25
    assert ("viseme" in labels) == (script in SAID)
    assert len(read_audio(out / f"{name}.wav")) == 25 * 640
    (clip,) = open_corpus("embedded", out)
    assert clip.frames.shape == (25, 64, 64, 3)
    assert clip.split == {"lrw.py": "val", "lrs3.py": "trainval", "voxceleb2.py": "dev"}.get(script)


def test_thirty_frames_a_second_become_25(tmp_path, run_script, write_media, talking_head):
    frames = talking_head[0][np.arange(30) * 25 // 30]
    write_media(tmp_path / "root/WRA_X_000.mp4", frames, fps=30)
    assert run_script("hdtf.py", tmp_path / "root", tmp_path / "out", "--size", 64)[0] == 0
    assert len(load_arrays(tmp_path / "out/WRA_X_000.npz")["found"]) == 25


def test_clips_with_too_few_faces_are_unusable(tmp_path, run_script, write_media, talking_head):
    grey = np.full((25, 64, 64, 3), 128, np.uint8)
    half = np.concatenate([talking_head[0][:12], grey[:13]])
    write_media(tmp_path / "root/RD_Wall1_000.mp4", grey)
    write_media(tmp_path / "root/RD_Wall2_000.mp4", half)
    write_media(tmp_path / "root/RD_Face_000.mp4")
    status, printed, _ = run_script("hdtf.py", tmp_path / "root", tmp_path / "out", "--size", 64)
    assert status == 0
    assert "1 clips prepared, 0 were there, 2 unusable" in printed
    reasons = {row["id"]: row["reason"] for row in read_lines(tmp_path / "out/unusable.jsonl")}
    assert "no face found in any of its 25 frames" in reasons["RD_Wall1_000"]
    assert "a face is found in 48% of the frames only" in reasons["RD_Wall2_000"]
