"""Tensors and the whole state of a training as safetensors: whole or not there, no pickle."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from thlab.files import write_whole
from thlab.optional import require


def read_tensors(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """A safetensors file's tensors, and the facts with them; ValueError where it is none."""
    safetensors = require("safetensors", "train")
    try:
        with safetensors.safe_open(path, "pt") as file:
            names = list(file.keys())  # the file itself cannot be iterated
            tensors = {name: file.get_tensor(name) for name in names}
            return tensors, file.metadata() or {}
    except safetensors.SafetensorError as error:
        raise ValueError(
            f"{path} is damaged or no safetensors file ({error}): make or fetch it anew"
        ) from error


def pack(state: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    """Nested dicts as JSON, their tensors moved to `tensors` under dotted names."""
    if isinstance(state, Tensor):
        tensors[name] = state.detach().cpu().clone(memory_format=torch.contiguous_format)
        return {"tensor": name}
    if isinstance(state, dict):  # as pairs: an optimizer's keys are integers
        return {
            "pairs": [[key, pack(value, f"{name}.{key}", tensors)] for key, value in state.items()]
        }
    return state


def unpack(state: Any, tensors: dict[str, Tensor]) -> Any:
    """What `pack` was given."""
    if isinstance(state, dict) and "tensor" in state:
        return tensors[state["tensor"]]
    return (
        {key: unpack(value, tensors) for key, value in state["pairs"]}
        if isinstance(state, dict)
        else state
    )


def save_state(path: Path, parts: dict[str, Any], **facts: int) -> None:
    """Write the states of modules and optimizers, by name, and some numbers."""
    tensors: dict[str, Tensor] = {}
    state = pack({name: part.state_dict() for name, part in parts.items()}, "", tensors)
    texts = {"state": json.dumps(state), "facts": json.dumps(facts)}
    write_whole(path, require("safetensors.torch", "train").save(tensors, texts))


def load_state(path: Path, parts: dict[str, Any]) -> dict[str, int]:
    """Load what `save_state` wrote into the parts; returns the numbers.

    ValueError where it does not fit them.
    """
    tensors, facts = read_tensors(path)
    try:
        state = unpack(json.loads(facts["state"]), tensors)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        return json.loads(facts["facts"])
    except (KeyError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:300]
        raise ValueError(
            f"{path} does not fit ({why}): move it away, or give another folder"
        ) from error
