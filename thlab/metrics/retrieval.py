"""Finding each query's partner among all: R@1, R@10, median rank of [zhou2019], Table 3."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

BLOCK = 1024  # queries a block, so that 25,000 against 25,000 need 100 MB at a time


def retrieval(queries: Float[Tensor, "n d"], gallery: Float[Tensor, "n d"]) -> dict[str, float]:
    """R@1 and R@10 in [0, 1] and MedR of queries.

    A query's partner is the gallery's row of the same number. Ranks are those of `partner_ranks`.
    Chapter: book/content-to-video.ipynb
    """
    rank = partner_ranks(queries, gallery).double()
    return {
        "R@1": (rank <= 1).double().mean().item(),
        "R@10": (rank <= 10).double().mean().item(),
        "MedR": rank.quantile(0.5).item(),
    }


def nearest_ranks(queries: Float[Tensor, "n d"], gallery: Float[Tensor, "n d"]) -> Int[Tensor, "n"]:
    """As `partner_ranks`, by Euclidean distance: how long the vectors are counts.

    Chapter: book/content-to-video.ipynb
    """
    return _ranks(queries, lambda block: -torch.cdist(block, gallery))


def partner_ranks(queries: Float[Tensor, "n d"], gallery: Float[Tensor, "n d"]) -> Int[Tensor, "n"]:
    """The rank, from 1, of each query's partner.

    It is the number of gallery rows at least as similar (cosine). It counts itself, and ties count
    against: codes which are all alike rank last and not first.
    Chapter: book/content-to-video.ipynb
    """
    queries, gallery = (x / x.norm(dim=1, keepdim=True) for x in (queries, gallery))
    return _ranks(queries, lambda block: block @ gallery.T)


def _ranks(
    queries: Float[Tensor, "n d"], similarity_of: Callable[[Tensor], Tensor]
) -> Int[Tensor, "n"]:
    """How many gallery rows are at least as similar to each query as its partner is.

    similarity_of: from a block of queries (b, d) to (b, n).
    """
    ranks = []
    for block, own in zip(
        queries.split(BLOCK), torch.arange(len(queries)).split(BLOCK), strict=True
    ):
        similarity = similarity_of(block)
        partner = similarity[torch.arange(len(block)), own]
        ranks.append((similarity >= partner[:, None]).sum(1))
    return torch.cat(ranks)
