"""Eq. 1 to 8 of Zhou et al. against their formulas, and who learns from which of them in which
phase.
"""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from thlab.papers.davs.config import DAVSConfig
from thlab.papers.davs.critics import Critics
from thlab.papers.davs.losses import (
    confusion_loss,
    contrastive,
    critic_phase,
    encoder_phase,
    loss_weights,
    reconstruction_loss,
)
from thlab.papers.davs.model import DAVS
from thlab.training.optim import build_seeded

CONFIG = DAVSConfig.fast()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_contrastive_is_equation_1_pair_by_pair():
    F_v, F_a = random(5, 3, 4), 0.1 * random(5, 3, 4, seed=1) + random(5, 3, 4)
    F_a[3] = -F_v[3] + 0.1 * F_a[3]  # a pair that is far apart, and others that are near
    total = 0.0
    for m in range(5):
        for n in range(5):
            v, a = F_v[m].flatten() / F_v[m].norm(), F_a[n].flatten() / F_a[n].norm()
            d = math.sqrt(sum((float(x) - float(y)) ** 2 for x, y in zip(v, a, strict=True)))
            total += d if m == n else max(1 - d, 0)
    assert contrastive(F_v, F_a).item() == pytest.approx(total / 5, rel=1e-6)
    assert contrastive(3 * F_v, 0.2 * F_a).item() == pytest.approx(
        total / 5, rel=1e-6
    )  # normalised first


def test_pairs_that_are_equal_have_finite_gradients():
    F_v = random(3, 2, 4).requires_grad_()
    contrastive(F_v, F_v.detach().clone()).backward()
    assert F_v.grad is not None
    assert F_v.grad.isfinite().all()


def test_confusion_loss_is_equation_3_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [1 / 3, 1 / 3, 1 / 3]]))
    by_hand = ((1 / 6) ** 2 + 2 * (1 / 12) ** 2 + 0) / 2
    assert confusion_loss(logits).item() == pytest.approx(by_hand, rel=1e-5)
    even = torch.full((4, 7), 2.0, requires_grad=True)
    confusion_loss(even).backward()
    assert even.grad is not None
    assert (
        even.grad.abs().max() < 1e-7
    )  # unlike cross-entropy it has no gradient where nothing is told


def test_reconstruction_loss_is_a_mean_over_pixels_over_the_mouth_and_over_what_moves_elsewhere():
    real, fake = torch.zeros(2, 3, 3, 64, 64), torch.zeros(2, 3, 3, 64, 64)
    fake[:, :, :, 30:62, 16:48] = 0.5  # the mouth's box, the same in all frames
    terms = reconstruction_loss(fake, real)
    assert terms["l1"].item() == pytest.approx(0.5 * 32 * 32 / 64**2)
    assert (terms["mouth"].item(), terms["still"].item()) == (0.5, 0)
    fake = torch.zeros(2, 3, 3, 64, 64)
    fake[:, 1, :, :10] = 0.2  # the forehead flickers: two jumps of two
    terms = reconstruction_loss(fake, real)
    assert terms["mouth"].item() == 0
    assert terms["still"].item() == pytest.approx(0.2 * 10 * 64 / (64 * 64 - 32 * 32))


def test_gan_is_equation_7_on_both_sides(clips, batch):
    model, critics = pair(clips)
    out = model(batch)
    told = critics(out, batch.real)
    fakes = [told.fake_v, told.fake_a]
    each = [told.real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean() for fake in fakes]
    torch.testing.assert_close(critic_phase(critics, out, batch)["d_seq"], -sum(each) / 2)
    fooled = -sum(fake.sigmoid().log().mean() for fake in fakes) / 2
    torch.testing.assert_close(encoder_phase(model.config, critics, out, batch)["gan"], fooled)


def test_gradients_match_finite_differences():
    assert torch.autograd.gradcheck(
        contrastive, (random(3, 2, 3).requires_grad_(), random(3, 2, 3, seed=1))
    )
    assert torch.autograd.gradcheck(confusion_loss, random(3, 4).requires_grad_())


@pytest.fixture(scope="module")
def batch(clips):
    return clips.draw(CONFIG, torch.Generator().manual_seed(0))


def pair(clips, **changes) -> tuple[DAVS, Critics]:
    config, counts = replace(CONFIG, **changes), (len(clips.words), len(clips.tensors.speakers))
    return build_seeded(lambda: DAVS(config, *counts), 0), build_seeded(
        lambda: Critics(config, *counts), 0
    )


def learners(module: torch.nn.Module) -> set[str]:
    """Its parts that have a gradient."""
    return {
        name.partition(".")[0]
        for name, p in module.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


def test_the_critics_phase_teaches_every_critic_and_nothing_of_the_model(clips, batch):
    model, critics = pair(clips)
    terms = critic_phase(critics, model(batch), batch)
    terms["critics"].backward()
    assert set(terms) == {"c_w_p", "modality", "c_p_w", "d_seq", "critics"}
    assert all(p.grad is None for p in model.parameters())
    assert all(p.grad is not None for p in critics.parameters())
    assert learners(critics) == {"c_w_p", "modality", "c_p_w", "d_seq"}


def test_the_encoders_phase_moves_no_critic_and_teaches_all_of_the_model(clips, batch):
    model, critics = pair(clips)
    critics.requires_grad_(False)
    encoder_phase(model.config, critics, model(batch), batch)["total"].backward()
    assert all(p.grad is None for p in critics.parameters())
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    assert learners(model) == {"e_w_v", "e_w_a", "c_w", "e_p_v", "c_p", "g"}


WORD_SIDE, MADE_BY = {"e_w_v", "e_w_a"}, {"e_w_v", "e_w_a", "e_p_v", "g"}
TERMS = {
    "contrastive": WORD_SIDE,
    "words": {*WORD_SIDE, "c_w"},
    "domain": WORD_SIDE,
    "dispel_person": {"e_w_v"},
    "people": {"e_p_v", "c_p"},
    "dispel_word": {"e_p_v"},
    "l1": MADE_BY,
    "mouth": MADE_BY,
    "still": MADE_BY,
    "gan": MADE_BY,
}


def test_who_learns_from_which_term(clips, batch):
    model, critics = pair(clips)
    critics.requires_grad_(False)
    terms = encoder_phase(model.config, critics, model(batch), batch)
    assert set(terms) == {*TERMS, "total"}
    for name, parts in TERMS.items():
        model.zero_grad(set_to_none=True)
        terms[name].backward(retain_graph=True)
        assert learners(model) == parts, name


def test_the_total_weighs_each_term_as_the_config_says(clips, batch):
    weights = {"domain": 3.0, "dispel_word": 4.0, "dispel_person": 5.0, "gan": 9.0}
    model, critics = pair(clips, **weights)
    with torch.no_grad():
        terms = encoder_phase(model.config, critics, model(batch), batch)
    weights |= {
        "contrastive": 1.0,
        "words": 1.0,
        "people": 1.0,
        "l1": 4.0,
        "mouth": 8.0,
        "still": 5.0,
    }
    assert vars(loss_weights(model.config)) == weights
    total = sum(weight * terms[name] for name, weight in weights.items())
    torch.testing.assert_close(terms["total"], total)


def test_without_pictures_the_word_space_is_all(clips, batch):
    config = CONFIG.word_space()
    counts = len(clips.words), len(clips.tensors.speakers)
    model, critics = DAVS(config, *counts), Critics(config, *counts)
    drawn = clips.draw(config, torch.Generator().manual_seed(0))
    out = model(drawn)
    assert set(encoder_phase(config, critics, out, drawn)) == {
        "contrastive",
        "words",
        "domain",
        "dispel_person",
        "total",
    }
    assert set(critic_phase(critics, out, drawn)) == {"c_w_p", "modality", "critics"}
    assert {name for name, _ in model.named_children()} == {"e_w_v", "e_w_a", "c_w"}


def test_two_classifiers_read_one_modality_each(clips, batch):
    model, critics = pair(clips, shared=False)
    terms = encoder_phase(model.config, critics, model(batch), batch)
    terms["words"].backward()
    assert learners(model) == {"e_w_v", "e_w_a", "c_w", "c_w_a"}
    out = model(batch)
    torch.testing.assert_close(out.words_a, model.c_w_a(out.F_w_a))
    torch.testing.assert_close(out.words_v, model.c_w(out.F_w_v))


def test_of_landmarks_the_reconstruction_is_a_mean_over_points():
    rng = torch.Generator().manual_seed(0)
    real = torch.randn(2, 3, 29, 2, generator=rng)
    terms = reconstruction_loss(real + 0.5, real)
    assert set(terms) == {"l1"}
    assert terms["l1"].item() == pytest.approx(0.5)
