"""Ten thousand frames in little memory, and the torch version on a GPU where there is one."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from thlab.audio import dtw, dtw_torch

# The rise of a process's peak memory, as Linux counts it: whatever numba allocates is in it too.
MEMORY = """
import sys
from pathlib import Path
import numpy as np
from thlab.audio import dtw

def kilobytes(field):
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise AssertionError(f"/proc/self/status has no {field}")

rng = np.random.default_rng(0)
x, y = (rng.normal(size=(10_000, 13)).astype(sys.argv[1]) for _ in range(2))
dtw(x[:600], y[:5])  # loads the compiled code
Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
before = kilobytes("VmRSS")
path = dtw(x, y).path
assert len(path) >= 10_000
print((kilobytes("VmHWM") - before) / 1024)
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_ten_thousand_frames_take_under_50_mb(dtype):
    if sys.platform != "linux":
        pytest.skip("peak memory is read from /proc, which only Linux has")
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, dtype], capture_output=True, text=True, check=True
    )
    megabytes = float(run.stdout)
    # a strip alone takes 10 MB: less would mean that nothing was measured
    assert 8 < megabytes < 50


def test_ten_thousand_frames_are_as_cheap_in_float32_as_in_float64():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10_000, 4))
    y = rng.normal(size=(9_000, 4))
    exact = dtw(x, y, "l2")
    single = dtw(x.astype(np.float32), y.astype(np.float32), "l2")
    assert exact.cost <= single.cost + 1e-3  # inputs are rounded too
    assert single.cost == pytest.approx(exact.cost, rel=1e-5)


def test_cuda_gives_the_costs_of_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device: the torch version is tested on the CPU only")
    generator = torch.Generator().manual_seed(0)
    xs = [torch.randn(n, 13, generator=generator) for n in (300, 120, 1)]
    ys = [torch.randn(m, 13, generator=generator) for m in (350, 90, 40)]
    for metric in ("l1", "l2", "sqeuclidean", "cosine"):
        for x, y, result in zip(
            xs, ys, dtw_torch(xs, ys, metric, band=200, device="cuda"), strict=True
        ):
            assert result.cost == pytest.approx(dtw(x, y, metric, band=200).cost, rel=1e-5)
