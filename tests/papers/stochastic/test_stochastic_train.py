"""Stretches of clips, the loop that resumes bit for bit and stops at what is not finite, and what is saved."""

import json
import math
from dataclasses import replace
from functools import partial

import pytest
import torch

from thlab.data.sampler import EYES_OPEN
from thlab.nn.gaussian import Gaussian
from thlab.papers.stochastic import train as module
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.model import Output, TalkingFace, hear, roll_out
from thlab.papers.stochastic.train import Stretches, load_model, record, save_model, train
from thlab.training import Run, make_fabric
from thlab.training.optim import build_seeded

SHORT = replace(StochasticConfig.fast(), steps=4, frames=3)


@pytest.fixture(scope="module")
def fabric():
    return make_fabric("cpu", precision="32-true")


def losses(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.fixture
def numbered(memory, monkeypatch):
    """The memory with pictures whose first two colours tell the frame's number, and no jitter to change them."""
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


def test_chance_is_recorded_on_true_frames_forwards_and_backwards(numbered):
    model = Numbers().eval()
    numbers = record(model, Stretches(numbered, model.config), 0)[..., 0]
    assert numbers.shape == (30, 50)
    frames = numbers.round().long()
    torch.testing.assert_close(numbers, frames.float(), rtol=0, atol=1e-3)
    clip = numbered.clip_of[frames]
    assert (clip == clip[:, :1]).all()
    assert (frames[:, 0] == numbered.start[clip[:, 0]]).all()
    assert (frames.diff(dim=1).abs() == 1).all()
    assert len(clip[:, 0].unique()) > 5
    length = numbered.start.diff()[clip[:, 0]]
    assert (frames[:, :49].max(1).values == numbered.start[clip[:, 0]] + length.clamp(max=49) - 1).all()
    assert (numbered.blink[model.images] <= EYES_OPEN).all()
    assert numbered.clip_of[model.images].tolist() == clip[:, 0].tolist()


@pytest.mark.parametrize("reference", ["any", "first"])
def test_a_batch_is_neighbouring_frames_their_sound_and_a_frame_1(reference, numbered):
    stretches, rows = Stretches(numbered, replace(SHORT, reference=reference)), numbered.per_frame(hear)
    seen, away = set(), 0
    for seed in range(40):
        batch = stretches.draw(torch.Generator().manual_seed(seed))
        image, frames = number(batch["image"]), number(batch["real"])
        assert (frames.diff(dim=1) == 1).all()
        assert torch.equal(batch["rows"], rows[frames])
        assert (numbered.clip_of[frames] == numbered.clip_of[image][:, None]).all()
        assert reference != "first" or torch.equal(image, frames[:, 0])
        assert reference == "first" or (numbered.blink[image] <= EYES_OPEN).all()
        seen |= set(numbered.clip_of[image].tolist())
        away += int((frames != image[:, None]).all(1).sum())
    assert len(seen) > len(numbered.ids) / 2
    assert away == 0 if reference == "first" else away > 40


def test_clips_that_cannot_be_used_are_refused_by_what_they_lack(memory):
    with pytest.raises(ValueError, match="128 px"):
        Stretches(memory, replace(SHORT, size=128))
    with pytest.raises(ValueError, match="without pictures"):
        Stretches(replace(memory, frames=None), SHORT)
    with pytest.raises(ValueError, match="no clip has 75 frames"):
        Stretches(memory, replace(SHORT, frames=75))


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_training_resumes_bit_for_bit(optimizer, memory, fabric, tmp_path, monkeypatch):
    config = replace(SHORT, optimizer=optimizer, warm_up=3)
    objective = module.objective

    def interrupted(config, out, real, step):
        if step == 3:
            raise KeyboardInterrupt
        return objective(config, out, real, step)

    monkeypatch.setattr(module, "Run", partial(Run, save_every=1))
    whole = train(config, memory, tmp_path / "whole", fabric)
    with monkeypatch.context() as patch:
        patch.setattr(module, "objective", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(config, memory, tmp_path / "parts", fabric)
    parts = train(config, memory, tmp_path / "parts", fabric)
    for name, value in whole.state_dict().items():
        assert torch.equal(parts.state_dict()[name], value), name
    assert losses(tmp_path / "whole") == losses(tmp_path / "parts")
    assert len(losses(tmp_path / "parts")) == 4


def test_models_that_differ_in_the_objective_share_their_first_steps(memory, fabric, tmp_path):
    for name, value in (("low", 0.001), ("high", 1.0)):
        train(replace(SHORT, beta=value, first=3), memory, tmp_path / name, fabric, first=tmp_path / "first")
    train(replace(SHORT, first=0), memory, tmp_path / "without", fabric)
    assert [set(line) for line in losses(tmp_path / "first")] == 3 * [{"step", "nll", "total"}]  # of the baseline
    assert not (tmp_path / "low" / "first").exists()
    low, high, without = (losses(tmp_path / name) for name in ("low", "high", "without"))
    assert low[0]["nll"] == high[0]["nll"] != without[0]["nll"]
    assert low[-1]["nll"] != high[-1]["nll"]


@pytest.mark.parametrize("stochastic", [True, False])
def test_training_lowers_the_objective(stochastic, memory, fabric, tmp_path):
    config = replace(SHORT, steps=25, stochastic=stochastic, fine=stochastic, decoder="paint")
    train(config, memory, tmp_path, fabric)
    nll = [line["nll"] for line in losses(tmp_path)]
    assert sum(nll[-5:]) < 0.7 * sum(nll[:5])


def test_an_infinite_loss_stops_the_run_and_is_named(memory, fabric, tmp_path):
    with pytest.raises(FloatingPointError, match="step 0: total not finite"):
        train(replace(SHORT, likelihood=float("inf")), memory, tmp_path, fabric)


def test_a_saved_model_is_the_same_model(tmp_path):
    model = TalkingFace(replace(SHORT, decode="latent+audio"))
    save_model(tmp_path / "stochastic-latent", model, {"seed": 0})
    again = load_model(tmp_path / "stochastic-latent")
    assert again.config == model.config
    image, rows = torch.rand(1, 3, 64, 64), torch.randn(1, 2, 28, 12)
    torch.testing.assert_close(roll_out(again, image, rows), roll_out(model, image, rows), rtol=0, atol=5e-3)


def test_what_differs_between_frames_reaches_the_decoder_from_the_first_step(memory):
    model = build_seeded(lambda: TalkingFace(replace(StochasticConfig.book(), batch=4)), 0)
    with torch.no_grad():
        batch = Stretches(memory, model.config).draw(torch.Generator().manual_seed(0))
        out = model(**batch)
        h_a = model.audio_encoder(batch["rows"])
    noise = (0.5 * out.q_f.logvar).exp().mean()
    assert out.q_f.mean.std(1).mean() > 0.1 * noise  # at thrice this the first KL is of 1000 nats, and drowns the rest
    assert out.frames.std(1).mean() > 0.03 * batch["real"].std(1).mean()  # 0.003 of it
    assert h_a.std(1).mean() > 0.1  # 0.004
