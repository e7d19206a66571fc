"""What the evaluators are trained on: clips beside stills, people and emotions numbered."""

from dataclasses import replace

import pytest
import torch

from thlab.corpus import EMOTIONS
from thlab.papers.evaluators import train as module
from thlab.papers.evaluators.train import EvaluatorConfig, Sampler, drawn_stills


@pytest.fixture(autouse=True)
def few_stills(monkeypatch):
    monkeypatch.setattr(module, "STILL_PEOPLE", 2)
    monkeypatch.setattr(module, "STILLS_EACH", 16)


def test_people_of_stills_are_numbered_after_the_speakers(memory):
    all_emotions = replace(memory, emotions=tuple(sorted(EMOTIONS)))
    stills = drawn_stills(all_emotions)
    n = len(memory.speakers)
    assert stills.person.tolist() == [n] * 16 + [n + 1] * 16
    shown = [all_emotions.emotions[i] for i in stills.emotion[:8].tolist()]
    assert shown == list(EMOTIONS)


def test_an_emotion_that_no_clip_shows_is_unknown(memory):
    calm = replace(memory, emotions=("neutral",), emotion=torch.zeros_like(memory.emotion))
    emotion = drawn_stills(calm).emotion
    known = emotion[:8] == 0
    assert known.tolist() == [name == "neutral" for name in EMOTIONS]
    assert (emotion[:8][~known] == module.UNKNOWN).all()


def test_a_batch_holds_clips_and_stills_as_asked_and_follows_from_seed_and_step(memory):
    sampler = Sampler(memory, EvaluatorConfig(batch=6, from_stills=4))
    batch = sampler.draw(0, 3)
    of_stills = batch.person >= len(memory.speakers)
    assert of_stills.tolist() == [False] * 2 + [True] * 4
    assert sampler.n_people == len(memory.speakers) + 2
    again = sampler.draw(0, 3)
    assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))
    assert not torch.equal(batch.x, sampler.draw(0, 4).x)
