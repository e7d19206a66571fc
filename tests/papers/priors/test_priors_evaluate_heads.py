"""Tables of talking heads: how test clips are shown and scored; whole clips side by side; the table's structure."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from thlab import claims
from thlab.metrics.image import psnr
from thlab.nn.landmarks import LandmarkNet
from thlab.papers.priors import heads
from thlab.papers.priors.bench import open_bench
from thlab.papers.priors.content import MFCCContent, make_source
from thlab.papers.priors.generator import Generator, GeneratorConfig, roll_out
from thlab.papers.priors.temporal import TemporalGenerator
from thlab.papers.priors.train_gan import GANConfig, TalkingHead
from thlab.training import load_weights, make_fabric

CONFIG = replace(GANConfig.fast(), steps=2, critics_from=2)


@pytest.fixture(scope="module")
def bench(tiny_corpus):
    torch.set_num_threads(1)
    fabric = make_fabric("cpu", precision="32-true")
    vae = {"steps": 1, "pretrain_steps": 1, "hidden": 8}
    return open_bench(fabric, str(tiny_corpus), "fast", (0, 1), frames=True, **vae)


@pytest.fixture(scope="module")
def judge():
    net = LandmarkNet()
    load_weights("landmarks", net)
    return net


@pytest.fixture(scope="module")
def stage(bench, judge):
    return heads.Stage(bench.test, judge, 5)


@pytest.fixture(scope="module")
def head():
    torch.manual_seed(0)
    return TalkingHead(make_source("mfcc"), Generator(GeneratorConfig.fast()))


def test_images_are_open_eyed(stage):
    for clip, image in zip(stage.clips, stage.image, strict=True):
        start, end = stage.memory.start[clip : clip + 2]
        assert stage.memory.blink[start + image] == stage.memory.blink[start:end].min()


def test_the_truth_is_near_itself(stage):
    found = stage.mouths(stage.real)
    assert found["LMD"] == [0] * 5
    assert max(found["LMD, exact"]) < 1
    assert min(found["opening"]) > 0.9
    assert stage.pictures(stage.real)["sharpness"] == [1] * 5


def test_what_stands_still_has_no_correlation_and_the_images_own_frame_is_left_out(stage):
    videos = stage.trivial()["repeated frame"]
    assert stage.mouths(videos)["opening"] == pytest.approx([0] * 5, abs=1e-6)
    real, i = stage.real[0], stage.image[0]
    others = [psnr(real[i], frame).item() for j, frame in enumerate(real) if j != i]
    assert stage.pictures(videos)["PSNR"][0] == pytest.approx(sum(others) / len(others), rel=1e-5)


@pytest.mark.parametrize("kind", [Generator, TemporalGenerator])
def test_clips_side_by_side_are_clips_alone(stage, head, kind):
    torch.manual_seed(0)
    head = TalkingHead(head.source, kind(GeneratorConfig.fast()))
    contents = stage.contents(head.source)
    together = stage.videos(head, contents, batch=4)
    assert [len(video) for video in together] == [len(real) for real in stage.real]
    for k in (1, 4):
        image = stage.real[k][stage.image[k]]
        torch.testing.assert_close(together[k], roll_out(head.generator, image[None], contents[k][None])[0])


def test_noise_is_fixed_and_shuffling_takes_another_clip_and_turns_it(stage, head):
    noisy, again = (stage.contents(head.source, -10) for _ in range(2))
    clean = stage.contents(head.source)
    assert all(torch.equal(x, y) for x, y in zip(noisy, again, strict=True))
    assert not torch.allclose(noisy[0], clean[0])
    mixed = stage.shuffled(head.source)
    assert [len(z) for z in mixed] == [len(z) for z in clean]
    n = min(len(mixed[4]), len(clean[0]))
    turns = [torch.equal(mixed[4][:n], clean[0].roll(-k, 0)[:n]) for k in range(len(clean[0]))]
    assert sum(turns) == 1
    assert not turns[0]


@pytest.mark.parametrize("row", [claims.GAN_OURS, claims.PLAIN])
def test_rows_are_trained_once(bench, row, tmp_path, monkeypatch):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    head = heads.trained_head(bench, CONFIG, row, 0)
    assert isinstance(head.generator, TemporalGenerator if row == claims.GAN_OURS else Generator)
    assert isinstance(head.source, MFCCContent) == (row == claims.PLAIN)
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
    for name, (table, test) in claims.TESTS.items():
        if table in ("T1", "T2"):
            assert all(math.isfinite(value) for check in test(found[table]) for value in check.values), name
    assert found["T1"].evidence["pixels"] == 64
    assert set(found["T1"].rows) == {*claims.ROWS, "repeated frame", "mean frame", "shuffled audio"}
    assert set(found["T2"].rows) == set(claims.ROWS)
    monkeypatch.setattr(heads, "score_head", lambda *_: pytest.fail("it was scored before"))
    again = {table.table: table for table in heads.tables_1_and_2(bench, judge, CONFIG, n_clips=2)}
    assert again["T2"].rows == found["T2"].rows


def test_quality_of_a_head_that_knows_the_truth(bench, judge, monkeypatch):
    """A generator that is told the true frames: nearest to the truth of all rows but the truth's own."""

    class Oracle(nn.Module):
        def forward(self, image, content):
            return content.unflatten(-1, (3, 64, 64))

    class Told(MFCCContent):
        def content(self, audio, n_frames):
            real = next(real for real, sound in known if torch.equal(sound, audio))
            return (real + 0.01).clamp(max=1).flatten(1)

    stage = heads.Stage(bench.test, judge, 4)
    known = [(real, bench.test.audio[clip]) for real, clip in zip(stage.real, stage.clips, strict=True)]
    monkeypatch.setattr(
        heads, "mediapipe_landmarks", lambda frames: frames[:, :34, :4, 0].reshape(-1, 68, 2).astype(np.float32)
    )
    table = heads.quality(bench, judge, TalkingHead(Told(), Oracle()), n_clips=4, n_mediapipe=2)
    assert len(table.rows["ours"]["LMD"]) == 4  # a number a clip: tiny has one test speaker
    assert table.evidence["over"] == "test clips"
    assert len(table.rows["ours"]["LMD, mediapipe"]) == 2
    mean = {row: {c: sum(v) / len(v) for c, v in cells.items()} for row, cells in table.rows.items()}
    assert mean["ours"]["LMD"] < 0.3 * mean["repeated frame"]["LMD"]
    assert mean["ours"]["opening"] > 0.9 > 0.5 > mean["ours, shuffled audio"]["opening"]
    assert mean["ours"]["PSNR"] == pytest.approx(40, abs=3)  # 0.01 brighter, but for what is white
    assert "PSNR" not in table.rows["truth"]


def test_numbers_of_clips_become_numbers_of_speakers(stage):
    stage = object.__new__(heads.Stage)
    stage.clips = [0, 1, 2, 3, 4]
    stage.memory = type("Memory", (), {"speaker": torch.tensor([7, 7, 8, 9, 9])})
    assert stage.by_speaker([1.0, 3.0, 5.0, math.nan, 6.0]) == [2, 5, 6]
    stage.memory.speaker = torch.tensor([7, 7, 7, 9, 9])
    assert stage.by_speaker([1.0, 3.0, 5.0, math.nan, 6.0]) == [1, 3, 5, 6]
