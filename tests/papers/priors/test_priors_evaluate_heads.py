"""Tables of talking heads: how test clips are shown and scored; whole clips side by side; the table's structure."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from thlab.evaluation.comparison import Comparison, paired
from thlab.nn.landmark_net import LandmarkNet
from thlab.papers.priors import heads
from thlab.papers.priors.bench import open_experiment
from thlab.papers.priors.claims import CLAIMS
from thlab.papers.priors.content import MFCCContent, make_source
from thlab.papers.priors.generator import Generator, GeneratorConfig, roll_out
from thlab.papers.priors.reported import GAN_OURS, PLAIN, ROWS
from thlab.papers.priors.temporal import TemporalGenerator
from thlab.papers.priors.train_gan import GANConfig, TalkingHead
from thlab.training import load_weights, make_fabric

CONFIG = replace(GANConfig.fast(), steps=2, critics_from=2)


@pytest.fixture(scope="module")
def bench(tiny_corpus):
    torch.set_num_threads(1)
    fabric = make_fabric("cpu", precision="32-true")
    vae = {"steps": 1, "pretrain_steps": 1, "hidden": 8}
    return open_experiment(fabric, str(tiny_corpus), "fast", (0, 1), frames=True, **vae)


@pytest.fixture(scope="module")
def judge():
    net = LandmarkNet()
    load_weights("landmarks", net)
    return net


@pytest.fixture(scope="module")
def stage(bench, judge):
    return heads.TestSet(bench.test, judge, 5)


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    return TalkingHead(make_source("mfcc"), Generator(GeneratorConfig.fast()))


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_clips_side_by_side_are_clips_alone(stage, head, kind):
    torch.manual_seed(0)
    head = TalkingHead(head.source, kind(GeneratorConfig.fast()))
    contents = stage.contents(head.source.content)
    together = stage.videos(partial(roll_out, head.generator), contents, batch=4)
    assert [len(video) for video in together] == [len(real) for real in stage.real]
    for k in (1, 4):
        image = stage.real[k][stage.image[k]]
        torch.testing.assert_close(together[k], roll_out(head.generator, image[None], contents[k][None])[0])


@pytest.mark.parametrize("row", [GAN_OURS, PLAIN])
def test_rows_are_trained_once(bench, row, tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    head = heads.trained_head(bench, CONFIG, row, 0)
    assert isinstance(head.generator, TemporalGenerator if row == GAN_OURS else Generator)
    assert isinstance(head.source, MFCCContent) == (row == PLAIN)
    log = heads.head_folder(bench, CONFIG, row, 0) / "log.jsonl"
    before = log.read_bytes()
    again = heads.trained_head(bench, CONFIG, row, 0)
    assert log.read_bytes() == before
    for x, y in zip(head.parameters(), again.parameters(), strict=True):
        assert torch.equal(x, y)


class QuickJudge(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


def test_tables_1_and_2_have_what_their_claims_need(bench, head, tmp_path, monkeypatch):
    bench, judge = replace(bench, seeds=(0,)), QuickJudge()
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    monkeypatch.setattr(heads, "trained_head", lambda *_: head)
    found = {table.table: table for table in heads.tables_1_and_2(bench, judge, CONFIG, n_clips=2)}
    assert set(found) == {"T1", "T1-exact", "T1-opening", "T2", "T2-references"}
    for name, claim in CLAIMS.items():
        for one in claim.comparisons if claim.table in ("T1", "T2") else ():
            if isinstance(one, Comparison) and "DAVS" not in one.what:
                assert np.isfinite(paired(one, found[claim.table])[0]).all(), name
    assert found["T1"].evidence["pixels"] == 64
    assert set(found["T1"].rows) == {*ROWS, "repeated frame", "mean frame", "shuffled audio"}
    assert set(found["T2"].rows) == set(ROWS)
    monkeypatch.setattr(heads, "score_head", lambda *_: pytest.fail("it was scored before"))
    again = {table.table: table for table in heads.tables_1_and_2(bench, judge, CONFIG, n_clips=2)}
    assert again["T2"].records.equals(found["T2"].records)


def test_quality_of_a_head_that_knows_the_truth(bench, judge, monkeypatch):
    """A generator that is told the true frames: nearest to the truth of all rows but the truth's own."""

    class Oracle(nn.Module):
        def forward(self, image, content):
            return content.unflatten(-1, (3, 64, 64))

    class Told(MFCCContent):
        def content(self, audio, n_frames):
            real = next(real for real, sound in known if torch.equal(sound, audio))
            return (real + 0.01).clamp(max=1).flatten(1)

    stage = heads.TestSet(bench.test, judge, 4)
    known = [(real, bench.test.audio[clip]) for real, clip in zip(stage.real, stage.clips, strict=True)]
    monkeypatch.setattr(
        "thlab.evaluation.test_set.mediapipe_points",
        lambda frames: frames.reshape(len(frames), -1)[:, :956].reshape(-1, 478, 2).astype(np.float32),
    )
    table = heads.quality(bench, judge, TalkingHead(Told(), Oracle()), n_clips=4, n_mediapipe=2)
    assert table.interval("ours", "LMD").over == "1 seed, 4 clips of one speaker"
    assert len(table.values("ours", "LMD, mediapipe")) == 2
    mean = {row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows}
    assert mean["ours"]["LMD"] < 0.3 * mean["repeated frame"]["LMD"]
    assert mean["ours"]["opening"] > 0.9 > 0.5 > mean["ours, shuffled audio"]["opening"]
    assert mean["ours"]["PSNR"] == pytest.approx(40, abs=3)  # 0.01 brighter, but for what is white
    assert "PSNR" not in table.measured("truth")
