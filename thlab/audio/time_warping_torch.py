"""Batched DTW in torch, an anti-diagonal a step: CPU and GPU, lengths free within a batch."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

from thlab.audio.time_warping import DTWResult, band_mask, checked
from thlab.audio.time_warping_fast import half_unit, path_cost
from thlab.compiled import compiled

NORM = {"l1": 1.0, "l2": 2.0, "sqeuclidean": 2.0, "cosine": 2.0}


def dtw_torch(
    xs: Sequence,
    ys: Sequence,
    metric: str = "l1",
    band: int | None = None,
    device: str | torch.device | None = None,
) -> list[DTWResult]:
    """`thlab.audio.time_warping.dtw_batch` in torch: all pairs at once, one step an anti-diagonal.

    xs, ys: sequences (n, d) and (m, d), numpy or torch, lengths free. device: None takes that of
    xs[0] where it is a tensor, else the CPU. ClipTensors on the device is about 10 bytes a cell of
    the longest lengths, for each pair, in float32. Costs, ties and errors are those of `dtw`.
    Chapter: book/dtw.ipynb
    """
    if len(xs) != len(ys):
        raise ValueError(f"xs holds {len(xs)} sequences and ys {len(ys)}: they must pair up")
    if len(xs) == 0:
        return []
    if device is None:
        device = xs[0].device if isinstance(xs[0], Tensor) else "cpu"
    pairs = [checked(x, y, metric, band) for x, y in zip(xs, ys, strict=True)]
    if metric == "cosine":
        pairs = [(half_unit(x), half_unit(y)) for x, y in pairs]
    C = cost_tensor(pairs, metric, device)  # (B, N, M)
    if C.max().item() * sum(C.shape[1:]) > torch.finfo(C.dtype).max:
        raise ValueError(
            f"xs, ys: the summed costs may overflow {C.dtype}; scale the features down"
        )
    if band is not None:
        C = C.masked_fill(~band_masks(pairs, band).to(device), torch.inf)
    steps = sweep(skew(C)).cpu().numpy()  # (N + M - 1, B, N)
    results = []
    for b, (x, y) in enumerate(pairs):
        path = follow(steps[:, b], len(x), len(y))
        cost = path_cost(x, y, path, metric == "l1", metric == "l2")
        results.append(DTWResult(float(cost), path))
    return results


def cost_tensor(
    pairs: list[tuple[np.ndarray, np.ndarray]], metric: str, device: str | torch.device
) -> Float[Tensor, "b n m"]:
    """Frame costs of all pairs, padded with silence to the longest. Chapter: book/dtw.ipynb"""
    xs = [torch.from_numpy(np.ascontiguousarray(x)) for x, _ in pairs]
    ys = [torch.from_numpy(np.ascontiguousarray(y)) for _, y in pairs]
    x = pad_sequence(xs, batch_first=True).to(device)
    y = pad_sequence(ys, batch_first=True).to(device)
    C = torch.cdist(x, y, p=NORM[metric], compute_mode="donot_use_mm_for_euclid_dist")  # (B, N, M)
    return C**2 if metric in ("sqeuclidean", "cosine") else C


def band_masks(pairs: list[tuple[np.ndarray, np.ndarray]], band: int) -> Bool[Tensor, "b n m"]:
    """Each pair's Sakoe-Chiba band, for its own lengths. Chapter: book/dtw.ipynb"""
    n = max(len(x) for x, _ in pairs)
    m = max(len(y) for _, y in pairs)
    mask = torch.zeros(len(pairs), n, m, dtype=torch.bool)
    for b, (x, y) in enumerate(pairs):
        mask[b, : len(x), : len(y)] = torch.from_numpy(band_mask(len(x), len(y), band))
    return mask


def skew(C: Float[Tensor, "b n m"]) -> Float[Tensor, "t b n"]:
    """Anti-diagonals as rows: entry (t, b, i) is C[b, i, t - i], inf outside the matrix.

    Chapter: book/dtw.ipynb
    """
    B, N, M = C.shape
    # in rows of N + M read as rows of N + M - 1, row i stands i places further to the right
    flat = pad(C, (0, N), value=torch.inf).flatten(1)[:, :-N]  # (B, N (N + M - 1))
    return flat.view(B, N, N + M - 1).permute(2, 0, 1).contiguous()  # (T, B, N)


def sweep(C: Float[Tensor, "t b n"]) -> UInt8[Tensor, "t b n"]:
    """The recursion over skewed costs, and the step into each cell.

    Steps are 0 diagonal, 1 from (i-1, j), 2 from (i, j-1). Of equal steps `min` takes the first.
    Chapter: book/dtw.ipynb
    """
    T, B, N = C.shape
    steps = torch.empty(C.shape, dtype=torch.uint8, device=C.device)
    # anti-diagonals t - 2 and t - 1, with row -1 in front
    before2 = C.new_full((B, N + 1), torch.inf)
    before = before2.clone()
    before2[:, 0] = 0.0
    for t in range(T):
        best, steps[t] = torch.stack([before2[:, :-1], before[:, :-1], before[:, 1:]]).min(0)
        before2 = before
        before = pad(C[t] + best, (1, 0), value=torch.inf)
    return steps


@compiled(cache=True)
def follow(steps, n, m):
    """The path that a pair's steps (T, N) describe, from its own last cell (n - 1, m - 1) back."""
    i = n - 1
    j = m - 1
    path = [(i, j)]
    while i > 0 or j > 0:
        step = steps[i + j, i]
        if step != 2:
            i -= 1
        if step != 1:
            j -= 1
        path.append((i, j))
    return np.array(path[::-1])
