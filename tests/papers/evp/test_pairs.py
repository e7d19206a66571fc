"""Pseudo pairs: one sentence in two moods, on one clock."""

from dataclasses import replace

import pytest
import torch

from thlab.papers.evp.pairs import pseudo_pairs, sentences_of


def test_a_sentence_is_one_speakers_text_in_all_moods(speeches):
    speech = speeches.train
    found = sentences_of(speech)
    assert len(found) == 4 * len({*speech.texts[:4]}) or len(found) > 4
    for sentence in found:
        clips = [clip for takes in sentence.takes.values() for clip in takes]
        assert len({speech.texts[clip] for clip in clips}) == 1
        assert {int(speech.tensors.speaker[clip]) for clip in clips} == {sentence.speaker}
        assert len(sentence.takes) == 8
        assert "neutral" in speech.tensors.ids[sentence.reference]


def test_warping_brings_visemes_together(pairs):
    """The exact visemes of a warped take agree with its reference's more often than unwarped."""
    tensors = pairs.speech.tensors
    aligned = []
    plain = []
    for own in pairs.sentences:
        for sentence in own:
            for (clip,) in sentence.takes.values():
                if clip == sentence.reference:
                    continue
                true = tensors.viseme[slice(*tensors.start[sentence.reference :][:2].tolist())]
                other = tensors.viseme[slice(*tensors.start[clip:][:2].tolist())]
                hops = pairs.hop[pairs.first[clip] : pairs.first[clip + 1]]
                # hop 4 i + 14 is the middle of video frame i
                frames = ((hops[14::4][: len(true)] - 12) // 4).clamp(0, len(other) - 1)
                aligned.append((other[frames] == true).float().mean())
                n = min(len(true), len(other))
                plain.append((other[:n] == true[:n]).float().mean())
    assert torch.stack(aligned).mean() > 0.75
    assert torch.stack(aligned).mean() > torch.stack(plain).mean() + 0.2


def test_the_reference_is_warped_to_itself(pairs):
    sentence = pairs.sentences[0][0]
    clip = sentence.reference
    own = pairs.hop[pairs.first[clip] : pairs.first[clip + 1]]
    assert torch.equal(own, torch.arange(len(own)))
    start = int(pairs.speech.tensors.start[clip])
    enrolment = pairs.speech.enrolment(sentence.speaker, 2)
    drawn = enrolment.standardised(pairs.window(clip, 7))
    assert torch.equal(drawn, pairs.speech.windows_at(torch.tensor([start + 7]), 2)[0])


def test_quadruples_follow_from_the_generator(pairs):
    one = pairs.draw(5, 2, torch.Generator().manual_seed(3))
    again = pairs.draw(5, 2, torch.Generator().manual_seed(3))
    other = pairs.draw(5, 2, torch.Generator().manual_seed(4))
    assert one.x.shape == (5, 4, 28, 12)
    assert torch.equal(one.x, again.x)
    assert not torch.equal(one.x, other.x)
    assert (one.emotion[:, 0] != one.emotion[:, 1]).all()


def test_equal_content_is_nearer_than_equal_mood(pairs):
    """x_{i,m} is more like x_{i,n}, the same words, than like x_{j,m}, the same mood."""
    x = pairs.draw(200, 2, torch.Generator().manual_seed(0)).x
    im, _, jm, i_n = x.unbind(1)
    assert (im - i_n).square().mean() < 0.7 * (im - jm).square().mean()


def test_without_two_moods_there_are_no_pairs(speeches):
    tensors = speeches.train.tensors
    same = replace(tensors, emotion=torch.zeros_like(tensors.emotion))
    with pytest.raises(ValueError, match="two sentences in two emotions"):
        pseudo_pairs(replace(speeches.train, tensors=same))
