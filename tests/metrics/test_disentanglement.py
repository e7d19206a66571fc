"""MIG, DCI and SAP: near 1 for codes that are the factors, low for mixed ones; small cases."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, mutual_info_score

from thlab.metrics.disentanglement import dci, mig, sap


def factors(n: int, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 5, (n, 4), generator=torch.Generator().manual_seed(seed))


def rotation(seed: int = 0) -> torch.Tensor:
    return torch.linalg.qr(torch.randn(4, 4, generator=torch.Generator().manual_seed(seed))).Q


@pytest.fixture(scope="module")
def scores() -> dict[str, dict[str, float]]:
    """All numbers of a code that is the factors, reordered, and of the same code rotated."""
    found = {}
    for name, mix in {"pure": torch.eye(4)[[2, 0, 3, 1]], "mixed": rotation()}.items():
        train = factors(2000)
        test = factors(500, 1)
        noise = 0.01 * torch.randn(2000, 4, generator=torch.Generator().manual_seed(2))
        codes = (train + noise) @ mix
        found[name] = {
            "mig": mig(codes, train),
            "sap": sap(codes, train),
            **dci(codes, train, test.float() @ mix, test),
        }
    return found


@pytest.mark.parametrize(
    ("metric", "least"),
    [("mig", 0.97), ("sap", 0.7), ("disentanglement", 0.97), ("completeness", 0.97)],
)
def test_pure_codes_score_high_and_rotated_ones_low(scores, metric, least):
    assert scores["pure"][metric] > least
    assert scores["mixed"][metric] < least / 2


def test_informativeness_is_held_out_accuracy(scores):
    assert scores["pure"]["informativeness"] == 1
    unrelated = torch.rand(300, 3, generator=torch.Generator().manual_seed(4))
    # a forest memorises its own labels
    found = dci(unrelated, factors(300), unrelated.flip(0), factors(300, 1))
    assert found["informativeness"] == pytest.approx(0.2, abs=0.05)


def test_mig_by_hand():
    # dimension 0 is the factor, 1 knows half of it, 2 nothing: I = log 4, log 2, 0 and H = log 4
    factor = torch.tensor([0, 1, 2, 3] * 2)[:, None]
    codes = torch.stack([factor[:, 0], factor[:, 0] // 2, torch.arange(8) // 4], 1).float()
    assert mig(codes, factor) == pytest.approx(0.5)
    assert mig(codes[:, 1:], factor) == pytest.approx(0.5)
    assert mig(codes[:, [0, 0]], factor) == pytest.approx(0)


def test_sap_by_hand():
    # alone, dimension 0 tells all four labels, 1 two of them, 2 one
    factor = torch.tensor([0, 1, 2, 3] * 2)[:, None]
    codes = torch.stack([factor[:, 0], factor[:, 0] // 2, torch.arange(8) // 4], 1).float()
    assert sap(codes, factor) == pytest.approx(1 - 0.5)
    assert sap(codes[:, 1:], factor) == pytest.approx(0.5 - 0.25)


def test_histograms_are_numpys_and_the_scores_scikit_learns():
    generator = torch.Generator().manual_seed(3)
    # labels need not count from 0
    factor = torch.tensor([3, 7, 8])[torch.randint(0, 3, (400,), generator=generator)]
    codes = torch.randn(400, 3, generator=generator) + factor[:, None] * torch.tensor(
        [0.0, 0.1, 0.5]
    )
    information = []
    accuracy = []
    for values in codes.T.double().numpy():
        bins = np.digitize(values, np.histogram_bin_edges(values, 20)[:-1])
        information.append(mutual_info_score(factor, bins))
        shares = np.array([[np.mean(bins[factor == k] == b) for k in (3, 7, 8)] for b in range(21)])
        accuracy.append(
            balanced_accuracy_score(factor, np.array([3, 7, 8])[shares.argmax(1)][bins])
        )
    information = np.sort(information)
    accuracy = np.sort(accuracy)
    entropy = mutual_info_score(factor, factor)
    assert mig(codes, factor[:, None]) == pytest.approx(
        (information[-1] - information[-2]) / entropy, abs=2e-3
    )
    assert sap(codes, factor[:, None]) == pytest.approx(accuracy[-1] - accuracy[-2], abs=2e-3)


def test_dci_weighs_dimensions_by_their_importance():
    # dimension 0 alone tells both factors, 1 and 2 are dead: all importance is mixed, each factor
    # is in one place
    both = torch.cartesian_prod(torch.arange(3), torch.arange(3)).repeat(20, 1)
    codes = torch.zeros(180, 3)
    codes[:, 0] = (3 * both[:, 0] + both[:, 1]).float()
    assert dci(codes, both, codes, both) == pytest.approx(
        {"disentanglement": 0, "completeness": 1, "informativeness": 1}, abs=1e-6
    )


def test_a_factor_that_never_varies_is_an_error():
    with pytest.raises(ValueError, match="the same label everywhere"):
        mig(torch.rand(10, 2), torch.zeros(10, 1, dtype=torch.long))
