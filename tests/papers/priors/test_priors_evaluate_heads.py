"""Tables of talking heads: what is trained once, what the claims need, and a head that knows the
truth.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from thlab.evaluation.comparison import Comparison, paired
from thlab.papers.priors import PAPER
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.evaluate import heads, quality
from thlab.papers.priors.head.config import GANConfig
from thlab.papers.priors.head.content import UNTRAINED, MFCCContent
from thlab.papers.priors.head.model import Generator, GeneratorConfig
from thlab.papers.priors.head.talking import HeadNet, PriorsHead
from thlab.papers.priors.head.temporal import TemporalGenerator
from thlab.papers.priors.reported import GAN_OURS, PLAIN, ROWS
from thlab.papers.runner import make_table, open_experiment

SETTINGS = ("steps=1", "pretrain_steps=1", "hidden=8")


@pytest.fixture(scope="module")
def experiment(tiny_corpus):
    torch.set_num_threads(1)
    return open_experiment(
        PAPER, PAPER.tables["T1"], str(tiny_corpus), "fast", (0,), settings=SETTINGS
    )


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    source = UNTRAINED["mfcc"]()
    return PriorsHead(
        source.features, HeadNet(source.content, Generator(GeneratorConfig.fast(), 32))
    )


def test_the_tables_heads_have_few_steps_and_no_critics(experiment):
    book = heads.head_config(replace(experiment, preset="book", overrides=()))
    assert (book.steps, book.critics_from) == (300, 300)
    assert replace(book, steps=2000, critics_from=1500) == GANConfig.book()
    fast = heads.head_config(replace(experiment, overrides=()))
    assert fast.steps == fast.critics_from == GANConfig.fast().steps


@pytest.mark.parametrize("row", [GAN_OURS, PLAIN])
def test_rows_are_trained_once(experiment, row, home):
    head = heads.trained_head(experiment, row, 0)
    assert isinstance(head.net.generator, TemporalGenerator if row == GAN_OURS else Generator)
    assert isinstance(head.net.content, MFCCContent) == (row == PLAIN)
    (log,) = home.glob("runs/priors/*/head-*/seed0/head/log.jsonl")
    before = log.read_bytes()
    again = heads.trained_head(experiment, row, 0)
    assert log.read_bytes() == before
    for x, y in zip(head.parameters(), again.parameters(), strict=True):
        assert torch.equal(x, y)


class QuickNet(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


def test_tables_1_and_2_have_what_their_claims_need(experiment, head, monkeypatch):
    monkeypatch.setattr(heads, "CLIPS", 2)
    monkeypatch.setattr(heads, "trained_head", lambda *_: head)
    monkeypatch.setattr(heads, "load_weights", lambda *_: QuickNet())
    names = ("T1", "T1-exact", "T1-opening", "T2", "T2-references")
    found = {name: make_table(PAPER, experiment, name, PAPER.tables[name].rows) for name in names}
    for name, claim in CLAIMS.items():
        for one in claim.comparisons if claim.table in ("T1", "T2") else ():
            if isinstance(one, Comparison) and "DAVS" not in one.what:
                assert np.isfinite(paired(one, found[claim.table])[0]).all(), name
    assert found["T1"].evidence["pixels"] == 64
    assert set(found["T1"].rows) == {*ROWS, "repeated frame", "mean frame", "shuffled audio"}
    assert set(found["T2"].rows) == set(ROWS)
    for row in ("repeated frame", "shuffled audio"):  # they hear no noise
        clean = found["T1"].numbers(row, "clean")
        assert found["T1"].numbers(row, "-10") == clean
        assert found["T2-references"].numbers(row, "LMD") == clean
    assert found["T2"].numbers(PLAIN, "LMD") == found["T1"].numbers(PLAIN, "clean")
    monkeypatch.setattr(heads, "TestSet", lambda *_: pytest.fail("it was scored before"))
    again = make_table(PAPER, experiment, "T2", PAPER.tables["T2"].rows)
    assert again.records.equals(found["T2"].records)


def test_quality_of_a_head_that_knows_the_truth(experiment, monkeypatch):
    """A head that is told the true frames: nearest to the truth of all rows but the truth's own."""

    class Oracle(nn.Module):
        size = 64

        def content(self, speech):
            return (speech.lips + 0.01).clamp(max=1).flatten(1)

        def render(self, image, content, controls=None):
            return content.unflatten(-1, (3, 64, 64))

    monkeypatch.setattr(
        "thlab.evaluation.test_set.mediapipe_points",
        lambda frames: (
            frames.reshape(len(frames), -1)[:, :956].reshape(-1, 478, 2).astype(np.float32)
        ),
    )
    monkeypatch.setattr(quality, "load_head", lambda weights: Oracle())
    monkeypatch.setattr(quality, "CLIPS", 4)
    monkeypatch.setattr(quality, "MEDIAPIPE", 2)
    table = make_table(PAPER, experiment, "quality", ("ours",))
    assert table.rows == ["truth", "ours", "ours, shuffled audio", "repeated frame", "mean frame"]
    assert table.interval("ours", "LMD").over == "1 seed, 4 clips of one speaker"
    assert len(table.values("ours", "LMD, mediapipe")) == 2
    mean = {
        row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows
    }
    assert mean["ours"]["LMD"] < 0.3 * mean["repeated frame"]["LMD"]
    assert mean["ours"]["opening"] > 0.9 > 0.5 > mean["ours, shuffled audio"]["opening"]
    assert mean["ours"]["PSNR"] == pytest.approx(40, abs=3)  # 0.01 brighter, but for what is white
    assert "PSNR" not in table.measured("truth")
