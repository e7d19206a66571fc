"""Emotions that are asked for: labels, mixes, strengths."""

import pytest
import torch

from thlab.papers.evp.moods import mixed, parse_mix, with_intensity

EMOTIONS = ("happy", "neutral", "sad")
MOODS = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("happy", {"happy": 1.0}),
        ("happy:.6,sad:.4", {"happy": 0.6, "sad": 0.4}),
        ("happy:3, sad:1", {"happy": 0.75, "sad": 0.25}),
        ("happy,sad", {"happy": 0.5, "sad": 0.5}),
    ],
)
def test_mixes_are_read(text, expected):
    assert parse_mix(text, EMOTIONS) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("glad", "emotion 'glad': choose one of happy, neutral, sad"),
        ("", "choose one of"),
        ("happy:.5,happy:.5", "names happy twice"),
        ("happy:much", r"write it as happy:0\.6"),
        ("happy:-1", r"write it as happy:0\.6"),
        ("happy:nan", r"write it as happy:0\.6"),
        ("happy:0,sad:0", "at least one share"),
    ],
)
def test_wrong_mixes_get_one_line(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_mix(text, EMOTIONS)


def test_a_mix_lies_between_its_moods():
    code = mixed(MOODS, EMOTIONS, {"happy": 0.25, "sad": 0.75})
    assert code.tolist() == [0.25, 0.75]


def test_intensity_goes_from_neutral_to_the_mood():
    neutral = torch.tensor([2.0, 2.0])
    assert torch.equal(with_intensity(MOODS[0], neutral, 0.0), neutral)
    assert torch.equal(with_intensity(MOODS[0], neutral, 1.0), MOODS[0])
    assert torch.allclose(with_intensity(MOODS[0], neutral, 0.5), torch.tensor([1.5, 1.0]))
