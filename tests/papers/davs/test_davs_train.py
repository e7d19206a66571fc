"""The loop: it resumes bit for bit, shares the word space, stops at what is not finite; and what is
saved.
"""

import json
from dataclasses import replace
from functools import partial

import pytest
import torch

from thlab.corpus import WORDS
from thlab.papers import load_paper
from thlab.papers.davs import train as module
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.head import load_model
from thlab.papers.davs.model import DAVS
from thlab.papers.davs.train import FIRST, train
from thlab.papers.davs.words import WordClips
from thlab.papers.runner import save_stage
from thlab.training import Run, read_card
from thlab.training.job import Job
from thlab.training.optim import build_seeded

SHORT = replace(DAVSConfig.fast(), first=2, steps=4)


@pytest.fixture
def run(clips, fabric, tmp_path):
    """Train a config in tmp_path/name; all share the word space in tmp_path/first."""

    def start(config, name="model", data=clips):
        return train(Job(config, data, tmp_path, name, fabric, 0))

    return start


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_training_resumes_bit_for_bit(run, tmp_path, monkeypatch):
    set_rates = module.set_rates

    def interrupted(config, step, *optimizers):
        if step == 3:
            raise KeyboardInterrupt
        set_rates(config, step, *optimizers)

    monkeypatch.setattr(module, "Run", partial(Run, save_every=1))
    whole = run(SHORT, "whole")
    with monkeypatch.context() as patch:
        patch.setattr(module, "set_rates", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(SHORT, "parts")
    parts = run(SHORT, "parts")
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert len(losses(tmp_path / "parts")) == 4


def test_models_that_differ_later_share_their_word_space(run, tmp_path):
    weights = []
    for name, config in (
        ("with", SHORT),
        ("without", SHORT.entangled()),
        ("no-gan", replace(SHORT, gan=0.0)),
    ):
        model = run(replace(config, steps=2), name)
        weights.append(model.state_dict())
    word_space = run(SHORT.word_space(), FIRST)  # at its end: nothing is trained
    assert len(losses(tmp_path / FIRST)) == 2
    terms = {
        "contrastive",
        "words",
        "domain",
        "dispel_person",
        "total",
        "c_w_p",
        "modality",
        "critics",
    }
    assert set(losses(tmp_path / FIRST)[0]) == {"step", *terms}
    assert set(word_space.state_dict()) < set(weights[0])
    logs = [losses(tmp_path / name)[0] for name in ("with", "without", "no-gan")]
    assert (
        logs[0]["words"] == logs[1]["words"] == logs[2]["words"]
    )  # the first batch, the same word space
    assert "gan" not in logs[2]
    assert any(not torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


@pytest.mark.parametrize("config", [SHORT, SHORT.of_geometry()], ids=["pictures", "landmarks"])
def test_each_weight_learns_and_so_do_those_against_it(run, clips, tmp_path, config):
    before = build_seeded(lambda: DAVS(config, len(clips.words), 4), 0).state_dict()
    after = run(replace(config, first=0, steps=2)).state_dict()
    still = [name for name in before if torch.equal(before[name], after[name])]
    assert still == []
    log = losses(tmp_path / "model")
    assert log[0]["c_p_w"] != log[1]["c_p_w"]


def test_a_batch_can_be_learnt_by_heart(run, clips, tmp_path, monkeypatch):
    # nothing works against anything: what each has to learn is there to be learnt
    alone = {"domain": 0.0, "dispel_person": 0.0, "dispel_word": 0.0, "mouth_critic": False}
    config = replace(SHORT, first=0, steps=40, learning_rate=5e-3, **alone)
    batch = clips.draw(config, torch.Generator().manual_seed(0))
    monkeypatch.setattr(WordClips, "draw", lambda *_: batch)
    run(config)
    log = losses(tmp_path / "model")
    for name in ("contrastive", "words", "people", "c_w_p", "c_p_w"):
        assert log[-1][name] < 0.8 * log[0][name], name


def test_an_infinite_loss_stops_the_run_and_is_named(run):
    with pytest.raises(FloatingPointError, match="step 0: total not finite"):
        run(replace(SHORT, first=0, domain=float("inf")))


def test_pictures_of_another_size_or_none_are_refused(run, clips):
    with pytest.raises(ValueError, match="128 px"):
        run(replace(SHORT, size=128))
    with pytest.raises(ValueError, match="without pictures"):
        run(SHORT, data=replace(clips, tensors=replace(clips.tensors, frames=None)))


def test_a_rate_rises_and_falls_times_its_pace():
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    optimizer = torch.optim.Adam(
        [{"params": weights[:1], "pace": 1.0}, {"params": weights[1:], "pace": 5.0}]
    )
    config = replace(SHORT, steps=100, learning_rate=1e-3, falls=True)
    rates = []
    for step in range(100):
        module.set_rates(config, step, optimizer)
        rates.append([group["lr"] for group in optimizer.param_groups])
    assert max(rate for rate, _ in rates) == pytest.approx(1e-3)
    assert rates[0][0] < 3e-4
    assert rates[-1][0] < 1e-5
    assert all(fast == pytest.approx(5 * slow) for slow, fast in rates)
    module.set_rates(replace(config, falls=False), 99, optimizer)
    assert [group["lr"] for group in optimizer.param_groups] == [1e-3, 5e-3]


def test_a_saved_model_is_the_same_model(clips, fabric, tmp_path):
    model = build_seeded(lambda: DAVS(SHORT, len(clips.words), 4), 0)
    job = Job(SHORT, clips, tmp_path, "disentangled", fabric, 0)
    path = save_stage(load_paper("davs"), job, model, {"seed": 0})
    again, words = load_model(path)
    assert (again.config, words) == (model.config, clips.words)
    assert not any(p.requires_grad for p in again.parameters())
    image, f_w = torch.rand(1, 3, 64, 64), torch.randn(1, 2, SHORT.dim)
    torch.testing.assert_close(
        again.speak(image, f_w), model.eval().speak(image, f_w), rtol=0, atol=5e-3
    )
    assert read_card(path)["steps"] == [2, 4]


@pytest.mark.parametrize("name", ["disentangled", "entangled"])
def test_committed_weights_load_by_their_cards(name):
    model, words = load_model(f"davs-{name}")
    config = DAVSConfig.book()
    assert model.config == (config if name == "disentangled" else config.entangled())
    assert set(words) == {word for slot in WORDS.values() for word in slot}
