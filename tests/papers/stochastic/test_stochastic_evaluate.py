"""Tables of Yadav et al.: what each number is, by takes whose answer is known."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from thlab.corpus import retakes
from thlab.data.corpora import open_splits
from thlab.evaluation.claims import settle
from thlab.evaluation.experiment import Experiment
from thlab.evaluation.table import FIELDS, Table
from thlab.evaluation.test_set import TestSet
from thlab.face.align import eyes, mouth
from thlab.face.points import TEMPLATE
from thlab.papers.stochastic import PAPER
from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate import (
    beta,
    calibration,
    diversity,
    quality,
    smoothness,
    takes,
)
from thlab.papers.stochastic.evaluate.takes import K, Observation
from thlab.papers.stochastic.model import TalkingFace
from thlab.training import make_fabric, save_weights
from thlab.training.optim import build_seeded

N_CLIPS = 2


class QuickNet(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A folder of random weights of both stages."""
    folder = tmp_path_factory.mktemp("weights")
    fast = StochasticConfig.fast()
    for stage, config in (("latent", fast), ("plain", fast.deterministic(25))):
        model = build_seeded(lambda config=config: TalkingFace(config), 0)
        if config.stochastic:
            nn.init.normal_(model.residuals, generator=torch.Generator().manual_seed(0))
        card = {"config": asdict(config), "corpus": "tiny", "seed": 0, "steps": 25}
        save_weights(folder / f"stochastic-{stage}", model, card)
    return folder


@pytest.fixture(scope="module")
def experiment(tiny_corpus, weights):
    torch.set_num_threads(1)
    fabric = make_fabric("cpu", precision="32-true")
    code = PAPER.training_code
    return Experiment(
        "stochastic", fabric, "tiny", open_splits("tiny"), "fast", (0,), code, weights=weights
    )


@pytest.fixture(scope="module")
def test_set(experiment):
    return TestSet(experiment.test, QuickNet(), N_CLIPS)


look_closely = takes.observe  # before tests put a quick one in its place


def quick_look(test_set, video) -> Observation:
    """Brightness of the boxes of mouth and eyes: follows what moves there."""
    lips, lids = mouth(video).mean((1, 2, 3)), eyes(video).mean((1, 2, 3))
    return Observation(test_set.look(video), lips, lids, eyes(video)[..., ::2].mean((1, 2, 3)))


@pytest.fixture(autouse=True)
def quick(monkeypatch, test_set):
    """Two clips, a landmark net and looks that cost nothing."""
    for module in (diversity, calibration, quality, smoothness, beta):
        monkeypatch.setattr(module, "make_test_set", lambda experiment, n: test_set)
    for module in (diversity, calibration):
        monkeypatch.setattr(module, "observe", quick_look)
    monkeypatch.setattr(
        TestSet, "mediapipe", lambda self, videos, n: {"LMD, mediapipe": [0.0] * len(videos)}
    )
    calibration.observed.cache_clear()


def table_of(name, experiment, rows=None) -> Table:
    """A table of some rows, measured once."""
    spec = PAPER.tables[name]
    records = []
    for row in rows or spec.rows:
        for one, column, speaker, clip, value in spec.measure(experiment, row, 0):
            records.append((one, column, 0, speaker, clip, value))
    return Table(
        "stochastic", name, spec.columns, pd.DataFrame(records, columns=FIELDS), spec.numbers
    )


def test_every_eye_of_the_corpus_lies_in_the_box_of_eyes(experiment):
    grid = torch.zeros(64, 64)
    eyes(grid).fill_(1)
    at = experiment.test.landmarks[:, 36:48].floor().long()
    assert grid[at[..., 1], at[..., 0]].all()
    assert TEMPLATE.min() > 0


def test_how_far_takes_are_apart_is_a_mean_over_pairs():
    made = torch.tensor([0.0, 0.1, 0.4]).view(3, 1, 1, 1, 1).expand(3, 2, 3, 64, 64)
    assert takes.difference(made, mouth) == pytest.approx(255 * (0.1 + 0.4 + 0.3) / 3, rel=1e-5)
    assert takes.difference(made[:1].expand(3, -1, -1, -1, -1), eyes) == 0
    assert takes.difference(made[:1], eyes) == 0


def near_the_truth(sizes):
    """Stands for `takes_a_clip`: the true frames, more or less bright."""

    def made(test_set, head, contents=None, lasting=True):
        return [
            torch.stack([(real + size).clamp(0, 1) for size in sizes]) for real in test_set.real
        ]

    return made


def test_where_mediapipe_finds_no_face_no_blinks_are_counted(test_set, monkeypatch):
    monkeypatch.setattr(diversity, "observe", look_closely)
    grey = torch.full((2, *test_set.real[0].shape), 0.5)
    scores = diversity.score_takes(test_set, grey, test_set.exact[0])
    assert np.isnan([scores["blinks a second"], scores["gaze"]]).all()
    assert np.isfinite([scores["mouth"], scores["lips"]]).all()


def test_blinks_are_counted_a_second_and_their_length_in_frames():
    lids = torch.full((50,), 0.3)
    lids[10:13] = 0
    lids[30:35] = 0
    still = torch.zeros(50)
    seen = [
        Observation(torch.zeros(50, 68, 2), still, track, still)
        for track in (lids, torch.full((50,), 0.3))
    ]
    rate, length = diversity.blinking(seen)
    assert rate == pytest.approx(25 * (2 + 0) / 2 / 50)
    assert length == pytest.approx(4, abs=1)


def test_table_1_has_the_best_take_and_the_mean_one(experiment, monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "takes_a_clip", near_the_truth([0.02 * (k + 1) for k in range(K)]))
    still = PAPER.head(experiment.weights)
    still.render = lambda image, content, controls=None: image.expand(len(content), -1, -1, -1)
    other = SimpleNamespace(
        head=lambda weights: still, tables={"T": SimpleNamespace(of_weights="w")}, default_table="T"
    )
    monkeypatch.setattr(quality, "load_paper", lambda key: other)
    table = table_of("T1", replace(experiment, options={"beside": "davs"}))
    repeated = {column: table.numbers("repeated frame", column) for column in table.columns}
    assert {column: table.numbers("DAVS", column) for column in table.columns} == repeated
    mean = {
        row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows
    }
    assert mean[f"ours, best of {K}"]["PSNR"] == pytest.approx(
        -20 * torch.tensor(0.02).log10().item(), abs=0.5
    )
    assert mean[f"ours, best of {K}"]["PSNR"] > mean["ours, one take"]["PSNR"]
    assert mean[f"ours, best of {K}"]["LMD"] < mean["ours, one take"]["LMD"]
    assert set(table.rows) == {*PAPER.tables["T1"].rows, f"ours, best of {K}", "DAVS"}
    assert table.paper_numbers["GRID"]["ours, one take"] == {"SSIM": 0.86, "PSNR": 32.01}
    table.save(tmp_path)
    (record,) = (record for record in settle(CLAIMS, tmp_path) if record["id"] == "stochastic.ssim")
    assert "interval" in record["evidence"]["comparisons"][0]


def test_who_stands_beside_ours_hears_and_sees_no_lips(experiment, test_set, monkeypatch):
    heard = []

    def content(speech):
        heard.append(speech.lips)
        return torch.zeros(speech.n_frames, 1)

    def render(image, content, controls=None):
        return image.expand(len(content), -1, -1, -1)

    head = SimpleNamespace(content=content, render=render, size=64)
    monkeypatch.setattr(
        quality, "load_paper", lambda key: SimpleNamespace(head=lambda weights: head)
    )
    quality.measure_beside(replace(experiment, options={"beside": "davs"}), test_set)
    assert heard == [None] * N_CLIPS
    assert quality.measure_beside(experiment, test_set) == []


def test_a_model_that_performs_as_the_corpus_does_is_calibrated(
    experiment, test_set, tiny_corpus, monkeypatch
):
    """Its takes are other performances: as wide as the truth's, and the truth lies among them as
    often as it must.
    """
    performed = []
    for clip in test_set.clips:
        found = retakes(tiny_corpus, experiment.test.ids[clip], 2 * K)
        performed.append(
            torch.stack([torch.from_numpy(frames).permute(0, 3, 1, 2) / 255 for frames, _ in found])
        )
    monkeypatch.setattr(calibration, "true_takes", lambda *_: [x[:K] for x in performed])
    monkeypatch.setattr(calibration, "takes_a_clip", lambda *_: [x[K:] for x in performed])
    table = table_of("calibration", experiment)
    for feature in ("lips", "lids", "gaze"):
        assert table.values(feature, "ratio").mean() == pytest.approx(1, abs=0.4), feature
        # of lips a swell a clip is drawn, for all frames: two clips tell little
        near = 0.2 if feature == "lips" else 0.12
        inside = table.values(feature, "inside").mean()
        assert inside == pytest.approx((K - 1) / (K + 1), abs=near), feature
    calibration.observed.cache_clear()
    monkeypatch.setattr(
        calibration, "takes_a_clip", lambda *_: [x[K : K + 1].expand_as(x[K:]) for x in performed]
    )
    table = table_of("calibration", experiment, ["lips"])
    assert table.numbers("lips", "spread of ours") == [0, 0]
    assert max(table.numbers("lips", "inside")) < 0.05


def test_spreads_of_what_was_not_seen_are_none():
    seen = torch.zeros(K, 5)
    unseen = seen.clone()
    unseen[0, 0] = torch.nan
    assert np.isnan(list(calibration.compare_spreads(seen, unseen).values())).all()


def test_calibration_of_a_real_corpus_is_refused(experiment):
    with pytest.raises(ValueError, match="needs the embedded corpus"):
        calibration.measure(replace(experiment, corpus="/data/grid"), "lips", 0)
    assert diversity.measure(replace(experiment, corpus="/data/grid"), diversity.TRUTH, 0) == []


def test_diversity_of_the_deterministic_model_is_none(experiment, monkeypatch):
    def repeated(experiment, test_set):
        return [real[None].expand(2, -1, -1, -1, -1) for real in test_set.real]

    monkeypatch.setattr(diversity, "true_takes", repeated)
    table = table_of("diversity", experiment)
    assert (
        table.numbers("deterministic", "mouth")
        == table.numbers("truth, performed anew", "eyes")
        == [0, 0]
    )
    assert min(table.numbers("ours", "mouth")) > 0
    assert set(table.rows) == set(diversity.ROWS)


def test_a_still_video_has_no_differences_and_a_ramp_no_second_one(test_set):
    assert set(smoothness.differences(test_set.real[0][:1].expand(5, -1, -1, -1)).values()) == {0.0}
    ramp = torch.linspace(0, 1, 6).view(6, 1, 1, 1).expand(6, 3, 64, 64)
    found = smoothness.differences(ramp)
    assert found["first"] == pytest.approx(255 / 5)
    assert found["second"] == pytest.approx(0, abs=1e-4)


def test_smoothness_has_a_number_a_clip_of_each_row(experiment, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))  # where the model without memory is trained
    table = table_of("smoothness", experiment)
    assert set(table.rows) == set(smoothness.ROWS)
    assert len(table.records) == N_CLIPS * len(smoothness.ROWS) * len(smoothness.COLUMNS)
    assert min(table.numbers("truth", "first")) > 0


def test_the_sweep_shares_its_first_steps_and_scores_each_clip(experiment, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    short = replace(experiment, overrides=("steps=2",))
    rows = ["beta 0", "beta 1, at once, free bits 0.1", "beta 0.1, not fine"]
    table = table_of("beta", short, rows)
    assert table.rows == rows
    assert table.measured("beta 0") == list(table.columns)
    assert len(list(tmp_path.glob("runs/stochastic/*/first-*"))) == 1
    assert len(list(tmp_path.glob("runs/stochastic/*/beta-*"))) == 3
