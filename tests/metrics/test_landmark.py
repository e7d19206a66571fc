"""Landmark metrics against their formulas as loops, and by movements of known cost."""

import numpy as np
import pytest
import torch
from scipy import stats

from thlab.data import open_corpus
from thlab.metrics.landmark import (
    FACE,
    blinks,
    correlation,
    eye_opening,
    landmark_distance,
    lmd,
    lvd,
    mouth_opening,
)


def tracks(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    real = 64 * torch.rand(7, 68, 2, generator=torch.Generator().manual_seed(seed))
    return real, real + torch.randn(real.shape, generator=torch.Generator().manual_seed(seed + 1))


def formula(real, fake) -> float:
    """LMD as [mittal2020] prints it: (1/F) (1/L) Σ_f Σ_l ‖P_real - P_fake‖."""
    total = 0.0
    for frame_r, frame_f in zip(real.tolist(), fake.tolist(), strict=True):
        for (xr, yr), (xf, yf) in zip(frame_r, frame_f, strict=True):
            total += ((xr - xf) ** 2 + (yr - yf) ** 2) ** 0.5
    return total / real.shape[0] / real.shape[1]


def test_lmd_is_the_papers_formula_over_the_mouth():
    real, fake = tracks()
    expected = formula(real[:, 48:68], fake[:, 48:68])
    assert lmd(fake, real) == pytest.approx(expected, rel=1e-5)
    assert lmd(fake[:, 48:], real[:, 48:]) == pytest.approx(expected, rel=1e-5)
    assert lmd(fake.numpy(), real.double().numpy()) == pytest.approx(expected, rel=1e-5)


def test_a_shifted_mouth_costs_its_shift():
    real, _ = tracks()
    assert lmd(real + torch.tensor([3.0, 4.0]), real) == pytest.approx(5, rel=1e-5)


def test_landmark_distance_has_a_mouth_and_a_face():
    real, fake = tracks()
    assert landmark_distance(fake, real) == pytest.approx(lmd(fake, real))
    assert landmark_distance(fake, real, FACE) == pytest.approx(formula(real, fake), rel=1e-5)


def test_lvd_compares_steps_and_not_places():
    real, fake = tracks()
    assert lvd(real + 9, real) == pytest.approx(0, abs=1e-4)
    drift = real + torch.arange(7)[:, None, None] * torch.tensor([0.6, 0.8])
    assert lvd(drift, real, FACE) == pytest.approx(1, rel=1e-4)
    steps = [(points[1:] - points[:-1])[:, 48:68] for points in (real, fake)]
    assert lvd(fake, real) == pytest.approx(formula(*steps), rel=1e-5)


def test_mouth_opening_is_the_inner_gap():
    points = torch.zeros(2, 3, 68, 2)
    points[..., 62, :], points[..., 66, :] = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 6.5])
    torch.testing.assert_close(mouth_opening(points), torch.full((2, 3), 4.5))
    torch.testing.assert_close(mouth_opening(points.numpy()), torch.full((2, 3), 4.5))


def test_correlation_is_scipys_and_zero_for_a_still_mouth():
    x, y = torch.rand(2, 5, 30, generator=torch.Generator().manual_seed(0))
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(correlation(x, y), expected, atol=1e-6)
    assert correlation(x, 2 - 3 * x).tolist() == pytest.approx([-1] * 5)
    assert correlation(torch.full((5, 30), 0.1), y).tolist() == [0] * 5
    rounding = 0.1 + 1e-6 * torch.randn((5, 30), generator=torch.Generator().manual_seed(0))
    assert correlation(rounding, y).tolist() == correlation(y, rounding).tolist() == [0] * 5


def test_eye_opening_is_the_gap_over_the_width_whatever_the_size():
    points = torch.zeros(2, 68, 2)
    for corner, gap in ((36, 2.0), (42, 4.0)):  # eyes 10 wide, in iBUG's order round the eye
        outline = [(0, 0), (3, -gap / 2), (7, -gap / 2), (10, 0), (7, gap / 2), (3, gap / 2)]
        points[:, corner : corner + 6] = torch.tensor(outline)
    points[1] *= 3
    torch.testing.assert_close(eye_opening(points), torch.tensor([0.3, 0.3]))


def test_blinks_are_found_with_their_lengths():
    opening = torch.full((20,), 0.3)
    opening[[4, 5, 6, 12, 19]] = 0.1
    assert blinks(opening) == [3, 1, 1]
    assert blinks(torch.full((20,), 0.3)) == []


def test_blinks_of_the_corpus_are_found_by_its_landmarks(tiny_corpus):
    found = 0
    true = 0
    follows = []
    for clip in open_corpus("embedded", tiny_corpus, check="none", split="test"):
        shut = torch.from_numpy(clip.labels["blink"])
        opening = eye_opening(clip.labels["landmarks"])
        true += int(((shut[1:] > 0.9) & (shut[:-1] < 0.9)).sum())
        found += len(blinks(opening))
        if shut.max() > 0.9:
            follows.append(-correlation(shut, opening).item())
    assert 0.8 * true <= found <= 1.2 * true
    assert np.mean(follows) > 0.9
