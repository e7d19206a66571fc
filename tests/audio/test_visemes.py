"""Visemes: every phone, word and frame gets one, and tables agree with dictionaries."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from thlab.audio import (
    ARPABET_TO_VISEME,
    GRID_PRONUNCIATIONS,
    VISEMES,
    viseme_track,
    word_to_visemes,
    words_to_phones,
)
from thlab.audio.visemes import ESPEAK_TO_VISEME, phone_visemes
from thlab.corpus.grammar import GRAMMAR


def test_the_39_phones_map_to_known_visemes_and_reach_all_but_silence_and_schwa():
    assert len(ARPABET_TO_VISEME) == 39
    reached = {viseme for visemes in ARPABET_TO_VISEME.values() for viseme in visemes}
    # ARPAbet writes the schwa as an unstressed AH
    assert set(VISEMES) - reached == {"sil", "Schwa"}


def test_exactly_the_diphthongs_have_two_shapes():
    assert {phone for phone, visemes in ARPABET_TO_VISEME.items() if len(visemes) == 2} == {
        "AW",
        "AY",
        "EY",
        "OW",
        "OY",
    }


@pytest.mark.parametrize(
    "group", ["P B M", "F V", "TH DH", "S Z", "SH ZH CH JH", "K G NG", "T D N L"]
)
def test_sounds_that_look_alike_share_a_viseme_and_no_other_consonant_does(group):
    alike = set(group.split())
    (viseme,) = {ARPABET_TO_VISEME[phone] for phone in alike}
    assert {phone for phone, visemes in ARPABET_TO_VISEME.items() if visemes == viseme} - {
        "HH"
    } == alike


def test_stress_and_silence():
    assert phone_visemes("AH0") == phone_visemes("AH1") == phone_visemes("AH")
    assert phone_visemes("sil") == phone_visemes("SIL") == phone_visemes("sp") == ("sil",)
    with pytest.raises(ValueError, match="'QQ' is no phone"):
        phone_visemes("QQ")


def test_letters_shared_by_both_alphabets_are_not_mixed_up():
    assert phone_visemes("S") == ("S",)
    assert phone_visemes("S", ESPEAK_TO_VISEME) == ("ShChZh",)


def test_the_51_words_are_the_grammar_and_pronounced_as_in_the_cmu_dictionary():
    assert set(GRID_PRONUNCIATIONS) == {word for words in GRAMMAR.values() for word in words}
    spec = importlib.util.find_spec("pocketsphinx")
    if spec is None or spec.origin is None:
        pytest.skip("needs the dictionary inside pocketsphinx: pip install 'thlab[align]'")
    cmu: dict[str, set] = {}
    for line in (
        (Path(spec.origin).parent / "model/en-us/cmudict-en-us.dict").read_text().splitlines()
    ):
        word, *phones = line.split()
        cmu.setdefault(word.split("(")[0], set()).add(tuple(phones))
    differing = {word for word, phones in GRID_PRONUNCIATIONS.items() if phones not in cmu[word]}
    assert differing == {"z"}  # "zed"
    assert {phone for phones in set().union(*cmu.values()) for phone in phones} == set(
        ARPABET_TO_VISEME
    )


def test_words_become_visemes():
    assert word_to_visemes("bin") == ("MBP", "Ih", "LNTD")
    assert word_to_visemes("White") == ("WA", "Aa", "Ih", "LNTD")
    assert word_to_visemes("rhyme", {"rhyme": ["R", "AY", "M"]}) == ("R", "Aa", "Ih", "MBP")
    with pytest.raises(ValueError, match="no pronunciation is known for 'purple'"):
        word_to_visemes("purple")


def test_phones_share_their_word_equally():
    phones = words_to_phones([(0.0, 0.5, "sil"), (0.5, 0.8, "bin"), (0.8, 1.0, "at")])
    assert [phone.label for phone in phones] == ["B", "IH", "N", "AE", "T"]
    np.testing.assert_allclose([phone.start for phone in phones], [0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose([phone.end for phone in phones], [0.6, 0.7, 0.8, 0.9, 1.0])


def test_track_is_the_label_at_each_frames_centre():
    phones = [(0.0, 0.06, "B"), (0.06, 0.26, "AY"), (0.30, 0.34, "S")]
    # centres at 20, 60, 100, …; AY is Aa until 60 + 55 % of 200 = 170 ms, then Ih until 260
    names = [VISEMES[index] for index in viseme_track(phones, 10)]
    assert names == ["MBP", "Aa", "Aa", "Aa", "Ih", "Ih", "sil", "S", "sil", "sil"]


def test_track_at_another_rate_brute_force():
    phones = words_to_phones([(0.1, 0.5, "green"), (0.55, 0.9, "six")])
    track = viseme_track(phones, 30, fps=29.97)
    for frame, viseme in enumerate(track):
        time = (frame + 0.5) / 29.97
        said = [phone.label for phone in phones if phone.start <= time < phone.end]
        assert VISEMES[viseme] == (ARPABET_TO_VISEME[said[0]][0] if said else "sil")


def test_track_of_the_embedded_corpus_is_its_own(tiny_corpus):
    for path in sorted(tiny_corpus.glob("*.npz"))[::24]:
        with np.load(path) as labels:
            phones = list(
                zip(
                    labels["phone_start"].tolist(),
                    labels["phone_end"].tolist(),
                    labels["phone"].tolist(),
                    strict=True,
                )
            )
            track = viseme_track(phones, len(labels["viseme"]), phone_map=ESPEAK_TO_VISEME)
            np.testing.assert_array_equal(track, labels["viseme"])
