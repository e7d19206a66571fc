"""Stretches of clips, the loop that resumes bit for bit and stops at what is not finite, and what
is saved.
"""

import json
import math
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
import torch

from thlab.data.sampler import EYES_OPEN
from thlab.nn.gaussian import Gaussian
from thlab.papers.stochastic import train as module
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.model import Output, TalkingFace, audio_features, generate
from thlab.papers.stochastic.train import (
    Stretches,
    load_model,
    record_residuals,
    there_and_back,
    train,
)
from thlab.training import Run, make_fabric, save_weights
from thlab.training.job import Job
from thlab.training.optim import build_seeded

SHORT = replace(StochasticConfig.fast(), steps=4, frames=3)


@pytest.fixture(scope="module")
def fabric():
    return make_fabric("cpu", precision="32-true")


@pytest.fixture
def job(memory, fabric, tmp_path):
    """A training of a config in a folder of the test's own."""
    return lambda config, name="run": Job(config, memory, tmp_path, name, fabric, 0)


def losses(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def numbered(memory, monkeypatch):
    """The memory with pictures whose first two colours tell the frame's number, and no jitter to
    change them.
    """
    monkeypatch.setattr(module, "jitter", lambda pictures, rng: pictures)
    n = torch.arange(len(memory.clip_of))
    colours = torch.stack([n % 256, n // 256, 0 * n], -1).byte()
    return replace(memory, frames=colours[:, None, None].expand(-1, 64, 64, -1))


def number(pictures: torch.Tensor) -> torch.Tensor:
    colours = (255 * pictures[..., 0, 0]).round().long()
    return colours[..., 0] + 256 * colours[..., 1]


class Numbers(torch.nn.Module):
    """Stands for a model whose q_f is so many of q_a's deviations away as the frame's number."""

    config = replace(SHORT, recorded=(30, 50))

    def forward(self, image, real, rows, shown):
        assert not self.training
        numbers, one = number(real)[..., None].float(), torch.ones(1, real.shape[1], 1)
        wide = torch.full_like(one, math.log(2**2))
        assert real.shape[:2] == rows.shape[:2]
        self.images = getattr(self, "images", []) + number(image).tolist()
        return Output(real, Gaussian(one, wide), Gaussian(one + 2 * numbers, one))


def test_residuals_are_recorded_on_true_frames_forwards_and_backwards(numbered):
    model = Numbers().eval()
    numbers = record_residuals(model, Stretches(numbered, model.config), 0)[..., 0]
    assert numbers.shape == (30, 50)
    frames = numbers.round().long()
    torch.testing.assert_close(numbers, frames.float(), rtol=0, atol=1e-3)
    clip = numbered.clip_of[frames]
    assert (clip == clip[:, :1]).all()
    assert (frames[:, 0] == numbered.start[clip[:, 0]]).all()
    assert (frames.diff(dim=1).abs() == 1).all()
    assert len(clip[:, 0].unique()) > 5
    length = numbered.start.diff()[clip[:, 0]]
    assert (
        frames[:, :49].max(1).values == numbered.start[clip[:, 0]] + length.clamp(max=49) - 1
    ).all()
    assert (numbered.blink[model.images] <= EYES_OPEN).all()
    assert numbered.clip_of[model.images].tolist() == clip[:, 0].tolist()


def test_a_clip_that_is_too_short_goes_on_backwards():
    assert there_and_back(4, 9).tolist() == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert there_and_back(1, 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize("as_published", [True, False])
def test_a_batch_is_neighbouring_frames_their_sound_and_a_frame_1(as_published, numbered):
    """As published frame 1 is the first of them, else any with open eyes."""
    config = replace(SHORT, as_published=as_published)
    stretches, rows = Stretches(numbered, config), numbered.per_frame(audio_features)
    seen, away = set(), 0
    for seed in range(40):
        batch = stretches.draw(torch.Generator().manual_seed(seed)).batch
        image, frames = number(batch.image), number(batch.real)
        assert (frames.diff(dim=1) == 1).all()
        assert torch.equal(batch.rows, rows[frames])
        assert (numbered.clip_of[frames] == numbered.clip_of[image][:, None]).all()
        if as_published:
            assert torch.equal(image, frames[:, 0])
        else:
            assert (numbered.blink[image] <= EYES_OPEN).all()
        seen |= set(numbered.clip_of[image].tolist())
        away += int((frames != image[:, None]).all(1).sum())
    assert len(seen) > len(numbered.ids) / 2
    assert away == 0 if as_published else away > 40


def test_clips_that_cannot_be_used_are_refused_by_what_they_lack(memory):
    with pytest.raises(ValueError, match="128 px"):
        Stretches(memory, replace(SHORT, size=128))
    with pytest.raises(ValueError, match="without pictures"):
        Stretches(replace(memory, frames=None), SHORT)
    with pytest.raises(ValueError, match="no clip has 75 frames"):
        Stretches(memory, replace(SHORT, frames=75))


PUBLISHED = {
    "as_published": True,
    "fine": False,
    "widths": (8, 8, 8, 16, 16),
    "reduction": "mean",
    "first": 0,
}


TAUGHT = {"inside": 2.5, "mouth_critic": True}  # by a critic of mouths


@pytest.mark.parametrize("changes", [{}, TAUGHT, PUBLISHED])
def test_training_resumes_bit_for_bit(changes, job, tmp_path, monkeypatch):
    config = replace(SHORT, warm_up=3, **changes)
    objective = module.objective

    def interrupted(config, out, real, step, lips):
        if step == 3:
            raise KeyboardInterrupt
        return objective(config, out, real, step, lips)

    monkeypatch.setattr(module, "Run", partial(Run, save_every=1))
    whole = train(job(config, "whole"))
    with monkeypatch.context() as patch:
        patch.setattr(module, "objective", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(job(config, "parts"))
    parts = train(job(config, "parts"))
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert len(losses(tmp_path / "parts")) == 4


def test_models_that_differ_in_the_objective_share_their_first_steps(job, tmp_path):
    first = job(SHORT.deterministic(3), "first")
    for name, value in (("low", 0.001), ("high", 1.0)):
        train(job(replace(SHORT, beta=value, first=3), name), first)
    train(job(replace(SHORT, first=0), "without"))
    terms = {"step", "nll", "total", "mouth", "mouth_critic"}
    assert [set(line) for line in losses(tmp_path / "first")] == 3 * [terms]
    assert not (tmp_path / "low" / "first").exists()
    low, high, without = (losses(tmp_path / name) for name in ("low", "high", "without"))
    assert low[0]["nll"] == high[0]["nll"] != without[0]["nll"]
    assert low[-1]["nll"] != high[-1]["nll"]


@pytest.mark.parametrize("changes", [{}, {"stochastic": False, "fine": False}, PUBLISHED])
def test_a_batch_can_be_learnt_by_heart(changes, job, tmp_path, memory, monkeypatch):
    config = replace(SHORT, steps=60, learning_rate=3e-3, **changes)
    batch = Stretches(memory, config).draw(torch.Generator().manual_seed(0))
    monkeypatch.setattr(Stretches, "draw", lambda *_: batch)
    train(job(config))
    nll = [line["nll"] for line in losses(tmp_path / "run")]
    assert nll[-1] < 0.7 * nll[0]


def test_an_infinite_loss_stops_the_run_and_is_named(job):
    with pytest.raises(FloatingPointError, match="step 0: total not finite"):
        train(job(replace(SHORT, beta=float("inf"), first=0)))


def test_a_config_of_which_no_model_can_be_built_is_refused(job, tmp_path):
    with pytest.raises(ValueError, match="size=64 is not halved to 4 pixels by 5 widths"):
        train(job(replace(SHORT, widths=(8, 8, 8, 16, 16))))
    assert not (tmp_path / "run").exists()


def test_a_saved_model_is_the_same_model(tmp_path):
    model = TalkingFace(SHORT)
    save_weights(tmp_path / "stochastic-latent", model, {"config": asdict(SHORT)})
    again = load_model(tmp_path / "stochastic-latent")
    assert again.config == model.config
    image, rows = torch.rand(1, 3, 64, 64), torch.randn(1, 2, 28, 12)
    torch.testing.assert_close(
        generate(again, image, rows), generate(model, image, rows), rtol=0, atol=5e-3
    )


@pytest.mark.parametrize("name", ["stochastic-latent", "stochastic-plain"])
def test_committed_weights_are_of_the_preset_book(name):
    config = load_model(name).config
    wanted = StochasticConfig.book()
    if name == "stochastic-plain":
        wanted = wanted.deterministic(wanted.first + wanted.steps)
    assert config == wanted


def test_what_differs_between_frames_reaches_the_decoder_from_the_first_step(memory):
    model = build_seeded(lambda: TalkingFace(replace(StochasticConfig.book(), batch=4)), 0)
    with torch.no_grad():
        batch = Stretches(memory, model.config).draw(torch.Generator().manual_seed(0)).batch
        out = model(*batch)
        h_a = model.audio_encoder(batch.rows)
    noise = (0.5 * out.q_f.logvar).exp().mean()
    # at thrice this the first KL is of 1000 nats, and drowns the rest
    assert out.q_f.mean.std(1).mean() > 0.1 * noise
    assert out.frames.std(1).mean() > 0.03 * batch.real.std(1).mean()  # 0.003 of it
    assert h_a.std(1).mean() > 0.1  # 0.004
