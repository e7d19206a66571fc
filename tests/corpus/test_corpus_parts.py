"""A built corpus as its readers find it: parts, replays, quiet ones, and those of sound alone."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from thlab.corpus import Preset, build, contact_sheet, replay, retakes, swap, verify
from thlab.corpus.settings import SETTINGS, Settings, read_settings
from thlab.data import Corpus, open_corpus, open_splits

MINI = Preset(split=(1, 1, 1), sentences=4, size=64, emotions=("neutral", "happy"))


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("parts") / "mini", MINI, workers=2)


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> Path:
    """A corpus of sound and factors alone."""
    preset = dataclasses.replace(MINI, pictures=False)
    return build(tmp_path_factory.mktemp("parts") / "heard", preset, workers=1)


def test_an_altered_factor_of_the_manifest_is_found_and_mended(mini):
    text = (mini / "manifest.jsonl").read_text()
    assert verify(mini) == []
    (mini / "manifest.jsonl").write_text(text.replace('"heldout": true', '"heldout": false', 1))
    assert any("manifest.jsonl" in problem for problem in verify(mini))
    build(mini, MINI, workers=1)
    assert (mini / "manifest.jsonl").read_text() == text


def test_quiet_is_another_corpus_with_the_same_pictures(mini, tmp_path):
    preset = dataclasses.replace(MINI, split=(1, 0, 0))
    root = build(tmp_path / "quiet", preset, workers=1, quiet=True)
    row = json.loads((root / "manifest.jsonl").read_text().splitlines()[0])
    assert "floor_db" not in row
    silent = open_corpus("embedded", root, check="none")[0]
    noisy = open_corpus("embedded", mini, check="none")[0]
    assert noisy.id == silent.id
    np.testing.assert_array_equal(silent.frames, noisy.frames)
    assert not silent.audio[:1000].any()
    assert noisy.audio[:1000].any()


def test_clips_are_replayed_exactly(mini):
    for clip in open_corpus("embedded", mini, check="none")[::5]:
        again = replay(clip)
        for name, values in clip.labels.items():
            np.testing.assert_array_equal(again.labels()[name], values, err_msg=name)
        np.testing.assert_array_equal(np.round(again.audio * 32767) / 32768, clip.audio)
        np.testing.assert_array_equal(swap(clip, expression_from=clip).render(), again.render())
        assert np.abs(again.render().astype(int) - clip.frames).mean() < 8  # H.264


def test_a_corpus_of_another_version_is_refused(mini, tmp_path):
    text = (mini / SETTINGS).read_text()
    old = tmp_path / "old"
    old.mkdir()
    (old / SETTINGS).write_text(text.replace('"corpus_version": "3"', '"corpus_version": "2"'))
    refused = "old is of corpus version 2, and version 3 is made here"
    with pytest.raises(ValueError, match=refused):
        verify(old)
    with pytest.raises(ValueError, match=refused):
        build(old, MINI)
    with pytest.raises(ValueError, match=refused):
        next(retakes(old, "s000", 1))
    row = json.loads((mini / "manifest.jsonl").read_text().splitlines()[0])
    with pytest.raises(ValueError, match="s000_neutral_00 is of corpus version 2"):
        replay(row | {"corpus_version": "2"}, read_settings(mini))


def said(clips: Corpus) -> set[str]:
    return {clip.text for clip in clips}


def test_what_is_held_out_is_a_part_of_its_own_and_never_trained_on(mini):
    parts = open_splits(mini)
    counts = {name: len(clips) for name, clips in parts.items()}
    assert counts == {"train": 6, "val": 8, "test": 8, "heldout": 2}
    assert parts["heldout"].speakers == parts["train"].speakers == ["s000"]
    assert said(parts["heldout"]).isdisjoint(said(parts["train"]) | said(parts["test"]))
    rows = [json.loads(line) for line in (mini / "manifest.jsonl").read_text().splitlines()]
    held = {row["id"] for row in rows if row["heldout"]}
    assert len(held) == 2
    opened = {name: open_corpus("embedded", mini, check="none", split=name) for name in parts}
    for name, clips in opened.items():
        assert [clip.id for clip in clips] == [clip.id for clip in parts[name]]
        assert {clip.id for clip in clips} & held == (held if name == "heldout" else set())


def test_sound_without_pictures_is_read_and_has_exact_landmarks(heard, mini, tmp_path):
    assert not list(heard.glob("*.mp4"))
    assert verify(heard) == []
    clips = open_corpus("embedded", heard)
    assert len(clips) == 24
    assert not clips.unusable
    of = {clip.id: clip for clip in open_corpus("embedded", mini, check="none")}
    for clip in clips[::5]:
        assert not clip.has_video
        assert clip.labels.keys() == of[clip.id].labels.keys()
        for name, values in of[clip.id].labels.items():
            np.testing.assert_array_equal(clip.labels[name], values, err_msg=name)
        np.testing.assert_array_equal(clip.audio, of[clip.id].audio)
    with pytest.raises(ValueError, match="no pictures"):
        contact_sheet(heard, tmp_path / "sheet.png")


def test_settings_come_back_from_their_file(mini):
    settings = read_settings(mini)
    assert settings == Settings(**vars(MINI))
    assert (settings.quiet, settings.light, settings.pictures) == (False, "clip", True)
