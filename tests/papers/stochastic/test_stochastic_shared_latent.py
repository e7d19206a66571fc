"""Whether both posteriors are the same: what is found, by posteriors whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from thlab.data.corpora import open_splits
from thlab.evaluation.experiment import Experiment
from thlab.evaluation.test_set import TestSet
from thlab.nn.gaussian import Gaussian
from thlab.papers.stochastic import PAPER
from thlab.papers.stochastic.evaluate import shared_latent
from thlab.papers.stochastic.evaluate.shared_latent import (
    CLIP,
    FRAME,
    NEARLY,
    Pair,
    distances,
    find_clip,
    find_frames,
    near_frames,
    score_row,
)
from thlab.papers.stochastic.evaluate.takes import OURS, SHUFFLED
from thlab.training import make_fabric

T, Z = 20, 4


class QuickNet(nn.Module):
    """Some 68 points that follow the picture."""

    def forward(self, x):
        return nn.functional.adaptive_avg_pool2d(x.mean(1), (68, 2))


def posterior(seed: int, frames: int = T) -> Gaussian:
    """Of each frame another place, far apart beside its width."""
    rng = torch.Generator().manual_seed(seed)
    return Gaussian(5 * torch.randn(frames, Z, generator=rng), torch.full((frames, Z), -2.0))


def test_the_distance_is_the_kl_of_each_frame_under_each_sound():
    q_a, q_f = posterior(0, 3), posterior(1, 5)._replace(logvar=torch.randn(5, Z))
    found = distances(q_a, q_f)
    for i in range(3):
        for j in range(5):
            heard = torch.distributions.Normal(q_a.mean[i], (0.5 * q_a.logvar[i]).exp())
            seen = torch.distributions.Normal(q_f.mean[j], (0.5 * q_f.logvar[j]).exp())
            expected = torch.distributions.kl_divergence(seen, heard).sum()
            torch.testing.assert_close(found[i, j], expected)


def test_equal_posteriors_are_found_and_those_of_the_next_frame_nearly():
    q = posterior(0)
    assert find_frames(q, q) == {FRAME: 1, NEARLY: 1}
    late = Gaussian(q.mean.roll(1, 0), q.logvar)  # but for frame 0, which has the last one's
    assert find_frames(late, q) == {FRAME: 0, NEARLY: pytest.approx((T - 1) / T)}
    assert find_frames(Gaussian(q.mean.roll(5, 0), q.logvar), q) == {FRAME: 0, NEARLY: 0}


def test_posteriors_that_are_all_alike_find_nothing():
    same = Gaussian(torch.zeros(T, Z), torch.zeros(T, Z))
    assert find_frames(posterior(0), same) == {FRAME: 0, NEARLY: 0}
    assert find_clip(posterior(0), [same, same, same], 1) == 0


def test_a_clip_is_found_by_what_both_have_in_common():
    gallery = [posterior(0, 20), posterior(1, 12), posterior(2, 16)]
    for own, q in enumerate(gallery):
        assert find_clip(q, gallery, own) == 1
        assert find_clip(q, gallery, (own + 1) % 3) == 0


def test_what_guessing_finds():
    assert near_frames(T).sum() == 5 * T - 6
    clips = [posterior(k) for k in range(3)]
    wrong = [clips[1], clips[2], clips[0]]
    decoded = {OURS: {"PSNR": 40.0, "LMD": 0.1}, SHUFFLED: {"PSNR": 30.0, "LMD": 0.5}}
    pairs = [Pair(q, q, other, decoded) for q, other in zip(clips, wrong, strict=True)]
    rows = {
        name: score_row(name, pairs, ["ann", "ann", "bob"])
        for name in (OURS, SHUFFLED, shared_latent.ITSELF, shared_latent.CHANCE)
    }
    chance = rows[shared_latent.CHANCE]
    assert chance[FRAME] == pytest.approx([100 / T] * 3)
    assert chance[NEARLY] == pytest.approx([100 * (5 * T - 6) / T**2] * 3)
    assert chance[CLIP] == pytest.approx([50, 50, 100])  # bob has one clip
    assert rows[OURS][FRAME] == rows[OURS][CLIP] == [100] * 3
    assert rows[SHUFFLED][CLIP][0] == 0  # the other clip of ann's is found
    assert rows[shared_latent.ITSELF]["LMD, decoded"] == [0] * 3
    assert np.isnan(rows[shared_latent.ITSELF]["PSNR, decoded"]).all()
    assert rows[SHUFFLED]["LMD, decoded"] == [0.5] * 3


def test_a_trained_model_has_all_columns(tiny_corpus, monkeypatch, tmp_path):
    monkeypatch.setenv("THLAB_HOME", str(tmp_path))
    torch.set_num_threads(1)
    fabric = make_fabric("cpu", precision="32-true")
    splits = {"train": open_splits(str(tiny_corpus))["train"][::8]}
    splits["test"] = open_splits(str(tiny_corpus))["test"][:2]
    experiment = Experiment("stochastic", fabric, "tiny", splits, "fast", (0,), PAPER.training_code)
    test_set = TestSet(experiment.test, QuickNet(), 2)
    monkeypatch.setattr(shared_latent, "make_test_set", lambda experiment, n: test_set)
    short = replace(experiment, overrides=("steps=2", "first=2"))
    made = shared_latent.measure(short, OURS, 0)
    rows = {(row, column) for row, column, *_ in made}
    for row in (OURS, SHUFFLED):
        assert {column for name, column in rows if name == row} == set(shared_latent.COLUMNS)
    of_itself = [value for row, column, *_, value in made if row == shared_latent.ITSELF]
    assert set(of_itself) == {100.0, 0.0}
    found = [value for row, column, *_, value in made if column == "LMD, decoded"]
    assert np.isfinite(found).all()
    apart = {row: value for row, column, *_, value in made if column == "PSNR, decoded"}
    assert apart[OURS] > 0
