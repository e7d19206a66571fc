"""The package's public face: what `import thlab` offers, and what it costs."""

import importlib
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import thlab
from thlab import public
from thlab.inference import FilmedHead, TalkingHead
from thlab.papers import PAPERS, load_paper

PRETRAINED = Path(thlab.__file__).parents[1] / "book" / "pretrained"
WEIGHTS = sorted(file.stem for file in PRETRAINED.glob("*.safetensors"))
HEADS = {"davs-disentangled", "davs-entangled", "priors-head"}
HEADS |= {"stochastic-latent", "stochastic-plain"}


def copy_weights(folder: Path, *names: str) -> Path:
    for name in names:
        for suffix in ("safetensors", "json"):
            shutil.copy(PRETRAINED / f"{name}.{suffix}", folder)
    return folder


def test_importing_the_package_loads_no_torch():
    code = "import sys, thlab; assert 'open_corpus' in dir(thlab); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert not loaded & {"torch", "numpy", "thlab.public", "thlab.audio"}


def test_what_is_offered_is_there():
    for name in [*thlab._FUNCTIONS, *thlab._MODULES]:
        assert name in dir(thlab)
        assert getattr(thlab, name) is not None
    for package in (thlab.audio, thlab.face, thlab.metrics):
        for name in package.__all__:
            assert name in dir(package)
            assert getattr(package, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = thlab.nothing


@pytest.mark.parametrize(
    "package", ["audio", "evaluation", "explore", "face", "metrics", "training"]
)
def test_no_name_is_a_module_and_a_function(package):
    found = importlib.import_module(f"thlab.{package}")
    modules = {module.name for module in pkgutil.iter_modules(found.__path__)}
    assert not modules & set(getattr(found, "__all__", []))
    top = {module.name for module in pkgutil.iter_modules(thlab.__path__)}
    assert not top & set(thlab._FUNCTIONS)


def test_two_recordings_are_aligned_and_landmarks_compared(tiny_corpus):
    clips = thlab.open_corpus("tiny", split="train")
    cost, path = thlab.audio.align(clips[0].audio, clips[0].audio)
    assert cost == pytest.approx(0, abs=1e-3)
    assert (path[:, 0] == path[:, 1]).all()
    assert thlab.audio.align(clips[0].audio, clips[1].audio).path[0].tolist() == [0, 0]
    quiet = thlab.audio.align(clips[0].audio, 0.1 * clips[0].audio).path
    assert np.abs(quiet[:, 0] - quiet[:, 1]).mean() < 1  # loudness does not count
    assert thlab.audio.dtw(np.array([1.0, 2, 3]), np.array([1.0, 3])).cost == 1
    landmarks = torch.from_numpy(clips[0].labels["landmarks"])
    assert thlab.metrics.lmd(landmarks + torch.tensor([3.0, 4.0]), landmarks) == pytest.approx(5)


def test_a_presets_corpus_is_built_and_opened(tiny_corpus):
    corpus = thlab.open_corpus("tiny")
    train = thlab.open_corpus("tiny", split="train")
    assert 0 < len(train) < len(corpus)
    assert {clip.split for clip in train} == {"train"}
    assert train[0].frames.shape[1:] == (64, 64, 3)
    again = thlab.open_corpus("embedded", root=tiny_corpus)
    assert [clip.id for clip in again] == [clip.id for clip in corpus]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("grid", r"where is grid\? give its folder: open_corpus\('grid', root=…\)"),
        ("teeny", r"no corpus 'teeny': there are tiny, .*; and with root=…: .*grid"),
    ],
)
def test_a_corpus_that_is_not_there_is_named(name, complaint):
    with pytest.raises(ValueError, match=complaint):
        thlab.open_corpus(name)


def test_a_real_corpus_needs_its_folder(real_data):
    corpus = thlab.open_corpus("grid", root=real_data / "grid", check="none")
    assert corpus.name == "grid"
    assert len(corpus) > 0


@pytest.mark.parametrize("name", WEIGHTS)
def test_all_committed_weights_are_loaded_by_name(name):
    model = thlab.load(name)
    if name == "evp-portrait":
        assert isinstance(model, FilmedHead)
        assert model.size == 128
    elif name in HEADS:
        assert isinstance(model, TalkingHead)
        assert model.size == 64
    else:
        assert isinstance(model, nn.Module)
        assert not any(weight.requires_grad for weight in model.parameters())


def test_whatever_a_paper_trains_can_be_loaded():
    trained = set()
    for key, module in PAPERS.items():
        if not module.startswith("thlab."):
            continue  # a toy of other tests
        paper = load_paper(key)
        trained |= {paper.weights_name(stage) for stage in paper.stages}
    assert trained == set(public.LOADERS)


def test_a_file_and_a_trainings_folder_are_loaded(tmp_path):
    run = copy_weights(tmp_path, "stochastic-plain")
    (run / "plain").mkdir()  # the run's checkpoints stand beside the weights
    plain = {type(thlab.load(path)) for path in (run, run / "stochastic-plain", str(run))}
    assert plain == {type(thlab.load("stochastic-plain"))}
    both = copy_weights(tmp_path, "stochastic-latent")
    assert thlab.load(both).model.config.stochastic
    assert not thlab.load(both / "stochastic-plain.safetensors").model.config.stochastic


def test_a_folders_head_is_that_of_its_paper(tmp_path):
    assert isinstance(thlab.load(copy_weights(tmp_path, "priors-vae", "priors-head")), TalkingHead)


def test_weights_that_are_not_there_are_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="no weights 'foo': there are davs-disentangled, "):
        thlab.load("foo")
    with pytest.raises(FileNotFoundError, match="holds no weights of a finished training"):
        thlab.load(tmp_path)
    copy_weights(tmp_path, "faces", "landmarks")
    with pytest.raises(ValueError, match="holds faces, landmarks: say which"):
        thlab.load(tmp_path)
    shutil.copy(tmp_path / "faces.safetensors", tmp_path / "mine.safetensors")
    with pytest.raises(ValueError, match=r"mine\.safetensors: named like none of the weights"):
        thlab.load(tmp_path / "mine.safetensors")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stochastic-latent").mkdir()  # a name finds the weights before a folder
    assert isinstance(thlab.load("stochastic-latent"), TalkingHead)


def test_a_folder_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_WEIGHTS", str(copy_weights(tmp_path, "faces")))
    assert public.find_weights("faces").parent == tmp_path
    assert public.find_weights("landmarks").parent == PRETRAINED
