"""What is heard: windows, enrolments and words."""

from dataclasses import replace

import pytest
import torch

from thlab.audio import mfcc_windows
from thlab.papers.evp.speech import SILENCE, enrol, words_of

CLIP = 9


def test_windows_are_those_of_the_features(speeches):
    speech = speeches.train
    enrolment = speech.enrolment(int(speech.tensors.speaker[CLIP]), 2)
    audio = speech.tensors.audio[CLIP]
    raw = mfcc_windows(audio, len(audio) // 640)
    expected = (raw - enrolment.mean) / enrolment.deviation
    assert torch.allclose(speech.windows(CLIP, enrolment), expected, atol=1e-4)


def test_windows_at_frames_are_those_of_their_clips(speeches):
    speech = speeches.train
    start = speech.tensors.start
    frames = torch.tensor([int(start[CLIP]) + 3, int(start[CLIP + 1]) - 1, 5])
    enrolments = [speech.enrolment(int(speech.tensors.speaker[c]), 2) for c in (CLIP, 0)]
    of_clip = speech.windows(CLIP, enrolments[0])
    expected = torch.stack([of_clip[3], of_clip[-1], speech.windows(0, enrolments[1])[5]])
    assert torch.equal(speech.windows_at(frames, 2), expected)


def test_neutral_speech_is_standardised_by_its_enrolment(speeches):
    speech = speeches.train
    for speaker, own in enumerate(speech.neutral):
        assert {speech.tensors.ids[clip].split("_")[1] for clip in own} == {"neutral"}
        enrolment = speech.enrolment(speaker, len(own))
        hops = torch.cat([enrolment.standardised(speech.of_clip(clip)) for clip in own.tolist()])
        assert hops.mean(0).abs().max() < 0.1  # a mean of clips, not of hops
        assert (hops.std(0) - 1).abs().max() < 0.1


def test_an_enrolment_of_a_recording_is_that_of_its_clip(speeches):
    speech = speeches.train
    clip = int(speech.neutral[0][0])
    given = enrol([speech.tensors.audio[clip]])
    known = speech.enrolment(0, 1)
    # two hops at each end see the silence of the margin
    assert torch.allclose(given.mean, known.mean, atol=0.5)
    assert torch.allclose(given.deviation, known.deviation, rtol=0.1)


def test_without_neutral_speech_all_voices_stand_in(speeches):
    tensors = replace(speeches.train.tensors, emotions=tuple("abcdefgh"))
    speech = replace(speeches.train, tensors=tensors)
    assert torch.equal(speech.enrolment(0, 2).mean, speech.everyone.mean)
    assert torch.equal(speech.enrolment(1, 2).mean, speech.everyone.mean)


def test_words_are_where_they_are_said(speeches, clip):
    words = speeches.train.words
    assert words[0] == SILENCE
    found = words_of(clip, len(clip.frames), words)
    for word in clip.words:
        middle = (word.start + word.end) / 2
        assert words[found[int(25 * middle)]] == word.label
    assert found[0] == 0
    assert found[-1] == 0


def test_validation_counts_emotions_and_words_alike(speeches):
    assert speeches.val.words == speeches.train.words
    assert speeches.val.tensors.emotions == speeches.train.tensors.emotions


def test_unknown_words_are_silence(clip):
    assert words_of(clip, len(clip.frames), (SILENCE,)).sum() == 0


@pytest.mark.parametrize("times", [float("nan")])
def test_words_without_times_are_not_placed(clip, times):
    words = tuple(word._replace(start=times, end=times) for word in clip.words)
    assert words_of(replace(clip, words=words), 10, ("sil", clip.words[0].label)).sum() == 0
