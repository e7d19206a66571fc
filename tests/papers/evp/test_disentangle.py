"""E_c, E_e and D: the equations, and their training."""

from dataclasses import replace

import pytest
import torch

from thlab.papers.evp import losses
from thlab.papers.evp.losses import IM, IN, JM, JN
from thlab.papers.evp.model import Crossed, DisentangleConfig, Disentangler
from thlab.papers.evp.pairs import Quadruples
from thlab.papers.evp.train import (
    check_spread,
    train_content,
    train_disentangler,
)
from thlab.training import make_fabric
from thlab.training.job import Job
from thlab.training.optim import build_seeded

CONFIG = DisentangleConfig.fast()


@pytest.fixture
def model():
    return build_seeded(lambda: Disentangler(CONFIG, 8), 0)


@pytest.fixture
def batch(pairs):
    return pairs.draw(6, 2, torch.Generator().manual_seed(0))


def job_of(speeches, folder, config=CONFIG):
    fabric = make_fabric(accelerator="cpu", precision="32-true")
    return Job(config, speeches, folder, "disentangle", fabric, 0)


def perfect(x):
    """What a perfect split makes of quadruples: content is the sentence's number alone."""
    sentence = torch.tensor([0.0, 1.0, 1.0, 0.0]).view(1, 4, 1).expand(len(x), 4, 1)
    mood = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(1, 4, 1).expand(len(x), 4, 1)
    return Crossed(sentence, mood, torch.zeros(len(x), 4, 8), x[:, [IN, JM]], x[:, [IM, JN]])


def test_a_perfect_split_has_no_loss():
    x = torch.randn(3, 4, 28, 12)
    found = perfect(x)
    assert losses.l_cross(found, x, "l2") == 0
    assert losses.l_self(found, x, "l1") == 0
    assert losses.l_con(found.content) == 0


def test_crossed_pairs_are_seen():
    """Targets exchanged, as in the public code's crossed pairs, cost what they differ by."""
    x = torch.randn(3, 4, 28, 12)
    crossed = x[:, [IM, JN, IN, JM]]
    expected = 2 * (x[:, IN] - x[:, JM]).square().mean()
    assert torch.isclose(losses.l_cross(perfect(x), crossed, "l2"), expected)


def test_the_decoder_is_given_what_eq_2_says(model, batch):
    found = model.eval()(batch.x)
    content = model.content(batch.x[:, IM])
    emotion = model.emotion(batch.x[:, JN])
    assert torch.allclose(found.crossed[:, 0], model.decoder(content, emotion), atol=1e-5)
    own = model.decoder(content, model.emotion(batch.x[:, IM]))
    assert torch.allclose(found.own[:, 0], own, atol=1e-5)


def test_classification_is_by_the_moods_of_the_four(batch):
    logits = torch.zeros(len(batch.x), 4, 8)
    for k, column in enumerate((0, 1, 0, 1)):
        logits[torch.arange(len(batch.x)), k, batch.emotion[:, column]] = 50.0
    found = perfect(batch.x)._replace(logits=logits)
    assert losses.l_cla(found, batch) < 1e-6


def test_the_total_is_the_weighted_sum(model, batch):
    terms = losses.disentangling_loss(model(batch.x), batch, CONFIG)
    weighted = [getattr(CONFIG.weights, name) * terms[name] for name in vars(CONFIG.weights)]
    assert torch.isclose(terms["total"], torch.stack(weighted).sum())


def test_every_weight_gets_a_gradient(model, batch):
    losses.disentangling_loss(model(batch.x), batch, CONFIG)["total"].backward()
    dead = [n for n, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert not dead


def test_contents_have_one_length(model, batch):
    content = model.content(7 * batch.x[:, 0])
    assert torch.allclose(content.square().mean(1), torch.ones(len(content)), atol=1e-3)


def test_a_collapsed_content_encoder_stops_the_run():
    with pytest.raises(ArithmeticError, match=r"E_c collapsed.*weights\.l_con"):
        check_spread(7, losses.spread(torch.ones(3, 4, 5)))
    check_spread(7, torch.tensor(0.5))


def test_words_without_times_cannot_teach_content(model, speeches, tmp_path):
    untimed = replace(speeches.train, words=("sil",))
    with pytest.raises(ValueError, match="words whose times are known"):
        train_content(model, job_of(speeches._replace(train=untimed), tmp_path), tmp_path)
    assert not list(tmp_path.iterdir())


def test_training_resumes_and_lowers_its_loss(speeches, pairs, tmp_path):
    config = replace(CONFIG, steps=150, crossing_rate=5e-3)
    made = train_disentangler(job_of(speeches, tmp_path, config)).eval()
    again = train_disentangler(job_of(speeches, tmp_path, config)).eval()
    for one, other in zip(made.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)
    batch = Quadruples(*pairs.draw(64, 2, torch.Generator().manual_seed(99)))
    new = build_seeded(lambda: Disentangler(CONFIG, 8), 0).eval()
    with torch.no_grad():
        before = losses.disentangling_loss(new(batch.x), batch, CONFIG)["total"]
        after = losses.disentangling_loss(made(batch.x), batch, CONFIG)["total"]
    assert after < 0.95 * before
