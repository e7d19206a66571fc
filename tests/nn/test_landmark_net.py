"""LandmarkNet: sizes, gradients, soft-argmax and augmentation against known answers, and the
committed weights.
"""

import pytest
import torch

from thlab.data import open_corpus
from thlab.data.tensors import as_floats, load_clips
from thlab.nn.augment import augment, move, soften
from thlab.nn.landmark_net import LandmarkNet, expectation
from thlab.papers.evaluators.evaluate import landmark_errors
from thlab.training import load_weights


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def trained() -> LandmarkNet:
    net = LandmarkNet()
    load_weights("landmarks", net)
    return net


@pytest.fixture(scope="module")
def held_out(tiny_corpus):
    return load_clips(open_corpus("embedded", tiny_corpus, check="none", split="test")[::4])


def test_a_peak_is_found_where_it_stands():
    logits = torch.full((1, 2, 5, 7), -1e4)
    logits[0, 0, 3, 6] = 0
    logits[0, 1, 2, 1:3] = 0  # two equal peaks: between them
    assert expectation(logits).tolist() == [[[6.5, 3.5], [2.0, 2.5]]]


def test_any_size_gives_points_in_its_own_pixels():
    net = LandmarkNet()
    small, large = (
        torch.sin(torch.linspace(0, 3, n)).outer(torch.linspace(0, 1, n)) for n in (64, 128)
    )
    at_64, at_128 = (net(x.expand(1, 3, -1, -1)) for x in (small, large))
    torch.testing.assert_close(at_128, 2 * at_64, atol=0.3, rtol=0)
    assert sum(p.numel() for p in net.parameters()) < 500_000


def test_each_point_can_be_moved_by_the_picture(rng):
    x = torch.rand(1, 3, 64, 64, generator=rng, requires_grad=True)
    points = LandmarkNet()(x)
    for point in (0, 30, 50, 66):
        (gradient,) = torch.autograd.grad(points[0, point].sum(), x, retain_graph=True)
        assert gradient.abs().max() > 0


def test_landmarks_move_with_the_picture(rng):
    """Bright spots at the landmarks are still there after the move."""
    points = 12 + 40 * torch.rand(6, 68, 2, generator=rng)
    points = (
        points[:, :1].expand(-1, 68, -1).contiguous()
    )  # one spot a picture; its name does not matter
    y, x = torch.meshgrid(*[torch.arange(64) + 0.5] * 2, indexing="ij")
    place = torch.stack([x, y], -1)[None] - points[:, 0, None, None]
    spots = torch.exp(-(place**2).sum(-1) / 8)[:, None].expand(-1, 3, -1, -1)
    moved, where = move(spots, points, rng)
    mass = moved[:, 0] / moved[:, 0].sum((1, 2), keepdim=True)
    found = torch.stack([(mass * x).sum((1, 2)), (mass * y).sum((1, 2))], -1)
    torch.testing.assert_close(found, where[:, 0], atol=0.1, rtol=0)
    assert (where - points).abs().max() > 1


def test_augmentation_follows_from_its_generator(rng):
    x, points = torch.rand(4, 3, 64, 64, generator=rng), 64 * torch.rand(4, 68, 2, generator=rng)
    one, other = (augment(x, points, torch.Generator().manual_seed(7)) for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(one, other, strict=True))
    assert not torch.equal(one[0], augment(x, points, torch.Generator().manual_seed(8))[0])
    assert one[0].min() >= 0
    assert one[0].max() <= 1


def test_blur_keeps_a_flat_picture(rng):
    flat = torch.full((2, 3, 16, 16), 0.5)
    torch.testing.assert_close(soften(flat, rng)[..., 2:-2, 2:-2], flat[..., 2:-2, 2:-2])


def test_the_committed_weights_find_mouths_of_held_out_speakers(trained, held_out):
    found = landmark_errors(trained, held_out)
    assert found["mouth"] < 1  # px of 64
    assert found["opening"] > 0.9


@torch.no_grad()
def test_blur_and_other_light_move_the_mouth_little(trained, held_out):
    x = as_floats(held_out.frames[:20])
    plain = trained(x)[:, 48:]
    for other in (soften(x, torch.Generator().manual_seed(0)), 0.8 * x + 0.1):
        assert (trained(other)[:, 48:] - plain).norm(dim=-1).mean() < 0.5
