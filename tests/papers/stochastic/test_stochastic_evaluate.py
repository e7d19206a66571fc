"""Tables of Yadav et al.: what each number is, by takes whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from thlab.corpus import retakes
from thlab.evaluation.claims import settle
from thlab.evaluation.experiment import open_experiment
from thlab.evaluation.test_set import TestSet
from thlab.face.align import eyes, mouth
from thlab.face.points import TEMPLATE
from thlab.papers.stochastic import evaluate as tables
from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate import K, Seen, apart
from thlab.papers.stochastic.model import TalkingFace
from thlab.training import make_fabric


class QuickJudge(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


@pytest.fixture(scope="module")
def bench(tiny_corpus):
    torch.set_num_threads(1)
    return open_experiment("stochastic", make_fabric("cpu", precision="32-true"), "tiny", "fast", (0,))


@pytest.fixture(scope="module")
def stage(bench):
    return TestSet(bench.test, QuickJudge(), 2)


look_twice = tables.see  # before tests put a quick one in its place


def quick_look(stage, video) -> Seen:
    """Brightness of the boxes of mouth and eyes: follows what moves there."""
    lips, lids = mouth(video).mean((1, 2, 3)), eyes(video).mean((1, 2, 3))
    return Seen(stage.look(video), lips, lids, eyes(video)[..., ::2].mean((1, 2, 3)))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(tables, "see", quick_look)
    monkeypatch.setattr(TestSet, "mediapipe", lambda self, videos, n: {"LMD, mediapipe": [0.0] * len(videos)})


def test_every_eye_of_the_corpus_lies_in_the_box_of_eyes(bench):
    grid = torch.zeros(64, 64)
    eyes(grid).fill_(1)
    at = bench.test.landmarks[:, 36:48].floor().long()
    assert grid[at[..., 1], at[..., 0]].all()
    assert TEMPLATE.min() > 0


def test_how_far_takes_are_apart_is_a_mean_over_pairs():
    made = torch.tensor([0.0, 0.1, 0.4]).view(3, 1, 1, 1, 1).expand(3, 2, 3, 64, 64)
    assert apart(made, mouth) == pytest.approx(255 * (0.1 + 0.4 + 0.3) / 3, rel=1e-5)
    assert apart(made[:1].expand(3, -1, -1, -1, -1), eyes) == 0


def near_the_truth(stage, sizes):
    """Stands for `_takes`: the true frames, more or less bright."""
    return lambda _stage, _model, rows=None, samples=K, lasting=True: [
        torch.stack([(real + sizes[k]).clamp(0, 1) for k in range(samples)]) for real in stage.real
    ]


def test_where_mediapipe_finds_no_face_no_blinks_are_counted(stage, monkeypatch):
    monkeypatch.setattr(tables, "see", look_twice)
    scores = tables._differences(stage, [torch.full((2, *real.shape), 0.5) for real in stage.real])
    assert np.isnan([scores["blinks a second"], scores["gaze"]]).all()
    assert np.isfinite([scores["mouth"], scores["lips"]]).all()


def test_table_1_has_the_best_take_and_the_mean_one(bench, stage, monkeypatch, tmp_path):
    sizes = [0.02 * (k + 1) for k in range(K)]
    monkeypatch.setattr(tables, "_takes", near_the_truth(stage, sizes))
    plain = TalkingFace(StochasticConfig.fast().without_chance(25))
    beside = {"DAVS": lambda image, audio: image.expand(len(audio) // 640, -1, -1, -1)}
    table = tables.table_1(bench, stage, TalkingFace(StochasticConfig.fast()), plain, beside)
    still = {column: table.numbers("repeated frame", column) for column in table.columns}
    assert {column: table.numbers("DAVS", column) for column in table.columns} == still
    mean = {row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows}
    assert mean[f"ours, best of {K}"]["PSNR"] == pytest.approx(-20 * torch.tensor(0.02).log10().item(), abs=0.5)
    assert mean[f"ours, best of {K}"]["PSNR"] > mean["ours, one take"]["PSNR"]
    assert mean[f"ours, best of {K}"]["LMD"] < mean["ours, one take"]["LMD"]
    assert table.interval("DAVS", "PSNR").over == "1 seed, 2 clips of one speaker"
    assert table.paper_numbers["GRID"]["ours, one take"] == {"SSIM": 0.86, "PSNR": 32.01}
    table.save(tmp_path)
    (record,) = (record for record in settle(CLAIMS, tmp_path) if record["id"] == "stochastic.ssim")
    assert "interval" in record["evidence"]["comparisons"][0]


def test_a_model_that_performs_as_the_corpus_does_is_calibrated(bench, stage, tiny_corpus, monkeypatch):
    """Its takes are other performances: as wide as the truth's, and the truth lies among them as often as it must."""
    performed = []
    for clip in stage.clips:
        frames = [
            torch.from_numpy(f).permute(0, 3, 1, 2) / 255 for f, _ in retakes(tiny_corpus, bench.test.ids[clip], 2 * K)
        ]
        performed.append(torch.stack(frames))
    monkeypatch.setattr(tables, "_true_takes", lambda *_: [x[:K] for x in performed])
    monkeypatch.setattr(tables, "_takes", lambda *_, **__: [x[K:] for x in performed])
    model = TalkingFace(StochasticConfig.fast())
    table = tables.calibration(bench, stage, model)
    for feature in ("lips", "lids", "gaze"):
        assert table.values(feature, "ratio").mean() == pytest.approx(1, abs=0.4), feature
        assert table.values(feature, "inside").mean() == pytest.approx((K - 1) / (K + 1), abs=0.12), feature
    monkeypatch.setattr(tables, "_takes", lambda *_, **__: [x[K : K + 1].expand_as(x[K:]) for x in performed])
    table = tables.calibration(bench, stage, model)
    assert table.numbers("lips", "spread of ours") == [0, 0]
    assert max(table.numbers("lips", "inside")) < 0.05


def test_calibration_of_a_real_corpus_is_refused(bench, stage):
    with pytest.raises(ValueError, match="needs the embedded corpus"):
        tables.calibration(replace(bench, corpus="/data/grid"), stage, TalkingFace(StochasticConfig.fast()))


def test_a_folder_names_its_own_table_1(bench, stage, monkeypatch):
    monkeypatch.setattr(tables, "_takes", near_the_truth(stage, [0.01] * K))
    model = TalkingFace(StochasticConfig.fast())
    assert tables.table_1(replace(bench, corpus="/data/grid-s1"), stage, model, model).table == "T1-grid-s1"


def test_diversity_of_the_deterministic_model_is_none(bench, stage, monkeypatch):
    monkeypatch.setattr(tables, "_true_takes", lambda *_: [real[None].expand(2, -1, -1, -1, -1) for real in stage.real])
    plain = TalkingFace(StochasticConfig.fast().without_chance(25))
    model = TalkingFace(StochasticConfig.fast())
    torch.nn.init.normal_(model.chance)
    table = tables.diversity(bench, stage, model, plain)
    assert table.numbers("deterministic", "mouth") == table.numbers("truth, performed anew", "eyes") == [0, 0]
    assert min(table.numbers("ours", "mouth")) > 0
    assert set(table.rows) >= {"ours", "ours, shuffled audio", "deterministic", "truth, performed anew"}


def test_the_sweep_trains_each_setting_once_and_keeps_its_scores(bench, stage, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    monkeypatch.setattr(tables, "BETAS", (0.0, 1.0))
    config = replace(StochasticConfig.fast(), steps=2)
    table = tables.sweep(bench, stage, config)
    assert list(table.rows) == [
        "beta 0",
        "beta 1",
        "beta 1, at once",
        "beta 1, at once, free bits 0.1",
        "beta 0.1, not fine",
    ]
    assert table.measured("beta 0") == list(table.columns)
    monkeypatch.setattr(tables, "train", lambda *_: pytest.fail("it was trained before"))
    assert tables.sweep(bench, stage, config).records.equals(table.records)
