"""DTW against its peers: the same pairs, one thread, in turn in one process, with the path.

    python benchmarks/dtw.py            64 pairs of 300 x 350 x 13 in float32

    python benchmarks/dtw.py --long     also one pair of 10,000 x 10,000, a process a tool

All take the squared Euclidean cost and steps (1, 0), (0, 1), (1, 1) of weight one. That is the one
cost that all have: dtaidistance's C code ignores inner_dist="euclidean". dtw-python's default step
pattern doubles the diagonal, so symmetric1 is asked for. Agreement means that the cost along the
returned path is the least one.
"""

# ruff: noqa: E402 (what comes before the imports must)
import os
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[variable] = "1"
# this file has the name of dtw-python's module, and its folder comes first where Python looks
sys.path = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]

import argparse
import importlib.metadata
import subprocess
import time
from collections.abc import Callable

import numpy as np
import torch

from thlab.audio import accumulate, backtrack, cost_matrix, dtw_batch, dtw_torch

METRIC = "sqeuclidean"
Aligner = Callable[[list, list], list]  # sequences xs and ys -> one (K, 2) path a pair


def thlab_fast(xs, ys):
    return [result.path for result in dtw_batch(xs, ys, METRIC)]


def thlab_plain(xs, ys):
    return [backtrack(accumulate(cost_matrix(x, y, METRIC))) for x, y in zip(xs, ys, strict=True)]


def thlab_torch(xs, ys):
    return [result.path for result in dtw_torch(xs, ys, METRIC)]


def dtaidistance(xs, ys):
    from dtaidistance import dtw_ndim

    pairs = zip(xs, ys, strict=True)
    return [
        dtw_ndim.warping_path(x.astype(np.float64), y.astype(np.float64), use_c=True)
        for x, y in pairs
    ]


def tslearn(xs, ys):
    from tslearn.metrics import dtw_path

    return [dtw_path(x, y)[0] for x, y in zip(xs, ys, strict=True)]


def librosa(xs, ys):
    from librosa.sequence import dtw

    return [dtw(x.T, y.T, metric="sqeuclidean")[1][::-1] for x, y in zip(xs, ys, strict=True)]


def dtw_python(xs, ys):
    from dtw import dtw

    results = [
        dtw(x, y, dist_method="sqeuclidean", step_pattern="symmetric1")
        for x, y in zip(xs, ys, strict=True)
    ]
    return [np.column_stack([result.index1, result.index2]) for result in results]


def fastdtw(xs, ys):
    from fastdtw import fastdtw
    from scipy.spatial.distance import sqeuclidean

    return [fastdtw(x, y, radius=1, dist=sqeuclidean)[1] for x, y in zip(xs, ys, strict=True)]


OURS: list[Aligner] = [thlab_fast, thlab_plain, thlab_torch]
EXACT_PEERS: list[Aligner] = [dtaidistance, tslearn, librosa, dtw_python]
APPROXIMATE: list[Aligner] = [fastdtw]


def make_pairs(count: int, n: int, m: int, d: int, seed: int = 0) -> tuple[list, list]:
    """Smooth random sequences, and the same ones at a wandering pace with some noise."""
    rng = np.random.default_rng(seed)
    xs = []
    ys = []
    for _ in range(count):
        x = np.cumsum(rng.normal(size=(n, d)), axis=0)
        pace = np.cumsum(rng.exponential(size=m))
        y = x[((pace - pace[0]) / np.ptp(pace) * (n - 1)).astype(int)] + 0.5 * rng.normal(
            size=(m, d)
        )
        xs.append(x.astype(np.float32))
        ys.append(y.astype(np.float32))
    return xs, ys


def time_pairs(
    aligners: list[Aligner], xs: list, ys: list, rounds: int = 7
) -> dict[str, np.ndarray]:
    """CPU milliseconds a pair of each aligner, (rounds,).

    In each round every one does all pairs, in turn. On one thread CPU time is wall time, less what
    a busy machine gave to others.
    """
    for align in aligners:
        align(xs[:2], ys[:2])  # compilation and first imports are not timed
    times: dict[str, list[float]] = {align.__name__: [] for align in aligners}
    for _ in range(rounds):
        for align in aligners:
            start = time.process_time()
            align(xs, ys)
            times[align.__name__].append((time.process_time() - start) / len(xs) * 1e3)
    return {name: np.array(values) for name, values in times.items()}


def excess(align: Aligner, xs: list, ys: list) -> float:
    """The largest relative excess of the cost along an aligner's paths over the least cost.

    The least cost is the plain sweep's.
    """
    worst = 0.0
    for x, y, path in zip(xs, ys, align(xs, ys), strict=True):
        path = np.asarray(path)
        C = cost_matrix(x, y, METRIC)
        steps = np.diff(path, axis=0)
        legal = (path[0] == 0).all() and (path[-1] == (len(x) - 1, len(y) - 1)).all()
        legal &= ((steps >= 0) & (steps <= 1)).all() and steps.any(1).all()
        assert legal, f"{align.__name__}: not a path from corner to corner"
        least = accumulate(C)[-1, -1]
        worst = max(worst, C[path[:, 0], path[:, 1]].sum() / least - 1)
    return worst


def versions() -> str:
    names = ["numba", "torch", "dtaidistance", "tslearn", "librosa", "dtw-python", "fastdtw"]
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def compare_pairs(rounds: int) -> None:
    xs, ys = make_pairs(64, 300, 350, 13)
    aligners = OURS + EXACT_PEERS
    before = os.getloadavg()[0]
    times = time_pairs(aligners, xs, ys, rounds)
    times |= time_pairs(APPROXIMATE, xs[:4], ys[:4], rounds=1)
    print(
        "64 pairs of 300 x 350 x 13, float32, path included, one thread, "
        f"{rounds} interleaved rounds, CPU time"
    )
    print(
        f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after, "
        f"on {os.cpu_count()} cores"
    )
    print(f"{'':14}{'ms a pair':>10}{'best':>8}{'x ours':>8}   excess cost")
    for align in aligners + APPROXIMATE:
        ms = times[align.__name__]
        ratio = np.median(ms / times["thlab_fast"][: len(ms)])
        worse = excess(align, xs[:4], ys[:4])
        note = "  (approximate; 4 pairs, 1 round)" if align in APPROXIMATE else ""
        print(
            f"{align.__name__:14}{np.median(ms):10.3f}{ms.min():8.3f}{ratio:8.1f}"
            f"   {worse:.1e}{note}"
        )
        assert align in APPROXIMATE or worse < 1e-5, f"{align.__name__} disagrees"
    ours = times["thlab_fast"]
    fastest = min(EXACT_PEERS, key=lambda peer: np.median(times[peer.__name__])).__name__
    print(
        f"over the fastest exact peer ({fastest}): {np.median(times[fastest] / ours):.1f}x (goal 4)"
    )
    print(f"over librosa: {np.median(times['librosa'] / ours):.1f}x (goal 10)")


def align_long(name: str) -> None:
    """One pair of 10,000 x 10,000 by the aligner named: prints seconds and peak memory's rise.

    Memory is read on Linux.
    """
    align: Aligner = globals()[name]
    xs, ys = make_pairs(1, 10_000, 10_000, 13)
    align([xs[0][:600]], [ys[0][:600]])  # compiled and imported
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    before = memory("VmRSS")
    wall = time.perf_counter()
    cpu = time.process_time()
    (path,) = align(xs, ys)
    wall = time.perf_counter() - wall
    cpu = time.process_time() - cpu
    path = np.asarray(path)
    rise = memory("VmHWM") - before
    cost = ((xs[0][path[:, 0]].astype(float) - ys[0][path[:, 1]]) ** 2).sum()
    print(
        f"{name:14}{wall:8.2f} s{cpu:8.2f} s CPU{rise:9.0f} MB   "
        f"cost {cost:.8g}   load {os.getloadavg()[0]:.1f}"
    )


def memory(field: str) -> float:
    """A field of /proc/self/status in megabytes."""
    return (
        next(
            int(line.split()[1])
            for line in Path("/proc/self/status").open()
            if line.startswith(field)
        )
        / 1024
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--long", action="store_true", help="also 10,000 x 10,000 frames: some peers take GBs"
    )
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.only:
        return align_long(options.only)
    print(versions())
    compare_pairs(options.rounds)
    if options.long:
        print("\none pair of 10,000 x 10,000 x 13, float32, path included, memory beyond the input")
        for align in [thlab_fast, *EXACT_PEERS]:
            done = subprocess.run([sys.executable, __file__, "--only", align.__name__], check=False)
            if done.returncode:
                print(f"{align.__name__:14} failed with exit status {done.returncode}")


if __name__ == "__main__":
    main()
