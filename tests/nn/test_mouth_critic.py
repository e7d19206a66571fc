"""The critic of mouths: its losses by hand, what it sees, and that it teaches a generator to paint
teeth.
"""

import pytest
import torch

from thlab.nn.gan import feature_matching, gradient_share, hinge_critic
from thlab.nn.mouth import POINTS, to_box
from thlab.nn.mouth_critic import MouthCritic
from thlab.training import make_fabric
from thlab.training.mouth_critic import MouthTeacher


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def open_lips(*shape: int) -> torch.Tensor:
    """Points of a mouth that is 10 px open, in 32nds of the box of a view of 64 px."""
    landmarks = torch.zeros(68, 2)
    landmarks[:, 0], landmarks[:, 1] = 32, 48
    x = torch.tensor([-6.0, -3, 0, 3, 6, 3, 0, -3])
    y = torch.tensor([0.0, -5, -5, -5, 0, 5, 5, 5])
    landmarks[60:68] = torch.stack([32 + x, 44 + y], -1)
    return to_box(landmarks, 64).expand(*shape, len(POINTS), 2)


def test_hinge_loss_is_that_of_the_paper():
    real = torch.tensor([2.0, 0.5]).view(2, 1, 1, 1)
    fake = torch.tensor([-3.0, 0.25]).view(2, 1, 1, 1)
    assert hinge_critic(real, fake).item() == pytest.approx((0 + 0.5) / 2 + (0 + 1.25) / 2)


def test_feature_matching_is_a_mean_over_levels_and_moves_only_what_was_made():
    made = [torch.zeros(2, 3, requires_grad=True), torch.ones(4, requires_grad=True)]
    true = [torch.full((2, 3), 2.0, requires_grad=True), torch.full((4,), 1.5, requires_grad=True)]
    loss = feature_matching(made, true)
    assert loss.item() == pytest.approx((2 + 0.5) / 2)
    loss.backward()
    assert made[0].grad is not None
    assert true[0].grad is None


def test_a_weighted_term_has_its_share_of_the_gradient(rng):
    fake = torch.rand(4, 3, generator=rng, requires_grad=True)
    target = torch.rand(4, 3, generator=rng)

    def pixels(x):
        return 7 * (x - target).square().sum()

    def term(x):
        return 1e-3 * x.sin().mean()

    (of_main,) = torch.autograd.grad(pixels(fake), fake)
    gradient_share([term], pixels, fake, 0.15).backward()
    assert fake.grad is not None
    assert (fake.grad.norm() / of_main.norm()).item() == pytest.approx(0.15, rel=1e-5)
    (own,) = torch.autograd.grad(term(fake), fake)
    assert torch.cosine_similarity(fake.grad.flatten(), own.flatten(), 0).item() == pytest.approx(1)


def test_gradients_are_compared_in_a_region(rng):
    fake = torch.rand(1, 1, 4, 4, generator=rng, requires_grad=True)

    def pixels(x):  # a hundred times as strong outside the region as in it
        return x[..., :2].sum() + 100 * x[..., 2:].sum()

    term = gradient_share([lambda x: x[..., :2].sum()], pixels, fake, 0.15, lambda x: x[..., :2])
    (of_term,) = torch.autograd.grad(term, fake)
    assert of_term[..., :2].flatten().tolist() == pytest.approx([0.15] * 8)


def test_the_critic_sees_the_mouth_alone(rng):
    critic = MouthCritic()
    frames = torch.rand(2, 3, 64, 64, generator=rng, requires_grad=True)
    critic(frames, open_lips(2))[0].sum().backward()
    seen = frames.grad.abs().sum((0, 1)) > 0
    assert seen[32:52, 22:42].all()
    seen[32:52, 22:42] = False
    assert not seen.any()


def test_at_twice_the_size_it_sees_the_same_part(rng):
    frames = torch.rand(1, 3, 128, 128, generator=rng, requires_grad=True)
    MouthCritic()(frames, open_lips(1))[0].sum().backward()
    rows = frames.grad.abs().sum((0, 1, 3)).nonzero()[:, 0]
    assert (rows.min().item(), rows.max().item()) == (64, 103)


def test_it_learns_alone_and_then_teaches_contrast(rng):
    """A grey mouth among mouths of stripes becomes less grey, which its pixel loss would not ask
    for.
    """
    teacher = MouthTeacher(make_fabric("cpu", precision="32-true"), seed=0, steps=100)
    lips = open_lips(4, 2)
    stripes = (torch.arange(64) % 4 < 2).float().expand(4, 2, 3, 64, 64).mT.contiguous()
    grey = torch.full_like(stripes, 0.5)

    def pixels(frames):
        return (frames - grey).square().sum() + frames.sum()

    losses = [teacher.learn(grey, stripes, lips).item() for _ in range(60)]
    assert losses[-1] < 0.2 * losses[0]
    fake = grey.clone().requires_grad_()
    assert teacher.teach(19, pixels, fake, stripes, lips).item() == 0
    teacher.teach(20, pixels, fake, stripes, lips).backward()
    assert fake.grad is not None
    better = fake.detach() - 0.05 * fake.grad / fake.grad.abs().max()
    inside = (..., slice(40, 48), slice(28, 36))
    closer = (better - stripes)[inside].square().mean() < (grey - stripes)[inside].square().mean()
    assert closer


def test_teaching_moves_no_weight_of_the_critic(rng):
    teacher = MouthTeacher(make_fabric("cpu", precision="32-true"), seed=0, steps=0)
    frames = torch.rand(1, 2, 3, 64, 64, generator=rng)
    fake = torch.rand(1, 2, 3, 64, 64, generator=rng, requires_grad=True)
    before = [weight.clone() for weight in teacher.critic.parameters()]
    term = teacher.teach(0, lambda x: (x - frames).square().sum(), fake, frames, open_lips(1, 2))
    term.backward()
    assert all(weight.grad is None for weight in teacher.critic.parameters())
    for weight, old in zip(teacher.critic.parameters(), before, strict=True):
        assert torch.equal(weight, old)
