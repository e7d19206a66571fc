"""FaceEncoder: sizes, its loss and error rate against their definitions, the committed weights;
training repeats.
"""

import math

import pytest
import torch

from thlab.data import open_corpus
from thlab.data.tensors import load_clips
from thlab.nn.face_encoder import FaceEncoder, equal_error_rate, identity_loss
from thlab.papers.evaluators.evaluate import identity_errors
from thlab.training import load_weights, read_card
from thlab.training.optim import warmup_cosine


@pytest.fixture
def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture(scope="module")
def memory(tiny_corpus):
    """Two clips of each training speaker of the tiny corpus."""
    return load_clips(open_corpus("embedded", tiny_corpus, check="none", split="train")[::16])


def test_embeddings_are_unit_and_maps_halve(rng):
    net, x = FaceEncoder(), torch.rand(3, 3, 64, 64, generator=rng)
    torch.testing.assert_close(net(x).norm(dim=-1), torch.ones(3))
    assert [tuple(m.shape[2:]) for m in net.features(x)] == [(64, 64), (32, 32), (16, 16), (8, 8)]
    assert net(torch.rand(2, 3, 96, 80, generator=rng)).shape == (2, 128)
    assert sum(p.numel() for p in net.parameters()) < 500_000


def test_loss_is_the_cross_entropy_of_cosines(rng):
    embedding = torch.nn.functional.normalize(torch.randn(2, 4, generator=rng), dim=-1)
    people = 3 * torch.randn(5, 4, generator=rng)
    cosines = [[float(e @ p / p.norm()) for p in people] for e in embedding]
    scores = zip(cosines, (1, 4), strict=True)
    slow = -sum(
        math.log(math.exp(c[k] / 0.1) / sum(math.exp(v / 0.1) for v in c)) for c, k in scores
    )
    torch.testing.assert_close(
        identity_loss(embedding, people, torch.tensor([1, 4])).item(), slow / 2
    )


def test_equal_error_rate_of_known_scores(rng):
    same, other = torch.randn(20_000, generator=rng) + 2, torch.randn(20_000, generator=rng)
    phi = 0.5 * math.erfc(1 / math.sqrt(2))  # the threshold 1 lies one deviation from both means
    assert equal_error_rate(same, other) == pytest.approx(phi, abs=0.005)
    assert equal_error_rate(torch.tensor([0.8, 0.9]), torch.tensor([0.1, 0.2])) == 0


def test_the_committed_weights_know_people_apart(memory):
    assert read_card("faces")["metrics"]["test"]["eer"] < 0.25
    found = identity_errors(load_weights("faces", FaceEncoder()), memory)
    assert found["same"] > found["other"] + 0.3


def test_rate_rises_then_falls_to_nothing():
    rates = [warmup_cosine(step, 100) for step in range(100)]
    assert max(rates) == rates[5] == 1
    assert rates[0] < rates[4]
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 1e-3
