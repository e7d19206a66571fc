"""Each loss against a slow transcription, the gradient penalty against its closed form, and who
learns from what.
"""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from thlab.face.align import mouth
from thlab.nn.face_encoder import FaceEncoder
from thlab.nn.gan import gradient_penalty, wasserstein_critic
from thlab.nn.losses import perceptual, weighted_total
from thlab.nn.mouth import LOWER, POINTS, UPPER, mouth_mask
from thlab.papers.priors.head.critics import FrameCritic, VideoCritic
from thlab.papers.priors.head.geometry import paste
from thlab.papers.priors.head.losses import (
    Critics,
    Shown,
    Weights,
    critic_phase,
    generator_phase,
    landmark_l2,
    reconstruction_loss,
    weighted_l1,
)
from thlab.training import make_fabric


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def batch(rng):
    real, fake = torch.rand((2, 2, 3, 3, 64, 64), generator=rng)
    content = torch.randn((2, 3, 8), generator=rng)
    return real, fake, content, torch.randint(5, (2, 3), generator=rng)


@pytest.fixture
def critics():
    torch.manual_seed(0)
    return Critics(FrameCritic(8, 5, width=8), VideoCritic(8, width=8))


@pytest.fixture
def lips(rng):
    """Points of two clips' frames: an open mouth, somewhere near the middle of the box."""
    points = torch.full((len(POINTS), 2), 16.0)
    for contour, low in ((UPPER, -3.0), (LOWER, 3.0)):
        for k, i in enumerate(contour):
            points[POINTS.index(i)] = torch.tensor([10.0 + 3 * k, 16 + low * (k not in (0, 4))])
    return points + torch.randn((2, 3, 1, 2), generator=rng)


def test_reconstruction_is_the_weighted_mean_pixel_by_pixel(batch, lips):
    real, fake = (video[:1, :1] for video in batch[:2])
    between = mouth_mask(lips[0, :1], 32)[0, 0]
    assert between.max() > 0.9
    weight = torch.ones(64, 64)
    for row in range(30, 62):
        for column in range(16, 48):
            weight[row, column] = 8 + 5 * between[row - 30, column - 16]
    expected = ((real - fake).abs() * weight).sum() / (3 * weight.sum())
    torch.testing.assert_close(
        weighted_l1(fake, real, lips[:1, :1], Weights(mouth=8, between=5)), expected
    )
    plain = weighted_l1(fake, real, lips[:1, :1], Weights(mouth=1, between=0))
    torch.testing.assert_close(plain, (real - fake).abs().mean())


def test_the_frame_critic_sees_what_lies_between_the_lips_alone(batch, critics, lips):
    fake = batch[1].flatten(0, 1).requires_grad_()
    score, logits = critics[0](fake, batch[2].flatten(0, 1), lips.flatten(0, 1))
    (gradient,) = torch.autograd.grad(score.sum(), fake, retain_graph=True)
    between = paste(mouth_mask(lips.flatten(0, 1), 32), 64, 64).expand_as(fake)
    assert (gradient[between > 0.5] != 0).float().mean() > 0.95
    far = nn.functional.max_pool2d(between, 9, 1, 4) < 1e-3
    assert far.float().mean() > 0.8
    assert gradient[far].abs().max() < 1e-2 * gradient.abs().max()
    (gradient,) = torch.autograd.grad(
        logits.sum(), fake
    )  # the viseme is seen in the whole mouth box
    assert (mouth(gradient) != 0).float().mean() > 0.9


@pytest.mark.parametrize("size", [64, 128, 256])
def test_the_mouth_box_scales_with_the_picture(size):
    assert mouth(torch.zeros(size, size)).shape == (size // 2, size // 2)


def test_the_mouth_box_holds_every_mouth_of_the_corpus(tiny_corpus):
    from thlab.data import open_corpus
    from thlab.face.points import MOUTH

    for clip in open_corpus("embedded", tiny_corpus, check="none"):
        x, y = clip.labels["landmarks"][:, MOUTH].reshape(-1, 2).T
        assert x.min() >= 16
        assert x.max() <= 48
        assert y.min() >= 30
        assert y.max() <= 62


def test_critic_loss_is_the_wasserstein_estimate_and_the_penalty():
    loss = wasserstein_critic(
        torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0]), torch.tensor(0.2), 10.0
    )
    assert loss.item() == pytest.approx(1.5 - 4 + 2)


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
def test_penalty_of_a_linear_critic_is_its_slopes_distance_from_one(size, rng):
    w = torch.randn((3, 4, 4), generator=rng)
    w *= size / w.norm()
    real, fake, mix = torch.rand(5, 3, 4, 4), torch.rand(5, 3, 4, 4), torch.rand(5)
    penalty = gradient_penalty(lambda x: (x * w).sum((1, 2, 3)), real, fake, mix)
    assert penalty.item() == pytest.approx((size - 1) ** 2, abs=1e-5)


def test_penalty_by_finite_differences_at_the_mixture(rng):
    w = torch.randn((6,), generator=rng, dtype=torch.float64)
    real, fake, mix = (
        torch.rand(shape, generator=rng, dtype=torch.float64) for shape in [(3, 6), (3, 6), (3,)]
    )

    def critic(x):
        return (x * w).tanh().prod(-1) + (x**3 @ w)

    norms = []
    for n in range(3):
        x = mix[n] * real[n] + (1 - mix[n]) * fake[n]
        steps = 1e-6 * torch.eye(6, dtype=torch.float64)
        slope = torch.stack([(critic(x + step) - critic(x - step)) / 2e-6 for step in steps])
        norms.append(slope.norm())
    expected = (torch.stack(norms) - 1).square().mean()
    torch.testing.assert_close(
        gradient_penalty(critic, real, fake, mix), expected, rtol=1e-6, atol=0
    )


def test_penalty_reaches_the_critics_weights(rng, critics, lips):
    real, fake = torch.rand((2, 3, 3, 64, 64), generator=rng)
    z_c = torch.randn((3, 8), generator=rng)
    gradient_penalty(
        lambda x: critics[0](x, z_c, lips[0])[0], real, fake, torch.rand(3, generator=rng)
    ).backward()
    assert all(conv.weight.grad.abs().sum() > 0 for conv in critics[0].convs)


def test_perceptual_and_landmark_terms_by_hand(rng):
    real, fake = torch.rand((2, 2, 3, 8, 8), generator=rng)
    assert perceptual(lambda x: [x, 2 * x], fake, real).item() == pytest.approx(
        3 * (real - fake).abs().mean().item()
    )
    moves, wanted = (
        torch.randn((2, 4, 29, 2), generator=rng),
        torch.randn((4, 29, 2), generator=rng).expand(2, -1, -1, -1),
    )
    by_hand = sum(((a - b) ** 2).sum().item() for a, b in zip(moves, wanted, strict=True)) / (
        2 * 4 * 29
    )
    assert landmark_l2(moves, wanted).item() == pytest.approx(by_hand, rel=1e-5)


def test_reconstruction_leaves_out_what_has_no_encoder_and_total_is_weighted(batch, lips):
    real, fake, weights = *batch[:2], Weights(perceptual=3.0)
    assert set(reconstruction_loss(weights, fake, real, lips, None)) == {"l1"}
    terms = weighted_total(reconstruction_loss(weights, fake, real, lips, FaceEncoder()), weights)
    assert set(terms) == {"l1", "perceptual", "total"}
    torch.testing.assert_close(terms["total"], terms["l1"] + 3 * terms["perceptual"])


def test_critic_phase_teaches_the_critics_alone(batch, critics, lips, rng):
    real, fake, content, viseme = batch
    fake, content = fake.requires_grad_(), content.requires_grad_()
    terms = critic_phase(
        Weights(), critics, Shown(real, fake, content, viseme, lips), torch.rand(2, generator=rng)
    )
    terms["critics"].backward()
    assert fake.grad is None
    assert content.grad is None
    assert all(p.grad is not None for critic in critics for p in critic.parameters() if p.ndim > 1)
    parts = [terms[name] for name in ("critic_frame", "critic_video", "critic_viseme")]
    torch.testing.assert_close(terms["critics"], sum(parts))
    seen = [
        critics[0](real[b, t][None], content[b, t][None], lips[b, t][None])
        for b in range(2)
        for t in range(3)
    ]
    logits = torch.cat([logits for _, logits in seen])
    torch.testing.assert_close(terms["critic_viseme"], cross_entropy(logits, viseme.flatten()))


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_critics_wrapped_by_fabric_learn_at_each_precision(precision, batch, critics, lips, rng):
    real, fake, content, viseme = batch
    fabric = make_fabric("cpu", precision=precision)
    wrapped = Critics(*(fabric.setup_module(critic) for critic in critics))
    shown = Shown(real, fake, content, viseme, lips)
    terms = critic_phase(Weights(), wrapped, shown, torch.rand(2, generator=rng))
    fabric.backward(terms["critics"])
    assert all(
        p.grad.isfinite().all() for critic in critics for p in critic.parameters() if p.ndim > 1
    )


def test_generator_phase_moves_the_frames_and_not_the_content(batch, critics, lips):
    real, fake, content, viseme = batch
    fake, content = fake.requires_grad_(), content.requires_grad_()
    for critic in critics:
        critic.requires_grad_(False)
    terms = generator_phase(critics, Shown(real, fake, content, viseme, lips))
    scores = [
        critics[0](fake[b, t][None], content[b, t][None], lips[b, t][None])[0]
        for b in range(2)
        for t in range(3)
    ]
    expected = -torch.cat(scores).mean() - critics[1](fake, content).mean()
    torch.testing.assert_close(terms["adversarial"], expected)
    (terms["adversarial"] + terms["viseme"]).backward()
    assert content.grad is None
    assert fake.grad.abs().sum() > 0
    assert all(p.grad is None for critic in critics for p in critic.parameters())


def test_the_viseme_is_read_from_the_mouth_and_not_from_the_content(batch, critics, lips):
    real, _, content, _ = batch
    score, logits = critics[0](real[:, 0], content[:, 0], lips[:, 0])
    other_score, other_logits = critics[0](real[:, 0], content[:, 0] + 1, lips[:, 0])
    torch.testing.assert_close(other_logits, logits, rtol=0, atol=0)
    assert (other_score - score).abs().min() > 1e-6


def test_critics_tell_real_from_fake_after_some_steps(critics, lips, rng):
    """Bright mouths are real here; the video critic is shown brightness that moves against
    brightness that does not.
    """
    real, fake = torch.full((2, 3, 3, 64, 64), 0.8), torch.full((2, 3, 3, 64, 64), 0.2)
    content, viseme = torch.zeros(2, 3, 8), torch.zeros(2, 3, dtype=torch.long)
    optimizer = torch.optim.Adam(
        [p for critic in critics for p in critic.parameters()], 1e-3, betas=(0.0, 0.9)
    )
    for _ in range(15):
        terms = critic_phase(
            Weights(),
            critics,
            Shown(real, fake, content, viseme, lips),
            torch.rand(2, generator=rng),
        )
        optimizer.zero_grad()
        terms["critics"].backward()
        optimizer.step()
    real_score, fake_score = (
        critics[0](x[:, 0], content[:, 0], lips[:, 0])[0] for x in (real, fake)
    )
    assert (real_score > fake_score).all()
    assert (critics[1](real, content) > critics[1](fake, content)).all()
