"""Word clips of the tiny corpus's training speakers, and a fabric to train on."""

import pytest
import torch

from thlab.data import open_corpus
from thlab.data.tensors import load_clips
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
