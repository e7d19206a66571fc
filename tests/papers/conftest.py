"""What the papers' tests share: the training clips of the tiny corpus, in memory, and how commands
refuse.
"""

import numpy as np
import pytest
import torch

from thlab.cli import main

pytest.register_assert_rewrite("paper_claims")


@pytest.fixture(scope="session")
def memory(tiny_corpus):
    from thlab.data import open_corpus
    from thlab.data.tensors import load_clips

    torch.set_num_threads(1)
    return load_clips(open_corpus("embedded", tiny_corpus, check="none", split="train")[::4])


@pytest.fixture
def settled(tmp_path):
    """Saves tables of numbers, each with seeds that differ by a little noise, and settles claims:
    id -> record.
    """
    from thlab.evaluation.claims import settle
    from thlab.evaluation.table import Table, make_records

    def check(paper, claims, numbers, seeds=3, noise=1e-5):
        random = np.random.default_rng(0)
        for name, rows in numbers.items():
            cells = {}
            for row, values in rows.items():
                cells[row] = {
                    column: about(random, value, seeds, noise) for column, value in values.items()
                }
            columns = {column: "accuracy" for values in rows.values() for column in values}
            Table(paper, name, columns, make_records(cells), evidence={"pixels": 256}).save(
                tmp_path
            )
        return {record["id"]: record for record in settle(claims, tmp_path)}

    def about(random, value, seeds, noise):
        return {(seed, "", ""): value + noise * random.standard_normal() for seed in range(seeds)}

    return check


@pytest.fixture
def refused(tmp_path, capsys):
    """Asserts that a command, {} in it for an empty folder, ends with 2 and one line that
    complains; writes nothing.
    """

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
