"""Where to compute, and at which precision: asked of the machine, not assumed."""

import functools
import time
from typing import Any

import torch
from torch import nn

from thlab.extras import require

CHOICES = [
    (precision, layout)
    for precision in ("32-true", "bf16-mixed")
    for layout in (torch.contiguous_format, torch.channels_last)
]


def make_fabric(
    accelerator: str = "auto",
    devices: int | str = 1,
    strategy: str = "auto",
    num_nodes: int = 1,
    precision: str = "auto",
) -> Any:
    """A launched lightning Fabric; precision "auto" is what `probe` finds fastest.

    Several processes: devices=N, or devices=N and num_nodes=M under `torchrun`; every one then runs the same script.
    Modules set up by it are called as module(x): only then does DDP see the call and average the gradients.
    Chapter: book/priors.ipynb
    """
    lightning = require("lightning.fabric", "train")
    if precision == "auto":
        precision = probe(lightning.Fabric(accelerator=accelerator, devices=1).device.type)[0]
    fabric = lightning.Fabric(
        accelerator=accelerator, strategy=strategy, devices=devices, num_nodes=num_nodes, precision=precision
    )
    fabric.launch()
    return fabric


@functools.cache
def probe(device: str = "cpu") -> tuple[str, torch.memory_format]:
    """The precision and the memory layout that train a small convolutional net fastest here, found in two seconds.

    Another choice than plain float32 must win by a fifth, so that two probes of one machine agree.
    Chapter: book/priors.ipynb
    """
    seconds = dict.fromkeys(CHOICES, float("inf"))
    end = time.perf_counter() + 2
    while time.perf_counter() < end:
        for choice in CHOICES:
            seconds[choice] = min(seconds[choice], trial(device, *choice))
    best = min(CHOICES, key=seconds.__getitem__)
    return best if 1.2 * seconds[best] < seconds[CHOICES[0]] else CHOICES[0]


def trial(device: str, precision: str, layout: torch.memory_format) -> float:
    """Seconds of one forward and backward pass of two convolutions on eight pictures of 64 x 64."""
    net = nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1))
    net = net.to(device, memory_format=layout)
    x = torch.ones(8, 3, 64, 64, device=device).to(memory_format=layout)
    start = time.perf_counter()
    with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16-mixed"):
        loss = net(x).square().mean()
    loss.backward()
    loss.item()  # waits for a GPU
    return time.perf_counter() - start
