"""Word clips of the tiny corpus's training speakers, and a fabric to train on."""

import pytest
import torch
from davs_tables import PAPER, QuickLandmarks, untrained_model

from thlab.data import open_corpus
from thlab.data.tensors import load_clips
from thlab.evaluation.experiment import Experiment
from thlab.evaluation.test_set import TestSet
from thlab.papers.davs.evaluate import found, leakage, pictures, word_space
from thlab.papers.davs.words import word_clips
from thlab.training import make_fabric


@pytest.fixture(scope="session")
def spoken(tiny_corpus):
    """Every fifth training clip: all speakers, sentences and words."""
    return open_corpus("embedded", tiny_corpus, check="none", split="train")[::5]


@pytest.fixture(scope="session")
def clips(spoken):
    torch.set_num_threads(1)
    return word_clips(load_clips(spoken), spoken)


@pytest.fixture(scope="session")
def fabric():
    return make_fabric("cpu", precision="32-true")


@pytest.fixture(scope="module")
def experiment(spoken, fabric, clips):
    """Trained and tested on the same word clips: what numbers mean does not depend on it."""
    splits = {"train": spoken, "test": spoken}
    made = Experiment("davs", fabric, "tiny", splits, "fast", (0, 1), PAPER.training_code)
    made.once("test set", lambda: TestSet(clips.tensors, QuickLandmarks(), 6))
    made.once(("training words",), lambda: clips)
    made.once(("test words", *clips.words), lambda: clips)
    made.once(("noisy words", 0.0, *clips.words), lambda: clips)
    return made


@pytest.fixture
def untrained(monkeypatch, clips):
    """Each model as it begins."""

    def model(experiment, kind, name, seed):
        return untrained_model(name, clips, seed, kind)

    for module in (word_space, leakage, pictures, found):
        monkeypatch.setattr(module, "trained", model)
