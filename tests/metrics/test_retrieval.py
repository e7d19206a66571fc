"""Retrieval against sorting by hand, with ties."""

import numpy as np
import pytest
import torch

from thlab.metrics import retrieval as module
from thlab.metrics.retrieval import nearest_ranks, retrieval


def brute_force(queries: np.ndarray, gallery: np.ndarray) -> list[int]:
    """Each partner's place when the gallery is sorted by cosine, partners last among equals."""
    ranks = []
    for i, query in enumerate(queries):
        cosine = [query @ g / np.linalg.norm(query) / np.linalg.norm(g) for g in gallery]
        order = sorted(range(len(gallery)), key=lambda j: (-cosine[j], j == i))
        ranks.append(order.index(i) + 1)
    return ranks


@pytest.mark.parametrize("block", [1024, 7])
def test_ranks_are_those_of_sorting(block, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", block)
    generator = torch.Generator().manual_seed(0)
    gallery = torch.randn(50, 4, generator=generator)
    queries = gallery * 5 + 4 * torch.randn(50, 4, generator=generator)
    ranks = np.array(brute_force(queries.numpy(), gallery.numpy()))
    expected = {"R@1": np.mean(ranks == 1), "R@10": np.mean(ranks <= 10), "MedR": np.median(ranks)}
    assert retrieval(queries, gallery) == pytest.approx(expected)
    assert 0 < expected["R@1"] < expected["R@10"] < 1


def test_sizes_do_not_matter_and_partners_find_each_other():
    codes = torch.randn(20, 8, generator=torch.Generator().manual_seed(0))
    assert retrieval(codes, 3 * codes) == {"R@1": 1, "R@10": 1, "MedR": 1}


def test_codes_that_are_all_alike_rank_last():
    assert retrieval(torch.ones(30, 4), torch.ones(30, 4)) == {"R@1": 0, "R@10": 0, "MedR": 30}


def test_by_distance_the_nearest_counts_and_ties_count_against():
    queries = torch.tensor([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]])
    gallery = torch.tensor([[3.0, 0.0], [0.0, 2.5], [1.0, 1.0]])
    # the first is as near to (1, 1) at 1 as it is far from its partner at 2; the last's partner is
    # the farthest of three
    assert nearest_ranks(queries, gallery).tolist() == [2, 1, 3]
    assert nearest_ranks(torch.zeros(3, 2), torch.ones(3, 2)).tolist() == [3, 3, 3]
