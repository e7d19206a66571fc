"""What the papers' tests share: the training clips of the tiny corpus, in memory, and how commands refuse."""

import pytest
import torch

from thlab.cli import main


@pytest.fixture(scope="session")
def memory(tiny_corpus):
    from thlab.data import open_corpus
    from thlab.data.tensors import load_clips

    torch.set_num_threads(1)
    return load_clips(open_corpus("embedded", tiny_corpus, check="none", split="train")[::4])


@pytest.fixture
def refused(tmp_path, capsys):
    """Asserts that a command, {} in it for an empty folder, ends with 2 and one line that complains; writes nothing."""

    def check(arguments, complaint):
        try:
            status = main([argument.format(tmp_path) for argument in arguments])
        except SystemExit as stop:
            status = stop.code
        assert status == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert complaint.format(tmp_path) in error
        assert not list(tmp_path.iterdir())

    return check
