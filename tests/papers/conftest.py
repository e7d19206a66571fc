"""The training clips of the tiny corpus, in memory."""

import pytest
import torch


@pytest.fixture(scope="session")
def memory(tiny_corpus):
    from thlab.data import open_corpus
    from thlab.data.memory import load_memory

    torch.set_num_threads(1)
    return load_memory(open_corpus("embedded", tiny_corpus, check="none", split="train")[::4])
