"""The loop: it resumes bit for bit, shares the word space, stops at what is not finite; and what is saved."""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

from thlab.papers.davs import train as module
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.train import load_model, save_model, train
from thlab.papers.davs.words import WordClips
from thlab.training import Run
from thlab.training.optim import build_seeded

SHORT = replace(DAVSConfig.fast(), first=2, steps=4)


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_training_resumes_bit_for_bit(clips, fabric, tmp_path, monkeypatch):
    rate = module.rate

    def interrupted(step, steps):
        if step == 3:
            raise KeyboardInterrupt
        return rate(step, steps)

    monkeypatch.setattr(module, "Run", partial(Run, save_every=1))
    first = tmp_path / "first"
    whole = train(SHORT, clips, tmp_path / "whole", fabric, first=first)
    with monkeypatch.context() as patch:
        patch.setattr(module, "rate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(SHORT, clips, tmp_path / "parts", fabric, first=first)
    parts = train(SHORT, clips, tmp_path / "parts", fabric, first=first)
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert len(losses(tmp_path / "parts")) == 4


def test_models_that_differ_later_share_their_word_space(clips, fabric, tmp_path):
    first, weights = tmp_path / "first", []
    for name, config in (("with", SHORT), ("without", SHORT.entangled()), ("no-gan", replace(SHORT, gan=0.0))):
        model = train(replace(config, steps=2), clips, tmp_path / name, fabric, first=first)
        weights.append(model.state_dict())
    begun = train(SHORT.word_space(), clips, first, fabric)  # at its end: nothing is trained
    assert len(losses(first)) == 2
    assert set(losses(first)[0]) == {
        "step", "contrastive", "words", "domain", "dispel_person", "total", "c_w_p", "modality", "critics",
    }  # fmt: skip
    assert set(begun.state_dict()) < set(weights[0])
    assert not (tmp_path / "with" / "first").exists()
    logs = [losses(tmp_path / name)[0] for name in ("with", "without", "no-gan")]
    assert logs[0]["words"] == logs[1]["words"] == logs[2]["words"]  # the first batch, the same word space
    assert "gan" not in logs[2]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_each_weight_learns_and_so_do_those_against_it(clips, fabric, tmp_path):
    before = build_seeded(lambda: DAVS(SHORT, len(clips.words), 4), 0).state_dict()
    after = train(replace(SHORT, first=0, steps=2), clips, tmp_path, fabric).state_dict()
    still = [name for name in before if torch.equal(before[name], after[name])]
    assert still == []
    log = losses(tmp_path)
    assert log[0]["c_p_w"] != log[1]["c_p_w"]


def test_a_batch_can_be_learnt_by_heart(clips, fabric, tmp_path, monkeypatch):
    config = replace(SHORT, first=0, steps=40, domain=0.0, dispel_person=0.0, dispel_word=0.0, learning_rate=5e-3)
    batch = clips.draw(config, torch.Generator().manual_seed(0))
    monkeypatch.setattr(WordClips, "draw", lambda *_: batch)
    train(config, clips, tmp_path, fabric)
    before, after = losses(tmp_path)[0], losses(tmp_path)[-1]
    for name in ("contrastive", "words", "people", "c_w_p", "c_p_w"):
        assert after[name] < 0.8 * before[name], name


def test_an_infinite_loss_stops_the_run_and_is_named(clips, fabric, tmp_path):
    with pytest.raises(FloatingPointError, match="step 0: total not finite"):
        train(replace(SHORT, first=0, l1=float("inf")), clips, tmp_path, fabric)


def test_pictures_of_another_size_or_none_are_refused(clips, fabric, tmp_path):
    with pytest.raises(ValueError, match="128 px"):
        train(replace(SHORT, size=128), clips, tmp_path, fabric)
    with pytest.raises(ValueError, match="without pictures"):
        train(SHORT, replace(clips, memory=replace(clips.memory, frames=None)), tmp_path, fabric)


def test_a_saved_model_is_the_same_model(tmp_path):
    model = build_seeded(lambda: DAVS(SHORT, 3, 2), 0)
    save_model(tmp_path / "davs-disentangled", model, ("bin", "lay", "set"), {"seed": 0})
    again, words = load_model(tmp_path / "davs-disentangled")
    assert (again.config, words) == (model.config, ("bin", "lay", "set"))
    assert not any(p.requires_grad for p in again.parameters())
    image, f_w = torch.rand(1, 3, 64, 64), torch.randn(1, 2, SHORT.dim)
    torch.testing.assert_close(again.speak(image, f_w), model.speak(image, f_w), rtol=0, atol=5e-3)
