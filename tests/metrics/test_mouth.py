"""Light and dark between the lips, on drawn mouths whose answers are known."""

import math

import pytest
import torch

from thlab.metrics.mouth import contrast_inside, inner_mouth, pattern_inside


def lips(height: float, frames: int = 3) -> torch.Tensor:
    """A mouth 8 px wide about (16, 16), its inner lips `height` px apart, and opened once wider."""
    points = torch.zeros(frames, 68, 2)
    x = torch.tensor([-4.0, -2, 0, 2, 4, 2, 0, -2])
    y = torch.tensor([0.0, -1, -1, -1, 0, 1, 1, 1])
    points[:, 60:68] = torch.stack([16 + x, 16 + height / 2 * y], -1)
    return points


@pytest.fixture
def true() -> torch.Tensor:
    return torch.rand((3, 3, 32, 32), generator=torch.Generator().manual_seed(0))


def test_the_polygon_holds_the_pixels_that_a_rectangle_holds():
    square = torch.zeros(1, 68, 2)
    corners = [[4.0, 6], [8, 6], [12, 6], [12, 9], [12, 12], [8, 12], [4, 12], [4, 9]]
    square[0, 60:68] = torch.tensor(corners)
    expected = torch.zeros(20, 24, dtype=torch.bool)
    expected[6:12, 4:12] = True
    assert torch.equal(inner_mouth(square, 20, 24)[0], expected)


def test_the_polygon_has_the_area_of_its_points():
    found = inner_mouth(40 / 8 * lips(6.0), 160, 160)[0].sum().item()
    area = 25 * (4 * 6 + 2 * 2 * 6 / 2)  # the middle's rectangle, and two triangles
    assert found == pytest.approx(area, rel=0.05)


def test_the_truth_has_its_own_contrast_and_pattern(true):
    assert contrast_inside(true, true, lips(6.0)) == pytest.approx(1)
    assert pattern_inside(true, true, lips(6.0)) == pytest.approx(1)


def test_fog_has_no_contrast_and_a_negative_the_opposite_pattern(true):
    fog = torch.full_like(true, 0.5)
    assert contrast_inside(fog, true, lips(6.0)) == pytest.approx(0, abs=1e-6)
    assert contrast_inside(0.5 * true, true, lips(6.0)) == pytest.approx(0.5)
    assert pattern_inside(1 - true, true, lips(6.0)) == pytest.approx(-1)
    assert pattern_inside(0.2 + 0.5 * true, true, lips(6.0)) == pytest.approx(1)


def test_only_frames_that_are_wide_open_count(true):
    landmarks = torch.cat([lips(8.0, 2), lips(1.0, 1)])
    made = true.clone()
    made[2] = 0.5
    assert contrast_inside(made, true, landmarks) == pytest.approx(1)


def test_a_mouth_that_never_opens_has_neither(true):
    assert math.isnan(contrast_inside(true, true, lips(0.0)))
    assert math.isnan(pattern_inside(true, true, lips(0.0)))
