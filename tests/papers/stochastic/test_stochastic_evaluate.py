"""Tables of Yadav et al.: what each number is, by takes whose answer is known."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from thlab.corpus import retakes
from thlab.corpus.rows import clip_rows
from thlab.corpus.settings import settle as settle_corpus
from thlab.data.corpora import open_splits
from thlab.evaluation.claims import settle
from thlab.evaluation.experiment import Experiment
from thlab.evaluation.table import FIELDS, Table
from thlab.evaluation.test_set import TestSet
from thlab.face.align import eyes, mouth
from thlab.face.points import TEMPLATE
from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.model import DAVS
from thlab.papers.stochastic import PAPER
from thlab.papers.stochastic.claims import CLAIMS
from thlab.papers.stochastic.config import StochasticConfig
from thlab.papers.stochastic.evaluate import (
    beta,
    calibration,
    diversity,
    heads,
    quality,
    smoothness,
    table_1,
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
    for module in (diversity, calibration, quality, table_1, smoothness, beta):
        monkeypatch.setattr(module, "make_test_set", lambda experiment, n: test_set)
    for module in (diversity, calibration):
        monkeypatch.setattr(module, "observe", quick_look)
    monkeypatch.setattr(
        TestSet, "mediapipe", lambda self, videos, n: {"LMD, mediapipe": [0.0] * len(videos)}
    )


@pytest.fixture
def of_weights(monkeypatch, weights):
    """In place of trainings, the random weights."""
    for module in (table_1, diversity, smoothness):
        monkeypatch.setattr(
            module, "trained_heads", lambda experiment, seed: heads.judged_heads(experiment)
        )


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


def head_of_stills(size=64):
    """A head whose every frame is its picture, and what it heard."""
    heard = []

    def content(speech):
        heard.append(speech.lips)
        return torch.zeros(speech.n_frames, 1)

    def render(image, content, controls=None):
        return image.expand(len(content), -1, -1, -1)

    return SimpleNamespace(content=content, render=render, size=size, heard=heard)


def means_of(table) -> dict[str, dict[str, float]]:
    return {
        row: {c: table.values(row, c).mean() for c in table.measured(row)} for row in table.rows
    }


def test_quality_has_the_best_take_and_the_mean_one(experiment, of_weights, monkeypatch):
    monkeypatch.setattr(quality, "takes_a_clip", near_the_truth([0.02 * (k + 1) for k in range(K)]))
    still = SimpleNamespace(head=lambda weights: head_of_stills())
    monkeypatch.setattr(quality, "load_paper", lambda key: still)
    table = table_of("quality", replace(experiment, options={"beside": "davs"}))
    shown = table.measured("repeated frame")
    assert set(table.columns) - set(shown) == {"sync confidence", "LSE-D"}  # a still is not judged
    for column in shown:
        assert table.numbers("DAVS", column) == table.numbers("repeated frame", column)
    mean = means_of(table)
    nearest = -20 * torch.tensor(0.02).log10().item()
    assert mean[f"ours, best of {K}"]["PSNR"] == pytest.approx(nearest, abs=0.5)
    assert mean[f"ours, best of {K}"]["PSNR"] > mean["ours, one take"]["PSNR"]
    assert mean[f"ours, best of {K}"]["LMD"] < mean["ours, one take"]["LMD"]
    assert set(table.rows) == {*PAPER.tables["quality"].rows, f"ours, best of {K}", "DAVS"}
    alone = table_of("controls", experiment, [f"ours, best of {K}"])
    assert means_of(alone)[f"ours, best of {K}"] == mean[f"ours, best of {K}"]


def test_table_1_stands_beside_davs_and_controls_stand_apart(
    experiment, of_weights, monkeypatch, tmp_path
):
    monkeypatch.setattr(table_1, "rival", lambda experiment, seed: head_of_stills())
    monkeypatch.setattr(quality, "takes_a_clip", near_the_truth([0.02 * (k + 1) for k in range(K)]))
    table = table_of("T1", experiment)
    assert table.rows == ["ours, one take", "ours, paper's sampling", "DAVS"]
    assert table.paper_numbers["GRID"]["ours, one take"] == {"SSIM": 0.86, "PSNR": 32.01}
    controls = table_of("controls", experiment, ["repeated frame", "deterministic"])
    for column in controls.measured("repeated frame"):
        assert table.numbers("DAVS", column) == controls.numbers("repeated frame", column)
    table.save(tmp_path)
    (record,) = (record for record in settle(CLAIMS, tmp_path) if record["id"] == "stochastic.ssim")
    both = record["evidence"]["comparisons"][:2]
    assert [one["verdict"] for one in both] == ["held", "held"]


def test_where_the_error_lies(test_set):
    real = test_set.real
    everywhere = [frames * 0.5 for frames in real]
    scores = quality.mouth_pictures(test_set, everywhere)
    for k, share in enumerate(scores["error in mouth"]):
        others = torch.arange(len(real[k])) != test_set.image[k]
        error = real[k][others].square()
        expected = 100 * error[..., 30:62, 16:48].sum() / error.sum()
        assert share == pytest.approx(expected.item(), rel=1e-5)
    in_mouth = [frames.clone() for frames in real]
    elsewhere = [frames.clone() for frames in real]
    for video, other in zip(in_mouth, elsewhere, strict=True):
        mouth(video).sub_(0.1)
        other[..., :30, :].sub_(0.1)
    scores = quality.mouth_pictures(test_set, in_mouth)
    assert scores["error in mouth"] == pytest.approx([100, 100], rel=1e-4)
    assert scores["PSNR, mouth"] == pytest.approx([20, 20], abs=1e-3)
    scores = quality.mouth_pictures(test_set, elsewhere)
    assert scores["error in mouth"] == [0, 0]
    assert scores["SSIM, mouth"] == pytest.approx([1, 1])
    equal = quality.mouth_pictures(test_set, real)
    assert np.isnan(equal["error in mouth"]).all()
    assert equal["PSNR"] == equal["PSNR, mouth"] == pytest.approx([58.92, 58.92], abs=0.01)


def test_the_best_take_is_best_by_each_metric():
    takes_of_clips = np.array([[0.9, 5.0], [1.3, 4.0], [1.05, 6.0]])
    assert quality.best_of(takes_of_clips, "lower").tolist() == [0.9, 4.0]
    assert quality.best_of(takes_of_clips, "higher").tolist() == [1.3, 6.0]
    assert quality.best_of(takes_of_clips, "nearest 1").tolist() == [1.05, 4.0]
    assert quality.best_of(takes_of_clips, "") == pytest.approx([3.25 / 3, 5.0])


def test_who_stands_beside_ours_hears_and_sees_no_lips(experiment, test_set, monkeypatch, weights):
    head = head_of_stills()
    asked = []

    def load(folder):
        asked.append(folder)
        return head

    monkeypatch.setattr(quality, "load_paper", lambda key: SimpleNamespace(head=load))
    beside = replace(experiment, options={"beside": "davs"})
    quality.measure_beside(beside, test_set)
    assert head.heard == [None] * N_CLIPS
    assert quality.measure_beside(experiment, test_set) == []
    own = weights.parent / "davs-too"
    own.mkdir()
    (own / "davs-disentangled.safetensors").touch()
    quality.measure_beside(replace(beside, weights=own), test_set)
    assert asked == [None, own]  # the committed one, where the folder has none


def test_davs_is_the_committed_one_or_trained_on_a_real_corpus(experiment, monkeypatch):
    trainings = []

    def trained(experiment, kind, name, seed):
        trainings.append((experiment.paper, experiment.code, kind, name, seed))
        return DAVS(DAVSConfig.fast(), 2, 2)

    monkeypatch.setattr(table_1, "trained", trained)
    first, second = (table_1.rival(experiment, seed).model for seed in (0, 1))
    for name, weight in first.state_dict().items():
        assert torch.equal(weight, second.state_dict()[name])
    assert not trainings
    assert "one training" in table_1.rival_facts(experiment)["weights"]
    real = replace(experiment, corpus="/data/grid-s1")
    table_1.rival(real, 2)
    assert trainings == [("davs", ("thlab.papers.davs.train",), "pixels", "disentangled", 2)]
    assert "trained on this corpus" in table_1.rival_facts(real)["weights"]


def test_heads_that_are_still_are_the_test_clips_without_head_motion(
    experiment, tiny_corpus, monkeypatch
):
    """What is built has the corpus's test people alone, their sentences, and no head motion."""
    built = []

    def build(root, preset, head_motion):
        built.append(settle_corpus(preset, "face", None, head_motion, 0))
        return tiny_corpus

    monkeypatch.setattr(table_1, "build", build)
    monkeypatch.setattr(table_1, "MANY", 6)
    found = table_1.still_heads(replace(experiment))
    assert found.tensors.ids == experiment.test.ids
    (settings,) = built
    assert settings.head_motion == 0
    whole = clip_rows(settle_corpus("tiny", "face", None, None, 0))
    assert clip_rows(settings) == [row for row in whole if row["split"] == "test"]
    with pytest.raises(ValueError, match="needs the embedded corpus"):
        table_1.still_heads(replace(experiment, corpus="/data/grid"))


def test_tables_share_one_training_a_seed(experiment, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    short = replace(experiment, overrides=("steps=2", "first=2"))
    first = heads.trained_head(short, 0, "latent")
    for table, row in (("T1", "ours, paper's sampling"), ("smoothness", "ours")):
        assert PAPER.tables[table].measure(short, row, 0)
    again = heads.trained_head(replace(short), 0, "latent")  # another command
    for name, weight in first.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name])
    heads.trained_head(short, 1, "latent")
    heads.trained_head(short, 0, "plain")
    runs = sorted(str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob("log.jsonl"))
    stages = [run.split("/")[-1] for run in runs]
    assert stages == ["latent", "first", "latent", "first", "plain"]


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
    table = table_of("calibration", replace(experiment))
    for feature in ("lips", "lids", "gaze"):
        assert table.values(feature, "ratio").mean() == pytest.approx(1, abs=0.4), feature
        # of lips a swell a clip is drawn, for all frames: two clips tell little
        near = 0.2 if feature == "lips" else 0.12
        inside = table.values(feature, "inside").mean()
        assert inside == pytest.approx((K - 1) / (K + 1), abs=near), feature
    monkeypatch.setattr(
        calibration, "takes_a_clip", lambda *_: [x[K : K + 1].expand_as(x[K:]) for x in performed]
    )
    table = table_of("calibration", replace(experiment), ["lips"])
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


def test_diversity_of_the_deterministic_model_is_none(experiment, of_weights, monkeypatch):
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
    # of the paper's takes and of those from residuals only the noise is another
    ours, sampled = (table.numbers(row, "mouth") for row in ("ours", "ours, paper's sampling"))
    assert ours != sampled
    assert min(sampled) > 0


def test_a_still_video_has_no_differences_and_a_ramp_no_second_one(test_set):
    assert set(smoothness.differences(test_set.real[0][:1].expand(5, -1, -1, -1)).values()) == {0.0}
    ramp = torch.linspace(0, 1, 6).view(6, 1, 1, 1).expand(6, 3, 64, 64)
    found = smoothness.differences(ramp)
    assert found["first"] == pytest.approx(255 / 5)
    assert found["second"] == pytest.approx(0, abs=1e-4)


def test_smoothness_has_a_number_a_clip_of_each_row(experiment, of_weights, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))  # where the short ones are trained
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
    assert len(list(tmp_path.glob("runs/stochastic/*/short-*"))) == 3
