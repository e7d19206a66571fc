"""Weights that travel: float16, cards, and errors where they are missing or do not fit."""

import json
import subprocess

import pytest
import torch
from torch import nn
from toy_run import new_model

from thlab.training import load_weights, read_card, save_weights, weights, weights_path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("half", [True, False])
def test_weights_come_back(folder, half):
    model = new_model()
    other = new_model()
    model.seen += 70_001  # a count that float16 cannot hold
    with torch.no_grad():
        for parameter in [*model.parameters(), *other.parameters()]:
            parameter.add_(torch.randn(parameter.shape))
    save_weights(folder / "deep" / "toy", model, {}, half)
    assert load_weights(folder / "deep" / "toy.safetensors", other) is other
    ours = model.state_dict()
    theirs = other.state_dict()
    assert [value.dtype for value in theirs.values()] == [value.dtype for value in ours.values()]
    expected = {
        name: v.half().float() if half and v.is_floating_point() else v for name, v in ours.items()
    }
    assert all(torch.equal(theirs[name], expected[name]) for name in ours)


def test_card_says_where_weights_come_from(folder):
    card = {
        "paper": "priors",
        "preset": "fast",
        "corpus": "tiny",
        "corpus_version": 2,
        "seed": 1,
        "minutes": 0.1,
    }
    card |= {"steps": 3, "metrics": {"LMD": 0.4}}
    save_weights(folder / "priors-toy", new_model(), card)
    read = read_card("priors-toy")
    assert read == json.loads((folder / "priors-toy.json").read_text())
    assert {name: read[name] for name in card} == card
    assert read.keys() - card.keys() == {"commit", "hardware"}
    head = ["git", "-C", str(weights.PROJECT), "rev-parse", "HEAD"]
    commit = subprocess.run(head, capture_output=True, text=True).stdout.strip()
    assert read["commit"] == (commit or None)
    assert read["hardware"].strip(", ").endswith(" threads") or torch.cuda.is_available()


def test_outside_a_repository_the_commit_is_null(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "PROJECT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert weights.commit() is None


def test_missing_weights_name_the_command(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "PROJECT", tmp_path)  # the project has these
    for name, command in {
        "priors-vae": "priors",
        "faces": "evaluators",
        folder / "evp-edges.safetensors": "evp",
    }.items():
        with pytest.raises(
            FileNotFoundError, match=f"no weights .*`thlab train {command}`, or set THLAB_WEIGHTS"
        ):
            weights_path(name)
    save_weights(folder / "toy", new_model(), {})
    (folder / "toy.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"toy.json is missing: copy the card"):
        read_card("toy")


def test_the_folder_named_comes_before_the_projects(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "PROJECT", tmp_path)
    save_weights(tmp_path / "book" / "pretrained" / "toy", nn.Linear(1, 1), {})
    save_weights(tmp_path / "mine" / "toy", nn.Linear(1, 1), {})
    assert weights_path("toy") == tmp_path / "book" / "pretrained" / "toy.safetensors"
    monkeypatch.setenv("THLAB_WEIGHTS", str(tmp_path / "mine"))
    assert weights_path("toy") == tmp_path / "mine" / "toy.safetensors"


def test_foreign_and_damaged_weights_are_named(folder):
    save_weights(folder / "toy", nn.Linear(2, 3), {})
    with pytest.raises(
        ValueError,
        match=r"toy.safetensors does not fit: [^\n]*Build the module that its card describes$",
    ):
        load_weights("toy", nn.Linear(2, 4))
    (folder / "toy.safetensors").write_bytes(b"PK\x03\x04 a zip, not weights")
    with pytest.raises(ValueError, match=r"toy.safetensors is damaged or no safetensors file"):
        load_weights("toy", nn.Linear(2, 3))


def test_what_float16_cannot_hold_is_not_written(folder):
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, 1e6)
    with pytest.raises(ValueError, match="weight is not finite in float16: try half=False"):
        save_weights(folder / "toy", model, {})
    assert not list(folder.iterdir())
    save_weights(folder / "toy", model, {}, half=False)
