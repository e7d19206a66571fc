"""The whole state of a training in one safetensors file, which is there whole or not at all; no pickle."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from thlab.corpus.media import write_whole
from thlab.extras import require


def pack(state: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """A nested state as JSON, its tensors moved to `tensors` under dotted names."""
    if isinstance(state, Tensor):
        tensors[name] = state.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        return {"tensor": name}
    if isinstance(state, dict):  # as pairs: an optimizer's keys are integers
        return {"dict": [[key, pack(value, f"{name}.{key}", tensors)] for key, value in state.items()]}
    if isinstance(state, list | tuple):
        return [pack(value, f"{name}.{n}", tensors) for n, value in enumerate(state)]
    return state


def unpack(state: Any, tensors: dict[str, Tensor]) -> Any:
    """What `pack` was given (a tuple comes back as a list)."""
    if isinstance(state, list):
        return [unpack(value, tensors) for value in state]
    if isinstance(state, dict):
        pairs = state.get("dict")
        return tensors[state["tensor"]] if pairs is None else {key: unpack(value, tensors) for key, value in pairs}
    return state


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write nested dicts and lists of tensors, numbers and strings as one file."""
    tensors: dict[str, Tensor] = {}
    rest = json.dumps(pack(state, "", tensors))
    write_whole(path, require("safetensors.torch", "train").save(tensors, {"state": rest}))


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote; ValueError where the file is something else."""
    safetensors = require("safetensors", "train")
    try:
        with safetensors.safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no dict
            return unpack(json.loads(file.metadata()["state"]), tensors)
    except (safetensors.SafetensorError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no checkpoint of thlab ({error}): move it away or give another folder") from error


def restore_optimizer(optimizer: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """Load an optimizer's state in its parameters' memory layout, without which sums round differently."""
    optimizer.load_state_dict(state)
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                values[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
