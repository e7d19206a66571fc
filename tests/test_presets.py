"""Which preset is in force."""

import pytest
import torch

from thlab.training import presets


@pytest.mark.parametrize("name", presets.PRESETS)
def test_variable_decides(name, monkeypatch):
    monkeypatch.setenv("THLAB_PRESET", name)
    assert presets.current() == name


@pytest.mark.parametrize(("gpu", "expected"), [(True, "book"), (False, "fast")])
def test_hardware_decides_without_it(gpu, expected, monkeypatch):
    monkeypatch.delenv("THLAB_PRESET", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert presets.current() == expected


def test_unknown_preset_is_named(monkeypatch):
    monkeypatch.setenv("THLAB_PRESET", "quick")
    with pytest.raises(
        ValueError, match="'quick' is not a preset: choose one of fast, book, paper"
    ):
        presets.current()
