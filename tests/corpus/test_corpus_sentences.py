"""Who says what to whom it is new: people, their own sentences, and what is held out."""

from pathlib import Path

import pytest

from thlab.audio.espeak import english_data, synthesize
from thlab.audio.visemes import ESPEAK_TO_VISEME
from thlab.corpus import PRESETS, VISEMES, WORDS, Preset
from thlab.corpus.grammar import COMMON, GRAMMAR, PARTS, own_sentences, part_of, sentences
from thlab.corpus.rows import clip_rows, speakers_of
from thlab.corpus.settings import settle
from thlab.corpus.speech import spell, time_phones
from thlab.corpus.voice import ACCENTS
from thlab.data.readers.grid import words_of


@pytest.fixture(scope="module")
def every_row() -> dict[str, list[dict]]:
    return {name: clip_rows(settle(name, "face", None, None, 0)) for name in PRESETS}


def text(row: dict) -> str:
    return " ".join(row["words"])


def part(row: dict) -> str:
    return "heldout" if row["heldout"] else row["split"]


def test_there_are_people_enough(every_row):
    counts = {name: [] for name in every_row}
    for name, rows in every_row.items():
        for split in ("train", "val", "test"):
            counts[name].append(len({row["speaker"] for row in rows if row["split"] == split}))
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


@pytest.mark.parametrize("preset", PRESETS)
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
        assert set(by_emotion) == set(PRESETS[preset].emotions)
        texts = by_emotion["neutral"]
        assert all(other == texts for other in by_emotion.values())
        assert len(set(texts)) == len(texts)
        assert common <= set(texts)
        own += sorted(set(texts) - common)
        if speaker in held:
            assert len(held[speaker]) == len(texts) // 4
    assert len(held) == PRESETS[preset].split[0]
    assert len(set(own)) > 0.97 * len(own)  # by chance two people may say one sentence


def test_every_word_is_trained_in_many_contexts_and_tested(every_row):
    every = {word for words in WORDS.values() for word in words}
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
    for place, words in enumerate(WORDS.values()):
        counts = [sum(sentence[place] == word for sentence in said) for word in words]
        assert max(counts) <= 60 / len(words) * (2 if len(words) == 4 else 1) + 3
    assert own_sentences(5, ["test"] * 5) != own_sentences(6, ["test"] * 5)


def test_part_of_by_brute_force():
    for words in sentences(40, 3):
        slots = zip(words, WORDS.values(), strict=True)
        total = sum(list(slot).index(word) for word, slot in slots)
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
    for slot, (name, words) in enumerate(WORDS.items()):
        for word in set(words) - set(GRAMMAR[name]):
            said = [*COMMON[0][:slot], word, *COMMON[0][slot + 1 :]]
            utterance = synthesize(spell(tuple(said)) + ".", accent, 180, english, 1)
            phones, _, _, of_word = time_phones(utterance)
            shapes = set()
            for phone, number in zip(phones, of_word, strict=True):
                if number == slot:
                    shapes |= set(ESPEAK_TO_VISEME[phone])
            assert wanted.pop(word) in shapes
    assert not wanted


def test_grid_spells_its_own_51_words_only():
    assert sum(map(len, GRAMMAR.values())) == 51
    assert words_of("pbaf2n")[0] == "place"
    with pytest.raises(ValueError, match="mislabelled"):
        words_of("ybaf2n")  # no command of GRID's begins with y


@pytest.mark.parametrize(
    ("preset", "named"),
    [(Preset((701, 1, 1), 1, 64), "701"), (Preset((1, 1, 1), (1, 0, 1), 64), "0 sentences")],
)
def test_more_people_or_fewer_sentences_than_there_are_is_named(preset, named):
    with pytest.raises(ValueError, match=named):
        settle(preset, "face", None, None, 0)


def test_speakers_are_numbered_from_the_first_of_their_part():
    preset = Preset(split=(4, 2, 3), sentences=1, size=64)
    assert list(speakers_of(preset, "train")) == [0, 1, 2, 3]
    assert list(speakers_of(preset, "val")) == [700, 701]
    assert list(speakers_of(preset, "test")) == [800, 801, 802]
