"""Frames mapped from one file: equal to what is decoded, made once, never half."""

import shutil
from pathlib import Path

import pytest
import torch

from thlab.data import frame_file, open_corpus
from thlab.data.clip import Clip
from thlab.data.frame_file import mapped_frames


@pytest.fixture
def clips(tiny_corpus, tmp_path, monkeypatch):
    """Three clips in a folder of their own, and an empty place for what is made of them."""
    monkeypatch.setenv("THLAB_HOME", str(tmp_path / "home"))
    found = open_corpus("embedded", tiny_corpus, check="none", split="val")[:3]
    copies = []
    for clip in found:
        shutil.copy2(clip.path.with_suffix(".npz"), tmp_path)
        copies.append(Clip(clip.id, Path(shutil.copy2(clip.path, tmp_path)), clip.speaker))
    return copies


def lengths(clips):
    return [len(clip.labels["viseme"]) for clip in clips]


def files(tmp_path):
    return sorted(path.name for path in (tmp_path / "home" / "frames").iterdir())


@pytest.mark.parametrize("ahead", [1, 2, 32])
def test_frames_are_those_that_are_decoded(clips, ahead, monkeypatch):
    monkeypatch.setattr(frame_file, "AHEAD", ahead)
    expected = torch.cat([torch.from_numpy(clip.frames) for clip in clips])
    assert torch.equal(mapped_frames(clips, lengths(clips), workers=2), expected)


def test_a_second_call_decodes_nothing(clips, monkeypatch):
    first = mapped_frames(clips, lengths(clips))
    monkeypatch.setattr(frame_file, "_decode", None)
    assert torch.equal(mapped_frames(clips, lengths(clips)), first)


def test_what_is_written_to_the_tensor_stays_out_of_the_file(clips):
    mapped_frames(clips, lengths(clips)).zero_()
    assert mapped_frames(clips, lengths(clips)).float().mean() > 10


def test_a_changed_clip_is_decoded_again(clips):
    before = mapped_frames(clips, lengths(clips))
    shutil.copy(clips[1].path, clips[0].path)
    again = [Clip(clip.id, clip.path, clip.speaker) for clip in clips]
    n = [len(clip.frames) for clip in again]
    after = mapped_frames(again, n)
    assert len(after) != len(before) or not torch.equal(after, before)
    assert torch.equal(after[: n[0]], after[n[0] : n[0] + n[1]])


def test_labels_of_another_length_are_refused_and_nothing_is_left(clips, tmp_path):
    wrong = lengths(clips)
    wrong[1] += 1
    with pytest.raises(ValueError, match=f"{clips[1].path}.*frames but.*prepare the clip again"):
        mapped_frames(clips, wrong)
    assert all(name.endswith(".lock") for name in files(tmp_path))


def test_a_full_disk_leaves_nothing(clips, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(frame_file.os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space left"):
        mapped_frames(clips, lengths(clips))
    assert all(name.endswith(".lock") for name in files(tmp_path))
