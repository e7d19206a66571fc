"""Where to compute, and at which precision: asked of the machine, not assumed."""

import functools
import itertools
import time
from typing import Any

import torch
from torch import nn

from thlab.optional import require


def make_fabric(
    accelerator: str = "auto",
    devices: Any = 1,
    strategy: str = "auto",
    num_nodes: int = 1,
    precision: Any = "auto",
) -> Any:
    """A launched lightning Fabric; precision "auto" is what `probe` finds fastest.

    Under `torchrun`, devices and num_nodes repeat its numbers. Call what fabric.setup returns as
    module(x), or name its other methods to module.mark_forward_method: only then does DDP see the
    call and average the gradients.
    Chapter: book/priors.ipynb
    """
    place = {
        "accelerator": accelerator,
        "devices": devices,
        "strategy": strategy,
        "num_nodes": num_nodes,
    }
    new = require("lightning.fabric", "train").Fabric
    fabric = new(
        **place, precision=probe(new(**place).device.type)[0] if precision == "auto" else precision
    )
    fabric.launch()
    return fabric


@functools.cache
def probe(device: str = "cpu", seconds: float = 1.0) -> tuple[str, torch.memory_format]:
    """The precision and memory layout that train a small convolutional net fastest here.

    Found by a trial of seconds. What is not plain float32 must win by a fifth, so that two probes
    of one machine agree. torch.compile is not tried: it pays on GPUs only, and compiling takes
    longer than a short run (see benchmarks/train_step.py).
    Chapter: book/priors.ipynb
    """
    layouts = (torch.contiguous_format, torch.channels_last)
    best = dict.fromkeys(itertools.product(("32-true", "bf16-mixed"), layouts), float("inf"))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        for choice in best:
            best[choice] = min(best[choice], trial(device, *choice))
    plain = next(iter(best))
    fastest = min(best, key=best.__getitem__)
    return fastest if 1.2 * best[fastest] < best[plain] else plain


def trial(device: str, precision: str, layout: torch.memory_format) -> float:
    """Seconds of one forward and backward pass of two convolutions on pictures of 64 x 64."""
    first = nn.Conv2d(3, 32, 3, padding=1)
    second = nn.Conv2d(32, 32, 3, padding=1)
    net = nn.Sequential(first, nn.ReLU(), second).to(device)
    net.to(memory_format=layout)  # type: ignore[call-overload]
    batch = 4 if device == "cpu" else 256
    x = torch.ones(batch, 3, 64, 64, device=device).to(memory_format=layout)
    start = time.perf_counter()
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16-mixed"):
        loss = net(x).square().mean()
    loss.backward()
    loss.item()  # waits for a GPU
    return time.perf_counter() - start
