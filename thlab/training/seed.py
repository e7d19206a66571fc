"""Randomness that belongs to a step, and the part of a batch that belongs to a process."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def step_generator(seed: int, step: int, device: str | torch.device = "cpu") -> torch.Generator:
    """The generator from which all that is random in training step `step` is drawn.

    Which clips, which frames, which noise: all follow from (seed, step), so a run that starts again
    at step k resumes bit for bit, and nothing of a random state is stored. nn.Dropout draws from
    elsewhere: make its mask here instead.
    Chapter: book/priors.ipynb
    """
    state = np.random.SeedSequence([seed, step]).generate_state(1)[0]
    return torch.Generator(device).manual_seed(int(state))


def my_part(fabric: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """This process's equal share (along dim 0) of the global batch, on its device.

    Each process draws the whole batch, noise included, from `step_generator` and keeps its part:
    any number of processes then computes what one would. ValueError where the batch cannot be
    shared out equally.
    Chapter: book/priors.ipynb
    """
    parts = fabric.world_size
    part = fabric.global_rank
    for name, value in batch.items():
        if len(value) % parts:
            raise ValueError(
                f"batch of {len(value)} ({name}) for {parts} processes: "
                f"make it a multiple of {parts}"
            )
    return {
        name: value.tensor_split(parts)[part].to(fabric.device) for name, value in batch.items()
    }
