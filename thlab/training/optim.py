"""What training loops share: modules from a seed, an optimizer's step, learning rates."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


def build_seeded(make: Any, seed: int) -> Any:
    """A new module whose weights follow from the seed.

    The layers' own initialisation takes no generator.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def optimizer_step(fabric: Any, optimizer: Any, loss: Float[Tensor, ""]) -> None:
    """One step down the gradient of a loss."""
    optimizer.zero_grad()
    fabric.backward(loss)
    optimizer.step()


def set_rate(optimizer: Any, rate: float) -> None:
    """The learning rate of all weights."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def warmup_cosine(step: int, steps: int) -> float:
    """The share of the learning rate at a step: a line up over 5 %, half a cosine down to 0."""
    warm = max(1, steps // 20)
    return min(
        (step + 1) / warm, (1 + math.cos(math.pi * max(0, step - warm) / (steps - warm))) / 2
    )
