"""Version 3 of the corpus: who says what to whom it is new, the recording floor, and sound without pictures."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from thlab.audio.espeak import english_data, synthesize
from thlab.audio.visemes import ESPEAK_TO_VISEME
from thlab.corpus import CORPUS_VERSION, VISEMES, Preset, contact_sheet, perform, replay, retakes, verify
from thlab.corpus.floor import COLOURS, FLAT_BELOW, LEVELS_DB, add_floor
from thlab.corpus.grammar import COMMON, EXTENDED, GRAMMAR, PARTS, own_sentences, part_of, sentences
from thlab.corpus.rows import clip_rows, speakers_of
from thlab.corpus.settings import VERSION_3, Settings, read_settings, settle
from thlab.corpus.speech import spell, time_phones
from thlab.corpus.voice import ACCENTS
from thlab.data import open_corpus
from thlab.data.corpora import open_splits
from thlab.data.readers.grid import words_of

MINI = Preset(split=(1, 1, 1), sentences=4, size=64, emotions=("neutral", "happy"))
CODE = """
import sys
from thlab.corpus import Preset, build
build(sys.argv[1], {preset}, workers={workers}, quiet={quiet})
"""


def next_settings(preset: Preset, quiet: bool = False) -> Settings:
    return Settings(**vars(preset), corpus_version="3", quiet=quiet)


def build_next(root: Path, preset: Preset = MINI, workers: int = 2, quiet: bool = False) -> Path:
    code = CODE.format(preset=preset, workers=workers, quiet=quiet)
    command = [sys.executable, "-c", code, str(root)]
    subprocess.run(command, env=os.environ | {"THLAB_CORPUS_VERSION": "3"}, check=True, stderr=subprocess.DEVNULL)
    return root


def contents(root: Path) -> dict[str, str]:
    files = sorted(path for path in root.iterdir() if path.name != ".lock")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def every_row() -> dict[str, list[dict]]:
    return {name: clip_rows(next_settings(preset)) for name, preset in VERSION_3.items()}


@pytest.fixture(scope="module")
def mini(tmp_path_factory) -> Path:
    return build_next(tmp_path_factory.mktemp("next") / "mini")


@pytest.fixture(scope="module")
def heard(tmp_path_factory) -> Path:
    """A corpus of sound and factors alone."""
    preset = dataclasses.replace(MINI, pictures=False)
    return build_next(tmp_path_factory.mktemp("next") / "heard", preset, workers=1)


def text(row: dict) -> str:
    return " ".join(row["words"])


def part(row: dict) -> str:
    return "heldout" if row["heldout"] else row["split"]


def test_there_are_people_enough(every_row):
    counts = {
        name: [len({row["speaker"] for row in rows if row["split"] == split}) for split in ("train", "val", "test")]
        for name, rows in every_row.items()
    }
    assert counts["medium"] == counts["words"] == [20, 6, 12]
    assert counts["emotions"] == [100, 10, 12]
    assert 1500 < len(every_row["medium"]) < 2000
    assert 1500 < len(every_row["words"]) < 2000
    for rows in every_row.values():
        assert len({row["id"] for row in rows}) == len({row["seed"] for row in rows}) == len(rows)


def test_nobody_trains_in_one_preset_and_tests_in_another(every_row):
    of = {split: set() for split in ("train", "val", "test")}
    for rows in every_row.values():
        for row in rows:
            of[row["split"]].add(row["speaker"])
    assert of["train"].isdisjoint(of["val"] | of["test"])
    assert of["val"].isdisjoint(of["test"])
    assert max(map(len, of["train"])) == 4


def test_no_text_but_the_common_ones_is_said_in_two_parts(every_row):
    common = {" ".join(words) for words in COMMON}
    said: dict[str, set[str]] = {name: set() for name in PARTS}
    for rows in every_row.values():
        for row in rows:
            said[part(row)].add(text(row))
    for first in PARTS:
        for second in PARTS[: PARTS.index(first)]:
            assert said[first] & said[second] <= common
    assert common.isdisjoint(said["heldout"])
    assert all(common <= said[name] for name in ("train", "val", "test"))


@pytest.mark.parametrize("preset", VERSION_3)
def test_each_speaker_says_own_sentences_in_all_emotions(every_row, preset):
    said: dict[str, dict[str, list[str]]] = {}
    held: dict[str, set[str]] = {}
    for row in every_row[preset]:
        said.setdefault(row["speaker"], {}).setdefault(row["emotion"], []).append(text(row))
        if row["heldout"]:
            assert row["split"] == "train"
            held.setdefault(row["speaker"], set()).add(text(row))
    common = {" ".join(words) for words in COMMON}
    own = []
    for speaker, by_emotion in said.items():
        assert set(by_emotion) == set(VERSION_3[preset].emotions)
        texts = by_emotion["neutral"]
        assert all(other == texts for other in by_emotion.values())
        assert len(set(texts)) == len(texts)
        assert common <= set(texts)
        own += sorted(set(texts) - common)
        if speaker in held:
            assert len(held[speaker]) == len(texts) // 4
    assert len(held) == VERSION_3[preset].split[0]
    assert len(set(own)) > 0.97 * len(own)  # by chance two people may say one sentence


def test_every_word_is_trained_in_many_contexts_and_tested(every_row):
    every = {word for words in EXTENDED.values() for word in words}
    assert len(every) == 57
    contexts: dict[str, dict[str, set]] = {"train": {}, "test": {}, "heldout": {}}
    for row in every_row["words"]:
        for word in row["words"]:
            contexts.get(part(row), {}).setdefault(word, set()).add(text(row))
    for name, least in (("train", 30), ("test", 10), ("heldout", 8)):
        assert set(contexts[name]) == every
        assert min(map(len, contexts[name].values())) >= least, name


def test_own_sentences_use_the_words_evenly_and_begin_alike():
    parts = ["train"] * 60
    said = own_sentences(5, parts)
    assert said[:10] == own_sentences(5, parts[:10])
    assert {part_of(words) for words in said} == {"train"}
    for place, words in enumerate(EXTENDED.values()):
        counts = [sum(sentence[place] == word for sentence in said) for word in words]
        assert max(counts) <= 60 / len(words) * (2 if len(words) == 4 else 1) + 3
    assert own_sentences(5, ["test"] * 5) != own_sentences(6, ["test"] * 5)


def test_part_of_by_brute_force():
    for words in sentences(40, 3, EXTENDED):
        total = sum(list(slot).index(word) for word, slot in zip(words, EXTENDED.values(), strict=True))
        assert part_of(words) == ("train", "heldout", "val", "test")[total % 4]


@pytest.fixture(scope="module")
def english(tmp_path_factory) -> Path:
    return english_data(tmp_path_factory.mktemp("english") / "data")


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_common_sentences_hold_all_visemes_in_every_accent(accent, english):
    shapes = {"sil"}
    for words in COMMON:
        phones = time_phones(synthesize(spell(words) + ".", accent, 180, english, 1))[0]
        shapes |= {shape for phone in phones for shape in ESPEAK_TO_VISEME[phone]}
    assert shapes == set(VISEMES)


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_added_words_make_the_visemes_that_they_are_for(accent, english):
    wanted = {"put": "Uh", "look": "Uh", "learn": "Eu", "pearl": "Eu", "yellow": "JY", "yet": "JY"}
    for slot, (name, words) in enumerate(EXTENDED.items()):
        for word in set(words) - set(GRAMMAR[name]):
            said = [*COMMON[0][:slot], word, *COMMON[0][slot + 1 :]]
            phones, _, _, of_word = time_phones(synthesize(spell(tuple(said)) + ".", accent, 180, english, 1))
            shapes = {s for p, w in zip(phones, of_word, strict=True) if w == slot for s in ESPEAK_TO_VISEME[p]}
            assert wanted.pop(word) in shapes
    assert not wanted


def test_grid_spells_its_own_51_words_only():
    assert sum(map(len, GRAMMAR.values())) == 51
    assert words_of("pbaf2n")[0] == "place"
    with pytest.raises(ValueError, match="mislabelled"):
        words_of("ybaf2n")  # no command of GRID's begins with y


@pytest.mark.parametrize("colour", [-6.0, -3.0, 0.0])
def test_the_floor_has_its_level_and_colour(colour):
    level, db, n = 0.07, -40.0, 16000 * 60
    noise = add_floor(np.zeros(n, np.float32), level, db, colour, np.random.default_rng(1)).astype(float)
    assert 20 * np.log10(np.sqrt((noise**2).mean()) / level) == pytest.approx(db, abs=1e-3)
    power = np.abs(np.fft.rfft(noise)) ** 2
    hertz = np.fft.rfftfreq(n, 1 / 16000)
    octaves = [(200, 400), (400, 800), (800, 1600), (1600, 3200), (3200, 6400)]
    density = [10 * np.log10(power[(hertz >= a) & (hertz < b)].mean()) for a, b in octaves]
    np.testing.assert_allclose(np.diff(density), colour, atol=0.3)
    flat = [power[(hertz >= a) & (hertz < b)].mean() for a, b in ((10, 50), (50, FLAT_BELOW))]
    assert 10 * abs(np.log10(flat[0] / flat[1])) < 0.5


def test_floors_cover_their_range_and_do_not_tell_the_emotion(every_row):
    rows = every_row["emotions"]
    for name, (low, high) in (("floor_db", LEVELS_DB), ("floor_colour", COLOURS)):
        drawn = np.array([row[name] for row in rows])
        assert low <= drawn.min() < low + 0.1
        assert high - 0.1 < drawn.max() <= high
        means = [np.mean([row[name] for row in rows if row["emotion"] == e]) for e in VERSION_3["emotions"].emotions]
        assert np.ptp(means) < 0.06 * (high - low)


def test_the_floor_lies_under_the_speech_and_moves_nothing():
    loud = perform(3, COMMON[0], "angry", number=1, quiet=False)
    still = perform(3, COMMON[0], "angry", number=1, quiet=True)
    noise = loud.audio.astype(float) - still.audio
    told = 20 * np.log10(np.sqrt((noise**2).mean()) / loud.speech.level)
    assert told == pytest.approx(loud.row["floor_db"], abs=0.01)
    assert "floor_db" not in still.row
    assert not still.audio[:1000].any()
    np.testing.assert_array_equal(loud.speech.clean, still.audio)
    np.testing.assert_array_equal(loud.face_units, still.face_units)
    np.testing.assert_array_equal(loud.pose, still.pose)
    assert float(loud.labels()["floor_db"]) == loud.row["floor_db"]
    assert "floor_db" not in still.labels()


def test_a_build_has_the_same_bytes_for_any_number_of_workers(mini, tmp_path):
    assert contents(build_next(tmp_path / "one", workers=1)) == contents(mini)
    assert verify(mini) == []


def test_a_build_is_mended_and_an_altered_factor_is_found(mini, tmp_path):
    root = build_next(tmp_path / "broken", workers=2)
    lines = (root / "manifest.jsonl").read_text()
    (root / "manifest.jsonl").write_text(lines.replace('"heldout": true', '"heldout": false', 1))
    (root / "s800_happy_01.wav").unlink()
    problems = verify(root)
    assert any("manifest.jsonl" in problem for problem in problems)
    assert any("s800_happy_01.wav: missing" in problem for problem in problems)
    build_next(root, workers=1)
    assert contents(root) == contents(mini)


def test_quiet_is_another_corpus_with_the_same_pictures(mini, tmp_path):
    root = build_next(tmp_path / "quiet", dataclasses.replace(MINI, split=(1, 0, 0)), quiet=True)
    row = json.loads((root / "manifest.jsonl").read_text().splitlines()[0])
    assert "floor_db" not in row
    silent = open_corpus("embedded", root, check="none")[0]
    noisy = next(clip for clip in open_corpus("embedded", mini, check="none") if clip.id == silent.id)
    np.testing.assert_array_equal(silent.frames, noisy.frames)
    assert not silent.audio[:1000].any()
    assert noisy.audio[:1000].any()


REPLAYED = """
import sys
import numpy as np
from thlab.corpus import replay, swap
from thlab.data import open_corpus
for clip in open_corpus("embedded", sys.argv[1], check="none")[::5]:
    again = replay(clip)
    for name, values in clip.labels.items():
        np.testing.assert_array_equal(again.labels()[name], values, err_msg=name)
    np.testing.assert_array_equal(np.round(again.audio * 32767) / 32768, clip.audio)
    np.testing.assert_array_equal(swap(clip, expression_from=clip).render(), again.render())
    assert np.abs(again.render().astype(int) - clip.frames).mean() < 8
"""


def test_clips_are_replayed_exactly_where_their_version_is_made(mini):
    command = [sys.executable, "-c", REPLAYED, str(mini)]
    subprocess.run(command, env=os.environ | {"THLAB_CORPUS_VERSION": "3"}, check=True)
    clip = open_corpus("embedded", mini, check="none")[0]
    if CORPUS_VERSION == "2":
        with pytest.raises(ValueError, match="set THLAB_CORPUS_VERSION=3"):
            replay(clip)
        with pytest.raises(ValueError, match="set THLAB_CORPUS_VERSION=3"):
            next(retakes(mini, clip.id, 1))


def test_what_is_held_out_is_a_part_of_its_own(mini):
    parts = open_splits(mini)
    assert {name: len(clips) for name, clips in parts.items()} == {"train": 6, "val": 8, "test": 8, "heldout": 2}
    assert parts["heldout"].speakers == parts["train"].speakers == ["s000"]
    assert {c.text for c in parts["heldout"]}.isdisjoint(c.text for name in ("train", "test") for c in parts[name])
    assert len(open_corpus("embedded", mini, check="none", split="train")) == 6


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
    assert settings == dataclasses.replace(next_settings(MINI), corpus_version="3")
    assert (settings.quiet, settings.light, settings.pictures) == (False, "clip", True)


@pytest.mark.parametrize(
    ("preset", "named"),
    [(Preset((701, 1, 1), 1, 64), "701"), (Preset((1, 1, 1), (1, 0, 1), 64), "0 sentences")],
)
def test_more_people_or_fewer_sentences_than_there_are_is_named(preset, named):
    with pytest.raises(ValueError, match=named):
        settle(preset, "face", None, None, 0)


def test_speakers_of_version_2_follow_on_one_another():
    preset = Preset(split=(4, 2, 3), sentences=1, size=64)
    assert list(speakers_of(preset, "test", "2")) == [6, 7, 8]
    assert list(speakers_of(preset, "test", "3")) == [800, 801, 802]
