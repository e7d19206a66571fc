"""Devices, precision by probe, seeds of a step, parts of a batch."""

from types import SimpleNamespace

import pytest
import torch

from thlab.training import device, make_fabric, my_part, probe, step_generator


def test_fabric_takes_what_the_probe_chose(monkeypatch):
    for precision in ("32-true", "bf16-mixed"):
        monkeypatch.setattr(
            device, "probe", lambda where, chosen=precision: (chosen, torch.contiguous_format)
        )
        assert make_fabric("cpu").strategy.precision.precision == precision
    fabric = make_fabric("cpu", precision="64-true")
    assert fabric.strategy.precision.precision == "64-true"
    assert fabric.world_size == 1
    assert fabric.device.type == "cpu"


@pytest.mark.parametrize(
    ("layout_gain", "bf16_gain", "expected"),
    [
        (1.0, 1.0, ("32-true", torch.contiguous_format)),
        (1.1, 0.3, ("32-true", torch.contiguous_format)),  # too little to tell from noise
        (1.5, 0.3, ("32-true", torch.channels_last)),
        (1.5, 2.0, ("bf16-mixed", torch.channels_last)),
        (0.5, 2.0, ("bf16-mixed", torch.contiguous_format)),
    ],
)
def test_probe_takes_the_fastest_if_it_is_clearly_faster(
    monkeypatch, layout_gain, bf16_gain, expected
):
    def trial(_, precision, layout):
        gain = (layout_gain if layout == torch.channels_last else 1) * (
            bf16_gain if precision == "bf16-mixed" else 1
        )
        return 1 / gain

    monkeypatch.setattr(device, "trial", trial)
    assert probe.__wrapped__("cpu", 0.01) == expected


def test_a_trial_trains_at_each_precision():
    for precision in ("32-true", "bf16-mixed"):
        assert 0 < device.trial("cpu", precision, torch.channels_last) < 60


def test_step_generators_differ_by_seed_and_step_and_repeat():
    draws = {
        (seed, step): torch.rand(4, generator=step_generator(seed, step))
        for seed in (0, 1)
        for step in range(50)
    }
    assert len({tuple(draw.tolist()) for draw in draws.values()}) == 100
    assert torch.equal(draws[1, 7], torch.rand(4, generator=step_generator(1, 7)))
    many = torch.stack([torch.rand(1, generator=step_generator(0, step)) for step in range(2000)])
    # first draws of neighbouring steps are independent
    assert abs(many.mean() - 0.5) < 4 * (1 / 12 / 2000) ** 0.5
    assert abs(torch.corrcoef(torch.cat([many[1:], many[:-1]], 1).T)[0, 1]) < 4 / 2000**0.5


def test_parts_are_the_batch():
    batch = {"x": torch.arange(12).view(6, 2), "label": torch.arange(6)}
    ranks = [SimpleNamespace(world_size=3, global_rank=rank, device="cpu") for rank in range(3)]
    parts = [my_part(rank, batch) for rank in ranks]
    for name, value in batch.items():
        assert [len(part[name]) for part in parts] == [2, 2, 2]
        assert torch.equal(torch.cat([part[name] for part in parts]), value)
    with pytest.raises(
        ValueError, match=r"batch of 5 \(x\) for 3 processes: make it a multiple of 3"
    ):
        my_part(ranks[0], {"x": torch.zeros(5)})
